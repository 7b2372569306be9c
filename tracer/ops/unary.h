// Attributes of the operators with one input.
#ifndef GCUT_TRACER_OPS_UNARY_H
#define GCUT_TRACER_OPS_UNARY_H

#include "tracer/ops/op.h"

typedef struct gcut_alpha_attrs {
  float alpha;
} gcut_alpha_attrs; // Celu, Elu, LeakyRelu, Swish, SwiGLU, ThresholdedRelu

typedef struct gcut_alpha_beta_attrs {
  float alpha, beta;
} gcut_alpha_beta_attrs; // HardSigmoid, Affine, ParametricSoftplus, ScaledTanh

typedef struct gcut_selu_attrs {
  float alpha, gamma; // NaN: not given, and the default depends on the version
} gcut_selu_attrs;

typedef struct gcut_shrink_attrs {
  float bias, lambd;
} gcut_shrink_attrs;

typedef struct gcut_gelu_attrs {
  gcut_string approximate; // "none" or "tanh"
} gcut_gelu_attrs;

typedef struct gcut_is_inf_attrs {
  int64_t detect_negative, detect_positive;
} gcut_is_inf_attrs;

typedef struct gcut_clip_attrs {
  float min, max; // before opset 11; NaN: not given
} gcut_clip_attrs;

#endif
