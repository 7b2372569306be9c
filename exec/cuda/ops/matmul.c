// Products that are none of cuBLASLt's as they stand, spelled out: MatMul of vectors and of batches
// that repeat within each other, Gemm with any C, and com.microsoft's products with something more.
#include <math.h>

#include "exec/cuda/ops/spell.h"
#include "tracer/ops/fused_conv.h"
#include "tracer/ops/microsoft_matmul.h"

// ---- MatMul -------------------------------------------------------------------------------------

// Dims of the product's batch: the output's without those of rows and columns.
static int batch_rank(const gcut__speller *s) {
  const gcut_type *a = gcut__cuda_input_type(s->c, 0), *b = gcut__cuda_input_type(s->c, 1);
  return gcut__cuda_output_type(s->c, 0)->rank - (a->rank > 1) - (b->rank > 1);
}

// Input i as [batch of the output, rows, columns].
static uint32_t full_operand(gcut__speller *s, uint32_t i) {
  const gcut_type *t = gcut__cuda_input_type(s->c, i), *out = gcut__cuda_output_type(s->c, 0);
  int64_t dims[GCUT_MAX_RANK + 2];
  int batch = batch_rank(s);
  uint32_t x = gcut__spell_input(s, i);
  for (int d = 0; d < batch; d++) dims[d] = out->dims[d];
  dims[batch] = t->rank > 1 ? t->dims[t->rank - 2] : i == 0 ? 1 : t->dims[0];
  dims[batch + 1] = t->rank > 1 || i == 0 ? t->dims[t->rank - 1] : 1;
  if (t->rank == 1) x = gcut__spell_reshape(s, x, dims + batch, 2);
  return SPELL(s, "Expand", x, gcut__spell_numbers(s, dims, (size_t)batch + 2));
}

static bool any_matmul(gcut__speller *s) {
  const gcut_type *a = gcut__cuda_input_type(s->c, 0), *b = gcut__cuda_input_type(s->c, 1),
                  *out = gcut__cuda_output_type(s->c, 0);
  bool whole = a->rank == b->rank; // then only a batch that repeats
  for (int d = 0; whole && d + 2 < a->rank; d++) whole = a->dims[d] == b->dims[d];
  if ((whole && a->rank > 1) || gcut__cuda_count(a) == 0 || gcut__cuda_count(b) == 0 ||
      batch_rank(s) + 2 > GCUT_MAX_RANK)
    return false;
  uint32_t left = full_operand(s, 0), right = full_operand(s, 1);
  uint32_t y = SPELL(s, "MatMul", left, right);
  gcut__spell_output(s, 0, gcut__spell_reshape(s, y, out->dims, (size_t)out->rank));
  return true;
}

gcut_status gcut__cuda_compile_any_matmul(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, any_matmul, err);
}

// ---- Gemm ---------------------------------------------------------------------------------------

static uint32_t spell_gemm(gcut__speller *s, const gcut__gemm_attrs *attrs) {
  uint32_t a = gcut__spell_input(s, 0), b = gcut__spell_input(s, 1), c = gcut__spell_input(s, 2);
  const gcut_type *type = gcut__cuda_input_type(s->c, 0);
  gcut__spell_same(s, (const char *const[]){"alpha", "transA", "transB", NULL});
  uint32_t y = SPELL(s, "Gemm", a, b);
  if (c == GCUT_NONE || attrs->beta == 0) return y;
  if (attrs->beta != 1)
    c = SPELL(s, "Mul", c, gcut__spell_scalar(s, type->type, (double)attrs->beta));
  return SPELL(s, "Add", y, c);
}

static bool any_gemm(gcut__speller *s) {
  if (!gcut__cuda_input_type(s->c, 2)) return false;
  gcut__spell_output(s, 0, spell_gemm(s, s->c->node->attrs));
  return true;
}

static bool fused_gemm(gcut__speller *s) {
  const gcut__fused_gemm_attrs *attrs = s->c->node->attrs;
  gcut__fused_activation f;
  if (!gcut__fused_find(attrs->activation, &f)) return false;
  if (!isnan(attrs->activation_alpha)) f.alpha = attrs->activation_alpha;
  if (!isnan(attrs->activation_beta)) f.beta = attrs->activation_beta;
  gcut__spell_output(s, 0, gcut__spell_activation(s, spell_gemm(s, &attrs->gemm), &f));
  return true;
}

gcut_status gcut__cuda_compile_any_gemm(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, any_gemm, err);
}
gcut_status gcut__cuda_compile_fused_gemm(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, fused_gemm, err);
}

// ---- FusedMatMul --------------------------------------------------------------------------------

// Input i with its matrices last.
static uint32_t matrices_last(gcut__speller *s, uint32_t i, bool transpose, bool transpose_batch) {
  const gcut_type *t = gcut__cuda_input_type(s->c, i);
  uint32_t x = gcut__spell_input(s, i);
  gcut__matrix_axes m;
  int64_t perm[GCUT_MAX_RANK];
  bool moved = false;
  if (t->rank < 2) return x;
  gcut__fused_axes(t->rank, transpose, transpose_batch, i == 1, &m);
  for (int d = 0; d < m.n_batch; d++) perm[d] = m.batch[d];
  perm[t->rank - 2] = m.rows;
  perm[t->rank - 1] = m.columns;
  for (int d = 0; d < t->rank; d++) moved |= perm[d] != d;
  return moved ? gcut__spell_transpose(s, x, perm, (size_t)t->rank) : x;
}

static bool fused_matmul(gcut__speller *s) {
  const gcut__fused_matmul_attrs *attrs = s->c->node->attrs;
  uint32_t a = matrices_last(s, 0, attrs->transA != 0, attrs->transBatchA != 0),
           b = matrices_last(s, 1, attrs->transB != 0, attrs->transBatchB != 0),
           y = SPELL(s, "MatMul", a, b);
  int type = gcut__cuda_input_type(s->c, 0)->type;
  if (attrs->alpha != 1) y = SPELL(s, "Mul", y, gcut__spell_scalar(s, type, (double)attrs->alpha));
  gcut__spell_output(s, 0, y);
  return true;
}

gcut_status gcut__cuda_compile_fused_matmul(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, fused_matmul, err);
}

// ---- FusedConv ----------------------------------------------------------------------------------

static bool fused_conv(gcut__speller *s) {
  gcut__fused_activation f;
  if (!gcut__fused_conv_activation(s->c->node->attrs, &f)) return false;
  gcut__spell_same(s, (const char *const[]){"auto_pad", "dilations", "group", "kernel_shape",
                                            "pads", "strides", NULL});
  uint32_t y =
      SPELL(s, "Conv", gcut__spell_input(s, 0), gcut__spell_input(s, 1), gcut__spell_input(s, 2));
  if (gcut__cuda_input_type(s->c, 3)) y = SPELL(s, "Add", y, gcut__spell_input(s, 3));
  gcut__spell_output(s, 0, gcut__spell_activation(s, y, &f));
  return true;
}

gcut_status gcut__cuda_compile_fused_conv(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, fused_conv, err);
}
