// Dims as text: "2*seq + 1", "floor((n + 1)/2)", "min(n, 512)". Terms and factors are ordered by
// degree and name, not by when they were made, so the text does not depend on the table. A symbol
// whose name is no name stands in double quotes, unless it is alone and is read back as itself.
#include "tracer/dims/dim_table.h"

#include <stdio.h>

typedef struct writer {
  const gcut_dims *dims;
  char *buffer;
  size_t size, length;
} writer;

static void put(writer *w, const char *text, size_t n) {
  for (size_t i = 0; i < n; i++, w->length++)
    if (w->length + 1 < w->size) w->buffer[w->length] = text[i];
}
static void puts_(writer *w, const char *text) {
  put(w, text, strlen(text));
}
static void put_number(writer *w, int64_t value) {
  char digits[24];
  put(w, digits, (size_t)snprintf(digits, sizeof digits, "%lld", (long long)value));
}

// ---- order ------------------------------------------------------------------------------------

static int compare_numbers(uint64_t a, uint64_t b) {
  return a < b ? -1 : a > b;
}

// Symbols first, by name; operations by kind, size and key: each comparison is cheap, and the same
// in every table.
static int compare_atoms(const gcut_dims *d, uint32_t a, uint32_t b) {
  if (a == b) return 0;
  dim_atom x = gcut__dim_atom(d, a), y = gcut__dim_atom(d, b);
  if (x.op != y.op) return x.op < y.op ? -1 : 1;
  if (x.op == DIM_SYMBOL)
    return strcmp(gcut_dims_symbol_name(d, x.symbol), gcut_dims_symbol_name(d, y.symbol));
  if (x.weight != y.weight) return compare_numbers(x.weight, y.weight);
  return compare_numbers(x.key, y.key);
}

// Of what min and max take: atoms, then other expressions, then numbers.
static int compare_operands(const gcut_dims *d, gcut_dim a, gcut_dim b) {
  if (gcut_dim_known(a) || gcut_dim_known(b)) return gcut_dim_known(a) ? 1 : -1;
  uint32_t x = gcut__dim_sole_atom(d, a), y = gcut__dim_sole_atom(d, b);
  if (x != GCUT_NONE && y != GCUT_NONE) return compare_atoms(d, x, y);
  if (x != GCUT_NONE || y != GCUT_NONE) return x != GCUT_NONE ? -1 : 1;
  dim_poly p = DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(a)),
           q = DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(b));
  if (p.weight != q.weight) return compare_numbers(p.weight, q.weight);
  return compare_numbers(p.key, q.key);
}

static uint32_t sorted_factors(const gcut_dims *d, uint32_t product,
                               uint32_t sorted[DIM_MAX_DEGREE]) {
  const uint32_t *factors = gcut__dim_factors(d, product);
  uint32_t n = gcut__dim_product(d, product).n;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t j = i;
    for (; j > 0 && compare_atoms(d, sorted[j - 1], factors[i]) > 0; j--) sorted[j] = sorted[j - 1];
    sorted[j] = factors[i];
  }
  return n;
}

static int compare_products(const gcut_dims *d, uint32_t a, uint32_t b) {
  if (a == b) return 0;
  uint32_t x[DIM_MAX_DEGREE], y[DIM_MAX_DEGREE];
  uint32_t n = sorted_factors(d, a, x), m = sorted_factors(d, b, y);
  if (n != m) return n > m ? -1 : 1;
  for (uint32_t i = 0; i < n; i++) {
    int order = compare_atoms(d, x[i], y[i]);
    if (order != 0) return order;
  }
  return 0;
}

static uint32_t sorted_terms(const gcut_dims *d, gcut_dim dim, dim_term sorted[DIM_MAX_TERMS]) {
  dim_poly poly = DIM_AT(d, dim_poly, polys, gcut__dim_poly_index(dim));
  for (uint32_t i = 0; i < poly.n; i++) {
    dim_term term = DIM_AT(d, dim_term, terms, poly.first + i);
    uint32_t j = i;
    for (; j > 0 && compare_products(d, sorted[j - 1].product, term.product) > 0; j--)
      sorted[j] = sorted[j - 1];
    sorted[j] = term;
  }
  return poly.n;
}

// ---- text -------------------------------------------------------------------------------------

static void write_dim(writer *w, gcut_dim dim);

