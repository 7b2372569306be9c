// MatMulNBits: weights of a few bits become a matrix for the card's own product, or tile by tile
// for a library's; where there are few rows they are read directly.
#include "exec/cuda/ops/nbits.h"

#include "exec/cuda/blas.h"
#include "exec/cuda/kernels.h"
#include "exec/cuda/ops/compile.h"
#include "tracer/ops/microsoft_matmul.h"

enum { B = 1, SCALES, ZEROS, GROUPS, BIAS }; // inputs

// ---- the weights --------------------------------------------------------------------------------

// Groups that the kernel reads, if any; false where the host says what is wrong with them.
static bool read_groups(const gcut_type *groups, gcut__cuda_nbits_job *job) {
  job->grouped = groups && groups->dims[0] > 0;
  return !job->grouped || (groups->type == GCUT_INT32 && groups->dims[0] >= job->k);
}

// The kernel that takes columns by eights knows neither groups nor a last block that is not full.
static bool read_eights(const gcut__cuda_nbits_job *job, gcut__cuda_dequantize_job *out) {
  const bool packed = job->zero_type == GCUT_UINT8;
  const int64_t per_byte = 8 / job->bits, blocks = job->blocks;
  if (job->grouped || job->k % job->block != 0 || job->block % 8 != 0 ||
      job->n > UINT32_MAX / (job->k / 8))
    return false;
  *out = (gcut__cuda_dequantize_job){.eights = (uint32_t)(job->k / 8),
                                     .size = (uint32_t)job->n,
                                     .block = (uint32_t)(job->block / 8),
                                     .blocks = (uint32_t)blocks,
                                     .zero_width =
                                         (uint32_t)((blocks + per_byte - 1) / per_byte * per_byte),
                                     .bits = job->bits,
                                     .middle = 1 << (job->bits - 1),
                                     .y_type = job->type,
                                     .scale_type = job->scale_type,
                                     .zero_type = packed ? 0 : job->zero_type};
  return true;
}

bool gcut__cuda_nbits_describe(const gcut__cuda_nbits_job *job, gcut__cuda_nbits *out) {
  *out = (gcut__cuda_nbits){.job = *job};
  if (job->bits != 2 && job->bits != 4 && job->bits != 8) return false;
  out->by_eights = read_eights(job, &out->eights);
  return true;
}

bool gcut__cuda_nbits_read(const gcut_node *node, const gcut_type *const *types, uint32_t number,
                           gcut__cuda_nbits *out) {
  const gcut__nbits_attrs *attrs = node->attrs;
  const gcut_type *a = types[0], *zeros = types[ZEROS];
  gcut__cuda_nbits_job job = {.m = (int64_t)gcut__cuda_count(a) / attrs->K,
                              .n = attrs->N,
                              .k = attrs->K,
                              .blocks = (attrs->K + attrs->block_size - 1) / attrs->block_size,
                              .block = attrs->block_size,
                              .bits = (int32_t)attrs->bits,
                              .type = a->type,
                              .scale_type = types[SCALES]->type,
                              .zero_type = zeros ? zeros->type : 0,
                              .node = number};
  return gcut__cuda_is_float(a) && job.m > 0 && job.m <= INT32_MAX &&
         read_groups(types[GROUPS], &job) &&
         (!zeros || zeros->type == GCUT_UINT8 || gcut__cuda_is_float(zeros)) &&
         gcut__cuda_nbits_describe(&job, out);
}

gcut__cuda_product gcut__cuda_nbits_product(const gcut__cuda_nbits *n, bool has_bias) {
  const gcut__cuda_nbits_job *job = &n->job;
  return (gcut__cuda_product){.type = (gcut_dtype)job->type,
                              .m = job->m,
                              .n = job->n,
                              .k = job->k,
                              .batch = 1,
                              .lda = job->k,
                              .ldb = job->k,
                              .ldc = job->n,
                              .transpose_b = true,
                              .alpha = 1,
                              .epilogue =
                                  has_bias ? GCUT_CUDA_EPILOGUE_BIAS : GCUT_CUDA_EPILOGUE_NONE};
}

gcut_status gcut__cuda_nbits_load(gcut__cuda *cuda, gcut__cuda_nbits *n, gcut_error *err) {
  return gcut__cuda_kernel(cuda, n->by_eights ? "gcut_dequantize_eights" : "gcut_nbits_expand",
                           &n->expand, err);
}

uint64_t gcut__cuda_nbits_bytes(const gcut__cuda_nbits *n, int64_t rows) {
  return (uint64_t)(rows * n->job.k * gcut__cuda_element_bytes(n->job.type));
}

