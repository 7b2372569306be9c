// MatMulNBits: weights of a few bits, expanded tile by tile for products of cuBLASLt, or read
// directly where there are few rows.
#include "exec/cuda/blas.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/quantize.h"
#include "tracer/ops/microsoft_matmul.h"

enum { TILE_BYTES = 32 << 20, TILE_ROWS = 64 };

typedef struct nbits_params {
  CUfunction expand;
  gcut__cuda_nbits_job job;
  gcut__cuda_product product, last; // of a whole tile of rows, of the last one
  int64_t tile;
  uint64_t tile_bytes;
} nbits_params;

static gcut_status launch_tile(const gcut__cuda_run *r, const nbits_params *p, int64_t first,
                               gcut_error *err) {
  gcut__cuda_nbits_job job = p->job;
  uint64_t size = (uint64_t)gcut__cuda_element_bytes(job.type);
  void *arguments[] = {&job};
  CUdeviceptr bias = r->step->n_inputs > 5 ? r->inputs[5] : 0;
  job.first = first;
  job.rows = job.n - first < p->tile ? job.n - first : p->tile;
  job.b = (const void *)r->inputs[1];
  job.scales = (const void *)r->inputs[2];
  job.zeros = r->step->n_inputs > 3 ? (const void *)r->inputs[3] : NULL;
  if (job.grouped) job.groups = (const int32_t *)r->inputs[4];
  job.fault = (uint32_t *)r->cuda->fault_device;
  job.y = (void *)(r->scratch + GCUT_CUDA_BLAS_WORKSPACE);
  GCUT_TRY(gcut__cuda_launch_over(r, p->expand, (uint64_t)(job.rows * job.k), arguments, err));
  return gcut__cuda_blas_run(r->cuda->blas, job.rows == p->tile ? &p->product : &p->last,
                             r->inputs[0], (CUdeviceptr)job.y,
                             r->outputs[0] + (uint64_t)first * size,
                             bias ? bias + (uint64_t)first * size : 0, r->scratch, r->stream, err);
}

static gcut_status launch_nbits(const gcut__cuda_run *r, gcut_error *err) {
  const nbits_params *p = r->step->params;
  for (int64_t first = 0; first < p->job.n; first += p->tile)
    GCUT_TRY(launch_tile(r, p, first, err));
  return GCUT_OK;
}

// Many rows: b is expanded tile by tile for products of cuBLASLt.
static gcut_status compile_tiles(const gcut__cuda_compile *c, const gcut__cuda_nbits_job *job,
                                 gcut_error *err) {
  nbits_params *p = GCUT_NEW(c->arena, nbits_params);
  int64_t size = gcut__cuda_element_bytes(job->type);
  if (!p) return GCUT_NO_MEMORY(err);
  p->job = *job;
  p->tile = TILE_BYTES / size / job->k / TILE_ROWS * TILE_ROWS;
  if (p->tile < TILE_ROWS) p->tile = TILE_ROWS;
  if (p->tile > job->n) p->tile = job->n;
  p->product = (gcut__cuda_product){
      .type = (gcut_dtype)job->type,
      .m = job->m,
      .n = p->tile,
      .k = job->k,
      .batch = 1,
      .lda = job->k,
      .ldb = job->k,
      .ldc = job->n,
      .transpose_b = true,
      .alpha = 1,
      .epilogue = gcut__cuda_input_type(c, 5) ? GCUT_CUDA_EPILOGUE_BIAS : GCUT_CUDA_EPILOGUE_NONE};
  p->last = p->product;
  if (job->n % p->tile) p->last.n = job->n % p->tile;
  GCUT_TRY(gcut__cuda_kernel(c->cuda, "gcut_nbits_expand", &p->expand, err));
  c->step->params = p;
  c->step->launch = launch_nbits;
  c->step->scratch_bytes = GCUT_CUDA_BLAS_WORKSPACE + (uint64_t)(p->tile * job->k * size);
  GCUT_TRY(gcut__cuda_blas_prepare(c->cuda->blas, &p->product, err));
  return gcut__cuda_blas_prepare(c->cuda->blas, &p->last, err);
}

// Groups that the kernel reads, if any; false where the host says what is wrong with them.
static bool read_groups(const gcut__cuda_compile *c, gcut__cuda_nbits_job *job) {
  const gcut_type *groups = gcut__cuda_input_type(c, 4);
  job->grouped = groups && groups->dims[0] > 0;
  return !job->grouped || (groups->type == GCUT_INT32 && groups->dims[0] >= job->k);
}

gcut_status gcut__cuda_compile_nbits(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_nbits_attrs *attrs = c->node->attrs;
  const gcut_type *a = gcut__cuda_input_type(c, 0), *zeros = gcut__cuda_input_type(c, 3);
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_nbits_job, a, 0),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, b, 1),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, scales, 2),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, zeros, 3),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, groups, 4),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, bias, 5),
      GCUT_CUDA_OUT(gcut__cuda_nbits_job, y, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_nbits_job, fault)}};
  gcut__cuda_nbits_job job = {.m = (int64_t)gcut__cuda_count(a) / attrs->K,
                              .n = attrs->N,
                              .k = attrs->K,
                              .blocks = (attrs->K + attrs->block_size - 1) / attrs->block_size,
                              .block = attrs->block_size,
                              .bits = (int32_t)attrs->bits,
                              .type = a->type,
                              .scale_type = gcut__cuda_input_type(c, 2)->type,
                              .zero_type = zeros ? zeros->type : 0,
                              .node = c->number};
  if (!gcut__cuda_is_float(a) || job.m == 0 || job.m > INT32_MAX ||
      (job.bits != 2 && job.bits != 4 && job.bits != 8) || !read_groups(c, &job) ||
      (zeros && zeros->type != GCUT_UINT8 && !gcut__cuda_is_float(zeros)))
    return GCUT_OK;
  if (job.m > GCUT_CUDA_NBITS_ROWS) return compile_tiles(c, &job, err);
  return GCUT_CUDA_PLAIN(
      c, "gcut_nbits_few", &job,
      (uint64_t)((job.n + GCUT_CUDA_NBITS_THREADS / 32 - 1) / (GCUT_CUDA_NBITS_THREADS / 32)),
      GCUT_CUDA_NBITS_THREADS, pointers, err);
}
