// Checks that infer functions of several families share.
#include "tracer/ops/expect.h"

#include <inttypes.h>

gcut_status gcut__expect_dim(const gcut_infer *c, uint32_t i, int axis, gcut_dim expected,
                             const char *what, gcut_error *err) {
  gcut_dim found = gcut_infer_dims(c, i)[axis];
  if (found == expected || !gcut_dim_known(found) || !gcut_dim_known(expected)) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err,
                        "input %u has size %" PRId64 " in dim %d; expected %" PRId64 " (%s)", i,
                        found, axis, expected, what);
}

gcut_status gcut__expect_shape(const gcut_infer *c, uint32_t i, int rank, const gcut_dim *dims,
                               const char *what, gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, i, rank, rank, err));
  for (int axis = 0; axis < rank; axis++)
    if (dims[axis] != GCUT_DIM_INVALID)
      GCUT_TRY(gcut__expect_dim(c, i, axis, dims[axis], what, err));
  return GCUT_OK;
}

gcut_status gcut__divide_dim(gcut_infer *c, gcut_dim size, gcut_dim parts, const char *what,
                             gcut_dim *out, gcut_error *err) {
  if (gcut_dim_known(parts) && parts <= 0)
    return GCUT_NODE_FAIL(c, err, "%s is %" PRId64 "; expected at least 1", what, parts);
  if (gcut_dim_known(size) && gcut_dim_known(parts) && size % parts != 0)
    return GCUT_NODE_FAIL(c, err, "%s: %" PRId64 " does not divide %" PRId64, what, parts, size);
  *out = gcut_dim_floor_div(c->dims, size, parts);
  return GCUT_OK;
}

double gcut__dim_double(gcut_dim dim) {
  return gcut_dim_known(dim) ? (double)dim : 0;
}
