#include "tests/cuda/card.h"

gcut__cuda cuda;
CUstream stream;

void open_card(void) {
  CHECK(gcut__cuda_driver_open(&cuda.driver, err));
  DRIVER(cuInit, 0);
  DRIVER(cuDeviceGet, &cuda.device, 0);
  DRIVER(cuDeviceGetAttribute, &cuda.processors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
         cuda.device);
  DRIVER(cuDevicePrimaryCtxRetain, &cuda.context, cuda.device);
  DRIVER(cuCtxSetCurrent, cuda.context);
  DRIVER(cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING);
  CHECK(gcut__cuda_kernels_load(&cuda, &cuda.kernels, err));
}

// ---- random numbers

uint64_t random_bits(void) {
  static uint64_t seed = 88172645463325252ull;
  seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
  return seed;
}

float random_float(void) {
  float sum = 0;
  for (int i = 0; i < 4; i++) sum += (float)(random_bits() >> 40) * 0x1p-24f - 0.5f;
  return sum * 1.73f;
}

// ---- times

static int by_value(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

void sort_times(float *us, int n) {
  qsort(us, (size_t)n, sizeof *us, by_value);
}

void time_launches(launcher *launch, const void *what, int warm, int runs, float *us) {
  CUevent *events = calloc((size_t)runs + 1, sizeof *events);
  if (!events) abort();
  for (int i = 0; i < warm; i++) launch(what, i);
  for (int i = 0; i <= runs; i++) DRIVER(cuEventCreate, &events[i], CU_EVENT_DEFAULT);
  DRIVER(cuEventRecord, events[0], stream);
  for (int i = 0; i < runs; i++) {
    launch(what, i);
    DRIVER(cuEventRecord, events[i + 1], stream);
  }
  DRIVER(cuStreamSynchronize, stream);
  for (int i = 0; i < runs; i++) {
    DRIVER(cuEventElapsedTime, &us[i], events[i], events[i + 1]);
    us[i] *= 1000;
  }
  for (int i = 0; i <= runs; i++) DRIVER(cuEventDestroy, events[i]);
  free(events);
  sort_times(us, runs);
}
