// Softmax, LogSoftmax, Hardmax. Before opset 13 they took the axis and all that follow for one.
#include "tracer/ops/softmax.h"

static const gcut_attr_row softmax_attrs[] = {
    GCUT_ATTR_INT(gcut__softmax_attrs, axis, GCUT_NO_AXIS),
    {0},
};

int64_t gcut__softmax_axis(const gcut_node *node, const gcut__softmax_attrs *attrs) {
  if (attrs->axis != GCUT_NO_AXIS) return attrs->axis;
  return node->version < 13 ? 1 : -1;
}

static gcut_status infer_softmax(gcut_infer *c, gcut_error *err) {
  int axis, rank = gcut_infer_rank(c, 0);
  // A vector with the default axis 1: [n] flattens to [n, 1] in opsets 1 to 12.
  bool flat = c->node->version < 13 && gcut__softmax_axis(c->node, c->attrs) == rank;
  if (!flat) GCUT_TRY(gcut_infer_axis(c, gcut__softmax_axis(c->node, c->attrs), rank, &axis, err));
  return gcut_infer_same(c, err);
}

// A maximum, a subtraction, an exponential, a sum and a division an element.
static double flops_softmax(const gcut_infer *c) {
  return 5 * gcut_fact_count(&c->outputs[0]);
}

#define SOFTMAX(ident)                                                                             \
  const gcut_op gcut__op_##ident = {                                                               \
      .inputs = "T",                                                                               \
      .outputs = "T",                                                                              \
      .T = GCUT_FLOATS_STANDARD,                                                                   \
      .attrs = softmax_attrs,                                                                      \
      .attrs_size = sizeof(gcut__softmax_attrs),                                                   \
      .infer = infer_softmax,                                                                      \
      .flops = flops_softmax,                                                                      \
  }

SOFTMAX(softmax);
SOFTMAX(log_softmax);
SOFTMAX(hardmax);
