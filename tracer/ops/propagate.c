// Follows small integer contents through elementwise operators.
#include "tracer/ops/propagate.h"

bool gcut__propagates(const gcut_infer *c) {
  if (c->n_outputs == 0 || c->outputs[0].type.rank < 0 || c->outputs[0].type.rank > 1) return false;
  for (uint32_t i = 0; i < c->n_inputs; i++)
    if (c->inputs[i] && c->inputs[i]->tensor) return false;
  return true;
}

// Whether an element of that type can hold the number; what is no number is taken to fit, as sizes
// do.
static bool fits(gcut_dtype type, gcut_dim value) {
  if (!gcut_dim_known(value)) return value != GCUT_DIM_INVALID;
  switch (type) {
  case GCUT_BOOL: return value == 0 || value == 1;
  case GCUT_INT64: return true;
  case GCUT_UINT64: return value >= 0;
  case GCUT_INT8:
  case GCUT_INT16:
  case GCUT_INT32: {
    int64_t limit = INT64_C(1) << (gcut_dtype_bits(type) - 1);
    return value >= -limit && value < limit;
  }
  case GCUT_UINT8:
  case GCUT_UINT16:
  case GCUT_UINT32: return value >= 0 && value < INT64_C(1) << gcut_dtype_bits(type);
  default: return false;
  }
}

gcut_status gcut__propagate_result(gcut_infer *c, const gcut_dim *values, uint32_t n,
                                   gcut_error *err) {
  for (uint32_t k = 0; k < n; k++)
    if (!fits((gcut_dtype)c->outputs[0].type.type, values[k])) return GCUT_OK;
  return gcut_infer_set_content(c, 0, values, n, err);
}

gcut_status gcut__propagate_unary(gcut_infer *c, gcut_dim_unary f, gcut_error *err) {
  const gcut_dim *a;
  uint32_t n;
  if (!gcut__propagates(c) || !gcut_infer_content(c, 0, &a, &n)) return GCUT_OK;
  gcut_dim *y = GCUT_NEW_ARRAY(c->arena, gcut_dim, n);
  if (!y) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < n; k++) y[k] = f(c, a[k]);
  return gcut__propagate_result(c, y, n, err);
}

gcut_status gcut__propagate_binary(gcut_infer *c, gcut_dim_binary f, gcut_error *err) {
  const gcut_dim *y, *b;
  uint32_t n, n_b;
  if (!gcut__propagates(c) || !gcut_infer_content(c, 0, &y, &n)) return GCUT_OK;
  for (uint32_t i = 1; i < c->n_inputs; i++) {
    if (!gcut_infer_content(c, i, &b, &n_b)) return GCUT_OK;
    if (n != n_b && n != 1 && n_b != 1) return GCUT_OK;
    uint32_t n_joined = n == 1 ? n_b : n;
    gcut_dim *joined = GCUT_NEW_ARRAY(c->arena, gcut_dim, n_joined);
    if (!joined) return GCUT_NO_MEMORY(err);
    for (uint32_t k = 0; k < n_joined; k++) {
      gcut_dim left = y[n == 1 ? 0 : k], right = b[n_b == 1 ? 0 : k];
      joined[k] = left == GCUT_DIM_INVALID ? left : f(c, left, right);
    }
    y = joined;
    n = n_joined;
  }
  return gcut__propagate_result(c, y, n, err);
}

bool gcut__dim_is_at_least(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut_dim_compare(c->dims, a, gcut_dim_sub(c->dims, b, 1)) == GCUT_GREATER;
}

gcut_dim gcut__dim_is_less(gcut_infer *c, gcut_dim a, gcut_dim b) {
  gcut_order order = gcut_dim_compare(c->dims, a, b);
  if (order != GCUT_UNDECIDED) return order == GCUT_LESS;
  return gcut__dim_is_at_least(c, a, b) ? 0 : GCUT_DIM_INVALID;
}

gcut_dim gcut__dim_is_equal(gcut_infer *c, gcut_dim a, gcut_dim b) {
  gcut_order order = gcut_dim_compare(c->dims, a, b);
  return order == GCUT_UNDECIDED ? GCUT_DIM_INVALID : order == GCUT_EQUAL;
}
