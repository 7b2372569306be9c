#ifndef GCUT_TRACER_OPS_SOFTMAX_H
#define GCUT_TRACER_OPS_SOFTMAX_H

#include "tracer/ops/op.h"

typedef struct gcut__softmax_attrs {
  int64_t axis; // GCUT_NO_AXIS where the model gives none
} gcut__softmax_attrs;

// The axis of a tensor of that rank: the last by default, before opset 13 the second.
int64_t gcut__softmax_axis(const gcut_node *node, const gcut__softmax_attrs *attrs);

#endif
