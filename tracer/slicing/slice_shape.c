// Rules of operators that lay elements out anew: views, transposes, repetitions, parts and wholes.
// Numbers that count along the batch stay such when they move.
#include "tracer/ops/concat.h"
#include "tracer/ops/slice.h"
#include "tracer/ops/transpose.h"
#include "tracer/slicing/slicing.h"

// Output 0 has what input 0 has, along another axis.
static void move(gcut__slicer *s, int axis) {
  gcut__sliced *out = gcut__slice_out(s, 0);
  if (!out) return;
  *out = *gcut__slice_in(s, 0);
  out->axis = axis;
}

// Numbers of which only some count are taken apart by GatherND alone.
static const char *check_moved(const gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  if (in->carry == GCUT__SIZES) return gcut__slice_sizes;
  return in->carry == GCUT__COUNTS && in->place >= 0 ? gcut__slice_counts : NULL;
}

// ---- views ------------------------------------------------------------------------------------

// Reshape, Flatten, Squeeze, Unsqueeze keep the order of elements: the batch lies along the axis
// that has as many elements before it and as many to one of the batch.
const char *gcut__slice_view(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  const gcut_type *out = gcut__slice_out_type(s, 0);
  const gcut_dim *dims = gcut_infer_dims(&s->c, 0);
  const char *why = check_moved(s);
  if (why) return why;
  if (in->carry == GCUT__SAME || out->rank < 0) return gcut__slice_sizes;
  gcut_dim before = gcut__slice_product(s, dims, 0, in->axis), unit;
  gcut_dim each = gcut_dim_mul(
      s->c.dims, in->unit, gcut__slice_product(s, dims, in->axis + 1, gcut_infer_rank(&s->c, 0)));
  for (int d = 0; d < out->rank; d++) {
    if (!gcut__slice_units(s, out->dims[d], &unit)) continue;
    gcut_dim here =
        gcut_dim_mul(s->c.dims, unit, gcut__slice_product(s, out->dims, d + 1, out->rank));
    if (here != each || gcut__slice_product(s, out->dims, 0, d) != before) continue;
    move(s, d);
    return NULL;
  }
  return "it takes the batch apart";
}

const char *gcut__slice_transpose(gcut__slicer *s) {
  const gcut__transpose_attrs *attrs = s->c.attrs;
  const gcut__sliced *in = gcut__slice_in(s, 0);
  int rank = gcut_infer_rank(&s->c, 0);
  const char *why = check_moved(s);
  if (why) return why;
  for (int d = 0; d < rank; d++)
    if ((attrs->perm.given ? (int)attrs->perm.data[d] + (attrs->perm.data[d] < 0 ? rank : 0)
                           : rank - 1 - d) == in->axis)
      move(s, d);
  return NULL;
}

// ---- repetitions ------------------------------------------------------------------------------

// What the target asks for along axis `d` of the output; 1 where it does not reach it.
static gcut_dim wanted(const gcut_dim *want, uint32_t n, int rank, int d) {
  int w = d - (rank - (int)n);
  return w < 0 ? 1 : want[w];
}

// The only entry of the target that may tell of the batch is that of `axis`.
static bool others_clean(const gcut__slicer *s, const gcut_dim *want, uint32_t n, int rank,
                         int axis) {
  for (int d = rank - (int)n; d < rank; d++)
    if (d != axis && !gcut__slice_is_clean(s, wanted(want, n, rank, d))) return false;
  return true;
}

// The one axis of output 0 that has the batch, or -1.
static int batch_axis(gcut__slicer *s) {
  const gcut_type *out = gcut__slice_out_type(s, 0);
  for (int d = 0; d < out->rank; d++)
    if (!gcut__slice_is_clean(s, out->dims[d])) return d;
  return -1;
}

// The same again for each element of the batch.
static const char *repeat(gcut__slicer *s) {
  int axis = batch_axis(s);
  if (axis < 0) return gcut__slice_sizes;
  gcut__sliced *out = gcut__slice_out(s, 0);
  bool bounded = gcut__slice_in(s, 0)->bounded;
  gcut__slice_set(s, 0, axis);
  if (!out) return NULL;
  out->bounded = bounded;
  out->low = gcut__slice_in(s, 0)->low;
  out->high = gcut__slice_in(s, 0)->high;
  return NULL;
}

