// RoiAlign, MaxRoiPool: regions of a feature map, each pooled to one size. NonMaxSuppression: the
// best boxes of each class that do not overlap much.
#include "tracer/ops/detection.h"

#include <inttypes.h>

#include "tracer/ops/expect.h"

static bool is(gcut_string text, const char *name) {
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

bool gcut__roi_half_pixel(const gcut_node *node, const gcut__roi_align_attrs *attrs) {
  if (attrs->coordinate_transformation_mode.size == 0) return node->version >= 16;
  return is(attrs->coordinate_transformation_mode, "half_pixel");
}

static gcut_status pooled_infer(gcut_infer *c, int64_t height, int64_t width, gcut_error *err) {
  if (height < 1 || width < 1)
    return GCUT_NODE_FAIL(c, err, "output of %" PRId64 " by %" PRId64, height, width);
  gcut_dim y[] = {gcut_infer_dims(c, 1)[0], gcut_infer_dims(c, 0)[1], height, width};
  return gcut_infer_set(c, 0, 0, 4, y, err);
}

static gcut_status roi_align_infer(gcut_infer *c, gcut_error *err) {
  const gcut__roi_align_attrs *attrs = c->attrs;
  gcut_string transform = attrs->coordinate_transformation_mode;
  if (!is(attrs->mode, "avg") && !is(attrs->mode, "max"))
    return GCUT_NODE_FAIL(c, err, "mode is neither avg nor max");
  if (transform.size > 0 && !is(transform, "half_pixel") && !is(transform, "output_half_pixel"))
    return GCUT_NODE_FAIL(c, err, "unknown coordinate_transformation_mode");
  gcut_dim rois[] = {GCUT_DIM_INVALID, 4};
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 4, 4, err));
  GCUT_TRY(gcut__expect_shape(c, 1, 2, rois, "rois", err));
  GCUT_TRY(gcut__expect_shape(c, 2, 1, gcut_infer_dims(c, 1), "batch_indices", err));
  return pooled_infer(c, attrs->output_height, attrs->output_width, err);
}

static double roi_align_flops(const gcut_infer *c) {
  const gcut__roi_align_attrs *attrs = c->attrs;
  double samples = attrs->sampling_ratio > 0 ? (double)attrs->sampling_ratio : 2;
  return 8 * samples * samples * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row roi_align_rows[] = {
    GCUT_ATTR_STRING(gcut__roi_align_attrs, mode, "avg"),
    GCUT_ATTR_STRING(gcut__roi_align_attrs, coordinate_transformation_mode, ""),
    GCUT_ATTR_INT(gcut__roi_align_attrs, output_height, 1),
    GCUT_ATTR_INT(gcut__roi_align_attrs, output_width, 1),
    GCUT_ATTR_INT(gcut__roi_align_attrs, sampling_ratio, 0),
    GCUT_ATTR_FLOAT(gcut__roi_align_attrs, spatial_scale, 1),
    {0},
};

const gcut_op gcut__op_roi_align = {
    .inputs = "TTi",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = roi_align_rows,
    .attrs_size = sizeof(gcut__roi_align_attrs),
    .infer = roi_align_infer,
    .flops = roi_align_flops,
};

static gcut_status max_roi_pool_infer(gcut_infer *c, gcut_error *err) {
  const gcut__max_roi_pool_attrs *attrs = c->attrs;
  gcut_dim rois[] = {GCUT_DIM_INVALID, 5};
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 4, 4, err));
  GCUT_TRY(gcut__expect_shape(c, 1, 2, rois, "rois", err));
  if (attrs->pooled_shape.n != 2)
    return GCUT_NODE_FAIL(c, err, "pooled_shape has %zu sizes, expected 2", attrs->pooled_shape.n);
  return pooled_infer(c, attrs->pooled_shape.data[0], attrs->pooled_shape.data[1], err);
}

static const gcut_attr_row max_roi_pool_rows[] = {
    GCUT_ATTR_INTS_REQUIRED(gcut__max_roi_pool_attrs, pooled_shape),
    GCUT_ATTR_FLOAT(gcut__max_roi_pool_attrs, spatial_scale, 1),
    {0},
};

const gcut_op gcut__op_max_roi_pool = {
    .inputs = "TT",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = max_roi_pool_rows,
    .attrs_size = sizeof(gcut__max_roi_pool_attrs),
    .infer = max_roi_pool_infer,
};

// Inputs: boxes [batch, boxes, 4], scores [batch, classes, boxes], and three optional numbers.
static gcut_status nms_infer(gcut_infer *c, gcut_error *err) {
  const gcut__nms_attrs *attrs = c->attrs;
  if (attrs->center_point_box != 0 && attrs->center_point_box != 1)
    return GCUT_NODE_FAIL(c, err, "center_point_box is %" PRId64, attrs->center_point_box);
  gcut_dim boxes[] = {GCUT_DIM_INVALID, GCUT_DIM_INVALID, 4};
  GCUT_TRY(gcut__expect_shape(c, 0, 3, boxes, "boxes", err));
  gcut_dim scores[] = {gcut_infer_dims(c, 0)[0], GCUT_DIM_INVALID, gcut_infer_dims(c, 0)[1]};
  GCUT_TRY(gcut__expect_shape(c, 1, 3, scores, "scores", err));
  for (uint32_t i = 2; i < 5; i++) {
    if (!gcut_infer_has(c, i)) continue;
    GCUT_TRY(gcut_infer_expect_rank(c, i, 0, 1, err));
    if (gcut_infer_rank(c, i) == 1 && gcut_dim_known(gcut_infer_dims(c, i)[0]) &&
        gcut_infer_dims(c, i)[0] > 1)
      return GCUT_NODE_FAIL(c, err, "input %u has more than one element", i);
  }
  gcut_dim selected[] = {gcut_dim_fresh(c->dims), 3};
  return gcut_infer_set(c, 0, GCUT_INT64, 2, selected, err);
}

static const gcut_attr_row nms_rows[] = {
    GCUT_ATTR_INT(gcut__nms_attrs, center_point_box, 0),
    {0},
};

const gcut_op gcut__op_non_max_suppression = {
    .inputs = "ffi?f?f?",
    .outputs = "i",
    .attrs = nms_rows,
    .attrs_size = sizeof(gcut__nms_attrs),
    .infer = nms_infer,
};
