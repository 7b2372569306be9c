// Attributes of CumSum and CumProd.
#ifndef GCUT_TRACER_OPS_CUMULATIVE_H
#define GCUT_TRACER_OPS_CUMULATIVE_H

#include "tracer/ops/op.h"

typedef struct gcut__cumulative_attrs {
  int64_t exclusive, reverse;
} gcut__cumulative_attrs;

#endif
