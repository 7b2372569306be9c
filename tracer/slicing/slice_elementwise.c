// Rules of operators that compute each element of the output from the elements at its place.
#include "tracer/slicing/slicing.h"

// The size of input `i` along `axis` of the shape it is broadcast to; 1 where it has no such axis.
static gcut_dim size_at(const gcut__slicer *s, uint32_t i, int rank, int axis) {
  int d = axis - (rank - gcut_infer_rank(&s->c, i));
  return d < 0 ? 1 : gcut_infer_dims(&s->c, i)[d];
}

// Inputs that carry the batch must agree on axis and size; the others must not have that axis: a
// symbol that happens to equal the batch's size would not equal a slice's.
int gcut__slice_broadcast(gcut__slicer *s, uint32_t first, uint32_t n, int rank) {
  int axis = -1;
  gcut_dim size = 0;
  for (uint32_t i = first; i < first + n; i++) {
    const gcut__sliced *v = gcut__slice_in(s, i);
    if (v->carry == GCUT__SAME) continue;
    int here = v->axis + rank - gcut_infer_rank(&s->c, i);
    if (axis >= 0 && here != axis) return -1;
    axis = here;
    size = gcut_infer_dims(&s->c, i)[v->axis];
  }
  for (uint32_t i = first; i < first + n; i++) {
    if (!gcut__slice_has(s, i)) continue;
    bool same = gcut__slice_in(s, i)->carry == GCUT__SAME;
    if (size_at(s, i, rank, axis) != (same ? 1 : size)) return -1;
  }
  return axis;
}

// No input is shape arithmetic or counts along the batch.
static const char *check_plain(const gcut__slicer *s) {
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    gcut__carry carry = gcut__slice_in(s, i)->carry;
    if (carry == GCUT__SIZES) return gcut__slice_sizes;
    if (carry == GCUT__COUNTS) return gcut__slice_counts;
  }
  return NULL;
}

// Before opset 7 input 1 may be aligned elsewhere than at the last axis.
static bool is_aligned(const gcut__slicer *s) {
  return s->c.node->version >= 7 || s->c.n_inputs < 2 || *s->c.node->domain ||
         gcut_infer_rank(&s->c, 0) == gcut_infer_rank(&s->c, 1);
}

const char *gcut__slice_elementwise(gcut__slicer *s) {
  const char *why = check_plain(s);
  if (why) return why;
  if (!is_aligned(s)) return gcut__slice_disagree;
  int axis = gcut__slice_broadcast(s, 0, s->c.n_inputs, gcut__slice_out_type(s, 0)->rank);
  if (axis < 0) return gcut__slice_disagree;
  for (uint32_t o = 0; o < s->c.node->n_outputs; o++) gcut__slice_set(s, o, axis);
  return NULL;
}

// Input 0 alone matters, save for the types of others, and its elements keep their places: numbers
// that count stay such.
const char *gcut__slice_cast_like(gcut__slicer *s) {
  const gcut__sliced *in = gcut__slice_in(s, 0);
  gcut__sliced *out = gcut__slice_out(s, 0);
  if (in->carry == GCUT__SIZES) return gcut__slice_sizes;
  if (!out) return gcut__slice_disagree;
  if (in->carry == GCUT__COUNTS &&
      !((GCUT_INDICES >> gcut__slice_out_type(s, 0)->type) & 1)) // they may not fit another type
    return gcut__slice_counts;
  *out = *in;
  return NULL;
}

// The same, save for what is the same in every slice.
const char *gcut__slice_first_alone(gcut__slicer *s) {
  return gcut__slice_same_from(s, 1) ? gcut__slice_cast_like(s) : gcut__slice_disagree;
}

// ---- counting ---------------------------------------------------------------------------------

// A scalar, or one element: a number that is the same in every slice.
static bool is_number(gcut__slicer *s, uint32_t i, gcut_dim *out) {
  const gcut_dim *values;
  uint32_t n;
  if (gcut__slice_in(s, i)->carry != GCUT__SAME || !gcut__slice_content(s, i, &values, &n))
    return false;
  *out = n == 1 ? values[0] : -1;
  return n == 1 && gcut__slice_is_clean(s, values[0]) &&
         (gcut_dim_known(values[0]) ? values[0] >= 0
                                    : gcut_dim_compare(s->c.dims, values[0], 0) == GCUT_GREATER);
}

// Numbers that count, times a number.
static bool multiply(gcut__slicer *s, uint32_t counts, gcut__sliced *out) {
  gcut_dim factor;
  gcut_dims *d = s->c.dims;
  if (!is_number(s, 1 - counts, &factor)) return false;
  *out = *gcut__slice_in(s, counts);
  out->step = gcut_dim_mul(d, out->step, factor);
  out->low = gcut_dim_mul(d, out->low, factor);
  out->high = gcut_dim_mul(d, out->high, factor);
  return true;
}

// Numbers that count, plus others that do not.
static bool add(gcut__slicer *s, uint32_t counts, gcut__sliced *out) {
  const gcut__sliced *a = gcut__slice_in(s, counts), *b = gcut__slice_in(s, 1 - counts);
  gcut_dim low, high;
  *out = *a;
  out->bounded = a->bounded && gcut__slice_bounds(s, 1 - counts, &low, &high);
  if (out->bounded) {
    out->low = gcut_dim_add(s->c.dims, a->low, low);
    out->high = gcut_dim_add(s->c.dims, a->high, high);
  }
  return b->carry == GCUT__SAME || b->carry == GCUT__ALONG;
}

// Add and Mul: of numbers that count along the batch, too.
const char *gcut__slice_arithmetic(gcut__slicer *s) {
  gcut__sliced sum, *out = gcut__slice_out(s, 0);
  uint32_t counts = gcut__slice_in(s, 0)->carry == GCUT__COUNTS ? 0 : 1;
  const gcut__sliced *in = gcut__slice_in(s, counts);
  if (in->carry != GCUT__COUNTS || in->place >= 0 || !out) return gcut__slice_elementwise(s);
  if (gcut__slice_in(s, 1 - counts)->carry == GCUT__SIZES) return gcut__slice_sizes;
  bool product = strcmp(s->c.node->op_type, "Mul") == 0;
  if (!is_aligned(s) || !(product ? multiply(s, counts, &sum) : add(s, counts, &sum)))
    return gcut__slice_counts;
  int axis = gcut__slice_broadcast(s, 0, 2, gcut__slice_out_type(s, 0)->rank);
  if (axis < 0) return gcut__slice_disagree;
  *out = sum;
  out->axis = axis;
  return NULL;
}

// Dropout that does not drop: before opset 12 by its attribute, then by input 2.
const char *gcut__slice_dropout(gcut__slicer *s) {
  const gcut_dim *training;
  uint32_t n;
  bool idle = s->c.node->version >= 7;
  if (s->c.node->version >= 12 && gcut__slice_has(s, 2))
    idle = gcut__slice_content(s, 2, &training, &n) && n == 1 && training[0] == 0;
  if (!idle) return "it draws random numbers";
  const gcut__sliced *in = gcut__slice_in(s, 0);
  if (in->carry == GCUT__SAME) return NULL;
  if (in->carry != GCUT__ALONG || !gcut__slice_same_from(s, 1)) return gcut__slice_disagree;
  gcut__slice_set(s, 0, in->axis);
  gcut__slice_set(s, 1, in->axis);
  return NULL;
}
