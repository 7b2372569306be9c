// Resize and Upsample: sizes from scales, or scales from sizes.
//
// Inputs of Resize: X, roi, scales, sizes (in opset 10: X, scales); of Upsample 9: X, scales, and
// before that attributes. An empty tensor counts as absent. Sizes follow
// https://onnx.ai/onnx/operators/onnx__Resize.html; a size from a scale is the floor of a product
// in float, as runtimes compute it, so that a scale of 0.7f makes 10 into 7.
#include "tracer/ops/resize.h"

#include <inttypes.h>
#include <math.h>

#include "tracer/ops/expect.h"

// ---- names ------------------------------------------------------------------------------------

// Index of the string in the list, which ends with NULL; -1 where it is not there.
static int choose(gcut_string text, const char *const *names) {
  for (int i = 0; names[i]; i++)
    if (text.size == strlen(names[i]) && memcmp(text.data, names[i], text.size) == 0) return i;
  return -1;
}

static const char *const transforms[] = {
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
    "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL};
static const char *const nearest_modes[] = {"round_prefer_floor", "round_prefer_ceil", "floor",
                                            "ceil", NULL};
static const char *const modes[] = {"nearest", "linear", "cubic", "bilinear", NULL};
static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};

static bool is_upsample(const gcut_node *node) {
  return strcmp(node->op_type, "Upsample") == 0;
}

const char *gcut__resize_rules_of(const gcut_node *node, const gcut__resize_attrs *attrs,
                                  gcut__resize_rules *out) {
  int mode = choose(attrs->mode, modes);
  int transform = choose(attrs->coordinate_transformation_mode, transforms);
  int nearest = choose(attrs->nearest_mode, nearest_modes);
  if (mode < 0) return "mode is none of nearest, linear and cubic";
  if (transform < 0) return "unknown coordinate_transformation_mode";
  if (nearest < 0) return "unknown nearest_mode";
  out->mode = mode == 3 ? GCUT__RESIZE_LINEAR : (gcut__resize_mode)mode;
  out->transform = (gcut__resize_transform)transform;
  out->nearest = (gcut__resize_nearest)nearest;
  if (is_upsample(node) || node->version < 11) {
    out->transform = GCUT__RESIZE_ASYMMETRIC;
    out->nearest = GCUT__RESIZE_SIMPLE;
  }
  return NULL;
}

gcut__resize_inputs gcut__resize_inputs_of(const gcut_node *node) {
  if (is_upsample(node) || node->version < 11)
    return (gcut__resize_inputs){GCUT_NONE, 1, GCUT_NONE};
  return (gcut__resize_inputs){1, 2, 3};
}

// ---- sizes ------------------------------------------------------------------------------------

const char *gcut__resize_by_scales(const double *scales, size_t n, gcut__resize_axis *axes) {
  for (size_t i = 0; i < n; i++) {
    if (!(scales[i] > 0) || isinf(scales[i])) return "a scale is not a positive number";
    double size = (double)floorf((float)axes[i].in * (float)scales[i]);
    if (scales[i] == floor(scales[i])) size = (double)axes[i].in * scales[i]; // also past 2^24
    if (size > 0x1p52) return "a scaled size is too large";
    axes[i].scale = scales[i];
    axes[i].out = (int64_t)size;
  }
  return NULL;
}

const char *gcut__resize_by_sizes(const gcut__resize_attrs *attrs, const int64_t *sizes, size_t n,
                                  gcut__resize_axis *axes) {
  int policy = choose(attrs->keep_aspect_ratio_policy, policies);
  if (policy < 0) return "unknown keep_aspect_ratio_policy";
  double least = INFINITY, most = 0;
  for (size_t i = 0; i < n; i++) {
    if (sizes[i] < 0) return "a size is negative";
    axes[i].out = sizes[i];
    axes[i].scale = axes[i].in > 0 ? (double)sizes[i] / (double)axes[i].in : 1;
    least = fmin(least, axes[i].scale), most = fmax(most, axes[i].scale);
  }
  for (size_t i = 0; policy > 0 && i < n; i++) {
    axes[i].scale = policy == 1 ? least : most;
    double size = floor(axes[i].scale * (double)axes[i].in + 0.5);
    if (size > 0x1p52) return "a scaled size is too large";
    axes[i].out = (int64_t)size;
  }
  return NULL;
}

