// Rules of products: the batch must not lie along the axis that is summed over.
#include "tracer/ops/einsum.h"
#include "tracer/ops/matmul.h"
#include "tracer/ops/microsoft_matmul.h"
#include "tracer/slicing/slicing.h"

typedef struct factor { // of a product of matrices, seen as [..., rows, columns]
  const gcut__sliced *v;
  int rank, summed; // the axis summed over
  const gcut_dim *dims;
} factor;

static factor factor_of(const gcut__slicer *s, uint32_t i, bool left, bool transposed) {
  int rank = gcut_infer_rank(&s->c, i);
  int last = rank == 1 || left != transposed ? rank - 1 : rank - 2;
  return (factor){gcut__slice_in(s, i), rank, last, gcut_infer_dims(&s->c, i)};
}

static int batch_axes(const factor *f) {
  return f->rank > 2 ? f->rank - 2 : 0;
}

// Along which axis of the output the batch of one factor lies. `other` must not have that axis, or
// carry the batch there, too.
static int place_of(const factor *f, const factor *other, bool left) {
  int own = batch_axes(f), others = batch_axes(other), most = own > others ? own : others;
  bool both = other->v->carry == GCUT__ALONG;
  if (f->v->axis >= own) return both ? -1 : most + (!left && other->rank > 1);
  int axis = f->v->axis + most - own, there = axis - (most - others);
  gcut_dim size = there < 0 ? 1 : other->dims[there];
  if (both) return there == other->v->axis && size == f->dims[f->v->axis] ? axis : -1;
  return size == 1 ? axis : -1;
}

// Inputs `a` and `b`, which alone may carry the batch.
static const char *multiply(gcut__slicer *s, uint32_t a, uint32_t b, bool turn_a, bool turn_b) {
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    gcut__carry carry = gcut__slice_in(s, i)->carry;
    if (carry == GCUT__SIZES) return gcut__slice_sizes;
    if (carry == GCUT__COUNTS) return gcut__slice_counts;
    if (carry != GCUT__SAME && i != a && i != b) return gcut__slice_disagree;
  }
  factor left = factor_of(s, a, true, turn_a), right = factor_of(s, b, false, turn_b);
  bool by_left = left.v->carry == GCUT__ALONG;
  if ((by_left && left.v->axis == left.summed) || (!by_left && right.v->axis == right.summed))
    return gcut__slice_along;
  int axis = by_left ? place_of(&left, &right, true) : place_of(&right, &left, false);
  if (axis >= 0 && by_left && right.v->carry == GCUT__ALONG)
    axis = place_of(&right, &left, false) == axis ? axis : -1;
  if (axis < 0) return gcut__slice_disagree;
  gcut__slice_set(s, 0, axis);
  return NULL;
}

const char *gcut__slice_matmul(gcut__slicer *s) {
  const char *op = s->c.node->op_type;
  if (!strcmp(op, "QLinearMatMul")) return multiply(s, 0, 3, false, false);
  if (strcmp(op, "FusedMatMul") && strcmp(op, "TransposeMatMul"))
    return multiply(s, 0, 1, false, false);
  const gcut__fused_matmul_attrs *attrs = s->c.attrs;
  if (attrs->transBatchA || attrs->transBatchB) return gcut__slice_unknown;
  return multiply(s, 0, 1, attrs->transA != 0, attrs->transB != 0);
}

// A * B + C: C must not have rows of its own, or those of the batch.
const char *gcut__slice_gemm(gcut__slicer *s) {
  const gcut__gemm_attrs *attrs = s->c.attrs; // FusedGemm's begin with these
  const gcut__sliced *a = gcut__slice_in(s, 0), *c = gcut__slice_in(s, 2);
  if (a->carry != GCUT__ALONG || gcut__slice_in(s, 1)->carry != GCUT__SAME)
    return gcut__slice_disagree;
  if (a->axis != (attrs->transA ? 1 : 0)) return gcut__slice_along;
  int rank = gcut__slice_has(s, 2) ? gcut_infer_rank(&s->c, 2) : 0;
  const gcut_dim *dims = rank > 0 ? gcut_infer_dims(&s->c, 2) : NULL;
  if (c->carry == GCUT__SAME ? rank == 2 && dims[0] != 1
                             : c->carry != GCUT__ALONG || rank != 2 || c->axis != 0 ||
                                   dims[0] != gcut_infer_dims(&s->c, 0)[a->axis])
    return gcut__slice_disagree;
  gcut__slice_set(s, 0, 0);
  return NULL;
}

// The label that the batch's axes have must be one, must not be summed over, and must not be that
// of an axis that is the same in every slice.
const char *gcut__slice_einsum(gcut__slicer *s) {
  const gcut__einsum_attrs *attrs = s->c.attrs;
  int *ranks = GCUT_NEW_ARRAY(s->c.arena, int, s->c.n_inputs), label = -1;
  gcut_dim size = 0;
  gcut__einsum e;
  if (!ranks) return gcut__slice_unknown;
  for (uint32_t i = 0; i < s->c.n_inputs; i++) ranks[i] = gcut_infer_rank(&s->c, i);
  if (gcut__einsum_parse(attrs->equation, ranks, s->c.n_inputs, s->c.arena, &e, NULL) != GCUT_OK)
    return gcut__slice_unknown;
  for (uint32_t i = 0; i < s->c.n_inputs; i++) {
    const gcut__sliced *v = gcut__slice_in(s, i);
    if (v->carry == GCUT__SIZES) return gcut__slice_sizes;
    if (v->carry == GCUT__COUNTS) return gcut__slice_counts;
    if (v->carry == GCUT__SAME) continue;
    if (label >= 0 &&
        (e.terms[i].labels[v->axis] != label || gcut_infer_dims(&s->c, i)[v->axis] != size))
      return gcut__slice_disagree;
    label = e.terms[i].labels[v->axis];
    size = gcut_infer_dims(&s->c, i)[v->axis];
  }
  for (uint32_t i = 0; i < s->c.n_inputs; i++)
    for (int d = 0; d < e.terms[i].rank; d++) {
      bool batch = gcut__slice_in(s, i)->carry != GCUT__SAME && gcut__slice_in(s, i)->axis == d;
      if (e.terms[i].labels[d] == label && !batch) return gcut__slice_disagree;
    }
  for (int d = 0; d < e.output.rank; d++)
    if (e.output.labels[d] == label) {
      gcut__slice_set(s, 0, d);
      return NULL;
    }
  return gcut__slice_along;
}
