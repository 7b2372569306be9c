// Attributes of the losses.
#ifndef GCUT_TRACER_OPS_LOSS_H
#define GCUT_TRACER_OPS_LOSS_H

#include "tracer/ops/op.h"

#define GCUT__NO_IGNORE_INDEX INT64_MIN

typedef struct gcut__loss_attrs {
  gcut_string reduction; // "none", "sum" or "mean"
  int64_t ignore_index;  // GCUT__NO_IGNORE_INDEX: not given
} gcut__loss_attrs;

#endif