// floor(in * scale) of a symbolic size: known where the scale is a multiple of 1/256.
static gcut_dim scale_symbol(gcut_infer *c, gcut_dim in, double scale) {
  double whole = scale * 256;
  if (scale == floor(scale) && scale < 0x1p30) return gcut_dim_mul(c->dims, in, (int64_t)scale);
  if (whole != floor(whole) || !(whole < 0x1p30)) return gcut_dim_fresh(c->dims);
  return gcut_dim_floor_div(c->dims, gcut_dim_mul(c->dims, in, (int64_t)whole), 256);
}

// ---- inference --------------------------------------------------------------------------------

typedef struct resized {
  int axes[GCUT_MAX_RANK];
  size_t n;
  gcut_dim dims[GCUT_MAX_RANK]; // of the output
  int rank;
} resized;

// The axes that scales and sizes speak of: all, unless the node says which.
static gcut_status read_axes(gcut_infer *c, resized *r, gcut_error *err) {
  const gcut__resize_attrs *attrs = c->attrs;
  r->rank = gcut_infer_rank(c, 0);
  r->n = attrs->axes.given ? attrs->axes.n : (size_t)r->rank;
  for (int i = 0; i < r->rank; i++) r->dims[i] = gcut_infer_dims(c, 0)[i], r->axes[i] = i;
  if (!attrs->axes.given) return GCUT_OK;
  return gcut_infer_axes(c, attrs->axes.data, attrs->axes.n, r->rank, r->axes, err);
}

// The numbers among the axes' sizes; whether all are.
static bool known_axes(const resized *r, gcut__resize_axis *axes) {
  bool all = true;
  for (size_t i = 0; i < r->n; i++) {
    gcut_dim size = r->dims[r->axes[i]];
    if (gcut_dim_known(size))
      axes[i].in = size;
    else
      all = false;
  }
  return all;
}

static gcut_status accept(gcut_infer *c, resized *r, const gcut__resize_axis *axes,
                          const char *problem, gcut_error *err) {
  if (problem) return GCUT_NODE_FAIL(c, err, "%s", problem);
  for (size_t i = 0; i < r->n; i++) {
    if (axes[i].in == 0 && axes[i].out > 0)
      return GCUT_NODE_FAIL(c, err, "dim %d has size 0 and cannot become %" PRId64, r->axes[i],
                            axes[i].out);
    r->dims[r->axes[i]] = axes[i].out;
  }
  return GCUT_OK;
}

static gcut_status by_scales(gcut_infer *c, const double *scales, size_t n, resized *r,
                             gcut_error *err) {
  gcut__resize_axis axes[GCUT_MAX_RANK] = {{0}};
  if (n != r->n) return GCUT_NODE_FAIL(c, err, "%zu scales for %zu axes", n, r->n);
  bool known = known_axes(r, axes);
  const char *problem = gcut__resize_by_scales(scales, n, axes);
  if (known || problem) return accept(c, r, axes, problem, err);
  for (size_t i = 0; i < n; i++)
    r->dims[r->axes[i]] = gcut_dim_known(r->dims[r->axes[i]])
                              ? axes[i].out
                              : scale_symbol(c, r->dims[r->axes[i]], scales[i]);
  return GCUT_OK;
}

