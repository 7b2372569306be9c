// Attributes of Shape.
#ifndef GCUT_TRACER_OPS_RESHAPE_H
#define GCUT_TRACER_OPS_RESHAPE_H

#include "tracer/ops/op.h"

typedef struct gcut__shape_attrs {
  int64_t start, end;
} gcut__shape_attrs;

// The dims of a tensor of that rank that Shape gives: [*out_start, *out_start + result).
int gcut__shape_slice(const gcut__shape_attrs *attrs, int rank, int *out_start);

#endif
