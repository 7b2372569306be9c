// Symbols bound to numbers, and expressions evaluated under them. Every polynomial remembers its
// result until a binding changes, so a graph's worth of evaluations costs each expression once.
#include "tracer/dims/dim_table.h"

static void bind_symbol(gcut_dims *d, uint32_t index, int64_t value) {
  dim_symbol *symbol = &DIM_AT(d, dim_symbol, symbols, index);
  if (symbol->bound && symbol->value == value) return;
  d->n_bound += !symbol->bound;
  symbol->bound = true, symbol->value = value;
  d->epoch++;
}

bool gcut_dims_bind(gcut_dims *d, const char *name, int64_t value) {
  uint32_t index = gcut__dim_find_symbol(d, name, strlen(name));
  if (index == GCUT_NONE || !gcut_dim_known(value)) return false;
  bind_symbol(d, index, value);
  return true;
}

static gcut_dim apply(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b) {
  switch (op) {
  case DIM_FLOOR: return gcut_dim_floor_div(d, a, b);
  case DIM_MOD: return gcut_dim_mod(d, a, b);
  case DIM_MIN: return gcut_dim_min(d, a, b);
  default: return gcut_dim_max(d, a, b);
  }
}

static gcut_dim evaluate_atom(gcut_dims *d, uint32_t index) {
  dim_atom atom = gcut__dim_atom(d, index);
  if (atom.op != DIM_SYMBOL)
    return apply(d, atom.op, gcut_dim_evaluate(d, atom.a), gcut_dim_evaluate(d, atom.b));
  dim_symbol symbol = DIM_AT(d, dim_symbol, symbols, atom.symbol);
  return symbol.bound ? symbol.value : gcut__dim_of_atom(d, index);
}

static gcut_dim evaluate_term(gcut_dims *d, dim_term term) {
  gcut_dim value = term.coefficient;
  uint32_t n = gcut__dim_product(d, term.product).n;
  for (uint32_t i = 0; i < n; i++)
    value = gcut_dim_mul(d, value, evaluate_atom(d, gcut__dim_factors(d, term.product)[i]));
  return value;
}

gcut_dim gcut_dim_evaluate(gcut_dims *d, gcut_dim dim) {
  if (gcut_dim_known(dim) || dim == GCUT_DIM_INVALID || d->n_bound == 0) return dim;
  uint32_t index = gcut__dim_poly_index(dim);
  dim_poly poly = DIM_AT(d, dim_poly, polys, index);
  if (poly.epoch == d->epoch) return poly.evaluated;
  gcut_dim sum = 0;
  for (uint32_t i = 0; i < poly.n; i++)
    sum = gcut_dim_add(d, sum, evaluate_term(d, DIM_AT(d, dim_term, terms, poly.first + i)));
  dim_poly *slot = &DIM_AT(d, dim_poly, polys, index);
  slot->epoch = d->epoch, slot->evaluated = sum;
  return sum;
}

// Writes an expression as scale*symbol + offset; false where it is anything else.
static bool linear(const gcut_dims *d, gcut_dim dim, uint32_t *symbol, int64_t *scale,
                   int64_t *offset) {
  dim_work work;
  gcut__dim_load(d, dim, &work);
  bool constant = work.terms[0].product == 0;
  *offset = constant ? work.terms[0].coefficient : 0;
  if (work.n != (constant ? 2u : 1u)) return false;
  dim_term term = work.terms[work.n - 1];
  if (gcut__dim_product(d, term.product).n != 1) return false;
  dim_atom atom = gcut__dim_atom(d, gcut__dim_factors(d, term.product)[0]);
  *symbol = atom.symbol, *scale = term.coefficient;
  return atom.op == DIM_SYMBOL;
}

gcut_status gcut_dim_unify(gcut_dims *d, gcut_dim dim, int64_t value) {
  gcut_dim now = gcut_dim_evaluate(d, dim);
  if (now == GCUT_DIM_INVALID) return GCUT_ARGUMENT;
  if (gcut_dim_known(now)) return now == value ? GCUT_OK : GCUT_ARGUMENT;
  uint32_t symbol;
  int64_t scale, offset, rest;
  if (!linear(d, now, &symbol, &scale, &offset) || __builtin_sub_overflow(value, offset, &rest) ||
      (scale == -1 && rest == INT64_MIN) || rest % scale != 0 || rest / scale < 0)
    return GCUT_ARGUMENT;
  bind_symbol(d, symbol, rest / scale);
  return GCUT_OK;
}
