// Checks that infer functions of several families share: sizes that must agree.
#ifndef GCUT_TRACER_OPS_EXPECT_H
#define GCUT_TRACER_OPS_EXPECT_H

#include "tracer/ops/op.h"

// Fails where input `i`'s dim `axis` cannot be `expected`; symbols are given the benefit of the
// doubt. `what` names the size in the message.
GCUT_MUST_USE gcut_status gcut__expect_dim(const gcut_infer *c, uint32_t i, int axis,
                                           gcut_dim expected, const char *what, gcut_error *err);
// Input `i`, where present, must have exactly this shape; a dim of GCUT_DIM_INVALID is free.
GCUT_MUST_USE gcut_status gcut__expect_shape(const gcut_infer *c, uint32_t i, int rank,
                                             const gcut_dim *dims, const char *what,
                                             gcut_error *err);
// size / parts where both allow it; GCUT_FORMAT where parts is not positive or does not divide it.
GCUT_MUST_USE gcut_status gcut__divide_dim(gcut_infer *c, gcut_dim size, gcut_dim parts,
                                           const char *what, gcut_dim *out, gcut_error *err);
// A dim as a double for cost functions: 0 where it is symbolic.
double gcut__dim_double(gcut_dim dim);

#endif
