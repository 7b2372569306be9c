// Operators on any number of tensors, broadcast together.
#include "tracer/ops/propagate.h"

static gcut_dim dim_max(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut_dim_max(c->dims, a, b);
}
static gcut_dim dim_min(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut_dim_min(c->dims, a, b);
}

static gcut_status infer_max(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_elementwise(c, err));
  return gcut__propagate_binary(c, dim_max, err);
}

static gcut_status infer_min(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_elementwise(c, err));
  return gcut__propagate_binary(c, dim_min, err);
}

static double count_inputs(const gcut_infer *c) {
  return gcut_fact_count(&c->outputs[0]) * (c->n_inputs - 1);
}

#define VARIADIC(ident, types, infer_function)                                                     \
  const gcut_op gcut__op_##ident = {.inputs = "T...",                                              \
                                    .outputs = "T",                                                \
                                    .T = (types),                                                  \
                                    .infer = infer_function,                                       \
                                    .flops = count_inputs};
VARIADIC(max, GCUT_NUMERIC, infer_max)
VARIADIC(min, GCUT_NUMERIC, infer_min)
VARIADIC(sum, GCUT_FLOATS_STANDARD, gcut_infer_elementwise)
VARIADIC(mean, GCUT_FLOATS_STANDARD, gcut_infer_elementwise)
