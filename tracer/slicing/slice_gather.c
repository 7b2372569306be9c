// Rules of operators that pick elements by number.
//
// Numbers that are the same in every slice, or sliced with the batch, may pick from what every
// slice has whole. From what is itself sliced they may pick along other axes; along the batch's own
// axis only numbers that count with it and surely stay within the sample: so exporters read an
// attention mask, at (sample, position) or at sample * positions + position.
#include "tracer/ops/constant.h"
#include "tracer/ops/gather.h"
#include "tracer/ops/microsoft_matmul.h"
#include "tracer/ops/scatter.h"
#include "tracer/slicing/slicing.h"

// 0, 1, 2, ... up to the batch or a multiple of it, or up to what is the same in every slice.
const char *gcut__slice_range(gcut__slicer *s) {
  const gcut_dim *start, *limit, *step;
  uint32_t n[3];
  gcut__sliced *out = gcut__slice_out(s, 0);
  bool same = gcut__slice_same_from(s, 0);
  bool known = gcut__slice_content(s, 0, &start, &n[0]) && n[0] == 1 &&
               gcut__slice_content(s, 1, &limit, &n[1]) && n[1] == 1 &&
               gcut__slice_content(s, 2, &step, &n[2]) && n[2] == 1 && start[0] == 0 &&
               step[0] == 1 && ((GCUT_INDICES >> gcut__slice_out_type(s, 0)->type) & 1);
  if (!known || !out) return same ? NULL : gcut__slice_sizes;
  gcut_dim unit;
  if (!same && !gcut__slice_units(s, limit[0], &unit)) return gcut__slice_sizes;
  *out = same ? (gcut__sliced){.carry = GCUT__SAME}
              : (gcut__sliced){.carry = GCUT__COUNTS, .place = -1, .step = unit};
  out->bounded = true;
  out->low = 0;
  out->high = gcut_dim_sub(s->c.dims, same ? limit[0] : unit, 1);
  return NULL;
}

// Whether numbers that count stay within their sample along an axis with `unit` elements to one.
static bool stays_within(gcut__slicer *s, const gcut__sliced *index, gcut_dim unit) {
  if (index->step != unit || !index->bounded) return false;
  gcut_order low = gcut_dim_compare(s->c.dims, index->low, 0),
             high = gcut_dim_compare(s->c.dims, index->high, unit);
  return (low == GCUT_EQUAL || low == GCUT_GREATER) && high == GCUT_LESS;
}

static const char beyond[] = "nothing says that its indices stay within their samples";

static bool is_plain(const gcut__sliced *v) {
  return v->carry == GCUT__SAME || v->carry == GCUT__ALONG;
}

const char *gcut__slice_gather(gcut__slicer *s) {
  const gcut__gather_attrs *attrs = s->c.attrs;
  const gcut__sliced *data = gcut__slice_in(s, 0), *index = gcut__slice_in(s, 1);
  int rank = gcut_infer_rank(&s->c, 0), axis = (int)attrs->axis + (attrs->axis < 0 ? rank : 0);
  if (data->carry == GCUT__SIZES || index->carry == GCUT__SIZES) return gcut__slice_sizes;
  if (!is_plain(data)) return gcut__slice_counts;
  if (data->carry == GCUT__SAME) {
    if (!is_plain(index)) return gcut__slice_counts;
    gcut__slice_set(s, 0, axis + index->axis);
    return NULL;
  }
  if (data->axis == axis) {
    if (index->carry != GCUT__COUNTS || index->place >= 0) return gcut__slice_along;
    if (!stays_within(s, index, data->unit)) return beyond;
    gcut__slice_set(s, 0, axis + index->axis);
    return NULL;
  }
  if (index->carry != GCUT__SAME) return gcut__slice_disagree;
  gcut__slice_set(s, 0,
                  data->axis < axis ? data->axis : data->axis - 1 + gcut_infer_rank(&s->c, 1));
  return NULL;
}

// Rows of a quantised table.
const char *gcut__slice_gather_blocks(gcut__slicer *s) {
  const gcut__gather_blocks_attrs *attrs = s->c.attrs;
  const gcut__sliced *index = gcut__slice_in(s, 1);
  int64_t axis = attrs->gather_axis + (attrs->gather_axis < 0 ? gcut_infer_rank(&s->c, 0) : 0);
  if (index->carry == GCUT__COUNTS) return gcut__slice_counts;
  if (index->carry != GCUT__ALONG || gcut__slice_in(s, 0)->carry != GCUT__SAME ||
      !gcut__slice_same_from(s, 2))
    return gcut__slice_disagree;
  gcut__slice_set(s, 0, (int)axis + index->axis);
  return NULL;
}

// Data and index along the same axis, of the same size there: it is no axis that is picked along.
static const char *pick_beside(gcut__slicer *s, uint32_t n, int64_t axis) {
  int rank = gcut_infer_rank(&s->c, 0), batch = gcut__slice_in(s, 0)->axis;
  for (uint32_t i = 0; i < n; i++) {
    const gcut__sliced *v = gcut__slice_in(s, i);
    if (v->carry == GCUT__SIZES) return gcut__slice_sizes;
    if (v->carry != GCUT__ALONG || v->axis != batch || gcut_infer_rank(&s->c, i) != rank ||
        gcut_infer_dims(&s->c, i)[batch] != gcut_infer_dims(&s->c, 0)[batch])
      return gcut__slice_disagree;
  }
  if (axis + (axis < 0 ? rank : 0) == batch) return gcut__slice_along;
  gcut__slice_set(s, 0, batch);
  return NULL;
}

