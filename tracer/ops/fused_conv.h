// Attributes of FusedConv of com.microsoft.
#ifndef GCUT_TRACER_OPS_FUSED_CONV_H
#define GCUT_TRACER_OPS_FUSED_CONV_H

#include "tracer/ops/conv.h"
#include "tracer/ops/fused.h"

typedef struct gcut__fused_conv_attrs {
  gcut__conv_attrs conv;
  gcut_string activation;
  gcut_floats activation_params;
} gcut__fused_conv_attrs;

// False where the activation is unknown.
GCUT_MUST_USE bool gcut__fused_conv_activation(const gcut__fused_conv_attrs *attrs,
                                               gcut__fused_activation *out);

#endif
