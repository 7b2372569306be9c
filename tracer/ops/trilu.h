// Attributes of Trilu.
#ifndef GCUT_TRACER_OPS_TRILU_H
#define GCUT_TRACER_OPS_TRILU_H

#include "tracer/ops/op.h"

typedef struct gcut__trilu_attrs {
  int64_t upper;
} gcut__trilu_attrs;

#endif
