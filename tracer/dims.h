// Symbolic dims: integers and expressions over named symbols, in one canonical form.
//
// An expression is a polynomial with integer coefficients over atoms; an atom is a symbol or
// floor(a/b), a mod b, min(a,b), max(a,b) of expressions. Polynomials are hash-consed, so equal
// expressions are equal numbers. Symbols stand for sizes and are assumed to be at least 1 when
// something must be decided; fresh symbols, at least 0.
#ifndef GCUT_TRACER_DIMS_H
#define GCUT_TRACER_DIMS_H

#include "graphcut/graph.h"
#include "tracer/base/arena.h"

// NULL where memory is out.
gcut_dims *gcut_dims_create(void);
// A table that begins with all of `other`, so that its numbers keep their meaning.
gcut_dims *gcut_dims_copy(const gcut_dims *other);
void gcut_dims_destroy(gcut_dims *dims);

// Every function below returns GCUT_DIM_INVALID where memory is out or a number overflows;
// GCUT_DIM_INVALID as an operand gives GCUT_DIM_INVALID. An expression that would grow beyond the
// limits of dims/dim_table.h becomes a fresh symbol, the same one for the same operands.
#define GCUT_DIM_INVALID (INT64_MIN)

// Whether memory ran out in any call so far: then a GCUT_DIM_INVALID may be that, and no overflow.
// True of NULL.
bool gcut_dims_out_of_memory(const gcut_dims *dims);

// The symbol of that name, made at need.
gcut_dim gcut_dim_symbol(gcut_dims *dims, const char *name, size_t size);
// A symbol of its own that equals nothing else: a size that depends on data. Its name is "?" and a
// number.
gcut_dim gcut_dim_fresh(gcut_dims *dims);
gcut_dim gcut_dim_add(gcut_dims *dims, gcut_dim a, gcut_dim b);
gcut_dim gcut_dim_sub(gcut_dims *dims, gcut_dim a, gcut_dim b);
gcut_dim gcut_dim_mul(gcut_dims *dims, gcut_dim a, gcut_dim b);
gcut_dim gcut_dim_floor_div(gcut_dims *dims, gcut_dim a, gcut_dim b); // b == 0: invalid
gcut_dim gcut_dim_ceil_div(gcut_dims *dims, gcut_dim a, gcut_dim b);
gcut_dim gcut_dim_mod(gcut_dims *dims, gcut_dim a,
                      gcut_dim b); // sign of b, as floor division leaves
gcut_dim gcut_dim_min(gcut_dims *dims, gcut_dim a, gcut_dim b);
gcut_dim gcut_dim_max(gcut_dims *dims, gcut_dim a, gcut_dim b);
// Parses a size: "batch", "2*seq + 1", "floor(n/2)", what sympy writes. A text that is no
// expression, or a negative number, becomes a symbol of that name; an empty one a fresh symbol.
gcut_dim gcut_dim_parse(gcut_dims *dims, const char *text, size_t size);
// Whether a text is a number, a name or an expression, rather than anything else that
// gcut_dim_parse makes a symbol of.
bool gcut_dim_is_expression(const char *text, size_t size);

typedef enum gcut_order {
  GCUT_LESS = -1,
  GCUT_EQUAL = 0,
  GCUT_GREATER = 1,
  GCUT_UNDECIDED = 2
} gcut_order;
// Compares, knowing that symbols are at least 1.
gcut_order gcut_dim_compare(const gcut_dims *dims, gcut_dim a, gcut_dim b);

// Binds a symbol to a number for gcut_dim_evaluate. False where there is no such symbol (or value
// is no plain number).
GCUT_MUST_USE bool gcut_dims_bind(gcut_dims *dims, const char *symbol, int64_t value);
// Replaces bound symbols by their numbers.
gcut_dim gcut_dim_evaluate(gcut_dims *dims, gcut_dim dim);
// Makes `dim` equal to `value` by binding its one unbound symbol, where it is linear in it.
// GCUT_OK, or GCUT_ARGUMENT where it cannot be: then nothing is bound.
GCUT_MUST_USE gcut_status gcut_dim_unify(gcut_dims *dims, gcut_dim dim, int64_t value);

// Calls `see` with the number of every symbol that the dim is made of, of some more than once.
typedef void gcut_dim_see(void *context, uint32_t symbol);
void gcut_dim_symbols(const gcut_dims *dims, gcut_dim dim, gcut_dim_see *see, void *context);
// The number of the symbol that the dim is, or GCUT_NONE where it is anything else.
uint32_t gcut_dim_symbol_number(const gcut_dims *dims, gcut_dim dim);

// Writes a dim as gcut_dim_parse reads it; returns the length as snprintf does.
int gcut_dims_format(const gcut_dims *dims, gcut_dim dim, char *buffer, size_t size);
uint32_t gcut_dims_n_symbols(const gcut_dims *dims);
const char *gcut_dims_symbol_name(const gcut_dims *dims, uint32_t index);

#endif