const char *gcut__slice_gather_elements(gcut__slicer *s) {
  const gcut__gather_attrs *attrs = s->c.attrs;
  return pick_beside(s, 2, attrs->axis);
}

const char *gcut__slice_scatter_elements(gcut__slicer *s) {
  const gcut__scatter_attrs *attrs = s->c.attrs;
  return pick_beside(s, 3, attrs->axis);
}

// How many axes of the data an index of GatherND and ScatterND names, or -1.
static int64_t named_axes(const gcut__slicer *s) {
  int rank = gcut_infer_rank(&s->c, 1);
  gcut_dim n = rank > 0 ? gcut_infer_dims(&s->c, 1)[rank - 1] : -1;
  return gcut_dim_known(n) ? n : -1;
}

const char *gcut__slice_gather_nd(gcut__slicer *s) {
  const gcut__gather_nd_attrs *attrs = s->c.attrs;
  const gcut__sliced *data = gcut__slice_in(s, 0), *index = gcut__slice_in(s, 1);
  int rank = gcut_infer_rank(&s->c, 1);
  int64_t named = named_axes(s), own = attrs->batch_dims;
  if (data->carry == GCUT__SIZES || index->carry == GCUT__SIZES) return gcut__slice_sizes;
  if (!is_plain(data)) return gcut__slice_counts;
  if (named < 0) return gcut__slice_unknown;
  bool within = index->carry == GCUT__COUNTS && index->place >= 0
                    ? own == 0 && data->carry == GCUT__ALONG && data->axis == index->place &&
                          stays_within(s, index, data->unit)
                    : false;
  if (index->carry == GCUT__COUNTS && !within)
    return index->place >= 0 && data->carry == GCUT__ALONG && data->axis == index->place
               ? beyond
               : gcut__slice_counts;
  if (index->carry != GCUT__SAME && index->axis == rank - 1) return gcut__slice_along;
  if (within || (data->carry == GCUT__SAME && own == 0)) {
    gcut__slice_set(s, 0, index->axis);
    return NULL;
  }
  if (data->carry == GCUT__SAME) return gcut__slice_disagree;
  if (index->carry == GCUT__ALONG) {
    if (data->axis != index->axis || data->axis >= own ||
        gcut_infer_dims(&s->c, 0)[data->axis] != gcut_infer_dims(&s->c, 1)[index->axis])
      return gcut__slice_disagree;
    gcut__slice_set(s, 0, data->axis);
    return NULL;
  }
  if (data->axis < own + named) return gcut__slice_along;
  gcut__slice_set(s, 0, (int)(rank - 1 + data->axis - own - named));
  return NULL;
}

// Into each sample what an index that counts along the batch takes there, update by update.
static const char *scatter_counted(gcut__slicer *s) {
  const gcut__sliced *data = gcut__slice_in(s, 0), *index = gcut__slice_in(s, 1),
                     *updates = gcut__slice_in(s, 2);
  if (data->carry != GCUT__ALONG || index->place != data->axis ||
      index->axis >= gcut_infer_rank(&s->c, 1) - 1)
    return gcut__slice_counts;
  if (!stays_within(s, index, data->unit)) return beyond;
  if (updates->carry != GCUT__ALONG || updates->axis != index->axis ||
      gcut_infer_dims(&s->c, 2)[updates->axis] != gcut_infer_dims(&s->c, 1)[index->axis])
    return gcut__slice_disagree;
  gcut__slice_set(s, 0, data->axis);
  return NULL;
}

// The same places of every sample, or those that count along the batch.
const char *gcut__slice_scatter_nd(gcut__slicer *s) {
  const gcut__sliced *data = gcut__slice_in(s, 0), *updates = gcut__slice_in(s, 2);
  int64_t named = named_axes(s);
  if (named < 0) return gcut__slice_unknown;
  if (gcut__slice_in(s, 1)->carry == GCUT__COUNTS && gcut__slice_in(s, 1)->place >= 0)
    return scatter_counted(s);
  if (data->carry != GCUT__ALONG || gcut__slice_in(s, 1)->carry != GCUT__SAME ||
      updates->carry != GCUT__ALONG)
    return gcut__slice_disagree;
  int64_t there = gcut_infer_rank(&s->c, 1) - 1 + data->axis - named;
  if (data->axis < named) return gcut__slice_along;
  if (updates->axis != there || there >= gcut_infer_rank(&s->c, 2) ||
      gcut_infer_dims(&s->c, 2)[there] != gcut_infer_dims(&s->c, 0)[data->axis])
    return gcut__slice_disagree;
  gcut__slice_set(s, 0, data->axis);
  return NULL;
}

const char *gcut__slice_one_hot(gcut__slicer *s) {
  const gcut__one_hot_attrs *attrs = s->c.attrs;
  const gcut__sliced *in = gcut__slice_in(s, 0);
  int64_t axis = attrs->axis + (attrs->axis < 0 ? gcut_infer_rank(&s->c, 0) + 1 : 0);
  if (in->carry != GCUT__ALONG || !gcut__slice_same_from(s, 1)) return gcut__slice_disagree;
  gcut__slice_set(s, 0, in->axis + (in->axis >= axis));
  return NULL;
}
