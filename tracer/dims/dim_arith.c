// Arithmetic of dims. Numbers take the short way; anything else goes through the memo.
#include "tracer/dims/dim_table.h"

static bool both_known(gcut_dim a, gcut_dim b) {
  return gcut_dim_known(a) && gcut_dim_known(b);
}

static gcut_dim number(int64_t value, bool overflow) {
  return overflow || !gcut_dim_known(value) ? GCUT_DIM_INVALID : value;
}

// ---- expressions ------------------------------------------------------------------------------

static gcut_dim add(gcut_dims *d, gcut_dim a, gcut_dim b) {
  dim_work sum, other;
  gcut__dim_load(d, a, &sum);
  gcut__dim_load(d, b, &other);
  for (uint32_t i = 0; i < other.n; i++)
    gcut__dim_add_term(d, &sum, other.terms[i].product, other.terms[i].coefficient);
  return gcut__dim_finish(d, &sum);
}

static void multiply_terms(gcut_dims *d, dim_work *out, dim_term a, dim_term b) {
  uint32_t product = gcut__dim_multiply_products(d, a.product, b.product);
  int64_t coefficient;
  if (product == DIM_TOO_HIGH)
    out->large = true;
  else if (product == GCUT_NONE ||
           __builtin_mul_overflow(a.coefficient, b.coefficient, &coefficient))
    out->overflow = true;
  else
    gcut__dim_add_term(d, out, product, coefficient);
}

static gcut_dim multiply(gcut_dims *d, gcut_dim a, gcut_dim b) {
  dim_work x, y, out = {.n = 0};
  gcut__dim_load(d, a, &x);
  gcut__dim_load(d, b, &y);
  for (uint32_t i = 0; i < x.n && !out.large && !out.overflow; i++)
    for (uint32_t j = 0; j < y.n; j++) multiply_terms(d, &out, x.terms[i], y.terms[j]);
  return gcut__dim_finish(d, &out);
}

// min(min(a, b), b) is min(a, b), and max(min(a, b), b) is b.
static bool absorbed(const gcut_dims *d, dim_op op, gcut_dim nested, gcut_dim other,
                     gcut_dim *out) {
  uint32_t index = gcut__dim_sole_atom(d, nested);
  if (index == GCUT_NONE) return false;
  dim_atom atom = gcut__dim_atom(d, index);
  if ((atom.op != DIM_MIN && atom.op != DIM_MAX) || (atom.a != other && atom.b != other))
    return false;
  *out = atom.op == op ? nested : other;
  return true;
}

static gcut_dim extreme(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  gcut_dim out;
  if (gcut__dim_at_least(d, a, b)) return op == DIM_MIN ? b : a;
  if (gcut__dim_at_least(d, b, a)) return op == DIM_MIN ? a : b;
  if (absorbed(d, op, a, b, &out) || absorbed(d, op, b, a, &out)) return out;
  return gcut__dim_operation(d, op, a, b);
}

static gcut_dim compute(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  switch (op) {
  case DIM_ADD: return add(d, a, b);
  case DIM_MUL: return multiply(d, a, b);
  case DIM_FLOOR: return gcut__dim_floor(d, a, b);
  case DIM_MOD: return gcut__dim_mod(d, a, b);
  default: return extreme(d, op, a, b);
  }
}

static gcut_dim operate(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  if (a == GCUT_DIM_INVALID || b == GCUT_DIM_INVALID) return GCUT_DIM_INVALID;
  gcut_dim result;
  if (gcut__dim_recall(d, op, a, b, &result)) return result;
  result = compute(d, op, a, b);
  if (result == DIM_LARGE) result = gcut_dim_fresh(d);
  return gcut__dim_remember(d, op, a, b, result) ? result : GCUT_DIM_INVALID;
}

static gcut_dim operate_sorted(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  return a < b ? operate(d, op, a, b) : operate(d, op, b, a);
}

// ---- what callers use -------------------------------------------------------------------------

gcut_dim gcut_dim_add(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (both_known(a, b)) {
    int64_t sum;
    bool overflow = __builtin_add_overflow(a, b, &sum);
    return number(sum, overflow);
  }
  if (a == 0) return b;
  if (b == 0) return a;
  return operate_sorted(d, DIM_ADD, a, b);
}

gcut_dim gcut_dim_mul(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (both_known(a, b)) {
    int64_t product;
    bool overflow = __builtin_mul_overflow(a, b, &product);
    return number(product, overflow);
  }
  if (a == 1) return b;
  if (b == 1) return a;
  if ((a == 0 && b != GCUT_DIM_INVALID) || (b == 0 && a != GCUT_DIM_INVALID)) return 0;
  return operate_sorted(d, DIM_MUL, a, b);
}

gcut_dim gcut_dim_sub(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (a == b && a != GCUT_DIM_INVALID) return 0;
  if (gcut_dim_known(b)) return gcut_dim_add(d, a, number(-b, b == INT64_MIN));
  return gcut_dim_add(d, a, gcut_dim_mul(d, b, -1));
}

gcut_dim gcut_dim_floor_div(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (b == 0) return GCUT_DIM_INVALID;
  if (both_known(a, b)) return number(gcut__floor_div(a, b), false);
  if (b == 1) return a;
  if (a == b && a != GCUT_DIM_INVALID) return 1;
  return operate(d, DIM_FLOOR, a, b);
}

gcut_dim gcut_dim_ceil_div(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (b == 0) return GCUT_DIM_INVALID;
  if (b == GCUT_DIM_INVALID) return b;
  if (gcut__dim_at_least(d, b, 1))
    return gcut_dim_floor_div(d, gcut_dim_add(d, a, gcut_dim_sub(d, b, 1)), b);
  return gcut_dim_sub(d, 0, gcut_dim_floor_div(d, gcut_dim_sub(d, 0, a), b));
}

gcut_dim gcut_dim_mod(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (b == 0) return GCUT_DIM_INVALID;
  if (both_known(a, b)) return gcut__floor_mod(a, b);
  if (b == 1 || b == -1) return a == GCUT_DIM_INVALID ? a : 0;
  return operate(d, DIM_MOD, a, b);
}

gcut_dim gcut_dim_min(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (both_known(a, b)) return a < b ? a : b;
  return a == b ? a : operate_sorted(d, DIM_MIN, a, b);
}

gcut_dim gcut_dim_max(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (both_known(a, b)) return a > b ? a : b;
  return a == b ? a : operate_sorted(d, DIM_MAX, a, b);
}
