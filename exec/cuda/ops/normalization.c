// LRN, LpNormalization, MeanVarianceNormalization and com.microsoft's norms of groups and
// embeddings, spelled out: sums in float or wider.
#include "tracer/ops/normalization.h"

#include "exec/cuda/ops/spell.h"
#include "tracer/ops/microsoft_norm.h"

static int wide_type(const gcut__speller *s) {
  return gcut__spell_wide_type(gcut__cuda_input_type(s->c, 0)->type);
}

// ---- ai.onnx ------------------------------------------------------------------------------------

// A line whose norm is zero stays zero: divided by 1.
static bool lp_normalization(gcut__speller *s) {
  const gcut__lp_normalization_attrs *attrs = s->c->node->attrs;
  uint32_t x = gcut__spell_wide(s, 0), zero = gcut__spell_scalar(s, wide_type(s), 0),
           one = gcut__spell_scalar(s, wide_type(s), 1);
  uint32_t norm =
      gcut__spell_reduce(s, attrs->p == 1 ? "ReduceL1" : "ReduceL2", x, &attrs->axis, 1);
  uint32_t is_zero = SPELL(s, "Equal", norm, zero);
  gcut__spell_narrow(s, 0, SPELL(s, "Div", x, SPELL(s, "Where", is_zero, one, norm)));
  return true;
}

// (x - mean) / (deviation + epsilon), the epsilon that of the standard's function.
static bool mean_variance(gcut__speller *s) {
  gcut_ints axes = gcut__mvn_axes(s->c->node->attrs);
  uint32_t x = gcut__spell_wide(s, 0), epsilon = gcut__spell_scalar(s, wide_type(s), 1e-9);
  uint32_t mean = gcut__spell_reduce(s, "ReduceMean", x, axes.data, axes.n);
  uint32_t centred = SPELL(s, "Sub", x, mean), square = SPELL(s, "Mul", centred, centred);
  uint32_t variance = gcut__spell_reduce(s, "ReduceMean", square, axes.data, axes.n);
  uint32_t deviation = SPELL(s, "Add", SPELL(s, "Sqrt", variance), epsilon);
  gcut__spell_narrow(s, 0, SPELL(s, "Div", centred, deviation));
  return true;
}

// x / (bias + alpha / size * squares of the neighbours) ^ beta: an average over channels, as one
// axis of an image [channels, elements].
static bool lrn(gcut__speller *s) {
  const gcut__lrn_attrs *attrs = s->c->node->attrs;
  const gcut_type *in = gcut__cuda_input_type(s->c, 0);
  int64_t each = 1, below = (attrs->size - 1) / 2, above = attrs->size / 2;
  int type = wide_type(s);
  for (int d = 2; d < in->rank; d++) each *= in->dims[d];
  uint32_t x = gcut__spell_wide(s, 0), square = SPELL(s, "Mul", x, x);
  square = gcut__spell_reshape(s, square, (int64_t[]){in->dims[0], 1, in->dims[1], each}, 4);
  gcut__spell_ints(s, "kernel_shape", (int64_t[]){attrs->size, 1}, 2);
  gcut__spell_ints(s, "pads", (int64_t[]){below, 0, above, 0}, 4);
  gcut__spell_int(s, "count_include_pad", 1);
  uint32_t mean =
      gcut__spell_reshape(s, SPELL(s, "AveragePool", square), in->dims, (size_t)in->rank);
  uint32_t scaled = SPELL(s, "Mul", mean, gcut__spell_scalar(s, type, (double)attrs->alpha));
  uint32_t sum = SPELL(s, "Add", scaled, gcut__spell_scalar(s, type, (double)attrs->bias));
  uint32_t power = SPELL(s, "Pow", sum, gcut__spell_scalar(s, type, (double)attrs->beta));
  gcut__spell_narrow(s, 0, SPELL(s, "Div", x, power));
  return true;
}

gcut_status gcut__cuda_compile_lp_normalization(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, lp_normalization, err);
}
gcut_status gcut__cuda_compile_mean_variance(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, mean_variance, err);
}
gcut_status gcut__cuda_compile_lrn(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, lrn, err);
}

// ---- com.microsoft: groups ----------------------------------------------------------------------

