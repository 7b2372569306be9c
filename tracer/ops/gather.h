// What the Gather family shares between rooms.
#ifndef GCUT_TRACER_OPS_GATHER_H
#define GCUT_TRACER_OPS_GATHER_H

#include "tracer/ops/op.h"

typedef struct gcut__gather_attrs {
  int64_t axis;
} gcut__gather_attrs;

typedef struct gcut__gather_nd_attrs {
  int64_t batch_dims;
} gcut__gather_nd_attrs;

#endif
