// MatMul and Gemm through cuBLASLt, or by the card's own kernel where it is the one for them.
#include "exec/cuda/blas.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/multiply.h"
#include "exec/cuda/ops/program_builder.h"
#include "tracer/ops/matmul.h"

typedef struct product_params {
  gcut__cuda_product product;
  bool bias;               // input 2
  gcut__cuda_multiply own; // where it is not the library's
} product_params;

static gcut_status launch_product(const gcut__cuda_run *r, gcut_error *err) {
  const product_params *p = r->step->params;
  return gcut__cuda_blas_run(r->cuda->blas, &p->product, r->inputs[0], r->inputs[1], r->outputs[0],
                             p->bias ? r->inputs[2] : 0, r->scratch, r->stream, err);
}

static gcut_status launch_own(const gcut__cuda_run *r, gcut_error *err) {
  const product_params *p = r->step->params;
  return gcut__cuda_multiply_launch(r->cuda, &p->own, &p->product, r->inputs[0], r->inputs[1],
                                    r->outputs[0], p->bias ? r->inputs[2] : 0, r->stream, err);
}

static bool is_sized(const gcut__cuda_product *p) {
  return p->m > 0 && p->n > 0 && p->k > 0 && p->batch > 0 && p->m <= INT32_MAX &&
         p->n <= INT32_MAX && p->k <= INT32_MAX;
}

static gcut_status finish(const gcut__cuda_compile *c, product_params *p, gcut_error *err) {
  const gcut__cuda_product *x = &p->product;
  if (!is_sized(x)) return GCUT_OK;
  bool own = gcut__cuda_multiply_is_own(c->cuda, x);
  c->step->params = p;
  c->step->launch = own ? launch_own : launch_product;
  if (own) return gcut__cuda_multiply_load(c->cuda, x, &p->own, err);
  c->step->scratch_bytes = GCUT_CUDA_BLAS_WORKSPACE;
  return gcut__cuda_blas_prepare(c->cuda->blas, x, err);
}

// Leading dims that are those of the output, or none at all: what one stride can walk.
static bool regular(const gcut_type *t, const gcut_type *out) {
  if (gcut__cuda_matrices(t) == 1) return true;
  for (int d = 0; d + 2 < t->rank; d++)
    if (t->rank != out->rank || t->dims[d] != out->dims[d]) return false;
  return true;
}

// A multiplication, as elementwise groups compute it for themselves (behind.c): cuBLASLt adds it to
// zero, which is another bit where it is minus zero.
static gcut_status compile_outer(const gcut__cuda_compile *c, gcut_error *err) {
  const uint32_t *inputs = gcut_node_inputs(c->trace->graph, c->node);
  gcut__cuda_program_builder b = {.trace = c->trace, .output = gcut__cuda_output_type(c, 0)};
  int x = gcut__cuda_builder_input(&b, inputs[0]), y = gcut__cuda_builder_input(&b, inputs[1]);
  if (x == ELEMENT_NONE || y == ELEMENT_NONE ||
      gcut__cuda_builder_product(&b, x, y, b.output->type) == ELEMENT_NONE ||
      !gcut__cuda_builder_finish(&b))
    return GCUT_OK;
  return gcut__cuda_compile_program(c, &b.job, err);
}

bool gcut__cuda_matmul_product(const gcut_type *a, const gcut_type *b, const gcut_type *out,
                               gcut__cuda_product *product) {
  if (a->rank < 2 || b->rank < 2 || !gcut__cuda_is_real(a->type) || !regular(a, out) ||
      !regular(b, out) || gcut__cuda_is_outer_product(a, b))
    return false;
  int64_t m = a->dims[a->rank - 2], k = a->dims[a->rank - 1], n = b->dims[b->rank - 1],
          batch = gcut__cuda_matrices(out);
  bool one_b = gcut__cuda_matrices(b) == 1 &&
               gcut__cuda_matrices(a) == batch; // all of a's rows meet one matrix
  *product = (gcut__cuda_product){.type = (gcut_dtype)a->type,
                                  .m = one_b ? m * batch : m,
                                  .n = n,
                                  .k = k,
                                  .batch = one_b ? 1 : batch,
                                  .lda = k,
                                  .ldb = n,
                                  .ldc = n,
                                  .stride_a = gcut__cuda_matrices(a) == 1 ? 0 : m * k,
                                  .stride_b = gcut__cuda_matrices(b) == 1 ? 0 : k * n,
                                  .stride_c = m * n,
                                  .alpha = 1};
  return is_sized(product);
}

gcut_status gcut__cuda_compile_matmul(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *a = gcut__cuda_input_type(c, 0), *b = gcut__cuda_input_type(c, 1),
                  *out = gcut__cuda_output_type(c, 0);
  gcut__cuda_product product;
  if (gcut__cuda_is_outer_product(a, b)) return compile_outer(c, err);
  if (!gcut__cuda_matmul_product(a, b, out, &product)) return GCUT_OK;
  product_params *p = GCUT_NEW(c->arena, product_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->product = product;
  return finish(c, p, err);
}

// C must be absent or a vector of n, which becomes the epilogue's bias.
bool gcut__cuda_gemm_product(const gcut_node *node, const gcut_type *a, const gcut_type *b,
                             const gcut_type *bias, const gcut_type *out,
                             gcut__cuda_product *product) {
  const gcut__gemm_attrs *attrs = node->attrs;
  if (!gcut__cuda_is_real(a->type) || node->version < 7) return false;
  int64_t m = out->dims[0], n = out->dims[1], k = attrs->transA ? a->dims[0] : a->dims[1];
  bool vector = bias && bias->rank > 0 && bias->dims[bias->rank - 1] == n &&
                (int64_t)gcut__cuda_count(bias) == n;
  if (bias && (!vector || attrs->beta != 1 || a->type == GCUT_DOUBLE)) return false;
  *product =
      (gcut__cuda_product){.type = (gcut_dtype)a->type,
                           .m = m,
                           .n = n,
                           .k = k,
                           .batch = 1,
                           .lda = a->dims[1],
                           .ldb = b->dims[1],
                           .ldc = n,
                           .transpose_a = attrs->transA != 0,
                           .transpose_b = attrs->transB != 0,
                           .alpha = attrs->alpha,
                           .epilogue = bias ? GCUT_CUDA_EPILOGUE_BIAS : GCUT_CUDA_EPILOGUE_NONE};
  return is_sized(product);
}

gcut_status gcut__cuda_compile_gemm(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut_type *bias = gcut__cuda_input_type(c, 2);
  gcut__cuda_product product;
  if (!gcut__cuda_gemm_product(c->node, gcut__cuda_input_type(c, 0), gcut__cuda_input_type(c, 1),
                               bias, gcut__cuda_output_type(c, 0), &product))
    return GCUT_OK;
  product_params *p = GCUT_NEW(c->arena, product_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->bias = bias != NULL;
  p->product = product;
  return finish(c, p, err);
}
