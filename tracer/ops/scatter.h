// What the Scatter family shares between rooms.
#ifndef GCUT_TRACER_OPS_SCATTER_H
#define GCUT_TRACER_OPS_SCATTER_H

#include "tracer/ops/op.h"

typedef enum gcut__reduction {
  GCUT__REDUCE_NONE,
  GCUT__REDUCE_ADD,
  GCUT__REDUCE_MUL,
  GCUT__REDUCE_MAX,
  GCUT__REDUCE_MIN,
  GCUT__REDUCE_N
} gcut__reduction;

typedef struct gcut__scatter_attrs {
  int64_t axis; // not of ScatterND
  gcut_string reduction;
} gcut__scatter_attrs;

// GCUT__REDUCE_N where there is no such reduction.
gcut__reduction gcut__reduction_of(const gcut__scatter_attrs *attrs);

typedef struct gcut__tensor_scatter_attrs {
  int64_t axis;
  gcut_string mode; // linear or circular
} gcut__tensor_scatter_attrs;

bool gcut__tensor_scatter_is_circular(const gcut__tensor_scatter_attrs *attrs);

#endif
