// Attributes of ReverseSequence.
#ifndef GCUT_TRACER_OPS_REVERSE_H
#define GCUT_TRACER_OPS_REVERSE_H

#include "tracer/ops/op.h"

typedef struct gcut__reverse_attrs {
  int64_t batch_axis, time_axis; // 0 and 1 in either order
} gcut__reverse_attrs;

#endif
