// Resize and Upsample: what infer and the kernel both need to know about sizes and scales.
#ifndef GCUT_TRACER_OPS_RESIZE_H
#define GCUT_TRACER_OPS_RESIZE_H

#include "tracer/ops/op.h"

typedef struct gcut_resize_attrs {
  gcut_string mode, nearest_mode, coordinate_transformation_mode, keep_aspect_ratio_policy;
  gcut_ints axes;
  int64_t exclude_outside, antialias;
  float cubic_coeff_a, extrapolation_value;
  float height_scale, width_scale; // Upsample 1
  gcut_floats scales;              // Upsample 7
} gcut_resize_attrs;

typedef enum gcut_resize_mode {
  GCUT_RESIZE_NEAREST,
  GCUT_RESIZE_LINEAR,
  GCUT_RESIZE_CUBIC
} gcut_resize_mode;

typedef enum gcut_resize_transform {
  GCUT_RESIZE_HALF_PIXEL,
  GCUT_RESIZE_HALF_PIXEL_SYMMETRIC,
  GCUT_RESIZE_PYTORCH_HALF_PIXEL,
  GCUT_RESIZE_ALIGN_CORNERS,
  GCUT_RESIZE_ASYMMETRIC,
  GCUT_RESIZE_TF_HALF_PIXEL_FOR_NN,
  GCUT_RESIZE_TF_CROP,
} gcut_resize_transform;

typedef enum gcut_resize_nearest {
  GCUT_RESIZE_ROUND_PREFER_FLOOR,
  GCUT_RESIZE_ROUND_PREFER_CEIL,
  GCUT_RESIZE_FLOOR,
  GCUT_RESIZE_CEIL,
  GCUT_RESIZE_SIMPLE, // before opset 11: ceil when shrinking, else floor
} gcut_resize_nearest;

typedef struct gcut_resize_rules {
  gcut_resize_mode mode;
  gcut_resize_transform transform;
  gcut_resize_nearest nearest;
} gcut_resize_rules;

// The rules that a node's strings and version name. NULL, or what is wrong.
const char *gcut__resize_rules(const gcut_node *node, const gcut_resize_attrs *attrs,
                               gcut_resize_rules *out);

// One resized axis.
typedef struct gcut_resize_axis {
  int64_t in, out;
  double scale;
} gcut_resize_axis;

// Fill `out` and `scale` of axes whose `in` is set. NULL, or what is wrong.
const char *gcut__resize_by_scales(const double *scales, size_t n, gcut_resize_axis *axes);
const char *gcut__resize_by_sizes(const gcut_resize_attrs *attrs, const int64_t *sizes, size_t n,
                                  gcut_resize_axis *axes);

// Scales of Upsample before opset 9, one a dim, from its attributes (rank of them are written).
// Their number.
size_t gcut__upsample_scales(const gcut_node *node, const gcut_resize_attrs *attrs, int rank,
                             double *out);

// Where the node's operands stand: inputs, or GCUT_NONE.
typedef struct gcut_resize_inputs {
  uint32_t roi, scales, sizes;
} gcut_resize_inputs;
gcut_resize_inputs gcut__resize_inputs(const gcut_node *node);

#endif