const char *gcut__slice_expand(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  const gcut_type *out = gcut__slice_out_type(s, 0);
  const gcut_dim *want, *have = gcut_infer_dims(&s->c, 0);
  uint32_t n;
  const char *why = check_moved(s);
  if (why) return why;
  if (!gcut__slice_content(s, 1, &want, &n) || out->rank < 0) return gcut__slice_unknown;
  int missing = out->rank - gcut_infer_rank(&s->c, 0);
  int axis = in->carry == GCUT__SAME ? batch_axis(s) : in->axis + missing;
  if (axis < 0 || !others_clean(s, want, n, out->rank, axis)) return gcut__slice_sizes;
  gcut_dim asked = wanted(want, n, out->rank, axis);
  if (in->carry == GCUT__SAME) {
    if (axis >= missing && have[axis - missing] != 1) return gcut__slice_disagree;
    return repeat(s);
  }
  if (asked != 1 && asked != have[in->axis]) return gcut__slice_disagree;
  move(s, axis);
  return NULL;
}

const char *gcut__slice_tile(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  const gcut_dim *repeats;
  uint32_t n;
  const char *why = check_moved(s);
  if (why) return why;
  if (s->c.node->version < 6 || !gcut__slice_content(s, 1, &repeats, &n))
    return gcut__slice_unknown;
  int axis = in->carry == GCUT__SAME ? batch_axis(s) : in->axis;
  int rank = gcut_infer_rank(&s->c, 0);
  if (axis < 0 || !others_clean(s, repeats, n, rank, axis)) return gcut__slice_sizes;
  gcut_dim unit;
  if (in->carry == GCUT__SAME)
    return gcut__slice_units(s, repeats[axis], &unit) ? repeat(s) : gcut__slice_sizes;
  if (repeats[axis] != 1) return gcut__slice_along;
  move(s, axis);
  return NULL;
}

// ConstantOfShape.
const char *gcut__slice_fill(gcut__slicer *s) {
  const gcut_dim *want;
  uint32_t n;
  if (!gcut__slice_content(s, 0, &want, &n)) return gcut__slice_unknown;
  int axis = batch_axis(s);
  if (axis < 0) return gcut__slice_sizes;
  gcut__slice_set(s, 0, axis);
  return NULL;
}

// ---- parts and wholes -------------------------------------------------------------------------

// The place of the one input that counts, among vectors of `size` beside it: where its one element
// comes to lie. -1 where there is none such.
static int64_t counted_place(gcut__slicer *s, uint32_t *out_input) {
  int64_t place = 0, found = -1;
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    gcut_dim size = gcut_infer_dims(&s->c, i)[gcut_infer_rank(&s->c, i) - 1];
    const gcut__sliced *in = gcut__slice_in(s, i);
    if (in->carry == GCUT__COUNTS && (found >= 0 || in->place >= 0 || size != 1)) return -1;
    if (in->carry == GCUT__COUNTS) found = place, *out_input = i;
    if (found < 0 && !gcut_dim_known(size)) return -1;
    if (found < 0) place += size;
  }
  return found;
}

const char *gcut__slice_concat(gcut__slicer *s) {
  const gcut__concat_attrs *attrs = s->c.attrs;
  int rank = gcut_infer_rank(&s->c, 0), batch = gcut__slice_in(s, 0)->axis;
  int64_t axis = attrs->axis + (attrs->axis < 0 ? rank : 0);
  bool counts = false;
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    const gcut__sliced *in = gcut__slice_in(s, i);
    if (in->carry == GCUT__SIZES) return gcut__slice_sizes;
    if (in->carry == GCUT__SAME || in->axis != batch) return gcut__slice_disagree;
    counts = counts || in->carry == GCUT__COUNTS;
  }
  if (axis == batch) return gcut__slice_along;
  gcut__slice_set(s, 0, batch);
  gcut__sliced *out = gcut__slice_out(s, 0);
  if (!counts || !out) return NULL;
  uint32_t counted = 0;
  int64_t place = axis == rank - 1 ? counted_place(s, &counted) : -1;
  if (place < 0) return gcut__slice_counts;
  *out = *gcut__slice_in(s, counted);
  out->place = place;
  return NULL;
}

