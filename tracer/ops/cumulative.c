// CumSum, CumProd: running sums and products along an axis.
#include "tracer/ops/cumulative.h"

#include "tracer/ops/propagate.h"

static const gcut_attr_row cumulative_rows[] = {GCUT_ATTR_INT(gcut__cumulative_attrs, exclusive, 0),
                                                GCUT_ATTR_INT(gcut__cumulative_attrs, reverse, 0),
                                                {0}};

// The axis is an input of one element.
static gcut_status check_axis(gcut_infer *c, gcut_error *err) {
  const int64_t *axis;
  uint32_t n;
  int checked;
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
  if (!gcut_infer_ints(c, 1, &axis, &n)) return GCUT_OK;
  if (n != 1) return GCUT_NODE_FAIL(c, err, "input 1 has %u elements, expected one axis", n);
  return gcut_infer_axis(c, axis[0], gcut_infer_rank(c, 0), &checked, err);
}

static gcut_status propagate(gcut_infer *c, gcut_dim_binary join, gcut_dim identity,
                             gcut_error *err) {
  const gcut__cumulative_attrs *attrs = c->attrs;
  const gcut_dim *x;
  uint32_t n;
  if (!gcut__propagates(c) || !gcut_infer_content(c, 0, &x, &n)) return GCUT_OK;
  gcut_dim *y = GCUT_NEW_ARRAY(c->arena, gcut_dim, n), sum = identity;
  if (!y) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < n; k++) {
    uint32_t at = attrs->reverse ? n - 1 - k : k;
    gcut_dim next = sum == GCUT_DIM_INVALID ? sum : join(c, sum, x[at]);
    y[at] = attrs->exclusive ? sum : next;
    sum = next;
  }
  return gcut__propagate_result(c, y, n, err);
}

#define CUMULATIVE(ident, f, identity)                                                             \
  static gcut_dim dim_##ident(gcut_infer *c, gcut_dim a, gcut_dim b) {                             \
    return f(c->dims, a, b);                                                                       \
  }                                                                                                \
  static gcut_status infer_##ident(gcut_infer *c, gcut_error *err) {                               \
    GCUT_TRY(check_axis(c, err));                                                                  \
    GCUT_TRY(gcut_infer_same(c, err));                                                             \
    return propagate(c, dim_##ident, identity, err);                                               \
  }                                                                                                \
  const gcut_op gcut__op_##ident = {.inputs = "T I",                                               \
                                    .outputs = "T",                                                \
                                    .T = GCUT_NUMERIC,                                             \
                                    .attrs = cumulative_rows,                                      \
                                    .attrs_size = sizeof(gcut__cumulative_attrs),                  \
                                    .infer = infer_##ident};
CUMULATIVE(cumsum, gcut_dim_add, 0)
CUMULATIVE(cumprod, gcut_dim_mul, 1)
