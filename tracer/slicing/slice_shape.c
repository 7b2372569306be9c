// Rules of operators that lay elements out anew: views, transposes, repetitions, parts and wholes.
// Numbers that count along the batch stay such when they move.
#include "tracer/ops/concat.h"
#include "tracer/ops/pad.h"
#include "tracer/ops/slice.h"
#include "tracer/ops/transpose.h"
#include "tracer/slicing/slicing.h"

static const char apart[] = "it takes the batch apart";

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

// a / b where that leaves nothing.
static bool divide(gcut__slicer *s, gcut_dim a, gcut_dim b, gcut_dim *out) {
  *out = gcut_dim_floor_div(s->c.dims, a, b);
  return *out != GCUT_DIM_INVALID && gcut_dim_mul(s->c.dims, *out, b) == a;
}

// Whether the batch lies along axis `d`: in runs of it, `before` of them in all, each with `each`
// elements to one of the batch.
static bool lies_along(gcut__slicer *s, const gcut_type *type, int d, gcut_dim before,
                       gcut_dim each, gcut_dim *out_runs) {
  gcut_dim unit, part;
  return gcut__slice_units(s, type->dims[d], &unit) &&
         divide(s, each, gcut__slice_product(s, type->dims, d + 1, type->rank), &part) &&
         divide(s, unit, part, out_runs) &&
         gcut_dim_mul(s->c.dims, gcut__slice_product(s, type->dims, 0, d), *out_runs) == before;
}

// Whether axis `d` of the output is the batch's of the input, with as much before or behind it:
// then the other side is as large, too, whatever its axes are called, for a view keeps all
// elements.
static bool is_kept(gcut__slicer *s, const gcut_type *type, int d, gcut_dim before) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  const gcut_dim *dims = gcut_infer_dims(&s->c, 0);
  return type->dims[d] == dims[in->axis] &&
         (gcut__slice_product(s, type->dims, 0, d) == before ||
          gcut__slice_product(s, type->dims, d + 1, type->rank) ==
              gcut__slice_product(s, dims, in->axis + 1, gcut_infer_rank(&s->c, 0)));
}

// Reshape, Flatten, Squeeze, Unsqueeze keep the order of elements: with as many before the batch
// and as many to one of it.
const char *gcut__slice_view(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  const gcut_type *out = gcut__slice_out_type(s, 0);
  const gcut_dim *dims = gcut_infer_dims(&s->c, 0);
  const char *why = check_moved(s);
  if (why) return why;
  if (in->carry == GCUT__SAME || out->rank < 0) return gcut__slice_sizes;
  gcut_dim part, runs, ahead = gcut__slice_product(s, dims, 0, in->axis);
  gcut_dim before = gcut_dim_mul(s->c.dims, ahead, in->runs);
  gcut_dim each = gcut__slice_product(s, dims, in->axis + 1, gcut_infer_rank(&s->c, 0));
  if (!divide(s, in->unit, in->runs, &part)) return apart;
  each = gcut_dim_mul(s->c.dims, each, part);
  if (before == GCUT_DIM_INVALID || each == GCUT_DIM_INVALID) return apart;
  for (int d = 0; d < out->rank; d++) {
    if (is_kept(s, out, d, ahead))
      runs = in->runs;
    else if (!lies_along(s, out, d, before, each, &runs))
      continue;
    if (in->carry == GCUT__COUNTS && runs != 1) return gcut__slice_counts;
    move(s, d);
    if (gcut__slice_out(s, 0)) gcut__slice_out(s, 0)->runs = runs;
    return NULL;
  }
  return apart;
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
  gcut__slice_set(s, 0, axis);
  if (out) out->bounded = gcut__slice_bounds(s, 0, &out->low, &out->high);
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

// The pads before and behind axis `d`: of inputs, or of attributes. False where they are not known.
static bool read_pads(gcut__slicer *s, int d, gcut_dim out[2]) {
  const gcut__pad_attrs *attrs = s->c.attrs;
  const gcut_ints *given = s->c.node->version < 2 ? &attrs->paddings : &attrs->pads;
  const gcut_dim *pads = given->data, *axes;
  uint32_t n = (uint32_t)given->n, n_axes, entry = (uint32_t)d, rank;
  if (s->c.node->version >= 11 && !gcut__slice_content(s, 1, &pads, &n)) return false;
  rank = (uint32_t)gcut_infer_rank(&s->c, 0);
  out[0] = out[1] = 0;
  if (gcut__slice_has(s, 3)) {
    if (!gcut__slice_content(s, 3, &axes, &n_axes)) return false;
    for (entry = 0; entry < n_axes; entry++)
      if (axes[entry] + (axes[entry] < 0 ? (gcut_dim)rank : 0) == d) break;
    if (entry == n_axes) return true;
    rank = n_axes;
  }
  if (n != 2 * rank) return false;
  out[0] = pads[entry];
  out[1] = pads[entry + rank];
  return true;
}

// Of other axes it may cut off, too, or repeat what lies at their ends.
const char *gcut__slice_pad(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  gcut_dim pads[2];
  if (in->carry != GCUT__ALONG || !gcut__slice_same_from(s, 1)) return gcut__slice_disagree;
  if (!read_pads(s, in->axis, pads)) return gcut__slice_unknown;
  if (pads[0] != 0 || pads[1] != 0) return gcut__slice_along;
  gcut__slice_set(s, 0, in->axis);
  return NULL;
}
