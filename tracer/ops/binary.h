// Attributes of the operators with two inputs, and how their second input is aligned.
#ifndef GCUT_TRACER_OPS_BINARY_H
#define GCUT_TRACER_OPS_BINARY_H

#include "tracer/ops/op.h"

typedef struct gcut__broadcast_attrs {
  int64_t axis, broadcast; // before opset 7; GCUT_NO_AXIS: not given
} gcut__broadcast_attrs;

typedef struct gcut__mod_attrs {
  int64_t fmod;
} gcut__mod_attrs;

typedef struct gcut__bit_shift_attrs {
  gcut_string direction; // "LEFT" or "RIGHT"
} gcut__bit_shift_attrs;

// Dims of 1 to append to input 1's shape so that it aligns with input 0's last ones. 0 but for what
// came before opset 7: then the shape of input 1 began at an axis of input 0's (PRelu: the
// channel). Negative where there is no room. attrs NULL: those of PRelu, which has none.
int gcut__broadcast_trailing(const gcut_node *node, const gcut__broadcast_attrs *attrs, int rank_0,
                             int rank_1);

#endif
