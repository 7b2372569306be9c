// Rules of operators whose batch is where their definition says: one row of the table an operator.
#include "tracer/ops/grid.h"
#include "tracer/ops/quantize.h"
#include "tracer/ops/resize.h"
#include "tracer/ops/reverse.h"
#include "tracer/ops/rnn.h"
#include "tracer/slicing/slicing.h"

// Attention masks are broadcast to [batch, heads, queries, keys].
static bool is_mask(const gcut__slicer *s, uint32_t i) {
  int rank = gcut_infer_rank(&s->c, i);
  if (gcut__slice_in(s, i)->carry == GCUT__ALONG) return rank == 4;
  return rank < 4 || gcut_infer_dims(&s->c, i)[0] == 1;
}

// Tables by position, or one row of them for all samples.
static bool is_table(const gcut__slicer *s, uint32_t i) {
  int rank = gcut_infer_rank(&s->c, i);
  return gcut__slice_in(s, i)->carry == GCUT__ALONG || rank < 3 ||
         gcut_infer_dims(&s->c, i)[0] == 1;
}

// Whether input `i` carries the batch as the letter says; *size is the batch's, 0 before it is
// known.
static bool is_given(const gcut__slicer *s, uint32_t i, char letter, gcut_dim *size) {
  const gcut__sliced *v = gcut__slice_in(s, i);
  if (!gcut__slice_has(s, i)) return true;
  if (v->carry != GCUT__SAME && v->carry != GCUT__ALONG) return false;
  if (letter == 'm' && !is_mask(s, i)) return false;
  if (letter == 't' && !is_table(s, i)) return false;
  if (letter == 'i' && v->carry == GCUT__SAME && gcut_infer_rank(&s->c, i) > 1) return false;
  if (v->carry == GCUT__SAME) return letter < '0' || letter > '9';
  int axis = letter >= '0' && letter <= '9' ? letter - '0' : 0;
  if (letter == '-' || v->axis != axis) return false;
  if (*size == 0) *size = gcut_infer_dims(&s->c, i)[axis];
  return gcut_infer_dims(&s->c, i)[axis] == *size;
}

static const char *as_given(gcut__slicer *s, const char *inputs, const char *outputs) {
  size_t n = strlen(inputs), n_out = strlen(outputs);
  gcut_dim size = 0;
  for (uint32_t i = 0; i < s->c.n_inputs; i++)
    if (!is_given(s, i, i < n ? inputs[i] : '-', &size)) return gcut__slice_disagree;
  if (gcut_infer_rank(&s->c, 0) < 2) return gcut__slice_along;
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++) {
    if (!gcut__slice_out(s, o)) continue;
    gcut__slice_set(s, o, o < n_out ? outputs[o] - '0' : 0);
    if (o >= n_out || outputs[o] == 'x')
      *gcut__slice_out(s, o) = (gcut__sliced){.carry = GCUT__UNPROVEN,
                                              .node = (uint32_t)(s->c.node - s->graph->nodes),
                                              .why = "that output tells of the whole batch"};
  }
  return NULL;
}

const char *gcut__slice_axes(gcut__slicer *s) {
  return as_given(s, s->row->inputs, s->row->outputs);
}

// Inputs: X, W, R, B, sequence_lens, initial_h, initial_c, P.
const char *gcut__slice_rnn(gcut__slicer *s) {
  const gcut__rnn_attrs *attrs = s->c.attrs;
  return attrs->layout ? as_given(s, "0---000-", "000") : as_given(s, "1---011-", "211");
}

// AffineGrid: the size asked for begins with the batch.
const char *gcut__slice_affine_grid(gcut__slicer *s) {
  const gcut__sliced *theta = gcut__slice_in(s, 0);
  const gcut_dim *size;
  uint32_t n;
  if (theta->carry != GCUT__ALONG || theta->axis != 0 || !gcut__slice_content(s, 1, &size, &n) ||
      n == 0 || size[0] != gcut_infer_dims(&s->c, 0)[0])
    return gcut__slice_disagree;
  for (uint32_t k = 1; k < n; k++)
    if (!gcut__slice_is_clean(s, size[k])) return gcut__slice_sizes;
  gcut__slice_set(s, 0, 0);
  return NULL;
}

