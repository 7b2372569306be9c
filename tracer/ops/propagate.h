// Shape arithmetic element by element: what Add, Mul, Where and their kin do to small integer
// contents while tracing, symbols included.
#ifndef GCUT_TRACER_OPS_PROPAGATE_H
#define GCUT_TRACER_OPS_PROPAGATE_H

#include "tracer/ops/op.h"

// One element of the result, or GCUT_DIM_INVALID where it is not known.
typedef gcut_dim (*gcut_dim_unary)(gcut_infer *c, gcut_dim a);
typedef gcut_dim (*gcut_dim_binary)(gcut_infer *c, gcut_dim a, gcut_dim b);

// Gives output 0, whose shape is set, the content that f makes of input 0's, if that is known.
GCUT_MUST_USE gcut_status gcut__propagate_unary(gcut_infer *c, gcut_dim_unary f, gcut_error *err);
// The same for all inputs from the left, broadcast: f(f(x0, x1), x2)...
GCUT_MUST_USE gcut_status gcut__propagate_binary(gcut_infer *c, gcut_dim_binary f, gcut_error *err);

// Whether contents are worth following: while tracing, output 0 of rank 0 or 1. At run time they
// are not: the tensors are there.
bool gcut__propagates(const gcut_infer *c);
// Gives output 0 that content, unless an element is unknown or its type cannot hold it.
GCUT_MUST_USE gcut_status gcut__propagate_result(gcut_infer *c, const gcut_dim *values, uint32_t n,
                                                 gcut_error *err);

// Whether a >= b for certain: also where a may equal b, which gcut_dim_compare leaves undecided.
bool gcut__dim_is_at_least(gcut_infer *c, gcut_dim a, gcut_dim b);
// 1, 0, or GCUT_DIM_INVALID where it cannot be told.
gcut_dim gcut__dim_is_less(gcut_infer *c, gcut_dim a, gcut_dim b);
gcut_dim gcut__dim_is_equal(gcut_infer *c, gcut_dim a, gcut_dim b);

#endif
