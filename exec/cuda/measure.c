// Each rate is the best of several runs, timed by events on the card: others on the machine can
// only make one slower. Operands are random bits of moderate size, for a card multiplies zeros
// faster than it multiplies data.
#include "exec/cuda/measure.h"

#include <stdio.h>

#include "exec/cpu/measure.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/copy.h"

enum { LEAST_SIDE = 256, MOST_SIDE = 8192, REPEATS = 5, LAUNCHES = 2000 };
static const double LONG_ENOUGH = 1e-3; // seconds of a product that keeps the whole card busy
static const uint64_t BLOCK = UINT64_C(256)
                              << 20; // of host memory, and of each of three on the card

typedef struct bench {
  gcut__cuda *cuda;
  gcut__cuda_pinned host; // 2 * BLOCK
  CUdeviceptr memory;     // 3 * BLOCK and the workspace of products
  CUevent start, end;
  CUstream stream, other;
} bench;

// ---- timing -----------------------------------------------------------------------------------

typedef gcut_status (*work)(const bench *b, const void *what, gcut_error *err);

// Least seconds of REPEATS runs, the first aside.
static gcut_status time_work(const bench *b, work run, const void *what, double *out_seconds,
                             gcut_error *err) {
  const gcut__cuda_driver *driver = &b->cuda->driver;
  *out_seconds = 0;
  for (int i = 0; i <= REPEATS; i++) {
    float ms = 0;
    GCUT_CUDA_TRY(driver, cuEventRecord, b->start, b->stream);
    GCUT_TRY(run(b, what, err));
    GCUT_CUDA_TRY(driver, cuEventRecord, b->end, b->stream);
    GCUT_CUDA_TRY(driver, cuEventSynchronize, b->end);
    GCUT_CUDA_TRY(driver, cuEventElapsedTime, &ms, b->start, b->end);
    if (i == 1 || (i > 1 && (double)ms * 1e-3 < *out_seconds)) *out_seconds = (double)ms * 1e-3;
  }
  return GCUT_OK;
}

// ---- the wire ---------------------------------------------------------------------------------

typedef struct transfer {
  uint64_t bytes; // of each copy
  bool up, both;
} transfer;

static gcut_status copy_once(const bench *b, const transfer *t, bool up, uint64_t at,
                             CUstream stream, gcut_error *err) {
  const gcut__cuda_driver *driver = &b->cuda->driver;
  uint8_t *host = (uint8_t *)b->host.data + (up ? 0 : BLOCK) + at;
  CUdeviceptr device = b->memory + (up ? 0 : BLOCK) + at;
  if (up)
    GCUT_CUDA_TRY(driver, cuMemcpyHtoDAsync, device, host, t->bytes, stream);
  else
    GCUT_CUDA_TRY(driver, cuMemcpyDtoHAsync, host, device, t->bytes, stream);
  return GCUT_OK;
}

// BLOCK bytes in copies of one size; the other way, too, on another stream that is waited for.
static gcut_status copy_block(const bench *b, const void *what, gcut_error *err) {
  const transfer *t = what;
  const gcut__cuda_driver *driver = &b->cuda->driver;
  for (uint64_t at = 0; at < BLOCK; at += t->bytes) {
    GCUT_TRY(copy_once(b, t, t->up, at, b->stream, err));
    if (t->both) GCUT_TRY(copy_once(b, t, !t->up, at, b->other, err));
  }
  if (t->both) GCUT_CUDA_TRY(driver, cuStreamSynchronize, b->other);
  return GCUT_OK;
}

static gcut_status rate_of(const bench *b, transfer t, double *out, gcut_error *err) {
  double seconds;
  GCUT_TRY(time_work(b, copy_block, &t, &seconds, err));
  *out = (double)BLOCK / seconds;
  return GCUT_OK;
}

static gcut_status measure_wire(const bench *b, bool up, gcut_wire *out, gcut_error *err) {
  static const uint64_t sizes[] = {64 << 10, 256 << 10, 1 << 20, 16 << 20};
  GCUT_TRY(rate_of(b, (transfer){BLOCK, up, false}, &out->rate, err));
  GCUT_TRY(rate_of(b, (transfer){BLOCK, up, true}, &out->both_rate, err));
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    out->points[i].bytes = (double)sizes[i];
    GCUT_TRY(rate_of(b, (transfer){sizes[i], up, false}, &out->points[i].rate, err));
  }
  out->n_points = sizeof sizes / sizeof *sizes;
  return GCUT_OK;
}