// Mixtures of experts: each row by itself, as each row of input 1 says.
const char *gcut__slice_experts(gcut__slicer *s) {
  gcut_dim rows[2];
  for (uint32_t i = 0; i < 2; i++) {
    const gcut__sliced *in = gcut__slice_in(s, i);
    int rank = gcut_infer_rank(&s->c, i);
    if (in->carry != GCUT__ALONG || in->axis != 0 || rank < 2) return gcut__slice_disagree;
    rows[i] = gcut_dim_mul(s->c.dims, in->unit,
                           gcut__slice_product(s, gcut_infer_dims(&s->c, i), 1, rank - 1));
  }
  if (rows[0] != rows[1] || !gcut__slice_same_from(s, 2)) return gcut__slice_disagree;
  gcut__slice_set(s, 0, 0);
  return NULL;
}

// A scale for the tensor, or for an axis that is not the batch's.
const char *gcut__slice_quantize(gcut__slicer *s) {
  const gcut__quantize_attrs *attrs = s->c.attrs;
  const gcut__sliced *in = gcut__slice_in(s, 0);
  if (in->carry != GCUT__ALONG || !gcut__slice_same_from(s, 1)) return gcut__slice_disagree;
  if (!gcut__slice_has(s, 1)) return gcut__slice_unknown;
  int rank = gcut_infer_rank(&s->c, 1);
  gcut__granularity kind =
      gcut__granularity_of(attrs, rank, rank > 0 ? gcut_infer_dims(&s->c, 1)[0] : 1);
  if (kind == GCUT__PER_BLOCK ||
      (kind == GCUT__PER_AXIS && gcut__quantize_axis(attrs, gcut_infer_rank(&s->c, 0)) == in->axis))
    return gcut__slice_along;
  gcut__slice_set(s, 0, in->axis);
  return NULL;
}

// The batch of ReverseSequence is the axis that it says; each sample has a length of its own.
const char *gcut__slice_reverse(gcut__slicer *s) {
  const gcut__reverse_attrs *attrs = s->c.attrs;
  const gcut__sliced *in = gcut__slice_in(s, 0), *lengths = gcut__slice_in(s, 1);
  if (in->carry != GCUT__ALONG || in->axis == attrs->time_axis) return gcut__slice_along;
  if (in->axis == attrs->batch_axis
          ? lengths->carry != GCUT__ALONG ||
                gcut_infer_dims(&s->c, 1)[0] != gcut_infer_dims(&s->c, 0)[in->axis]
          : lengths->carry != GCUT__SAME)
    return gcut__slice_disagree;
  gcut__slice_set(s, 0, in->axis);
  return NULL;
}

// ---- Resize -----------------------------------------------------------------------------------

// Whether the batch's axis is resized by 1: by scales of 1, or sizes that are those of the input.
static bool is_kept(gcut__slicer *s, int axis, uint32_t entry) {
  const gcut__resize_attrs *attrs = s->c.attrs;
  gcut__resize_inputs in = gcut__resize_inputs_of(s->c.node);
  const double *scales;
  const gcut_dim *sizes;
  uint32_t n = 0;
  if (in.scales != GCUT_NONE && gcut__slice_has(s, in.scales) &&
      gcut_infer_floats(&s->c, in.scales, &scales, &n) && n > entry)
    return scales[entry] == 1;
  if (attrs->scales.given && attrs->scales.n > entry) return attrs->scales.data[entry] == 1;
  if (in.sizes == GCUT_NONE || !gcut__slice_has(s, in.sizes) ||
      !gcut__slice_content(s, in.sizes, &sizes, &n) || n <= entry)
    return false;
  for (uint32_t k = 0; k < n; k++)
    if (k != entry && !gcut__slice_is_clean(s, sizes[k])) return false;
  bool stretch = attrs->keep_aspect_ratio_policy.size == 7; // the one of that length
  return stretch && sizes[entry] == gcut_infer_dims(&s->c, 0)[axis];
}

const char *gcut__slice_resize(gcut__slicer *s) {
  const gcut__resize_attrs *attrs = s->c.attrs;
  const gcut__sliced *in = gcut__slice_in(s, 0);
  int rank = gcut_infer_rank(&s->c, 0);
  const gcut_type *out = gcut__slice_out_type(s, 0);
  if (in->carry != GCUT__ALONG) return gcut__slice_disagree;
  if (out->rank != rank || out->dims[in->axis] != gcut_infer_dims(&s->c, 0)[in->axis])
    return gcut__slice_along;
  uint32_t entry = (uint32_t)in->axis;
  if (attrs->axes.given) {
    for (entry = 0; entry < attrs->axes.n; entry++) {
      int64_t axis = attrs->axes.data[entry];
      if (axis + (axis < 0 ? rank : 0) == in->axis) break;
    }
    if (entry == attrs->axes.n) return gcut__slice_unknown; // sizes of others are not looked at
  }
  if (!is_kept(s, in->axis, entry)) return gcut__slice_along;
  gcut__slice_set(s, 0, in->axis);
  return NULL;
}
