// Det.
#include "tracer/ops/op.h"

static gcut_status infer_det(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  int rank = gcut_infer_rank(c, 0);
  const gcut_dim *dims = gcut_infer_dims(c, 0);
  gcut_dim rows = dims[rank - 2], columns = dims[rank - 1];
  if (gcut_dim_known(rows) && gcut_dim_known(columns) && rows != columns)
    return GCUT_NODE_FAIL(c, err, "a matrix of %lld rows and %lld columns", (long long)rows,
                          (long long)columns);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank - 2, dims, err);
}

// Elimination takes two thirds of the cube of the size.
static double flops_det(const gcut_infer *c) {
  const gcut_type *x = &c->inputs[0]->type;
  gcut_dim n = x->dims[x->rank - 1];
  return gcut_dim_known(n) ? 2.0 / 3 * (double)n * gcut_fact_count(c->inputs[0]) : 0;
}

const gcut_op gcut__op_det = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .infer = infer_det,
    .flops = flops_det,
};
