// Parts of a value's last dimension as exporters take and join them: halves (Slice, Split, Concat),
// and the first and second of each pair of neighbours (Slice with a step of 2; a Reshape to pairs,
// then Slice, Split or Gather, and Squeeze; Unsqueeze, Concat and a Reshape back). Nodes between
// join the group. What a node moves follows from its axis and from the shapes around it.
#include "tracer/fuse/fuse.h"
#include "tracer/ops/concat.h"
#include "tracer/ops/gather.h"

enum { PARTS = 8 }; // of a Split, which is looked through output by output

static int64_t width(const gcut_type *t) {
  return t && t->rank > 0 && gcut_dim_known(t->dims[t->rank - 1]) ? t->dims[t->rank - 1] : -1;
}

// Whether `deep` has the dimensions of `t` but for its last, then `a` and `b`.
static bool splits_last(const gcut_type *t, const gcut_type *deep, int64_t a, int64_t b) {
  if (!t || !deep || t->type != deep->type || deep->rank != t->rank + 1 || a <= 0 || b <= 0 ||
      width(t) != a * b)
    return false;
  for (int d = 0; d + 1 < t->rank; d++)
    if (t->dims[d] != deep->dims[d]) return false;
  return deep->dims[t->rank - 1] == a && deep->dims[t->rank] == b;
}

static bool is_last(int64_t axis, const gcut_type *t) {
  return t && (axis == -1 || axis == t->rank - 1);
}

// ---- one part -----------------------------------------------------------------------------------

static bool slice_part(const gcut__fuser *f, const gcut_node *slice, gcut__part *out) {
  const gcut_type *in = gcut__fuse_type(f, out->from);
  uint32_t steps = gcut__fuse_input(f, slice, 4);
  int64_t axis;
  out->step = 1;
  return gcut__fuse_int(f, gcut__fuse_input(f, slice, 1), &out->first) &&
         gcut__fuse_int(f, gcut__fuse_input(f, slice, 3), &axis) && is_last(axis, in) &&
         (steps == GCUT_NONE || gcut__fuse_int(f, steps, &out->step)) && out->step > 0 &&
         out->first >= 0 && out->first < width(in);
}

// Of a Split, what lies behind the outputs before `value`.
static bool split_part(const gcut__fuser *f, const gcut_node *split, uint32_t value,
                       gcut__part *out) {
  const gcut__split_attrs *attrs = split->attrs;
  out->first = 0;
  out->step = 1;
  if (split->n_outputs > PARTS) return false;
  for (uint32_t o = 0; o < split->n_outputs; o++) {
    uint32_t made = gcut_node_outputs(f->graph, split)[o];
    int64_t n = width(gcut__fuse_type(f, made));
    if (made == value) return is_last(attrs->axis, gcut__fuse_type(f, out->from));
    if (n < 0) return false;
    out->first += n;
  }
  return false;
}

// Slice or Split of the last dimension.
static bool stretch(gcut__fuser *f, uint32_t value, gcut__part *out) {
  const gcut_node *node = gcut__fuse_join(f, value, "Slice");
  bool slice = node != NULL;
  if (!slice) node = gcut__fuse_join(f, value, "Split");
  if (!node) return false;
  out->from = gcut__fuse_input(f, node, 0);
  out->count = width(gcut__fuse_type(f, value));
  return out->count > 0 && (slice ? slice_part(f, node, out) : split_part(f, node, value, out));
}

// Element `out->first` of the last dimension of out->from, which is gone from `value`.
static bool element(gcut__fuser *f, uint32_t value, gcut__part *out) {
  const gcut_node *squeeze = gcut__fuse_join(f, value, "Squeeze"), *gather;
  if (squeeze) {
    uint32_t one = gcut__fuse_input(f, squeeze, 0);
    const gcut_type *in = gcut__fuse_type(f, one), *made = gcut__fuse_type(f, value);
    return splits_last(made, in, width(made), 1) && stretch(f, one, out) && out->count == 1;
  }
  gather = gcut__fuse_join(f, value, "Gather");
  out->from = gcut__fuse_input(f, gather, 0);
  const gcut_type *indices = gcut__fuse_type(f, gcut__fuse_input(f, gather, 1));
  return gather && indices && indices->rank == 0 &&
         gcut__fuse_int(f, gcut__fuse_input(f, gather, 1), &out->first) &&
         is_last(((const gcut__gather_attrs *)gather->attrs)->axis, gcut__fuse_type(f, out->from));
}

