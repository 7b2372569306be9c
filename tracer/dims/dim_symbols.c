// Which symbols an expression is made of.
#include "tracer/dims/dim_table.h"

static void see_product(const gcut_dims *d, uint32_t product, gcut_dim_see *see, void *context) {
  uint32_t n = gcut__dim_product(d, product).n;
  for (uint32_t i = 0; i < n; i++) {
    dim_atom atom = gcut__dim_atom(d, gcut__dim_factors(d, product)[i]);
    if (atom.op == DIM_SYMBOL) {
      see(context, atom.symbol);
    } else {
      gcut_dim_symbols(d, atom.a, see, context);
      gcut_dim_symbols(d, atom.b, see, context);
    }
  }
}

void gcut_dim_symbols(const gcut_dims *d, gcut_dim dim, gcut_dim_see *see, void *context) {
  if (gcut_dim_known(dim) || dim == GCUT_DIM_INVALID) return;
  dim_poly poly = DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(dim));
  for (uint32_t i = 0; i < poly.n; i++)
    see_product(d, DIM_AT(d, dim_term, terms, poly.first + i).product, see, context);
}

uint32_t gcut_dim_symbol_number(const gcut_dims *d, gcut_dim dim) {
  if (gcut_dim_known(dim) || dim == GCUT_DIM_INVALID) return GCUT_NONE;
  uint32_t index = gcut__dim_sole_atom(d, dim);
  if (index == GCUT_NONE) return GCUT_NONE;
  dim_atom atom = gcut__dim_atom(d, index);
  return atom.op == DIM_SYMBOL ? atom.symbol : GCUT_NONE;
}
