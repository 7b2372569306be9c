// Attributes of com.microsoft's activations.
#ifndef GCUT_TRACER_OPS_MICROSOFT_GELU_H
#define GCUT_TRACER_OPS_MICROSOFT_GELU_H

#include "tracer/ops/op.h"

typedef struct gcut__quick_gelu_attrs {
  float alpha;
} gcut__quick_gelu_attrs;

#endif
