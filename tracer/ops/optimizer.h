// Attributes of the operators of ai.onnx.preview.training.
#ifndef GCUT_TRACER_OPS_OPTIMIZER_H
#define GCUT_TRACER_OPS_OPTIMIZER_H

#include "tracer/ops/op.h"

typedef struct gcut__optimizer_attrs {
  float alpha, beta, epsilon, decay_factor, norm_coefficient, norm_coefficient_post;
  gcut_string mode; // Momentum: "standard" or "nesterov"
} gcut__optimizer_attrs;

typedef struct gcut__gradient_attrs {
  gcut_string y;       // the value that is differentiated
  gcut_strings xs, zs; // the values by which, and other values that it is computed from
} gcut__gradient_attrs;

#endif
