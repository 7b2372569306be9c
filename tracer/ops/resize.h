// Resize and Upsample: what infer and the kernel both need to know about sizes and scales.
#ifndef GCUT_TRACER_OPS_RESIZE_H
#define GCUT_TRACER_OPS_RESIZE_H

#include "tracer/ops/op.h"

typedef struct gcut__resize_attrs {
  gcut_string mode, nearest_mode, coordinate_transformation_mode, keep_aspect_ratio_policy;
  gcut_ints axes;
  int64_t exclude_outside, antialias;
  float cubic_coeff_a, extrapolation_value;
  float height_scale, width_scale; // Upsample 1
  gcut_floats scales;              // Upsample 7
} gcut__resize_attrs;

typedef enum gcut__resize_mode {
  GCUT__RESIZE_NEAREST,
  GCUT__RESIZE_LINEAR,
  GCUT__RESIZE_CUBIC
} gcut__resize_mode;

typedef enum gcut__resize_transform {
  GCUT__RESIZE_HALF_PIXEL,
  GCUT__RESIZE_HALF_PIXEL_SYMMETRIC,
  GCUT__RESIZE_PYTORCH_HALF_PIXEL,
  GCUT__RESIZE_ALIGN_CORNERS,
  GCUT__RESIZE_ASYMMETRIC,
  GCUT__RESIZE_TF_HALF_PIXEL_FOR_NN,
  GCUT__RESIZE_TF_CROP,
} gcut__resize_transform;

typedef enum gcut__resize_nearest {
  GCUT__RESIZE_ROUND_PREFER_FLOOR,
  GCUT__RESIZE_ROUND_PREFER_CEIL,
  GCUT__RESIZE_FLOOR,
  GCUT__RESIZE_CEIL,
  GCUT__RESIZE_SIMPLE, // before opset 11: ceil when shrinking, else floor
} gcut__resize_nearest;

typedef struct gcut__resize_rules {
  gcut__resize_mode mode;
  gcut__resize_transform transform;
  gcut__resize_nearest nearest;
} gcut__resize_rules;

// The rules that a node's strings and version name. NULL, or what is wrong.
const char *gcut__resize_rules_of(const gcut_node *node, const gcut__resize_attrs *attrs,
                                  gcut__resize_rules *out);

// One resized axis.
typedef struct gcut__resize_axis {
  int64_t in, out;
  double scale;
} gcut__resize_axis;

// Fill `out` and `scale` of axes whose `in` is set. NULL, or what is wrong.
const char *gcut__resize_by_scales(const double *scales, size_t n, gcut__resize_axis *axes);
const char *gcut__resize_by_sizes(const gcut__resize_attrs *attrs, const int64_t *sizes, size_t n,
                                  gcut__resize_axis *axes);

// Scales of Upsample before opset 9, one a dim, from its attributes (rank of them are written).
// Their number.
size_t gcut__upsample_scales(const gcut_node *node, const gcut__resize_attrs *attrs, int rank,
                             double *out);

// Where the node's operands stand: inputs, or GCUT_NONE.
typedef struct gcut__resize_inputs {
  uint32_t roi, scales, sizes;
} gcut__resize_inputs;
gcut__resize_inputs gcut__resize_inputs_of(const gcut_node *node);

#endif
