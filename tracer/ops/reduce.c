// Reduce*: one number from all elements along some axes.
#include "tracer/ops/reduce.h"

#include "tracer/ops/propagate.h"

static const gcut_attr_row reduce_rows[] = {
    GCUT_ATTR_INTS(gcut__reduce_attrs, axes),
    GCUT_ATTR_INT(gcut__reduce_attrs, keepdims, 1),
    GCUT_ATTR_INT(gcut__reduce_attrs, noop_with_empty_axes, 0),
    {0}};

// ---- shape ------------------------------------------------------------------------------------

// Where the axes are not known: the rank at least may be.
static gcut_status infer_unknown_axes(gcut_infer *c, gcut_error *err) {
  const gcut__reduce_attrs *attrs = c->attrs;
  gcut_dim n = gcut_infer_rank(c, 1) == 1 ? gcut_infer_dims(c, 1)[0] : GCUT_DIM_INVALID;
  int rank = gcut_infer_rank(c, 0);
  if (attrs->keepdims) return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, rank, err);
  bool counted = gcut_dim_known(n) && n > 0 && n <= rank;
  return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, counted ? rank - (int)n : -1, err);
}

static gcut_status infer_with_axes(gcut_infer *c, const int64_t *axes, size_t n, gcut_error *err) {
  const gcut__reduce_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), out_rank = 0, checked[GCUT_MAX_RANK];
  bool mask[GCUT_MAX_RANK];
  gcut_dim dims[GCUT_MAX_RANK];
  GCUT_TRY(gcut_infer_axes(c, axes, n, rank, checked, err));
  gcut__reduce_mask(attrs, axes, n, rank, mask);
  for (int d = 0; d < rank; d++)
    if (!mask[d] || attrs->keepdims) dims[out_rank++] = mask[d] ? 1 : gcut_infer_dims(c, 0)[d];
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, out_rank, dims, err);
}

static gcut_status infer_shape(gcut_infer *c, gcut_error *err) {
  const gcut__reduce_attrs *attrs = c->attrs;
  const int64_t *axes;
  uint32_t n;
  if (!gcut_infer_has(c, 1)) return infer_with_axes(c, attrs->axes.data, attrs->axes.n, err);
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
  if (gcut_infer_ints(c, 1, &axes, &n)) return infer_with_axes(c, axes, n, err);
  return infer_unknown_axes(c, err);
}

// ---- shape arithmetic: a list that becomes one number -----------------------------------------

// Joins all elements of input 0 from the left. What a reduction makes of one element is itself: for
// the operators below.
static gcut_status propagate(gcut_infer *c, gcut_dim_binary join, gcut_dim identity,
                             gcut_error *err) {
  const gcut_dim *x;
  uint32_t n;
  if (!gcut__propagates(c) || gcut_infer_rank(c, 0) != 1 || !gcut_infer_content(c, 0, &x, &n))
    return GCUT_OK;
  bool reduces = c->outputs[0].type.rank == 0 || (n != 1 && c->outputs[0].type.dims[0] == 1);
  if (!reduces) return n == 1 ? gcut__propagate_result(c, x, 1, err) : GCUT_OK;
  if (n == 0 && identity == GCUT_DIM_INVALID) return GCUT_OK;
  gcut_dim y = n == 0 ? identity : x[0];
  for (uint32_t k = 1; k < n && y != GCUT_DIM_INVALID; k++) y = join(c, y, x[k]);
  return gcut__propagate_result(c, &y, 1, err);
}

#define INFER_PROPAGATED(name, f, identity)                                                        \
  static gcut_dim dim_##name(gcut_infer *c, gcut_dim a, gcut_dim b) {                              \
    return gcut_dim_##f(c->dims, a, b);                                                            \
  }                                                                                                \
  static gcut_status infer_##name(gcut_infer *c, gcut_error *err) {                                \
    GCUT_TRY(infer_shape(c, err));                                                                 \
    return propagate(c, dim_##name, identity, err);                                                \
  }
INFER_PROPAGATED(sum, add, 0)
INFER_PROPAGATED(prod, mul, 1)
INFER_PROPAGATED(max, max, GCUT_DIM_INVALID)
INFER_PROPAGATED(min, min, GCUT_DIM_INVALID)
#undef INFER_PROPAGATED

// ---- operators --------------------------------------------------------------------------------

static double count_input(const gcut_infer *c) {
  return gcut_fact_count(c->inputs[0]);
}

#define REDUCE_TYPES                                                                               \
  (GCUT_FLOATS_STANDARD | GCUT_TYPE(UINT32) | GCUT_TYPE(UINT64) | GCUT_TYPE(INT32) |               \
   GCUT_TYPE(INT64))
#define REDUCE(ident, types, infer_function)                                                       \
  const gcut_op gcut__op_reduce_##ident = {.inputs = "T i?",                                       \
                                           .outputs = "T",                                         \
                                           .T = (types),                                           \
                                           .attrs = reduce_rows,                                   \
                                           .attrs_size = sizeof(gcut__reduce_attrs),               \
                                           .infer = infer_function,                                \
                                           .flops = count_input};
REDUCE(l1, REDUCE_TYPES, infer_shape)
REDUCE(l2, REDUCE_TYPES, infer_shape)
REDUCE(log_sum, REDUCE_TYPES, infer_shape)
REDUCE(log_sum_exp, REDUCE_TYPES, infer_shape)
REDUCE(max, GCUT_NUMERIC | GCUT_TYPE(BOOL), infer_max)
REDUCE(mean, REDUCE_TYPES, infer_shape)
REDUCE(min, GCUT_NUMERIC | GCUT_TYPE(BOOL), infer_min)
REDUCE(prod, REDUCE_TYPES, infer_prod)
REDUCE(sum, REDUCE_TYPES, infer_sum)
REDUCE(sum_square, REDUCE_TYPES, infer_shape)
