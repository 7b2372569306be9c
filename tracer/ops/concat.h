// What Concat and Split share between rooms.
#ifndef GCUT_TRACER_OPS_CONCAT_H
#define GCUT_TRACER_OPS_CONCAT_H

#include "tracer/ops/op.h"

typedef struct gcut__concat_attrs {
  int64_t axis;
} gcut__concat_attrs;

typedef struct gcut__split_attrs {
  int64_t axis;
  int64_t num_outputs; // opset 18; 0: not given
  gcut_ints split;     // before opset 13
} gcut__split_attrs;

// The axis as the node means it: opset 1 has a default.
int64_t gcut__concat_axis(const gcut__concat_attrs *attrs);

#endif
