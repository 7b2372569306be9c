// Losses of training: NegativeLogLikelihoodLoss, SoftmaxCrossEntropyLoss. Scores are [N, C, d...],
// the right classes [N, d...], weights of classes [C].
#include "tracer/ops/loss.h"

static const gcut_attr_row loss_rows[] = {
    GCUT_ATTR_STRING(gcut__loss_attrs, reduction, "mean"),
    GCUT_ATTR_INT(gcut__loss_attrs, ignore_index, GCUT__NO_IGNORE_INDEX),
    {0}};

static gcut_status expect_dim(const gcut_infer *c, uint32_t i, int d, gcut_dim expected,
                              gcut_error *err) {
  gcut_dim found = gcut_infer_dims(c, i)[d];
  if (!gcut_dim_known(found) || !gcut_dim_known(expected) || found == expected) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "dimension %d of input %u is %lld, expected %lld", d, i,
                        (long long)found, (long long)expected);
}

static gcut_status check_shapes(const gcut_infer *c, gcut_error *err) {
  const gcut_dim *scores = gcut_infer_dims(c, 0);
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank - 1, rank - 1, err));
  for (int d = 0; d < rank - 1; d++) GCUT_TRY(expect_dim(c, 1, d, scores[d == 0 ? 0 : d + 1], err));
  if (!gcut_infer_has(c, 2)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 1, 1, err));
  return expect_dim(c, 2, 0, scores[1], err);
}

static gcut_status infer_loss(gcut_infer *c, gcut_error *err) {
  gcut_string reduction = ((const gcut__loss_attrs *)c->attrs)->reduction;
  bool none = reduction.size == 4 && memcmp(reduction.data, "none", 4) == 0;
  bool sum = reduction.size == 3 && memcmp(reduction.data, "sum", 3) == 0;
  bool mean = reduction.size == 4 && memcmp(reduction.data, "mean", 4) == 0;
  if (!none && !sum && !mean)
    return GCUT_NODE_FAIL(c, err, "attribute 'reduction' must be \"none\", \"sum\" or \"mean\"");
  GCUT_TRY(check_shapes(c, err));
  int rank = none ? gcut_infer_rank(c, 1) : 0;
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, gcut_infer_dims(c, 1), err));
  return gcut_infer_set_like(c, 1, 0, err);
}

static double count_scores(const gcut_infer *c) {
  return gcut_fact_count(c->inputs[0]);
}

#define LOSS(ident, output_types)                                                                  \
  const gcut_op gcut__op_##ident = {.inputs = "T I T?",                                            \
                                    .outputs = output_types,                                       \
                                    .T = GCUT_FLOATS_STANDARD,                                     \
                                    .attrs = loss_rows,                                            \
                                    .attrs_size = sizeof(gcut__loss_attrs),                        \
                                    .infer = infer_loss,                                           \
                                    .flops = count_scores};
LOSS(negative_log_likelihood_loss, "T")
LOSS(softmax_cross_entropy_loss, "T T?")
