// Rules of operators that work along some axes of input 0 and leave the others alone: the batch
// must lie along one of the others.
#include "tracer/ops/arg.h"
#include "tracer/ops/normalization.h"
#include "tracer/ops/reduce.h"
#include "tracer/ops/softmax.h"
#include "tracer/ops/topk.h"
#include "tracer/slicing/slicing.h"

// Input 0 carries the batch and nothing else does: NULL.
static const char *check_first(const gcut__slicer *s) {
  if (gcut__slice_in(s, 0)->carry == GCUT__SIZES) return gcut__slice_sizes;
  if (gcut__slice_in(s, 0)->carry == GCUT__COUNTS) return gcut__slice_counts;
  return gcut__slice_in(s, 0)->carry == GCUT__ALONG && gcut__slice_same_from(s, 1)
             ? NULL
             : gcut__slice_disagree;
}

static const char *keep_axis(gcut__slicer *s, bool touched) {
  const char *why = check_first(s);
  if (why) return why;
  if (touched) return gcut__slice_along;
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++)
    gcut__slice_set(s, o, gcut__slice_in(s, 0)->axis);
  return NULL;
}

// Along one axis.
static const char *but_axis(gcut__slicer *s, int64_t axis) {
  int rank = gcut_infer_rank(&s->c, 0);
  return keep_axis(s, gcut__slice_in(s, 0)->axis == axis + (axis < 0 ? rank : 0));
}

// Along that axis and all that follow. The other inputs must not reach before it.
static const char *before_axis(gcut__slicer *s, int64_t axis) {
  int rank = gcut_infer_rank(&s->c, 0);
  if (axis < 0) axis += rank;
  for (uint32_t i = 1; i < s->c.n_inputs; i++)
    if (gcut__slice_has(s, i) && gcut_infer_rank(&s->c, i) >= rank) return gcut__slice_disagree;
  for (uint32_t i = 1; i < s->c.n_inputs; i++)
    if (gcut__slice_has(s, i) && gcut_infer_rank(&s->c, i) > rank - 1 - gcut__slice_in(s, 0)->axis)
      return gcut__slice_disagree;
  return keep_axis(s, gcut__slice_in(s, 0)->axis >= axis);
}

const char *gcut__slice_softmax(gcut__slicer *s) {
  int64_t axis = gcut__softmax_axis(s->c.node, s->c.attrs);
  return s->c.node->version < 13 ? before_axis(s, axis) : but_axis(s, axis);
}

const char *gcut__slice_layer_norm(gcut__slicer *s) {
  const gcut__layer_norm_attrs *attrs = s->c.attrs;
  return before_axis(s, attrs->axis);
}

const char *gcut__slice_lp_norm(gcut__slicer *s) {
  const gcut__lp_normalization_attrs *attrs = s->c.attrs;
  return but_axis(s, attrs->axis);
}

// The elements of output `o` are places along that axis of input 0.
static void number_axis(gcut__slicer *s, uint32_t o, int axis) {
  gcut__sliced *out = gcut__slice_out(s, o);
  if (!out) return;
  out->bounded = true;
  out->low = 0;
  out->high = gcut_dim_sub(s->c.dims, gcut_infer_dims(&s->c, 0)[axis], 1);
}

const char *gcut__slice_topk(gcut__slicer *s) {
  const gcut__topk_attrs *attrs = s->c.attrs;
  const char *why = but_axis(s, attrs->axis);
  int rank = gcut_infer_rank(&s->c, 0);
  if (!why) number_axis(s, 1, (int)attrs->axis + (attrs->axis < 0 ? rank : 0));
  return why;
}

// Of each row, or of each matrix.
const char *gcut__slice_rows(gcut__slicer *s) {
  return but_axis(s, -1);
}

const char *gcut__slice_trilu(gcut__slicer *s) {
  return keep_axis(s, gcut__slice_in(s, 0)->axis >= gcut_infer_rank(&s->c, 0) - 2);
}