const char *gcut__slice_split(gcut__slicer *s) {
  const gcut__split_attrs *attrs = s->c.attrs;
  const gcut__sliced *in = gcut__slice_in(s, 0);
  int64_t axis = attrs->axis + (attrs->axis < 0 ? gcut_infer_rank(&s->c, 0) : 0);
  if (in->carry != GCUT__ALONG || !gcut__slice_same_from(s, 1)) return gcut__slice_disagree;
  if (axis == in->axis) return gcut__slice_along;
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++) gcut__slice_set(s, o, in->axis);
  return NULL;
}

// ---- Slice, Pad -------------------------------------------------------------------------------

typedef struct bounds { // of Slice: [n] each; steps NULL: 1
  const gcut_dim *starts, *ends, *axes, *steps;
  uint32_t n;
} bounds;

static bool read_bounds(gcut__slicer *s, bounds *b) {
  const gcut__slice_attrs *attrs = s->c.attrs;
  uint32_t n_ends, n_axes, n_steps;
  *b = (bounds){0};
  if (s->c.node->version < 10) {
    *b = (bounds){attrs->starts.data, attrs->ends.data, attrs->axes.given ? attrs->axes.data : NULL,
                  NULL, (uint32_t)attrs->starts.n};
    return true;
  }
  if (!gcut__slice_content(s, 1, &b->starts, &b->n) ||
      !gcut__slice_content(s, 2, &b->ends, &n_ends) || n_ends != b->n)
    return false;
  if (gcut__slice_has(s, 3) && (!gcut__slice_content(s, 3, &b->axes, &n_axes) || n_axes != b->n))
    return false;
  return !gcut__slice_has(s, 4) ||
         (gcut__slice_content(s, 4, &b->steps, &n_steps) && n_steps == b->n);
}

enum { TO_THE_END = INT32_MAX }; // an end from here on is behind any axis

// All of the batch's axis, and of the others what is the same in every slice.
const char *gcut__slice_slice(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  int rank = gcut_infer_rank(&s->c, 0);
  const char *why = check_moved(s);
  bounds b;
  if (why) return why;
  if (in->carry == GCUT__SAME) return gcut__slice_sizes;
  if (!read_bounds(s, &b)) return gcut__slice_unknown;
  for (uint32_t k = 0; k < b.n; k++) {
    int64_t axis = b.axes ? b.axes[k] : k;
    if (!gcut_dim_known(axis)) return gcut__slice_unknown;
    if (axis + (axis < 0 ? rank : 0) != in->axis) {
      if (!gcut__slice_is_clean(s, b.starts[k]) || !gcut__slice_is_clean(s, b.ends[k]) ||
          (b.steps && !gcut__slice_is_clean(s, b.steps[k])))
        return gcut__slice_sizes;
      continue;
    }
    bool whole = b.starts[k] == 0 && (!b.steps || b.steps[k] == 1) &&
                 (b.ends[k] == gcut_infer_dims(&s->c, 0)[in->axis] ||
                  (gcut_dim_known(b.ends[k]) && b.ends[k] >= TO_THE_END));
    if (!whole) return gcut__slice_along;
  }
  move(s, in->axis);
  return NULL;
}

// Pads are all of inputs, or of attributes, that are the same in every slice: where the batch's
// axis has none its size stays what it is.
const char *gcut__slice_pad(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  if (in->carry != GCUT__ALONG || !gcut__slice_same_from(s, 1)) return gcut__slice_disagree;
  const gcut_dim *pads;
  uint32_t n;
  if (s->c.node->version >= 11 && !gcut__slice_content(s, 1, &pads, &n)) return gcut__slice_unknown;
  const gcut_type *out = gcut__slice_out_type(s, 0);
  if (out->rank < 0 || out->dims[in->axis] != gcut_infer_dims(&s->c, 0)[in->axis])
    return gcut__slice_along;
  if (s->c.node->version >= 11 && n > 0) // a crop and a pad may cancel out
    for (uint32_t k = 0; k < n; k++)
      if (pads[k] < 0) return gcut__slice_unknown;
  gcut__slice_set(s, 0, in->axis);
  return NULL;
}