// Firsts or seconds of pairs that a Reshape made.
static bool every_other(gcut__fuser *f, uint32_t value, gcut__part *out) {
  if (!element(f, value, out)) return false;
  const gcut_type *pairs = gcut__fuse_type(f, out->from);
  const gcut_node *reshape = gcut__fuse_join(f, out->from, "Reshape");
  out->from = gcut__fuse_input(f, reshape, 0);
  out->step = 2;
  out->count = width(gcut__fuse_type(f, value));
  return reshape && out->count > 0 && out->first >= 0 && out->first < 2 &&
         splits_last(gcut__fuse_type(f, out->from), pairs, out->count, 2);
}

bool gcut__fuse_part(gcut__fuser *f, uint32_t value, gcut__part *out) {
  uint32_t kept = f->n_nodes;
  if (stretch(f, value, out)) return true;
  f->n_nodes = kept;
  return every_other(f, value, out);
}

// ---- pairs --------------------------------------------------------------------------------------

bool gcut__fuse_pair(gcut__fuser *f, uint32_t first, uint32_t second, uint32_t *from,
                     bool *neighbours) {
  gcut__part a, b;
  if (!gcut__fuse_part(f, first, &a) || !gcut__fuse_part(f, second, &b)) return false;
  *from = a.from;
  *neighbours = a.step == 2;
  return a.from == b.from && a.step == b.step && a.step <= 2 && a.count == b.count &&
         a.first == 0 && b.first == (*neighbours ? 1 : a.count) &&
         width(gcut__fuse_type(f, a.from)) == 2 * a.count;
}

// What an Unsqueeze gives a last dimension of 1; or GCUT_NONE.
static uint32_t widened(gcut__fuser *f, uint32_t value) {
  const gcut_node *unsqueeze = gcut__fuse_join(f, value, "Unsqueeze");
  uint32_t in = gcut__fuse_input(f, unsqueeze, 0);
  const gcut_type *t = gcut__fuse_type(f, in);
  return splits_last(t, gcut__fuse_type(f, value), width(t), 1) ? in : GCUT_NONE;
}

bool gcut__fuse_joined(gcut__fuser *f, const gcut_node *node, uint32_t *first, uint32_t *second,
                       bool *neighbours) {
  const gcut_type *out = gcut__fuse_type(f, gcut__fuse_output(f, node));
  bool reshape = gcut__fuse_is_op(node, "Reshape");
  uint32_t pairs = gcut__fuse_input(f, node, 0);
  const gcut_node *cat = reshape ? gcut__fuse_join(f, pairs, "Concat") : node;
  if (!gcut__fuse_is_op(cat, "Concat") || cat->n_inputs != 2 ||
      !is_last(gcut__concat_axis(cat->attrs), gcut__fuse_type(f, gcut__fuse_output(f, cat))))
    return false;
  *neighbours = reshape;
  *first = gcut__fuse_input(f, cat, 0);
  *second = gcut__fuse_input(f, cat, 1);
  if (reshape) {
    *first = widened(f, *first);
    *second = widened(f, *second);
    return *first != GCUT_NONE && *second != GCUT_NONE &&
           splits_last(out, gcut__fuse_type(f, pairs), width(out) / 2, 2);
  }
  return width(out) > 0 && width(gcut__fuse_type(f, *first)) * 2 == width(out) &&
         width(gcut__fuse_type(f, *second)) * 2 == width(out);
}

uint32_t gcut__fuse_before_sorting(gcut__fuser *f, uint32_t value) {
  const gcut_node *back = gcut__fuse_join(f, value, "Reshape");
  const gcut_node *turn = gcut__fuse_join(f, gcut__fuse_input(f, back, 0), "Transpose");
  const gcut_node *pairs = gcut__fuse_join(f, gcut__fuse_input(f, turn, 0), "Reshape");
  const gcut_type *t = gcut__fuse_type(f, value);
  uint32_t from = gcut__fuse_input(f, pairs, 0);
  bool found = pairs && t && gcut__fuse_swaps_last(turn, t->rank + 1) &&
               gcut__fuse_same_shape(t, gcut__fuse_type(f, from)) && width(t) % 2 == 0 &&
               splits_last(t, gcut__fuse_type(f, gcut__fuse_output(f, pairs)), width(t) / 2, 2) &&
               splits_last(t, gcut__fuse_type(f, gcut__fuse_output(f, turn)), 2, width(t) / 2);
  return found ? from : GCUT_NONE;
}
