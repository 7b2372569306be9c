// floor(a/b) and a mod b of expressions. Both begin with a = q*b + r, which leaves q + floor(r/b)
// and r mod b: by a number, each coefficient is divided; by an expression, the usual division of
// polynomials with terms ordered by degree, then by factors. What is left is simplified by common
// factors, by bounds (0 <= r < b), and floor(floor(x/y)/b) = floor(x/(y*b)).
#include "tracer/dims/dim_table.h"

static uint64_t gcd(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t t = a % b;
    a = b, b = t;
  }
  return a;
}

static uint64_t magnitude(int64_t x) {
  return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

// ---- by a number ------------------------------------------------------------------------------

// a = b*q + r with every coefficient of r in [0, b).
static void split_by_number(const gcut_dims *d, gcut_dim a, int64_t b, dim_work *q, dim_work *r) {
  dim_work work;
  gcut__dim_load(d, a, &work);
  gcut__dim_load(d, 0, q);
  gcut__dim_load(d, 0, r);
  for (uint32_t i = 0; i < work.n; i++) {
    dim_term term = work.terms[i];
    gcut__dim_add_term(d, q, term.product, gcut__floor_div(term.coefficient, b));
    gcut__dim_add_term(d, r, term.product, gcut__floor_mod(term.coefficient, b));
  }
}

// Greatest common divisor of b and the coefficients of all terms but the constant.
static int64_t common_divisor(const dim_work *r, int64_t b) {
  uint64_t g = (uint64_t)b;
  for (uint32_t i = 0; i < r->n; i++)
    if (r->terms[i].product != 0) g = gcd(g, magnitude(r->terms[i].coefficient));
  return (int64_t)g;
}

static void divide_coefficients(const gcut_dims *d, dim_work *r, int64_t g) {
  dim_work out = {.n = 0};
  for (uint32_t i = 0; i < r->n; i++)
    gcut__dim_add_term(d, &out, r->terms[i].product, gcut__floor_div(r->terms[i].coefficient, g));
  *r = out;
}

// floor((floor(x/y) + c)/b) = floor((x + c*y)/(y*b)), for numbers y, b > 0.
static bool nested_floor(gcut_dims *d, gcut_dim r, int64_t b, gcut_dim *out) {
  dim_work work;
  gcut__dim_load(d, r, &work);
  int64_t c = work.n == 2 && work.terms[0].product == 0 ? work.terms[0].coefficient : 0;
  uint32_t atom_index = gcut__dim_sole_atom(d, gcut_dim_sub(d, r, c));
  if (atom_index == GCUT_NONE) return false;
  dim_atom atom = gcut__dim_atom(d, atom_index);
  int64_t divisor;
  if (atom.op != DIM_FLOOR || !gcut_dim_known(atom.b) || atom.b <= 0 ||
      __builtin_mul_overflow(atom.b, b, &divisor))
    return false;
  *out = gcut_dim_floor_div(d, gcut_dim_add(d, atom.a, gcut_dim_mul(d, c, atom.b)), divisor);
  return *out != GCUT_DIM_INVALID;
}

// Whether 0 <= r < b for certain.
static bool within(const gcut_dims *d, gcut_dim r, gcut_dim b) {
  if (r == GCUT_DIM_INVALID) return false;
  return gcut__dim_at_least(d, r, 0) && gcut_dim_compare(d, r, b) == GCUT_LESS;
}

static gcut_dim floor_by_number(gcut_dims *d, gcut_dim a, int64_t b) {
  dim_work q, r;
  split_by_number(d, a, b, &q, &r);
  int64_t g = common_divisor(&r, b);
  divide_coefficients(d, &r, g);
  gcut_dim quotient = gcut__dim_finish(d, &q), rest = gcut__dim_finish(d, &r), floor;
  if (quotient == GCUT_DIM_INVALID || rest == GCUT_DIM_INVALID) return GCUT_DIM_INVALID;
  if (quotient == DIM_LARGE || rest == DIM_LARGE) return DIM_LARGE;
  if (within(d, rest, b / g)) return quotient;
  if (!nested_floor(d, rest, b / g, &floor)) floor = gcut__dim_operation(d, DIM_FLOOR, rest, b / g);
  return floor == DIM_LARGE ? DIM_LARGE : gcut_dim_add(d, quotient, floor);
}

static gcut_dim mod_by_number(gcut_dims *d, gcut_dim a, int64_t b) {
  dim_work q, r;
  split_by_number(d, a, b, &q, &r);
  gcut_dim whole = gcut__dim_finish(d, &r);
  if (whole == GCUT_DIM_INVALID || whole == DIM_LARGE) return whole;
  if (within(d, whole, b)) return whole;
  int64_t g = common_divisor(&r, b);
  int64_t constant = r.n > 0 && r.terms[0].product == 0 ? r.terms[0].coefficient % g : 0;
  divide_coefficients(d, &r, g); // (g*x + c) mod (g*b) = g*(x mod b) + c, for c < g
  gcut_dim rest = gcut__dim_finish(d, &r);
  gcut_dim mod = within(d, rest, b / g) ? rest : gcut__dim_operation(d, DIM_MOD, rest, b / g);
  return mod == DIM_LARGE ? DIM_LARGE : gcut_dim_add(d, gcut_dim_mul(d, mod, g), constant);
}

// ---- by an expression -------------------------------------------------------------------------

// Graded order of products: by degree, then the one with the earlier atom first is greater.
static bool product_greater(const gcut_dims *d, uint32_t a, uint32_t b) {
  uint32_t n = gcut__dim_product(d, a).n, m = gcut__dim_product(d, b).n;
  if (n != m) return n > m;
  const uint32_t *x = gcut__dim_factors(d, a), *y = gcut__dim_factors(d, b);
  for (uint32_t i = 0; i < n; i++)
    if (x[i] != y[i]) return gcut__dim_atom_before(d, x[i], y[i]);
  return false;
}

static uint32_t lead(const gcut_dims *d, const dim_work *work) {
  uint32_t best = 0;
  for (uint32_t i = 1; i < work->n; i++)
    if (product_greater(d, work->terms[i].product, work->terms[best].product)) best = i;
  return best;
}

// a / b of products, or GCUT_NONE where b does not divide a (or memory is out: no division then).
static uint32_t divide_products(gcut_dims *d, uint32_t a, uint32_t b) {
  const uint32_t *x = gcut__dim_factors(d, a), *y = gcut__dim_factors(d, b);
  uint32_t n = gcut__dim_product(d, a).n, m = gcut__dim_product(d, b).n, k = 0, j = 0;
  uint32_t rest[DIM_MAX_DEGREE];
  for (uint32_t i = 0; i < n; i++) {
    if (j < m && x[i] == y[j])
      j++;
    else
      rest[k++] = x[i];
  }
  return j == m ? gcut__dim_add_product(d, rest, k) : GCUT_NONE;
}

// work -= coefficient * product * b.
static void subtract_multiple(gcut_dims *d, dim_work *work, const dim_work *b, uint32_t product,
                              int64_t coefficient) {
  for (uint32_t i = 0; i < b->n; i++) {
    uint32_t p = gcut__dim_multiply_products(d, b->terms[i].product, product);
    int64_t c;
    if (p == GCUT_NONE || p == DIM_TOO_HIGH ||
        __builtin_mul_overflow(b->terms[i].coefficient, coefficient, &c) || c == INT64_MIN)
      work->overflow = true;
    else
      gcut__dim_add_term(d, work, p, -c);
  }
}

// a = b*q + r where no term of r can be divided by the leading term of b. False where an
// intermediate result is out of bounds: then there is no such division.
static bool divide(gcut_dims *d, gcut_dim a, const dim_work *b, dim_work *q, dim_work *r) {
  dim_work rest;
  gcut__dim_load(d, a, &rest);
  gcut__dim_load(d, 0, q);
  gcut__dim_load(d, 0, r);
  dim_term by = b->terms[lead(d, b)];
  for (int steps = 0; rest.n > 0; steps++) {
    dim_term top = rest.terms[lead(d, &rest)];
    uint32_t product = divide_products(d, top.product, by.product);
    bool exact = product != GCUT_NONE && top.coefficient % by.coefficient == 0;
    if (exact) {
      int64_t c = top.coefficient / by.coefficient;
      gcut__dim_add_term(d, q, product, c);
      subtract_multiple(d, &rest, b, product, c);
    } else {
      gcut__dim_add_term(d, r, top.product, top.coefficient);
      gcut__dim_add_term(d, &rest, top.product, -top.coefficient);
    }
    if (steps > 4 * DIM_MAX_TERMS || rest.overflow || rest.large || q->large || r->large ||
        q->overflow || r->overflow)
      return false;
  }
  return true;
}

// Divides both by what all their terms have in common.
static void cancel(gcut_dims *d, dim_work *a, dim_work *b) {
  if (a->n == 0 || b->n == 0) return;
  uint64_t g = 0;
  dim_work *both[] = {a, b};
  uint32_t common[DIM_MAX_DEGREE], n = gcut__dim_product(d, b->terms[0].product).n;
  memcpy(common, gcut__dim_factors(d, b->terms[0].product), n * sizeof *common);
  for (int k = 0; k < 2; k++)
    for (uint32_t i = 0; i < both[k]->n; i++) {
      g = gcd(g, magnitude(both[k]->terms[i].coefficient));
      const uint32_t *x = gcut__dim_factors(d, both[k]->terms[i].product);
      uint32_t m = gcut__dim_product(d, both[k]->terms[i].product).n, kept = 0;
      for (uint32_t j = 0, c = 0; j < m && c < n;) {
        if (x[j] == common[c])
          common[kept++] = common[c++], j++;
        else if (gcut__dim_atom_before(d, x[j], common[c]))
          j++;
        else
          c++;
      }
      n = kept;
    }
  uint32_t product = gcut__dim_add_product(d, common, n);
  if (g > INT64_MAX || product == GCUT_NONE) return;
  for (int k = 0; k < 2; k++) {
    dim_work out = {.n = 0};
    for (uint32_t i = 0; i < both[k]->n; i++)
      gcut__dim_add_term(d, &out, divide_products(d, both[k]->terms[i].product, product),
                         both[k]->terms[i].coefficient / (int64_t)g);
    *both[k] = out;
  }
}

// Makes the leading coefficient of b positive by negating both.
static void orient(gcut_dims *d, gcut_dim *a, gcut_dim *b) {
  dim_work work;
  gcut__dim_load(d, *b, &work);
  if (work.terms[lead(d, &work)].coefficient > 0) return;
  *a = gcut_dim_sub(d, 0, *a), *b = gcut_dim_sub(d, 0, *b);
}

static gcut_dim floor_by_expression(gcut_dims *d, gcut_dim a, gcut_dim b) {
  orient(d, &a, &b);
  if (a == GCUT_DIM_INVALID || b == GCUT_DIM_INVALID) return GCUT_DIM_INVALID;
  dim_work by, q, r;
  gcut__dim_load(d, b, &by);
  if (!divide(d, a, &by, &q, &r)) return gcut__dim_operation(d, DIM_FLOOR, a, b);
  gcut_dim quotient = gcut__dim_finish(d, &q), rest = gcut__dim_finish(d, &r);
  if (quotient == GCUT_DIM_INVALID || rest == GCUT_DIM_INVALID) return GCUT_DIM_INVALID;
  if (quotient == DIM_LARGE || rest == DIM_LARGE) return DIM_LARGE;
  if (rest == 0 || within(d, rest, b)) return quotient;
  if (within(d, gcut_dim_add(d, rest, b), b)) return gcut_dim_sub(d, quotient, 1);
  cancel(d, &r, &by);
  gcut_dim whole = b;
  rest = gcut__dim_finish(d, &r), b = gcut__dim_finish(d, &by);
  if (rest == GCUT_DIM_INVALID || b == GCUT_DIM_INVALID) return GCUT_DIM_INVALID;
  gcut_dim floor = b == whole ? gcut__dim_operation(d, DIM_FLOOR, rest, b)
                              : gcut_dim_floor_div(d, rest, b); // smaller now: once more
  return floor == DIM_LARGE ? DIM_LARGE : gcut_dim_add(d, quotient, floor);
}

static gcut_dim mod_by_expression(gcut_dims *d, gcut_dim a, gcut_dim b) {
  dim_work by, q, r;
  gcut__dim_load(d, b, &by);
  if (!divide(d, a, &by, &q, &r)) return gcut__dim_operation(d, DIM_MOD, a, b);
  gcut_dim rest = gcut__dim_finish(d, &r);
  if (rest == GCUT_DIM_INVALID || rest == DIM_LARGE || rest == 0) return rest;
  if (within(d, rest, b)) return rest;
  gcut_dim raised = gcut_dim_add(d, rest, b);
  return within(d, raised, b) ? raised : gcut__dim_operation(d, DIM_MOD, rest, b);
}

// ---- both -------------------------------------------------------------------------------------

gcut_dim gcut__dim_floor(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (!gcut_dim_known(b)) return floor_by_expression(d, a, b);
  if (b < 0) return gcut_dim_floor_div(d, gcut_dim_sub(d, 0, a), -b);
  return floor_by_number(d, a, b);
}

gcut_dim gcut__dim_mod(gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (!gcut_dim_known(b)) return mod_by_expression(d, a, b);
  if (b < 0) return gcut_dim_sub(d, 0, gcut_dim_mod(d, gcut_dim_sub(d, 0, a), -b));
  return mod_by_number(d, a, b);
}