const char *gcut__slice_mean_variance(gcut__slicer *s) {
  static const int64_t standard[] = {0, 2, 3};
  const gcut__mvn_attrs *attrs = s->c.attrs;
  const int64_t *axes = attrs->axes.given ? attrs->axes.data : standard;
  size_t n = attrs->axes.given ? attrs->axes.n : 3;
  int rank = gcut_infer_rank(&s->c, 0);
  bool touched = false;
  for (size_t k = 0; k < n; k++)
    touched = touched || axes[k] + (axes[k] < 0 ? rank : 0) == gcut__slice_in(s, 0)->axis;
  return keep_axis(s, touched);
}

const char *gcut__slice_cumulative(gcut__slicer *s) {
  const gcut_dim *axis;
  uint32_t n;
  if (!gcut__slice_content(s, 1, &axis, &n) || n != 1 || !gcut_dim_known(axis[0]))
    return gcut__slice_unknown;
  return but_axis(s, axis[0]);
}

// ---- reductions -------------------------------------------------------------------------------

// As keep_axis, where the axes marked vanish or become 1.
static const char *reduce(gcut__slicer *s, const bool *mask, bool keep) {
  const char *why = check_first(s);
  int axis = gcut__slice_in(s, 0)->axis, gone = 0;
  if (why) return why;
  if (mask[axis]) return gcut__slice_along;
  for (int d = 0; d < axis && !keep; d++) gone += mask[d];
  gcut__slice_set(s, 0, axis - gone);
  return NULL;
}

const char *gcut__slice_reduce(gcut__slicer *s) {
  const gcut__reduce_attrs *attrs = s->c.attrs;
  const int64_t *axes = attrs->axes.data;
  uint32_t n = (uint32_t)attrs->axes.n;
  bool mask[GCUT_MAX_RANK];
  if (gcut__slice_has(s, 1) && !gcut_infer_ints(&s->c, 1, &axes, &n)) return gcut__slice_unknown;
  gcut__reduce_mask(attrs, axes, n, gcut_infer_rank(&s->c, 0), mask);
  return reduce(s, mask, attrs->keepdims);
}

const char *gcut__slice_arg(gcut__slicer *s) {
  const gcut__arg_attrs *attrs = s->c.attrs;
  int rank = gcut_infer_rank(&s->c, 0);
  bool mask[GCUT_MAX_RANK] = {false};
  int axis = (int)attrs->axis + (attrs->axis < 0 ? rank : 0);
  if (rank > 0) mask[axis] = true;
  const char *why = reduce(s, mask, attrs->keepdims);
  if (!why && rank > 0) number_axis(s, 0, axis);
  return why;
}

// ---- others -----------------------------------------------------------------------------------

// Statistics of the batch itself are what training computes.
const char *gcut__slice_batch_norm(gcut__slicer *s) {
  if (gcut__batch_norm_trains(s->c.node, s->c.attrs)) return "it computes statistics of the batch";
  if (s->c.node->n_outputs > 1) return gcut__slice_unknown;
  return keep_axis(s, gcut__slice_in(s, 0)->axis != 0);
}

// The sum of two or three rows, normalised; vectors beside them are the same in every slice.
const char *gcut__slice_skip_norm(gcut__slicer *s) {
  int rank = gcut_infer_rank(&s->c, 0);
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    gcut__carry carry = gcut__slice_in(s, i)->carry;
    if (carry != GCUT__SAME && (i > 1 || carry != GCUT__ALONG)) return gcut__slice_disagree;
    if (i > 1 && gcut__slice_has(s, i) && gcut_infer_rank(&s->c, i) > 1)
      return gcut__slice_disagree;
  }
  int axis = gcut__slice_broadcast(s, 0, 2, rank);
  if (axis < 0) return gcut__slice_disagree;
  if (axis == rank - 1) return gcut__slice_along;
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++) gcut__slice_set(s, o, axis);
  return NULL;
}
