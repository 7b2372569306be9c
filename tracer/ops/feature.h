// Attributes of ai.onnx.ml's operators on features: rows of numbers.
#ifndef GCUT_TRACER_OPS_FEATURE_H
#define GCUT_TRACER_OPS_FEATURE_H

#include "tracer/ops/op.h"

typedef struct gcut__binarizer_attrs {
  float threshold;
} gcut__binarizer_attrs;

typedef struct gcut__scaler_attrs {
  gcut_floats offset, scale; // one, or one a feature
} gcut__scaler_attrs;

typedef enum gcut__feature_norm {
  GCUT__NORM_MAX,
  GCUT__NORM_L1,
  GCUT__NORM_L2,
  GCUT__NORM_N
} gcut__feature_norm;

typedef struct gcut__normalizer_features_attrs {
  gcut_string norm;
} gcut__normalizer_features_attrs;

// GCUT__NORM_N where there is no such norm.
gcut__feature_norm gcut__feature_norm_of(const gcut__normalizer_features_attrs *attrs);

typedef struct gcut__imputer_attrs {
  gcut_floats imputed_value_floats; // one, or one a feature
  gcut_ints imputed_value_int64s;
  float replaced_value_float;
  int64_t replaced_value_int64;
} gcut__imputer_attrs;

typedef struct gcut__vectorizer_attrs {
  gcut_ints inputdimensions; // features taken of each input
} gcut__vectorizer_attrs;

// What a score becomes in the end.
typedef enum gcut__post_transform {
  GCUT__POST_NONE,
  GCUT__POST_SOFTMAX,
  GCUT__POST_LOGISTIC,
  GCUT__POST_SOFTMAX_ZERO,
  GCUT__POST_PROBIT,
  GCUT__POST_N
} gcut__post_transform;

// GCUT__POST_N where there is no such transform.
gcut__post_transform gcut__post_transform_of(gcut_string name);

typedef struct gcut__linear_regressor_attrs {
  gcut_floats coefficients, intercepts;
  int64_t targets;
  gcut_string post_transform;
} gcut__linear_regressor_attrs;

#endif