static gcut_status expand_by_eights(const gcut__cuda_run *r, const gcut__cuda_nbits *n,
                                    int64_t first, int64_t rows, const CUdeviceptr *inputs,
                                    CUdeviceptr y, gcut_error *err) {
  gcut__cuda_dequantize_job job = n->eights;
  const uint64_t before = (uint64_t)first, line = before * job.blocks;
  const uint64_t scale_bytes = (uint64_t)gcut__cuda_element_bytes(job.scale_type);
  void *arguments[] = {&job};
  job.rows = (uint32_t)rows;
  job.x = (const void *)(inputs[B] + before * job.eights * (uint64_t)job.bits);
  job.scales = (const void *)(inputs[SCALES] + line * scale_bytes);
  if (inputs[ZEROS] && job.zero_type)
    job.zeros =
        (const void *)(inputs[ZEROS] + line * (uint64_t)gcut__cuda_element_bytes(job.zero_type));
  else if (inputs[ZEROS])
    job.zeros = (const void *)(inputs[ZEROS] + before * job.zero_width * (uint64_t)job.bits / 8);
  job.y = (void *)y;
  return gcut__cuda_launch_over(r, n->expand, (uint64_t)rows * job.eights, arguments, err);
}

gcut_status gcut__cuda_nbits_expand(const gcut__cuda_run *r, const gcut__cuda_nbits *n,
                                    int64_t first, int64_t rows, const CUdeviceptr *inputs,
                                    CUdeviceptr y, gcut_error *err) {
  if (n->by_eights) return expand_by_eights(r, n, first, rows, inputs, y, err);
  gcut__cuda_nbits_job job = n->job;
  void *arguments[] = {&job};
  job.first = first;
  job.rows = rows;
  job.b = (const void *)inputs[B];
  job.scales = (const void *)inputs[SCALES];
  job.zeros = (const void *)inputs[ZEROS];
  job.groups = (const int32_t *)inputs[GROUPS];
  job.fault = (uint32_t *)r->cuda->fault_device;
  job.y = (void *)y;
  return gcut__cuda_launch_over(r, n->expand, (uint64_t)(rows * job.k), arguments, err);
}

// ---- the product --------------------------------------------------------------------------------

enum { TILE_BYTES = 32 << 20, TILE_ROWS = 64 };

typedef struct product_params {
  gcut__cuda_nbits nbits;
  gcut__cuda_product product, last; // of a whole tile of rows, of the last one
  gcut__cuda_multiply own;          // of all rows, by the card's own kernel
  int64_t tile;
} product_params;

static CUdeviceptr input_or_none(const gcut__cuda_run *r, uint32_t i) {
  return i < r->step->n_inputs ? r->inputs[i] : 0;
}

static void read_inputs(const gcut__cuda_run *r, CUdeviceptr *out) {
  for (uint32_t i = 0; i < GCUT_CUDA_NBITS_INPUTS; i++) out[i] = input_or_none(r, i);
}

static gcut_status expand_to(const gcut__cuda_run *r, CUdeviceptr y, gcut_error *err) {
  const product_params *p = r->step->params;
  CUdeviceptr inputs[GCUT_CUDA_NBITS_INPUTS];
  read_inputs(r, inputs);
  return gcut__cuda_nbits_expand(r, &p->nbits, 0, p->nbits.job.n, inputs, y, err);
}

static gcut_status prepare_product(const gcut__cuda_run *r, gcut_error *err) {
  return expand_to(r, r->prepared, err);
}

static gcut_status launch_own(const gcut__cuda_run *r, gcut_error *err) {
  const product_params *p = r->step->params;
  const CUdeviceptr b = r->prepared ? r->prepared : r->scratch;
  if (!r->prepared) GCUT_TRY(expand_to(r, b, err));
  return gcut__cuda_multiply_launch(r->cuda, &p->own, &p->product, r->inputs[0], b, r->outputs[0],
                                    input_or_none(r, BIAS), r->stream, err);
}

static gcut_status launch_tile(const gcut__cuda_run *r, const product_params *p, int64_t first,
                               const CUdeviceptr *inputs, gcut_error *err) {
  const gcut__cuda_nbits_job *job = &p->nbits.job;
  const int64_t rows = job->n - first < p->tile ? job->n - first : p->tile;
  const uint64_t at = (uint64_t)(first * gcut__cuda_element_bytes(job->type));
  const CUdeviceptr bias = input_or_none(r, BIAS);
  CUdeviceptr b = r->prepared + gcut__cuda_nbits_bytes(&p->nbits, first);
  if (!r->prepared) {
    b = r->scratch + GCUT_CUDA_BLAS_WORKSPACE;
    GCUT_TRY(gcut__cuda_nbits_expand(r, &p->nbits, first, rows, inputs, b, err));
  }
  return gcut__cuda_blas_run(r->cuda->blas, rows == p->tile ? &p->product : &p->last, inputs[0], b,
                             r->outputs[0] + at, bias ? bias + at : 0, r->scratch, r->stream, err);
}

