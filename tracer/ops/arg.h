// Attributes of ArgMax and ArgMin.
#ifndef GCUT_TRACER_OPS_ARG_H
#define GCUT_TRACER_OPS_ARG_H

#include "tracer/ops/op.h"

typedef struct gcut__arg_attrs {
  int64_t axis, keepdims, select_last_index;
} gcut__arg_attrs;

#endif
