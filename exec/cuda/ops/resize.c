// Resize and Upsample: nearest of any type, linear and cubic of real ones and of integers that
// float64 holds.
#include "tracer/ops/resize.h"

#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/resize.h"

_Static_assert((int)GCUT__RESIZE_TF_CROP == 6 && (int)GCUT__RESIZE_SIMPLE == 4 &&
                   (int)GCUT__RESIZE_CUBIC == 2,
               "resize.cu numbers them so");

enum { MOST_TAPS = 4096 }; // of an axis, antialiased

// The elements of a constant of floats; false where they are not known.
static bool read_floats(const gcut__cuda_compile *c, uint32_t i, double *out, size_t room,
                        size_t *n) {
  uint32_t v = i < c->node->n_inputs ? gcut_node_inputs(c->trace->graph, c->node)[i] : GCUT_NONE;
  const gcut_constant *k = v == GCUT_NONE ? NULL : c->trace->facts[v].constant;
  if (!k || !k->data || k->type != GCUT_FLOAT || k->bytes / 4 > room) return false;
  *n = k->bytes / 4;
  for (size_t e = 0; e < *n; e++) {
    float x;
    memcpy(&x, (const char *)k->data + 4 * e, 4);
    out[e] = (double)x;
  }
  return true;
}

// Sizes and scales of the axes that the node speaks of; false where they are not known.
static bool read_sizes(const gcut__cuda_compile *c, int rank, gcut__resize_axis *axes, size_t n) {
  const gcut__resize_attrs *attrs = c->node->attrs;
  gcut__resize_inputs in = gcut__resize_inputs_of(c->node);
  const gcut_type *sizes = in.sizes == GCUT_NONE ? NULL : gcut__cuda_input_type(c, in.sizes);
  double scales[GCUT_MAX_RANK];
  int64_t wanted[GCUT_MAX_RANK];
  size_t given = 0;
  if (sizes && gcut__cuda_count(sizes) > 0)
    return gcut__cuda_read_ints(c, in.sizes, wanted, GCUT_MAX_RANK) == (int)n &&
           !gcut__resize_by_sizes(attrs, wanted, n, axes);
  if (c->node->n_inputs > 1 && !read_floats(c, in.scales, scales, GCUT_MAX_RANK, &given))
    return false;
  if (c->node->n_inputs <= 1) given = gcut__upsample_scales(c->node, attrs, rank, scales);
  return given == n && !gcut__resize_by_scales(scales, n, axes);
}

// What is cropped to of each axis, where cropping; the whole else.
static bool read_crop(const gcut__cuda_compile *c, bool crops, size_t n, double *crop) {
  size_t given;
  for (size_t i = 0; i < n; i++) crop[i] = 0, crop[n + i] = 1;
  return !crops ||
         (read_floats(c, gcut__resize_inputs_of(c->node).roi, crop, 2 * GCUT_MAX_RANK, &given) &&
          given == 2 * n);
}

// Whether an axis is weighed from so few elements that a thread may.
static bool few_taps(const gcut__cuda_resize_job *job, const gcut__cuda_resize_axis *a) {
  return !job->antialias || a->scale >= 1 || 4 / a->scale < MOST_TAPS;
}

static bool fill_axes(const gcut__cuda_compile *c, gcut__cuda_resize_job *job) {
  const gcut__resize_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0), *y = gcut__cuda_output_type(c, 0);
  gcut__resize_axis axes[GCUT_MAX_RANK] = {{0}};
  int64_t strides[GCUT_MAX_RANK];
  double crop[2 * GCUT_MAX_RANK];
  int which[GCUT_MAX_RANK];
  size_t n = attrs->axes.given ? attrs->axes.n : (size_t)x->rank;
  gcut__cuda_strides(x, strides);
  for (size_t i = 0; i < n; i++) {
    int64_t axis = attrs->axes.given ? attrs->axes.data[i] : (int64_t)i;
    which[i] = (int)(axis < 0 ? axis + x->rank : axis);
    axes[i].in = x->dims[which[i]];
  }
  bool crops = job->transform == (int32_t)GCUT__RESIZE_TF_CROP;
  if (!read_sizes(c, x->rank, axes, n) || !read_crop(c, crops, n, crop)) return false;
  for (int d = 0; d < x->rank; d++)
    job->axes[d] = (gcut__cuda_resize_axis){x->dims[d], x->dims[d], strides[d], 1, 0, 1, true};
  for (size_t i = 0; i < n; i++) {
    gcut__cuda_resize_axis *a = &job->axes[which[i]];
    a->out = axes[i].out;
    a->scale = axes[i].scale;
    a->from = crop[i];
    a->to = crop[n + i];
    a->same = axes[i].in == axes[i].out && axes[i].scale == 1 && a->from == 0 && a->to == 1;
    if (!few_taps(job, a)) return false;
  }
  for (int d = 0; d < x->rank; d++)
    if (job->axes[d].out != y->dims[d] || job->axes[d].in == 0) return false;
  return true;
}

// Nearest elements and two neighbours have kernels of their own.
static bool weighs(const gcut__resize_attrs *attrs, const gcut__resize_rules *rules,
                   const gcut_type *x) {
  if (rules->transform == GCUT__RESIZE_TF_CROP || rules->mode == GCUT__RESIZE_CUBIC) return true;
  return rules->mode == GCUT__RESIZE_LINEAR &&
         (attrs->antialias || attrs->exclude_outside || !gcut__cuda_is_real(x->type));
}

gcut_status gcut__cuda_compile_resize(const gcut__cuda_compile *c, gcut_error *err) {
  const gcut__resize_attrs *attrs = c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(c, 0);
  gcut__resize_rules rules;
  static const gcut__cuda_pointer pointers[] = {GCUT_CUDA_IN(gcut__cuda_resize_job, x, 0),
                                                GCUT_CUDA_OUT(gcut__cuda_resize_job, y, 0)};
  if (gcut__resize_rules_of(c->node, attrs, &rules)) return GCUT_OK;
  gcut__cuda_resize_job job = {.count = (int64_t)gcut__cuda_count(gcut__cuda_output_type(c, 0)),
                               .rank = x->rank,
                               .mode = (int32_t)rules.mode,
                               .transform = (int32_t)rules.transform,
                               .nearest = (int32_t)rules.nearest,
                               .type = x->type,
                               .size = gcut__cuda_element_bytes(x->type),
                               .whole = rules.mode != GCUT__RESIZE_NEAREST &&
                                        gcut__cuda_is_integer32(x->type),
                               .antialias = attrs->antialias != 0,
                               .exclude = attrs->exclude_outside != 0,
                               .cubic = (double)attrs->cubic_coeff_a,
                               .outside = (double)attrs->extrapolation_value};
  bool weighed = weighs(attrs, &rules, x);
  if ((weighed && !gcut__cuda_is_real(x->type) && !gcut__cuda_is_integer32(x->type)) || !job.size ||
      x->rank == 0 || x->rank > GCUT_CUDA_RESIZE_DIMS || job.count == 0 || !fill_axes(c, &job))
    return GCUT_OK;
  return GCUT_CUDA_PLAIN(c, weighed ? "gcut_resize_weighed" : "gcut_resize", &job,
                         (uint64_t)job.count, 0, pointers, err);
}