// The skip is an image, or a number for each channel of a sample; the bias one for each channel.
static uint32_t add_skip(gcut__speller *s, uint32_t x, bool last) {
  const gcut_type *in = gcut__cuda_input_type(s->c, 0), *skip = gcut__cuda_input_type(s->c, 3);
  int64_t channels = in->dims[last ? 3 : 1];
  uint32_t y = gcut__spell_wide(s, 3), bias = gcut__spell_wide(s, 4);
  if (gcut__cuda_count(skip) != gcut__cuda_count(in))
    y = gcut__spell_reshape(s, y,
                            last ? (int64_t[]){in->dims[0], 1, 1, channels}
                                 : (int64_t[]){in->dims[0], channels, 1, 1},
                            4);
  x = SPELL(s, "Add", x, y);
  if (bias == GCUT_NONE) return x;
  if (!last) bias = gcut__spell_reshape(s, bias, (int64_t[]){channels, 1, 1}, 3);
  return SPELL(s, "Add", x, bias);
}

static bool group_norm(gcut__speller *s, bool skip) {
  const gcut__channel_norm_attrs *attrs = s->c->node->attrs;
  bool last = attrs->channels_last != 0;
  uint32_t x = gcut__spell_wide(s, 0), gamma = gcut__spell_wide(s, 1),
           beta = gcut__spell_wide(s, 2);
  if (skip) x = add_skip(s, x, last);
  gcut__spell_narrow(s, 1, x);
  if (last) x = gcut__spell_transpose(s, x, (int64_t[]){0, 3, 1, 2}, 4);
  gcut__spell_int(s, "num_groups", attrs->groups);
  gcut__spell_float(s, "epsilon", attrs->epsilon);
  uint32_t y = SPELL(s, "GroupNormalization", x, gamma, beta);
  if (attrs->activation == 1) y = gcut__spell_silu(s, y);
  if (last) y = gcut__spell_transpose(s, y, (int64_t[]){0, 2, 3, 1}, 4);
  gcut__spell_narrow(s, 0, y);
  return true;
}

static bool plain_group_norm(gcut__speller *s) {
  return group_norm(s, false);
}
static bool skip_group_norm(gcut__speller *s) {
  return group_norm(s, true);
}
gcut_status gcut__cuda_compile_microsoft_group_norm(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, plain_group_norm, err);
}
gcut_status gcut__cuda_compile_skip_group_norm(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, skip_group_norm, err);
}

// ---- com.microsoft: embeddings ------------------------------------------------------------------

static uint32_t embed(gcut__speller *s, uint32_t table, uint32_t ids) {
  uint32_t rows = gcut__spell_input(s, table);
  rows = SPELL(s, "Gather", rows, gcut__spell_input(s, ids));
  const gcut_type *type = gcut__cuda_input_type(s->c, table);
  bool narrow = gcut__spell_wide_type(type->type) != type->type;
  return narrow ? gcut__spell_cast(s, rows, GCUT_FLOAT) : rows;
}

// Words that the mask keeps, by sample: it holds 1 for them. Without a mask that is said of none.
static void count_mask(gcut__speller *s) {
  if (!gcut__cuda_output_type(s->c, 1)) return;
  if (!gcut__cuda_input_type(s->c, 7)) {
    uint32_t none = gcut__spell_scalar(s, GCUT_INT32, 0);
    gcut__spell_output(
        s, 1,
        SPELL(s, "Expand", none, gcut__spell_numbers(s, gcut__cuda_input_type(s->c, 0)->dims, 1)));
    return;
  }
  uint32_t mask = gcut__spell_input(s, 7), one = gcut__spell_scalar(s, GCUT_INT32, 1);
  uint32_t kept = gcut__spell_cast(s, SPELL(s, "Equal", mask, one), GCUT_INT32);
  gcut__spell_int(s, "keepdims", 0);
  gcut__spell_output(s, 1, gcut__spell_reduce(s, "ReduceSum", kept, (int64_t[]){1}, 1));
}

static bool embed_layer_norm(gcut__speller *s) {
  const gcut__skip_norm_attrs *attrs = s->c->node->attrs;
  const gcut_type *ids = gcut__cuda_input_type(s->c, 0);
  uint32_t words = embed(s, 2, 0), positions;
  if (gcut__cuda_input_type(s->c, 8))
    positions = embed(s, 3, 8);
  else
    positions = gcut__spell_slice(s, gcut__spell_wide(s, 3), 0, 0, ids->dims[1]);
  uint32_t sum = SPELL(s, "Add", words, positions);
  if (gcut__cuda_input_type(s->c, 4)) sum = SPELL(s, "Add", sum, embed(s, 4, 1));
  gcut__spell_narrow(s, 2, sum);
  uint32_t gamma = gcut__spell_wide(s, 5), beta = gcut__spell_wide(s, 6);
  gcut__spell_float(s, "epsilon", attrs->epsilon);
  gcut__spell_narrow(s, 0, SPELL(s, "LayerNormalization", sum, gamma, beta));
  count_mask(s);
  return true;
}

gcut_status gcut__cuda_compile_embed_layer_norm(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, embed_layer_norm, err);
}
