// What operators on sequences share between rooms.
#ifndef GCUT_TRACER_OPS_SEQUENCE_H
#define GCUT_TRACER_OPS_SEQUENCE_H

#include "tracer/ops/op.h"

typedef struct gcut__sequence_empty_attrs {
  int64_t dtype;
} gcut__sequence_empty_attrs;

typedef struct gcut__split_to_sequence_attrs {
  int64_t axis, keepdims;
} gcut__split_to_sequence_attrs;

typedef struct gcut__concat_from_sequence_attrs {
  int64_t axis, new_axis;
} gcut__concat_from_sequence_attrs;

#endif
