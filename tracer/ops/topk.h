// Attributes of TopK.
#ifndef GCUT_TRACER_OPS_TOPK_H
#define GCUT_TRACER_OPS_TOPK_H

#include "tracer/ops/op.h"

typedef struct gcut__topk_attrs {
  int64_t axis, largest, sorted;
  int64_t k; // before opset 10; then input 1
} gcut__topk_attrs;

#endif