static gcut_status launch_tiles(const gcut__cuda_run *r, gcut_error *err) {
  const product_params *p = r->step->params;
  CUdeviceptr inputs[GCUT_CUDA_NBITS_INPUTS];
  read_inputs(r, inputs);
  for (int64_t first = 0; first < p->nbits.job.n; first += p->tile)
    GCUT_TRY(launch_tile(r, p, first, inputs, err));
  return GCUT_OK;
}

static int64_t tile_of(const gcut__cuda_nbits *n) {
  const int64_t rows = TILE_BYTES / (int64_t)gcut__cuda_nbits_bytes(n, 1) / TILE_ROWS * TILE_ROWS,
                tile = rows < TILE_ROWS ? TILE_ROWS : rows;
  return tile < n->job.n ? tile : n->job.n;
}

static gcut_status compile_tiles(const gcut__cuda_compile *c, product_params *p, gcut_error *err) {
  const int64_t rest = p->nbits.job.n % (p->tile = tile_of(&p->nbits));
  p->product.n = p->tile;
  p->last = p->product;
  if (rest) p->last.n = rest;
  c->step->launch = launch_tiles;
  c->step->scratch_bytes = GCUT_CUDA_BLAS_WORKSPACE + gcut__cuda_nbits_bytes(&p->nbits, p->tile);
  GCUT_TRY(gcut__cuda_blas_prepare(c->cuda->blas, &p->product, err));
  return gcut__cuda_blas_prepare(c->cuda->blas, &p->last, err);
}

static bool is_of_weights(const gcut__cuda_step *step) {
  return gcut__cuda_is_of_weights(step, B) && gcut__cuda_is_of_weights(step, SCALES) &&
         gcut__cuda_is_of_weights(step, ZEROS) && gcut__cuda_is_of_weights(step, GROUPS);
}

static gcut_status compile_product(const gcut__cuda_compile *c, const gcut__cuda_nbits *n,
                                   gcut_error *err) {
  product_params *p = GCUT_NEW(c->arena, product_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->nbits = *n;
  p->product = gcut__cuda_nbits_product(n, gcut__cuda_input_type(c, BIAS) != NULL);
  c->step->params = p;
  if (is_of_weights(c->step)) {
    c->step->prepare = prepare_product;
    c->step->prepared_bytes = gcut__cuda_nbits_bytes(n, n->job.n);
  }
  GCUT_TRY(gcut__cuda_nbits_load(c->cuda, &p->nbits, err));
  if (!gcut__cuda_multiply_is_own(c->cuda, &p->product)) return compile_tiles(c, p, err);
  c->step->launch = launch_own;
  c->step->scratch_bytes = gcut__cuda_nbits_bytes(n, n->job.n);
  return gcut__cuda_multiply_load(c->cuda, &p->product, &p->own, err);
}

gcut_status gcut__cuda_compile_nbits(const gcut__cuda_compile *c, gcut_error *err) {
  static const gcut__cuda_pointer pointers[] = {
      GCUT_CUDA_IN(gcut__cuda_nbits_job, a, 0),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, b, B),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, scales, SCALES),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, zeros, ZEROS),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, groups, GROUPS),
      GCUT_CUDA_IN(gcut__cuda_nbits_job, bias, BIAS),
      GCUT_CUDA_OUT(gcut__cuda_nbits_job, y, 0),
      {GCUT_CUDA_FAULT, offsetof(gcut__cuda_nbits_job, fault)}};
  const gcut_type *types[GCUT_CUDA_NBITS_INPUTS];
  gcut__cuda_nbits n;
  for (uint32_t i = 0; i < GCUT_CUDA_NBITS_INPUTS; i++) types[i] = gcut__cuda_input_type(c, i);
  if (!gcut__cuda_nbits_read(c->node, types, c->number, &n)) return GCUT_OK;
  if (n.job.m > GCUT_CUDA_NBITS_ROWS) return compile_product(c, &n, err);
  return GCUT_CUDA_PLAIN(
      c, "gcut_nbits_few", &n.job,
      (uint64_t)((n.job.n + GCUT_CUDA_NBITS_THREADS / 32 - 1) / (GCUT_CUDA_NBITS_THREADS / 32)),
      GCUT_CUDA_NBITS_THREADS, pointers, err);
}