static bool is_name(const char *text) {
  if (!gcut__dim_name_byte((unsigned char)text[0], true)) return false;
  for (size_t i = 1; text[i] != 0; i++)
    if (!gcut__dim_name_byte((unsigned char)text[i], false)) return false;
  return true;
}

static void write_symbol(writer *w, const char *name) {
  if (is_name(name)) {
    puts_(w, name);
    return;
  }
  puts_(w, "\"");
  for (; *name != 0; name++) {
    if (*name == '"' || *name == '\\') puts_(w, "\\");
    put(w, name, 1);
  }
  puts_(w, "\"");
}

// An operand of a division: in parentheses unless it is one number or atom.
static void write_operand(writer *w, gcut_dim dim) {
  bool bare = (gcut_dim_known(dim) && dim >= 0) || gcut__dim_sole_atom(w->dims, dim) != GCUT_NONE;
  if (!bare) puts_(w, "(");
  write_dim(w, dim);
  if (!bare) puts_(w, ")");
}

static void write_call(writer *w, const char *name, gcut_dim a, gcut_dim b) {
  puts_(w, name);
  puts_(w, "(");
  write_dim(w, a);
  puts_(w, ", ");
  write_dim(w, b);
  puts_(w, ")");
}

static void write_atom(writer *w, uint32_t index) {
  dim_atom atom = gcut__dim_atom(w->dims, index);
  bool extreme = atom.op == DIM_MIN || atom.op == DIM_MAX; // either order of operands is right
  bool swap = extreme && compare_operands(w->dims, atom.a, atom.b) > 0;
  gcut_dim first = swap ? atom.b : atom.a, second = swap ? atom.a : atom.b;
  switch (atom.op) {
  case DIM_SYMBOL: write_symbol(w, gcut_dims_symbol_name(w->dims, atom.symbol)); return;
  case DIM_MOD: write_call(w, "mod", atom.a, atom.b); return;
  case DIM_MIN: write_call(w, "min", first, second); return;
  case DIM_MAX: write_call(w, "max", first, second); return;
  default:
    puts_(w, "floor(");
    write_operand(w, atom.a);
    puts_(w, "/");
    write_operand(w, atom.b);
    puts_(w, ")");
  }
}

static void write_term(writer *w, dim_term term, bool first) {
  bool negative = term.coefficient < 0;
  puts_(w, negative ? (first ? "-" : " - ") : (first ? "" : " + "));
  uint32_t factors[DIM_MAX_DEGREE], n = sorted_factors(w->dims, term.product, factors);
  uint64_t magnitude = negative ? 0 - (uint64_t)term.coefficient : (uint64_t)term.coefficient;
  if (n == 0 || magnitude != 1) {
    char digits[24];
    put(w, digits, (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)magnitude));
    if (n > 0) puts_(w, "*");
  }
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) puts_(w, "*");
    write_atom(w, factors[i]);
  }
}

static void write_dim(writer *w, gcut_dim dim) {
  if (gcut_dim_known(dim)) {
    put_number(w, dim);
    return;
  }
  dim_term terms[DIM_MAX_TERMS];
  uint32_t n = sorted_terms(w->dims, dim, terms), lead = 0;
  while (lead < n && terms[lead].coefficient < 0) lead++; // "3 - n" reads better than "-n + 3"
  if (lead == n) lead = 0;
  write_term(w, terms[lead], true);
  for (uint32_t i = 0; i < n; i++)
    if (i != lead) write_term(w, terms[i], false);
}

int gcut_dims_format(const gcut_dims *dims, gcut_dim dim, char *buffer, size_t size) {
  writer w = {.dims = dims, .buffer = buffer, .size = size};
  uint32_t atom = dim == GCUT_DIM_INVALID ? GCUT_NONE : gcut__dim_sole_atom(dims, dim);
  if (dim == GCUT_DIM_INVALID) {
    puts_(&w, "invalid");
  } else if (atom != GCUT_NONE && gcut__dim_atom(dims, atom).op == DIM_SYMBOL) {
    const char *name = gcut_dims_symbol_name(dims, gcut__dim_atom(dims, atom).symbol);
    if (name[0] == 0 || gcut__dim_means_more(name, strlen(name)))
      write_symbol(&w, name);
    else
      puts_(&w, name);
  } else {
    write_dim(&w, dim);
  }
  if (size > 0) buffer[w.length < size ? w.length : size - 1] = 0;
  return (int)w.length;
}