// ---- kernels ----------------------------------------------------------------------------------

typedef struct copying {
  CUfunction kernel;
  CUdeviceptr from, to;
  uint64_t bytes;
  int times;
} copying;

static gcut_status run_kernel(const bench *b, const void *what, gcut_error *err) {
  const copying *c = what;
  int64_t count = (int64_t)(c->bytes / sizeof(uint64_t));
  gcut__cuda_copy_job job = {.count = count,
                             .rank = 1,
                             .size = sizeof(uint64_t),
                             .dims = {count},
                             .from_strides = {1},
                             .to_strides = {1},
                             .from = (const void *)c->from,
                             .to = (void *)c->to};
  uint32_t blocks = count < 256 * 1024 ? (uint32_t)(count + 255) / 256 : 1024;
  void *arguments[] = {&job};
  for (int i = 0; i < c->times; i++)
    GCUT_TRY(gcut__cuda_launch(b->cuda, c->kernel, (uint32_t[]){blocks, 1, 1}, 256, 0, b->stream,
                               arguments, err));
  return GCUT_OK;
}

static gcut_status measure_kernels(const bench *b, gcut_profile *out, gcut_error *err) {
  copying c = {.from = 0, .to = b->memory, .bytes = BLOCK, .times = 1};
  double seconds;
  GCUT_TRY(gcut__cuda_kernel(b->cuda, "gcut_copy", &c.kernel, err));
  GCUT_CUDA_TRY(&b->cuda->driver, cuMemHostGetDevicePointer, &c.from, b->host.data, 0);
  GCUT_TRY(time_work(b, run_kernel, &c, &seconds, err));
  out->mapped_rate = (double)BLOCK / seconds;
  c = (copying){c.kernel, b->memory + BLOCK, b->memory, sizeof(uint64_t), LAUNCHES};
  GCUT_TRY(time_work(b, run_kernel, &c, &seconds, err));
  out->device.node_seconds = seconds / LAUNCHES;
  return GCUT_OK;
}

static gcut_status copy_device(const bench *b, const void *what, gcut_error *err) {
  (void)what;
  GCUT_CUDA_TRY(&b->cuda->driver, cuMemcpyDtoDAsync, b->memory, b->memory + BLOCK, BLOCK,
                b->stream);
  return GCUT_OK;
}

// ---- products ---------------------------------------------------------------------------------

static gcut_status run_product(const bench *b, const void *what, gcut_error *err) {
  return gcut__cuda_blas_run(b->cuda->blas, what, b->memory, b->memory + BLOCK,
                             b->memory + 2 * BLOCK, 0, b->memory + 3 * BLOCK, b->stream, err);
}

// Of square matrices, larger ones until a product takes long enough: slow cards are not kept at it.
static gcut_status measure_product(const bench *b, gcut_dtype type, double *out, gcut_error *err) {
  double seconds = 0;
  for (int64_t side = LEAST_SIDE; side <= MOST_SIDE && seconds < LONG_ENOUGH; side *= 2) {
    gcut__cuda_product p = {.type = type,
                            .m = side,
                            .n = side,
                            .k = side,
                            .batch = 1,
                            .lda = side,
                            .ldb = side,
                            .ldc = side,
                            .alpha = 1};
    GCUT_TRY(gcut__cuda_blas_prepare(b->cuda->blas, &p, err));
    GCUT_TRY(time_work(b, run_product, &p, &seconds, err));
    *out = 2.0 * (double)side * (double)side * (double)side / seconds;
  }
  return GCUT_OK;
}

// Numbers between 1/4 and 2 of either sign, as float16, bfloat16 and float32 alike.
static gcut_status fill(const bench *b, gcut_error *err) {
  uint16_t *words = b->host.data;
  uint64_t state = 0x9e3779b97f4a7c15;
  for (uint64_t i = 0; i < BLOCK / sizeof *words; i++) {
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    words[i] = (uint16_t)(0x3c00 + (state >> 48 & 0x83ff));
  }
  for (int i = 0; i < 2; i++)
    GCUT_CUDA_TRY(&b->cuda->driver, cuMemcpyHtoDAsync, b->memory + (uint64_t)i * BLOCK, words,
                  BLOCK, b->stream);
  return GCUT_OK;
}

