// Attributes of normalization.c.
#ifndef GCUT_TRACER_OPS_NORMALIZATION_H
#define GCUT_TRACER_OPS_NORMALIZATION_H

#include "tracer/ops/op.h"

typedef struct gcut__batch_norm_attrs {
  float epsilon, momentum;
  int64_t is_test;       // opsets 1 to 6
  int64_t spatial;       // opsets 1 to 8: 0 has a mean for each element, not for each channel
  int64_t training_mode; // from opset 14 on
} gcut__batch_norm_attrs;

// Whether the statistics come from the batch itself.
bool gcut__batch_norm_trains(const gcut_node *node, const gcut__batch_norm_attrs *attrs);

// LayerNormalization, RMSNormalization, SimplifiedLayerNormalization.
typedef struct gcut__layer_norm_attrs {
  int64_t axis;
  float epsilon;
  int64_t stash_type;
} gcut__layer_norm_attrs;

// InstanceNormalization, GroupNormalization.
typedef struct gcut__group_norm_attrs {
  float epsilon;
  int64_t num_groups; // 0 of InstanceNormalization
} gcut__group_norm_attrs;

typedef struct gcut__image_scaler_attrs {
  gcut_floats bias; // one a channel
  float scale;
} gcut__image_scaler_attrs;

typedef struct gcut__lrn_attrs {
  float alpha, beta, bias;
  int64_t size;
} gcut__lrn_attrs;

typedef struct gcut__lp_normalization_attrs {
  int64_t axis, p;
} gcut__lp_normalization_attrs;

typedef struct gcut__mvn_attrs {
  gcut_ints axes;
} gcut__mvn_attrs;

// The axes of MeanVarianceNormalization: those given, or 0, 2 and 3.
gcut_ints gcut__mvn_axes(const gcut__mvn_attrs *attrs);

#endif
