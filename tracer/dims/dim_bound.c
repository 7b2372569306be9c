// Bounds and comparison. Every atom knows an interval: symbols start at 1 (fresh ones at 0), the
// others follow from their operands. A difference is bounded from below by its terms' bounds, once
// each negative term has been set off against a positive one that it divides: n*m - n is at least 0
// because m is at least 1.
#include "tracer/dims/dim_table.h"

static int64_t bound_add(int64_t a, int64_t b) {
  if (a == -DIM_INFINITE || b == -DIM_INFINITE) return -DIM_INFINITE;
  if (a == DIM_INFINITE || b == DIM_INFINITE) return DIM_INFINITE;
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum) && sum >= -DIM_INFINITE) return sum;
  return a < 0 ? -DIM_INFINITE : DIM_INFINITE;
}

static int64_t bound_mul(int64_t a, int64_t b) {
  int64_t product;
  if (!__builtin_mul_overflow(a, b, &product) && product >= -DIM_INFINITE) return product;
  return (a < 0) == (b < 0) ? DIM_INFINITE : -DIM_INFINITE;
}

static int64_t lesser(int64_t a, int64_t b) {
  return a < b ? a : b;
}
static int64_t greater(int64_t a, int64_t b) {
  return a > b ? a : b;
}

// An infinite end times zero is zero, and times anything else infinite: multiplication saturates,
// so only |x| >= 2 need care, and infinity is the largest number there is.
static dim_interval interval_mul(dim_interval a, dim_interval b) {
  int64_t p = bound_mul(a.low, b.low), q = bound_mul(a.low, b.high), r = bound_mul(a.high, b.low),
          s = bound_mul(a.high, b.high);
  return (dim_interval){lesser(lesser(p, q), lesser(r, s)), greater(greater(p, q), greater(r, s))};
}

static dim_interval term_bounds(const gcut_dims *d, dim_term term) {
  dim_interval bounds = {term.coefficient, term.coefficient};
  const uint32_t *factors = gcut__dim_factors(d, term.product);
  for (uint32_t i = 0; i < gcut__dim_product(d, term.product).n; i++)
    bounds = interval_mul(bounds, gcut__dim_atom(d, factors[i]).bounds);
  return bounds;
}

static dim_interval work_bounds(const gcut_dims *d, const dim_work *work) {
  dim_interval sum = {0, 0};
  for (uint32_t i = 0; i < work->n; i++) {
    dim_interval term = term_bounds(d, work->terms[i]);
    sum.low = bound_add(sum.low, term.low), sum.high = bound_add(sum.high, term.high);
  }
  return sum;
}

// What a dim can be at least and at most.
static dim_interval dim_bounds(const gcut_dims *d, gcut_dim dim) {
  if (gcut_dim_known(dim)) return (dim_interval){dim, dim};
  dim_work work;
  gcut__dim_load(d, dim, &work);
  return work_bounds(d, &work);
}

static int64_t bound_div(int64_t a, int64_t b) { // b > 0
  if (a == DIM_INFINITE || a == -DIM_INFINITE) return a;
  if (b == DIM_INFINITE) return a < 0 ? -1 : 0;
  return gcut__floor_div(a, b);
}

static dim_interval floor_bounds(dim_interval a, dim_interval b) {
  if (b.low < 1) return (dim_interval){-DIM_INFINITE, DIM_INFINITE};
  return (dim_interval){bound_div(a.low, a.low >= 0 ? b.high : b.low),
                        bound_div(a.high, a.high >= 0 ? b.low : b.high)};
}

static dim_interval mod_bounds(dim_interval a, dim_interval b) {
  if (b.low < 1) return (dim_interval){-DIM_INFINITE, DIM_INFINITE};
  int64_t high = b.high == DIM_INFINITE ? DIM_INFINITE : b.high - 1;
  return (dim_interval){0, a.low >= 0 ? lesser(high, a.high) : high};
}

dim_interval gcut__dim_operation_bounds(const gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  dim_interval x = dim_bounds(d, a), y = dim_bounds(d, b);
  switch (op) {
  case DIM_FLOOR: return floor_bounds(x, y);
  case DIM_MOD: return mod_bounds(x, y);
  case DIM_MIN: return (dim_interval){lesser(x.low, y.low), lesser(x.high, y.high)};
  case DIM_MAX: return (dim_interval){greater(x.low, y.low), greater(x.high, y.high)};
  default: return (dim_interval){-DIM_INFINITE, DIM_INFINITE};
  }
}

// Whether product q >= product p >= 1 for certain: p's factors are among q's, and all are >= 1.
// Constants are left to the bounds, which are exact for them.
static bool product_covers(const gcut_dims *d, uint32_t q, uint32_t p) {
  const uint32_t *x = gcut__dim_factors(d, q), *y = gcut__dim_factors(d, p);
  uint32_t n = gcut__dim_product(d, q).n, m = gcut__dim_product(d, p).n, j = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (gcut__dim_atom(d, x[i]).bounds.low < 1) return false;
    if (j < m && x[i] == y[j]) j++;
  }
  return j == m && m > 0;
}

static void set_off(const gcut_dims *d, dim_work *work) {
  for (uint32_t i = 0; i < work->n; i++) {
    dim_term *negative = &work->terms[i];
    for (uint32_t j = 0; j < work->n && negative->coefficient < 0; j++) {
      dim_term *positive = &work->terms[j];
      if (positive->coefficient <= 0 || !product_covers(d, positive->product, negative->product))
        continue;
      int64_t amount = lesser(positive->coefficient, -negative->coefficient);
      positive->coefficient -= amount, negative->coefficient += amount;
    }
  }
}

// The least that a - b can be, or -DIM_INFINITE.
static int64_t least_difference(const gcut_dims *d, gcut_dim a, gcut_dim b) {
  dim_work work, other;
  gcut__dim_load(d, a, &work);
  gcut__dim_load(d, b, &other);
  for (uint32_t i = 0; i < other.n; i++)
    gcut__dim_add_term(d, &work, other.terms[i].product, -other.terms[i].coefficient);
  if (work.overflow || work.large) return -DIM_INFINITE;
  int64_t plain = work_bounds(d, &work).low;
  set_off(d, &work);
  return greater(plain, work_bounds(d, &work).low);
}

bool gcut__dim_at_least(const gcut_dims *d, gcut_dim a, gcut_dim b) {
  return least_difference(d, a, b) >= 0;
}

gcut_order gcut_dim_compare(const gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (a == GCUT_DIM_INVALID || b == GCUT_DIM_INVALID) return GCUT_UNDECIDED;
  if (a == b) return GCUT_EQUAL;
  if (gcut_dim_known(a) && gcut_dim_known(b)) return a < b ? GCUT_LESS : GCUT_GREATER;
  if (least_difference(d, a, b) > 0) return GCUT_GREATER;
  if (least_difference(d, b, a) > 0) return GCUT_LESS;
  return GCUT_UNDECIDED;
}