static gcut_status by_sizes(gcut_infer *c, const gcut_dim *sizes, size_t n, resized *r,
                            gcut_error *err) {
  const gcut__resize_attrs *attrs = c->attrs;
  gcut__resize_axis axes[GCUT_MAX_RANK] = {{0}};
  if (n != r->n) return GCUT_NODE_FAIL(c, err, "%zu sizes for %zu axes", n, r->n);
  bool known = known_axes(r, axes),
       stretch = choose(attrs->keep_aspect_ratio_policy, policies) == 0;
  for (size_t i = 0; i < n; i++) known = known && gcut_dim_known(sizes[i]);
  if (known) return accept(c, r, axes, gcut__resize_by_sizes(attrs, sizes, n, axes), err);
  for (size_t i = 0; i < n; i++) r->dims[r->axes[i]] = stretch ? sizes[i] : gcut_dim_fresh(c->dims);
  return GCUT_OK;
}

// Present, and not known to be empty.
static bool given(const gcut_infer *c, uint32_t i) {
  return i != GCUT_NONE && gcut_infer_has(c, i) &&
         !(gcut_infer_rank(c, i) == 1 && gcut_infer_dims(c, i)[0] == 0);
}

static gcut_status expect_roi(gcut_infer *c, uint32_t roi, const resized *r, gcut_error *err) {
  const double *values;
  uint32_t n;
  if (!given(c, roi)) return GCUT_NODE_FAIL(c, err, "tf_crop_and_resize needs roi");
  GCUT_TRY(gcut_infer_expect_rank(c, roi, 1, 1, err));
  if (gcut_infer_floats(c, roi, &values, &n) && n != 2 * r->n)
    return GCUT_NODE_FAIL(c, err, "roi has %u elements for %zu axes", n, r->n);
  return GCUT_OK;
}

static gcut_status resize_sizes(gcut_infer *c, resized *r, gcut_error *err) {
  gcut__resize_inputs in = gcut__resize_inputs_of(c->node);
  const gcut_dim *sizes;
  const double *scales;
  uint32_t n;
  bool has_scales = given(c, in.scales), has_sizes = given(c, in.sizes);
  if (has_scales == has_sizes)
    return GCUT_NODE_FAIL(c, err, "expected either scales or sizes, found %s",
                          has_scales ? "both" : "neither");
  GCUT_TRY(gcut_infer_expect_rank(c, has_scales ? in.scales : in.sizes, 1, 1, err));
  if (has_scales && gcut_infer_floats(c, in.scales, &scales, &n))
    return by_scales(c, scales, n, r, err);
  if (has_sizes && gcut_infer_content(c, in.sizes, &sizes, &n))
    return by_sizes(c, sizes, n, r, err);
  for (size_t i = 0; i < r->n; i++) r->dims[r->axes[i]] = gcut_dim_fresh(c->dims);
  return GCUT_OK;
}

static gcut_status resize_infer(gcut_infer *c, gcut_error *err) {
  const gcut__resize_attrs *attrs = c->attrs;
  gcut__resize_rules rules;
  resized r;
  const char *problem = gcut__resize_rules_of(c->node, attrs, &rules);
  if (problem) return GCUT_NODE_FAIL(c, err, "%s", problem);
  if (attrs->antialias && rules.mode == GCUT__RESIZE_NEAREST)
    return GCUT_NODE_FAIL(c, err, "antialias goes with linear and cubic only");
  GCUT_TRY(read_axes(c, &r, err));
  if (rules.transform == GCUT__RESIZE_TF_CROP)
    GCUT_TRY(expect_roi(c, gcut__resize_inputs_of(c->node).roi, &r, err));
  GCUT_TRY(resize_sizes(c, &r, err));
  return gcut_infer_set(c, 0, 0, r.rank, r.dims, err);
}

