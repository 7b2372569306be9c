// Gelu, FastGelu, QuickGelu, BiasGelu, BiasSplitGelu, BiasAdd of com.microsoft: activations with
// the bias before them.
#include "tracer/ops/microsoft_gelu.h"

#include "tracer/ops/expect.h"

// Input 1, where there is one, is a vector along the last dim.
static gcut_status expect_bias(gcut_infer *c, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  if (!gcut_infer_has(c, 1)) return GCUT_OK;
  if (rank < 1) return GCUT_NODE_FAIL(c, err, "a bias for a scalar");
  return gcut__expect_shape(c, 1, 1, gcut_infer_dims(c, 0) + rank - 1, "bias", err);
}

static gcut_status biased_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_bias(c, err));
  return gcut_infer_same(c, err);
}

static gcut_status bias_add_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_bias(c, err));
  GCUT_TRY(gcut__expect_shape(c, 2, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), "skip", err));
  return gcut_infer_same(c, err);
}

static gcut_status split_infer(gcut_infer *c, gcut_error *err) {
  gcut_dim y[GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, GCUT_MAX_RANK, err));
  GCUT_TRY(expect_bias(c, err));
  for (int d = 0; d < rank; d++) y[d] = gcut_infer_dims(c, 0)[d];
  GCUT_TRY(gcut__divide_dim(c, y[rank - 1], 2, "halves", &y[rank - 1], err));
  return gcut_infer_set(c, 0, 0, rank, y, err);
}

static double gelu_flops(const gcut_infer *c) {
  return 8 * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row quick_rows[] = {
    GCUT_ATTR_FLOAT(gcut__quick_gelu_attrs, alpha, 1.702f),
    {0},
};

#define GELU(name, signature, infer_it)                                                            \
  const gcut_op gcut__op_##name = {                                                                \
      .inputs = signature,                                                                         \
      .outputs = "T",                                                                              \
      .T = GCUT_FLOATS_STANDARD,                                                                   \
      .infer = infer_it,                                                                           \
      .flops = gelu_flops,                                                                         \
  };
GELU(microsoft_gelu, "T", gcut_infer_same)
GELU(fast_gelu, "TT?", biased_infer)
GELU(bias_gelu, "TT", biased_infer)
GELU(bias_split_gelu, "TT", split_infer)
GELU(bias_add, "TTT", bias_add_infer)

const gcut_op gcut__op_quick_gelu = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = quick_rows,
    .attrs_size = sizeof(gcut__quick_gelu_attrs),
    .infer = gcut_infer_same,
    .flops = gelu_flops,
};
