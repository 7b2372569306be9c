// Attributes of Cast and CastLike. The type to cast to is the output's.
#ifndef GCUT_TRACER_OPS_CAST_H
#define GCUT_TRACER_OPS_CAST_H

#include "tracer/ops/op.h"

typedef struct gcut__cast_attrs {
  int64_t saturate;       // to float8: largest finite value instead of infinity or NaN
  gcut_string round_mode; // to float8e8m0: "up", "down" or "nearest"
} gcut__cast_attrs;

#endif
