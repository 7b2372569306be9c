// Rotary embedding: Add(Mul(x, cos), Mul(Concat(Neg(second half of x), first half of x), sin)).
#include "tracer/fuse/fuse.h"

// Half of the last dimension of x, from `start`.
static bool is_half(const gcut__fuser *f, const gcut_node *slice, uint32_t x, int64_t start) {
  const gcut_type *in = gcut__fuse_type(f, x);
  int64_t first, axis, step = 1;
  if (!slice || gcut__fuse_input(f, slice, 0) != x) return false;
  uint32_t steps = gcut__fuse_input(f, slice, 4);
  const gcut_type *out = gcut__fuse_type(f, gcut__fuse_output(f, slice));
  if (!gcut__fuse_int(f, gcut__fuse_input(f, slice, 1), &first) ||
      !gcut__fuse_int(f, gcut__fuse_input(f, slice, 3), &axis) ||
      (steps != GCUT_NONE && !gcut__fuse_int(f, steps, &step)))
    return false;
  return first == start && (axis == 3 || axis == -1) && step == 1 && out && out->rank == 4 &&
         gcut_dim_known(out->dims[3]) && out->dims[3] == in->dims[3] / 2;
}

// Concat(Neg(second half of x), first half of x).
static bool is_rotated(gcut__fuser *f, uint32_t value, uint32_t x) {
  const gcut_type *in = gcut__fuse_type(f, x);
  if (!in || in->rank != 4 || !gcut_dim_known(in->dims[3]) || in->dims[3] % 2 != 0) return false;
  const gcut_node *cat = gcut__fuse_take(f, value, "Concat", 1);
  if (!cat || cat->n_inputs != 2) return false;
  const gcut_node *neg = gcut__fuse_take(f, gcut__fuse_input(f, cat, 0), "Neg", 1);
  const gcut_node *second = gcut__fuse_take(f, gcut__fuse_input(f, neg, 0), "Slice", 1);
  const gcut_node *first = gcut__fuse_take(f, gcut__fuse_input(f, cat, 1), "Slice", 1);
  return second && first && gcut__fuse_same_shape(in, gcut__fuse_type(f, value)) &&
         is_half(f, second, x, in->dims[3] / 2) && is_half(f, first, x, 0);
}

// Either order of both products.
static bool find_parts(gcut__fuser *f, const gcut_node *straight, const gcut_node *turned) {
  uint32_t kept = f->n_nodes;
  for (uint32_t i = 0; i < 4; i++) {
    uint32_t x = gcut__fuse_input(f, straight, i & 1),
             cosine = gcut__fuse_input(f, straight, 1 - (i & 1)),
             value = gcut__fuse_input(f, turned, i >> 1),
             sine = gcut__fuse_input(f, turned, 1 - (i >> 1));
    f->n_nodes = kept;
    if (is_rotated(f, value, x)) return gcut__fuse_as(f, (uint32_t[]){x, cosine, sine}, 3);
  }
  return false;
}

bool gcut__fuse_rotary(gcut__fuser *f, const gcut_node *node) {
  const gcut_node *a = gcut__fuse_take(f, gcut__fuse_input(f, node, 0), "Mul", 1);
  const gcut_node *b = gcut__fuse_take(f, gcut__fuse_input(f, node, 1), "Mul", 1);
  return a && b && (find_parts(f, a, b) || find_parts(f, b, a));
}