// Before opset 9 the scales are attributes: of all dims, or of the last two.
static gcut_status upsample_infer(gcut_infer *c, gcut_error *err) {
  const gcut__resize_attrs *attrs = c->attrs;
  double scales[GCUT_MAX_RANK];
  resized r;
  if (c->node->version >= 9) return resize_infer(c, err);
  gcut__resize_rules rules;
  if (c->n_inputs > 1) return GCUT_NODE_FAIL(c, err, "before opset 9 scales are attributes");
  const char *problem = gcut__resize_rules_of(c->node, attrs, &rules);
  if (problem) return GCUT_NODE_FAIL(c, err, "%s", problem);
  GCUT_TRY(read_axes(c, &r, err));
  size_t n = gcut__upsample_scales(c->node, attrs, r.rank, scales);
  if (n != r.n) return GCUT_NODE_FAIL(c, err, "%zu scales for %zu axes", n, r.n);
  GCUT_TRY(by_scales(c, scales, n, &r, err));
  return gcut_infer_set(c, 0, 0, r.rank, r.dims, err);
}

size_t gcut__upsample_scales(const gcut_node *node, const gcut__resize_attrs *attrs, int rank,
                             double *out) {
  for (int i = 0; i < rank; i++) out[i] = 1;
  if (node->version < 7) {
    if (rank != 4) return 0;
    out[2] = (double)attrs->height_scale, out[3] = (double)attrs->width_scale;
    return 4;
  }
  for (size_t i = 0; i < attrs->scales.n && i < (size_t)rank; i++)
    out[i] = (double)attrs->scales.data[i];
  return attrs->scales.n;
}

// A multiply-add a tap.
static double resize_flops(const gcut_infer *c) {
  const gcut__resize_attrs *attrs = c->attrs;
  int mode = choose(attrs->mode, modes);
  return gcut_fact_count(&c->outputs[0]) * (mode == 0 ? 0 : mode == 2 ? 32 : 8);
}

static const gcut_attr_row resize_rows[] = {
    GCUT_ATTR_STRING(gcut__resize_attrs, mode, "nearest"),
    GCUT_ATTR_STRING(gcut__resize_attrs, nearest_mode, "round_prefer_floor"),
    GCUT_ATTR_STRING(gcut__resize_attrs, coordinate_transformation_mode, "half_pixel"),
    GCUT_ATTR_STRING(gcut__resize_attrs, keep_aspect_ratio_policy, "stretch"),
    GCUT_ATTR_INTS(gcut__resize_attrs, axes),
    GCUT_ATTR_INT(gcut__resize_attrs, exclude_outside, 0),
    GCUT_ATTR_INT(gcut__resize_attrs, antialias, 0),
    GCUT_ATTR_FLOAT(gcut__resize_attrs, cubic_coeff_a, -0.75f),
    GCUT_ATTR_FLOAT(gcut__resize_attrs, extrapolation_value, 0),
    {0},
};

static const gcut_attr_row upsample_rows[] = {
    GCUT_ATTR_STRING(gcut__resize_attrs, mode, "nearest"),
    GCUT_ATTR_STRING(gcut__resize_attrs, nearest_mode, "round_prefer_floor"),
    GCUT_ATTR_STRING(gcut__resize_attrs, coordinate_transformation_mode, "asymmetric"),
    GCUT_ATTR_STRING(gcut__resize_attrs, keep_aspect_ratio_policy, "stretch"),
    GCUT_ATTR_FLOAT(gcut__resize_attrs, height_scale, 1),
    GCUT_ATTR_FLOAT(gcut__resize_attrs, width_scale, 1),
    GCUT_ATTR_FLOATS(gcut__resize_attrs, scales),
    {0},
};

const gcut_op gcut__op_resize = {
    .inputs = "TU?f?i?",
    .outputs = "T",
    .U = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(DOUBLE),
    .attrs = resize_rows,
    .attrs_size = sizeof(gcut__resize_attrs),
    .infer = resize_infer,
    .flops = resize_flops,
};

const gcut_op gcut__op_upsample = {
    .inputs = "Tf?",
    .outputs = "T",
    .attrs = upsample_rows,
    .attrs_size = sizeof(gcut__resize_attrs),
    .infer = upsample_infer,
    .flops = resize_flops,
};
