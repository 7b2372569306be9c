// ArgMax, ArgMin: where along an axis the extreme lies.
#include "tracer/ops/arg.h"

static const gcut_attr_row arg_rows[] = {GCUT_ATTR_INT(gcut__arg_attrs, axis, 0),
                                         GCUT_ATTR_INT(gcut__arg_attrs, keepdims, 1),
                                         GCUT_ATTR_INT(gcut__arg_attrs, select_last_index, 0),
                                         {0}};

static gcut_status infer_arg(gcut_infer *c, gcut_error *err) {
  const gcut__arg_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axis = 0, out_rank = 0;
  gcut_dim dims[GCUT_MAX_RANK];
  if (rank == 0 && (attrs->axis == 0 || attrs->axis == -1))
    return gcut_infer_set(c, 0, GCUT_INT64, 0, NULL, err); // a scalar is its own extreme
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  if (gcut_infer_dims(c, 0)[axis] == 0)
    return GCUT_NODE_FAIL(c, err, "axis %d has no elements", axis);
  for (int d = 0; d < rank; d++)
    if (d != axis || attrs->keepdims) dims[out_rank++] = d == axis ? 1 : gcut_infer_dims(c, 0)[d];
  return gcut_infer_set(c, 0, GCUT_INT64, out_rank, dims, err);
}

static double count_input(const gcut_infer *c) {
  return gcut_fact_count(c->inputs[0]);
}

#define ARG(ident)                                                                                 \
  const gcut_op gcut__op_##ident = {.inputs = "T",                                                 \
                                    .outputs = "i",                                                \
                                    .T = GCUT_NUMERIC,                                             \
                                    .attrs = arg_rows,                                             \
                                    .attrs_size = sizeof(gcut__arg_attrs),                         \
                                    .infer = infer_arg,                                            \
                                    .flops = count_input};
ARG(argmax)
ARG(argmin)
