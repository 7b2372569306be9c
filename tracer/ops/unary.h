// Attributes of the operators with one input.
#ifndef GCUT_TRACER_OPS_UNARY_H
#define GCUT_TRACER_OPS_UNARY_H

#include "tracer/ops/op.h"

typedef struct gcut__alpha_attrs {
  float alpha;
} gcut__alpha_attrs; // Celu, Elu, LeakyRelu, Swish, SwiGLU, ThresholdedRelu

typedef struct gcut__alpha_beta_attrs {
  float alpha, beta;
} gcut__alpha_beta_attrs; // HardSigmoid, Affine, ParametricSoftplus, ScaledTanh

typedef struct gcut__selu_attrs {
  float alpha, gamma; // NaN: not given, and the default depends on the version
} gcut__selu_attrs;

typedef struct gcut__shrink_attrs {
  float bias, lambd;
} gcut__shrink_attrs;

typedef struct gcut__gelu_attrs {
  gcut_string approximate; // "none" or "tanh"
} gcut__gelu_attrs;

typedef struct gcut__is_inf_attrs {
  int64_t detect_negative, detect_positive;
} gcut__is_inf_attrs;

typedef struct gcut__clip_attrs {
  float min, max; // before opset 11; NaN: not given
} gcut__clip_attrs;

#endif
