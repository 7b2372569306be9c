// What operators whose output size depends on data share between rooms.
#ifndef GCUT_TRACER_OPS_SELECT_H
#define GCUT_TRACER_OPS_SELECT_H

#include "tracer/ops/op.h"

typedef struct gcut__compress_attrs {
  int64_t axis; // GCUT_NO_AXIS: the tensor counts as one row
} gcut__compress_attrs;

typedef struct gcut__unique_attrs {
  int64_t axis, sorted; // as above
} gcut__unique_attrs;

#endif
