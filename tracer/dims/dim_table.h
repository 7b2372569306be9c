// The table of symbolic dims, shared by the files of this folder.
//
// A polynomial is a sorted list of terms, a product a sorted list of atoms, an atom a symbol or an
// operation on two dims. All four are hash-consed into flat arrays, so equal things have equal
// numbers, a copy of the table is a few memcpy, and nothing holds pointers. Polynomial i is the dim
// INT64_MIN + 1 + i.
//
// What is sorted is sorted by key, a hash of names and structure, and only then by number: so what
// an expression is simplified to, and how it is written, does not depend on what else a table
// holds.
//
// Limits: 64 terms, degree 8, 256 atoms printed. What an operation would make larger becomes a
// fresh symbol instead; operations are memoised, so the same operands give the same symbol again.
// The last limit also bounds every recursion over an expression.
#ifndef GCUT_TRACER_DIMS_DIM_TABLE_H
#define GCUT_TRACER_DIMS_DIM_TABLE_H

#include "tracer/dims.h"
#include "tracer/dims/dim_set.h"

enum { DIM_MAX_TERMS = 64, DIM_MAX_DEGREE = 8, DIM_MAX_WEIGHT = 256 };

// What an operation returns for a result beyond the limits, before it becomes a fresh symbol.
#define DIM_LARGE    (GCUT_DIM_EXPRESSION_LIMIT - 1)
#define DIM_INFINITE INT64_MAX // as a bound; -DIM_INFINITE below

typedef enum dim_op { DIM_SYMBOL, DIM_FLOOR, DIM_MOD, DIM_MIN, DIM_MAX, DIM_ADD, DIM_MUL } dim_op;

typedef struct dim_interval {
  int64_t low, high;
} dim_interval;

typedef struct dim_atom {
  dim_op op;       // DIM_SYMBOL to DIM_MAX
  uint32_t symbol; // of symbols[]
  gcut_dim a, b;   // operands of the others
  uint32_t weight; // atoms it is printed with
  uint64_t key;    // a hash of what it says, the same in every table
  dim_interval bounds;
} dim_atom;

typedef struct dim_symbol {
  const char *name;
  uint32_t atom;
  bool bound;
  int64_t value;
} dim_symbol;

typedef struct dim_product {
  uint32_t first, n; // into factors[], in their order; product 0 is empty
  uint64_t key;      // 0 of the empty one alone
} dim_product;

typedef struct dim_term {
  int64_t coefficient;
  uint32_t product;
} dim_term;

typedef struct dim_poly {
  uint32_t first, n; // into terms[], in their order
  uint32_t weight;
  uint32_t epoch; // of the bindings under which `evaluated` was found
  gcut_dim evaluated;
  uint64_t key; // as of an atom
} dim_poly;

typedef struct dim_memo {
  gcut_dim a, b, result;
  dim_op op;
} dim_memo;

struct gcut_dims {
  dim_array atoms, symbols, products, factors, polys, terms, memos;
  dim_set atom_set, symbol_set, product_set, poly_set, memo_set;
  gcut_arena *names;
  uint32_t epoch, n_bound, next_fresh;
  bool out_of_memory; // in some call so far
};

#define DIM_AT(dims, type, array, i) (((type *)(dims)->array.data)[i])
static inline dim_atom gcut__dim_atom(const gcut_dims *d, uint32_t i) {
  return DIM_AT(d, dim_atom, atoms, i);
}
static inline dim_product gcut__dim_product(const gcut_dims *d, uint32_t i) {
  return DIM_AT(d, dim_product, products, i);
}
static inline const uint32_t *gcut__dim_factors(const gcut_dims *d, uint32_t product) {
  return &DIM_AT(d, uint32_t, factors, gcut__dim_product(d, product).first);
}
static inline uint32_t gcut__dim_poly_index(gcut_dim dim) {
  return (uint32_t)((uint64_t)dim - (uint64_t)INT64_MIN - 1);
}

// The orders of atoms and of products.
static inline bool gcut__dim_atom_before(const gcut_dims *d, uint32_t a, uint32_t b) {
  uint64_t x = gcut__dim_atom(d, a).key, y = gcut__dim_atom(d, b).key;
  return x != y ? x < y : a < b;
}
static inline bool gcut__dim_product_before(const gcut_dims *d, uint32_t a, uint32_t b) {
  uint64_t x = gcut__dim_product(d, a).key, y = gcut__dim_product(d, b).key;
  return x != y ? x < y : a < b;
}

// A polynomial being made: terms in the order of their products, no zero coefficients.
typedef struct dim_work {
  uint32_t n;
  bool overflow, large;
  dim_term terms[DIM_MAX_TERMS];
} dim_work;

void gcut__dim_load(const gcut_dims *d, gcut_dim dim, dim_work *out);
// Adds coefficient * product. A coefficient that is no plain number as a dim counts as overflow.
void gcut__dim_add_term(const gcut_dims *d, dim_work *work, uint32_t product, int64_t coefficient);
// The dim of a finished polynomial: a number, an expression, DIM_LARGE or GCUT_DIM_INVALID.
gcut_dim gcut__dim_finish(gcut_dims *d, const dim_work *work);

// Number of that list of atoms in their order; GCUT_NONE where memory is out.
uint32_t gcut__dim_add_product(gcut_dims *d, const uint32_t *atoms, uint32_t n);
// The product of two: GCUT_NONE where memory is out, DIM_TOO_HIGH beyond the degree.
#define DIM_TOO_HIGH (UINT32_MAX - 1)
uint32_t gcut__dim_multiply_products(gcut_dims *d, uint32_t a, uint32_t b);
// The dim that is op(a, b) as an atom, or GCUT_DIM_INVALID or DIM_LARGE.
gcut_dim gcut__dim_operation(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b);
gcut_dim gcut__dim_of_atom(gcut_dims *d, uint32_t atom);
// The symbol of that name, or GCUT_NONE.
uint32_t gcut__dim_find_symbol(const gcut_dims *d, const char *name, size_t size);
// The atom where the dim is one and nothing more, else GCUT_NONE.
uint32_t gcut__dim_sole_atom(const gcut_dims *d, gcut_dim dim);

// Remembered results of operations. False where there is none; where memory is out.
bool gcut__dim_recall(const gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b, gcut_dim *out);
bool gcut__dim_remember(gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b, gcut_dim result);

dim_interval gcut__dim_operation_bounds(const gcut_dims *d, dim_op op, gcut_dim a, gcut_dim b);
// Whether a >= b for certain.
bool gcut__dim_at_least(const gcut_dims *d, gcut_dim a, gcut_dim b);

// floor(a/b) and a mod b where at least one operand is no number.
gcut_dim gcut__dim_floor(gcut_dims *d, gcut_dim a, gcut_dim b);
gcut_dim gcut__dim_mod(gcut_dims *d, gcut_dim a, gcut_dim b);

// Whether a text is read as something other than a symbol of that very name.
bool gcut__dim_means_more(const char *text, size_t size);
// Whether a byte may stand in a symbol's name without quotes, at its start or later.
bool gcut__dim_name_byte(unsigned char byte, bool first);

static inline int64_t gcut__floor_div(int64_t a, int64_t b) { // b not 0; not INT64_MIN / -1
  int64_t q = a / b;
  return q - ((a % b != 0) & ((a < 0) != (b < 0)));
}
static inline int64_t gcut__floor_mod(int64_t a, int64_t b) {
  int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

#endif
