// What operators whose output size depends on data share between rooms.
#ifndef GCUT_TRACER_OPS_SELECT_H
#define GCUT_TRACER_OPS_SELECT_H

#include "tracer/ops/op.h"

#define GCUT__NO_AXIS INT64_MIN // the axis is absent: the tensor counts as one row

typedef struct gcut__compress_attrs {
  int64_t axis;
} gcut__compress_attrs;

typedef struct gcut__unique_attrs {
  int64_t axis, sorted;
} gcut__unique_attrs;

#endif
