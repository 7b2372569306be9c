#include "tests/cuda/card.h"

#include <string.h>

#include "tracer/base/narrow.h"

gcut__cuda cuda;
CUstream stream;
gcut__cuda_blas *blas;
CUdeviceptr workspace;

static void open_library(void) {
  if (gcut__cuda_blas_open(&cuda, &blas, NULL) != GCUT_OK) return;
  if (gcut__cuda_blas_is_own(blas)) {
    gcut__cuda_blas_close(blas);
    blas = NULL;
  } else {
    workspace = take(GCUT_CUDA_BLAS_WORKSPACE);
  }
}

void open_card(void) {
  CHECK(gcut__cuda_driver_open(&cuda.driver, err));
  DRIVER(cuInit, 0);
  DRIVER(cuDeviceGet, &cuda.device, 0);
  DRIVER(cuDeviceGetAttribute, &cuda.processors, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
         cuda.device);
  DRIVER(cuDevicePrimaryCtxRetain, &cuda.context, cuda.device);
  DRIVER(cuCtxSetCurrent, cuda.context);
  DRIVER(cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING);
  CHECK(gcut__cuda_kernels_load(&cuda, err));
  open_library();
}

int perform_acts(int argc, char **argv, const act *acts, int n) {
  int wrong = 0, performed = 0;
  open_card();
  for (int i = 0; i < n; i++) {
    if (argc > 1 && strcmp(argv[1], acts[i].name) != 0) continue;
    wrong += acts[i].perform();
    performed++;
  }
  if (!performed) {
    fprintf(stderr, "%s: '%s' is nothing that it does\n", argv[0], argv[1]);
    return 2;
  }
  printf("%d wrong\n", wrong);
  return wrong > 0;
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

// ---- data

double get_element(const void *data, int64_t i, gcut_dtype type) {
  switch (type) {
  case GCUT_FLOAT: return (double)((const float *)data)[i];
  case GCUT_BFLOAT16: return (double)gcut_from_bfloat16(((const uint16_t *)data)[i]);
  case GCUT_FLOAT16: return (double)gcut_from_float16(((const uint16_t *)data)[i]);
  case GCUT_DOUBLE: return ((const double *)data)[i];
  case GCUT_INT64: return (double)((const int64_t *)data)[i];
  case GCUT_INT32: return ((const int32_t *)data)[i];
  case GCUT_UINT32: return ((const uint32_t *)data)[i];
  default: return ((const uint8_t *)data)[i];
  }
}

void put_element(void *data, int64_t i, gcut_dtype type, double x) {
  switch (type) {
  case GCUT_FLOAT: ((float *)data)[i] = (float)x; break;
  case GCUT_BFLOAT16: ((uint16_t *)data)[i] = gcut_to_bfloat16((float)x); break;
  case GCUT_FLOAT16: ((uint16_t *)data)[i] = gcut_to_float16((float)x); break;
  case GCUT_DOUBLE: ((double *)data)[i] = x; break;
  case GCUT_INT64: ((int64_t *)data)[i] = (int64_t)x; break;
  case GCUT_INT32: ((int32_t *)data)[i] = (int32_t)x; break;
  case GCUT_UINT32: ((uint32_t *)data)[i] = (uint32_t)x; break;
  default: ((uint8_t *)data)[i] = (uint8_t)x; break;
  }
}

CUdeviceptr take(size_t bytes) {
  CUdeviceptr at;
  DRIVER(cuMemAlloc, &at, bytes);
  return at;
}

double tensor_get(const tensor *t, int64_t i) {
  return get_element(t->host, i, t->type);
}
void to_card(const tensor *t) {
  DRIVER(cuMemcpyHtoDAsync, t->device, t->host, t->bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
}
void from_card(const tensor *t) {
  DRIVER(cuMemcpyDtoHAsync, t->host, t->device, t->bytes, stream);
  DRIVER(cuStreamSynchronize, stream);
}

tensor new_tensor(gcut_dtype type, int64_t count) {
  tensor t = {.type = type, .bytes = (size_t)count * gcut_dtype_bits(type) / 8};
  t.host = malloc(t.bytes);
  if (!t.host) abort();
  t.device = take(t.bytes);
  return t;
}
tensor random_tensor(gcut_dtype type, int64_t count) {
  tensor t = new_tensor(type, count);
  for (int64_t i = 0; i < count; i++) put_element(t.host, i, type, (double)random_float());
  to_card(&t);
  return t;
}
void free_tensor(tensor *t) {
  if (t->device) DRIVER(cuMemFree, t->device);
  free(t->host);
  *t = (tensor){0};
}

CUdeviceptr take_scaled(gcut_dtype type, int64_t count, float scale) {
  tensor t = new_tensor(type, count);
  for (int64_t i = 0; i < count; i++)
    put_element(t.host, i, type, (double)(random_float() * scale));
  to_card(&t);
  free(t.host);
  return t.device;
}

gcut__cuda_product describe_product(gcut_dtype type, int64_t m, int64_t n, int64_t k, bool turned) {
  return (gcut__cuda_product){.type = type,
                              .m = m,
                              .n = n,
                              .k = k,
                              .batch = 1,
                              .lda = k,
                              .ldb = turned ? k : n,
                              .ldc = n,
                              .stride_a = m * k,
                              .stride_b = k * n,
                              .stride_c = m * n,
                              .transpose_b = turned,
                              .alpha = 1};
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

double time_span(launcher *launch, const void *what, int count) {
  CUevent start, end;
  float ms;
  DRIVER(cuEventCreate, &start, CU_EVENT_DEFAULT);
  DRIVER(cuEventCreate, &end, CU_EVENT_DEFAULT);
  DRIVER(cuEventRecord, start, stream);
  for (int i = 0; i < count; i++) launch(what, i);
  DRIVER(cuEventRecord, end, stream);
  DRIVER(cuStreamSynchronize, stream);
  DRIVER(cuEventElapsedTime, &ms, start, end);
  DRIVER(cuEventDestroy, start);
  DRIVER(cuEventDestroy, end);
  return (double)ms * 1000 / count;
}