static gcut_status measure_products(const bench *b, gcut_engine *out, gcut_error *err) {
  GCUT_TRY(fill(b, err));
  GCUT_TRY(measure_product(b, GCUT_FLOAT, &out->flops_f32, err));
  GCUT_TRY(measure_product(b, GCUT_FLOAT16, &out->flops_f16, err));
  return measure_product(b, GCUT_BFLOAT16, &out->flops_bf16, err);
}

// ---- the whole --------------------------------------------------------------------------------

static gcut_status describe(gcut__cuda *cuda, size_t total, size_t taken, char *text, size_t size,
                            gcut_error *err) {
  const gcut__cuda_driver *driver = &cuda->driver;
  char name[128];
  int version, major, minor;
  GCUT_TRY(gcut__cuda_dnn_open(cuda, err));
  GCUT_CUDA_TRY(driver, cuDeviceGetName, name, sizeof name, cuda->device);
  GCUT_CUDA_TRY(driver, cuDriverGetVersion, &version);
  GCUT_TRY(gcut__cuda_capability(cuda, &major, &minor, err));
  snprintf(text, size,
           "%s, %zu MiB (%zu MiB taken), compute capability %d.%d, driver for CUDA %d.%d, %s, %s",
           name, total >> 20, taken >> 20, major, minor, version / 1000, version % 1000 / 10,
           gcut__cuda_blas_name(cuda->blas), gcut__cuda_dnn_name(cuda->dnn));
  return GCUT_OK;
}

static gcut_status measure_card(const bench *b, gcut_profile *out, gcut_error *err) {
  double seconds;
  GCUT_TRY(measure_products(b, &out->device, err));
  GCUT_TRY(time_work(b, copy_device, NULL, &seconds, err));
  out->device.memory_rate = 2 * (double)BLOCK / seconds;
  GCUT_TRY(measure_wire(b, true, &out->up, err));
  GCUT_TRY(measure_wire(b, false, &out->down, err));
  GCUT_TRY(measure_kernels(b, out, err));
  out->copy_seconds = out->device.node_seconds;
  return GCUT_OK;
}

static gcut_status open_bench(gcut__cuda *cuda, bench *b, gcut_error *err) {
  const gcut__cuda_driver *driver = &cuda->driver;
  *b = (bench){.cuda = cuda,
               .stream = cuda->streams[GCUT_QUEUE_COMPUTE],
               .other = cuda->streams[GCUT_QUEUE_DOWN]};
  GCUT_CUDA_TRY(driver, cuEventCreate, &b->start, CU_EVENT_DEFAULT);
  GCUT_CUDA_TRY(driver, cuEventCreate, &b->end, CU_EVENT_DEFAULT);
  GCUT_CUDA_TRY(driver, cuMemAlloc, &b->memory, 3 * BLOCK + GCUT_CUDA_BLAS_WORKSPACE);
  return gcut__cuda_pinned_take(driver, 2 * BLOCK, &b->host, err);
}

static void close_bench(bench *b) {
  const gcut__cuda_driver *driver = &b->cuda->driver;
  gcut__cuda_pinned_free(driver, &b->host);
  if (b->memory) driver->cuMemFree(b->memory);
  if (b->start) driver->cuEventDestroy(b->start);
  if (b->end) driver->cuEventDestroy(b->end);
}

gcut_status gcut__cuda_measure(gcut__device *device, gcut_profile *out, char *description,
                               size_t size, gcut_error *err) {
  gcut__cuda *cuda = (gcut__cuda *)device;
  size_t free_bytes, total;
  bench b;
  GCUT_TRY(gcut__cuda_enter(cuda, err));
  GCUT_CUDA_TRY(&cuda->driver, cuMemGetInfo, &free_bytes, &total);
  GCUT_TRY(describe(cuda, total, total - free_bytes, description, size, err));
  out->device.memory_bytes = (double)total;
  gcut_status status = open_bench(cuda, &b, err);
  if (status == GCUT_OK) status = measure_card(&b, out, err);
  close_bench(&b);
  return status == GCUT_OK ? gcut__measure_host(out, err) : status;
}
