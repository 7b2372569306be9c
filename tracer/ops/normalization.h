// Attributes of normalization.c.
#ifndef GCUT_TRACER_OPS_NORMALIZATION_H
#define GCUT_TRACER_OPS_NORMALIZATION_H

#include "tracer/ops/op.h"

typedef struct gcut_batch_norm_attrs {
  float epsilon, momentum;
  int64_t is_test;       // opsets 1 to 6
  int64_t spatial;       // opsets 1 to 8: 0 has a mean for each element, not for each channel
  int64_t training_mode; // from opset 14 on
} gcut_batch_norm_attrs;

// Whether the statistics come from the batch itself.
bool gcut__batch_norm_trains(const gcut_node *node, const gcut_batch_norm_attrs *attrs);

// LayerNormalization, RMSNormalization, SimplifiedLayerNormalization.
typedef struct gcut_layer_norm_attrs {
  int64_t axis;
  float epsilon;
  int64_t stash_type;
} gcut_layer_norm_attrs;

// InstanceNormalization, GroupNormalization.
typedef struct gcut_group_norm_attrs {
  float epsilon;
  int64_t num_groups; // 0 of InstanceNormalization
} gcut_group_norm_attrs;

typedef struct gcut_image_scaler_attrs {
  gcut_floats bias; // one a channel
  float scale;
} gcut_image_scaler_attrs;

typedef struct gcut_lrn_attrs {
  float alpha, beta, bias;
  int64_t size;
} gcut_lrn_attrs;

typedef struct gcut_lp_normalization_attrs {
  int64_t axis, p;
} gcut_lp_normalization_attrs;

typedef struct gcut_mvn_attrs {
  gcut_ints axes;
} gcut_mvn_attrs;

// The axes of MeanVarianceNormalization: those given, or 0, 2 and 3.
gcut_ints gcut__mvn_axes(const gcut_mvn_attrs *attrs);

#endif
