// Attributes of RoiAlign, MaxRoiPool and NonMaxSuppression.
#ifndef GCUT_TRACER_OPS_DETECTION_H
#define GCUT_TRACER_OPS_DETECTION_H

#include "tracer/ops/op.h"

typedef struct gcut__roi_align_attrs {
  gcut_string mode; // avg, max
  gcut_string coordinate_transformation_mode;
  int64_t output_height, output_width, sampling_ratio;
  float spatial_scale;
} gcut__roi_align_attrs;

typedef struct gcut__max_roi_pool_attrs {
  gcut_ints pooled_shape;
  float spatial_scale;
} gcut__max_roi_pool_attrs;

typedef struct gcut__nms_attrs {
  int64_t center_point_box; // boxes are centre and size, not two corners
} gcut__nms_attrs;

// Whether coordinates are shifted by half a pixel: opset 16 made that the default.
GCUT_MUST_USE bool gcut__roi_half_pixel(const gcut_node *node, const gcut__roi_align_attrs *attrs);

#endif
