// Norms over the last dimension, spelled out: RMS norm and, before opset 17, layer norm.
#include "tracer/fuse/fuse.h"

// y is x with the last dimension summed up: axes that a reduction kept as 1 show in its shape.
static bool sums_last(const gcut__fuser *f, uint32_t x, uint32_t y) {
  const gcut_type *in = gcut__fuse_type(f, x), *out = gcut__fuse_type(f, y);
  if (!in || !out || in->rank < 1 || in->rank != out->rank || out->dims[out->rank - 1] != 1)
    return false;
  for (int d = 0; d + 1 < in->rank; d++)
    if (in->dims[d] != out->dims[d]) return false;
  return true;
}

// Mean over the last dimension of what is returned, or GCUT_NONE.
static uint32_t mean_of(gcut__fuser *f, uint32_t value, uint32_t readers) {
  const gcut_node *mean = gcut__fuse_take(f, value, "ReduceMean", readers);
  uint32_t x = gcut__fuse_input(f, mean, 0);
  return mean && sums_last(f, x, value) ? x : GCUT_NONE;
}

// x of Pow(x, 2) or Mul(x, x), or GCUT_NONE.
static uint32_t square_of(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  float exponent;
  const gcut_node *node = gcut__fuse_take(f, value, "Pow", 1);
  if (node)
    return gcut__fuse_number(f, gcut__fuse_input(f, node, 1), &exponent) && exponent == 2
               ? gcut__fuse_input(f, node, 0)
               : GCUT_NONE;
  f->n_nodes = kept;
  node = gcut__fuse_take(f, value, "Mul", 1);
  return node && gcut__fuse_input(f, node, 0) == gcut__fuse_input(f, node, 1)
             ? gcut__fuse_input(f, node, 0)
             : GCUT_NONE;
}

// x of Sqrt(mean(x^2) + epsilon), or GCUT_NONE.
static uint32_t root_of_mean(gcut__fuser *f, uint32_t value) {
  const gcut_node *root = gcut__fuse_take(f, value, "Sqrt", 1);
  const gcut_node *add = gcut__fuse_take(f, gcut__fuse_input(f, root, 0), "Add", 1);
  uint32_t mean = gcut__fuse_beside_number(f, add, &f->group.epsilon);
  uint32_t square = mean_of(f, mean, 1);
  return square_of(f, square);
}

// A vector as long as x's last dimension, of the type of y.
static bool is_weight(const gcut__fuser *f, uint32_t w, uint32_t x, uint32_t y) {
  const gcut_type *tw = gcut__fuse_type(f, w), *tx = gcut__fuse_type(f, x),
                  *ty = gcut__fuse_type(f, y);
  return tw && tx && ty && tw->rank == 1 && tx->rank >= 1 && tw->type == ty->type &&
         tw->dims[0] == tx->dims[tx->rank - 1];
}

// ---- RMS norm: Mul(w, [Cast] Mul(x, 1 / Sqrt(mean(x^2) + epsilon)))

// x of 1 / Sqrt(..): Reciprocal, or Div; or GCUT_NONE.
static uint32_t reciprocal_root(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  float one;
  const gcut_node *node = gcut__fuse_take(f, value, "Reciprocal", 1);
  if (node) return root_of_mean(f, gcut__fuse_input(f, node, 0));
  f->n_nodes = kept;
  node = gcut__fuse_take(f, value, "Div", 1);
  if (!node || !gcut__fuse_number(f, gcut__fuse_input(f, node, 0), &one) || one != 1)
    return GCUT_NONE;
  return root_of_mean(f, gcut__fuse_input(f, node, 1));
}

// What two Casts, one for the square and one for the product, both read; or GCUT_NONE.
static uint32_t cast_twice(gcut__fuser *f, uint32_t a, uint32_t b) {
  const gcut_node *one = gcut__fuse_take(f, a, "Cast", 1), *two = gcut__fuse_take(f, b, "Cast", 1);
  bool same = one && two && gcut__fuse_input(f, one, 0) == gcut__fuse_input(f, two, 0) &&
              gcut__fuse_same_shape(gcut__fuse_type(f, a), gcut__fuse_type(f, b));
  return same ? gcut__fuse_input(f, one, 0) : GCUT_NONE;
}

// Mul(x, root) in either order: x, or GCUT_NONE. *narrow is what was cast to x, where it was cast
// to each of its two readers anew; else GCUT_NONE.
static uint32_t scaled(gcut__fuser *f, uint32_t value, uint32_t *narrow) {
  const gcut_node *mul = gcut__fuse_take(f, value, "Mul", 1);
  uint32_t kept = f->n_nodes;
  *narrow = GCUT_NONE;
  for (uint32_t side = 0; mul && side < 2; side++) {
    uint32_t x = gcut__fuse_input(f, mul, 1 - side);
    f->n_nodes = kept;
    uint32_t squared = reciprocal_root(f, gcut__fuse_input(f, mul, side));
    if (squared == GCUT_NONE) continue;
    if (squared != x) *narrow = cast_twice(f, squared, x);
    if (squared == x || *narrow != GCUT_NONE) return x;
  }
  return GCUT_NONE;
}

// x of the norm without its weight, before it was cast to float32; or GCUT_NONE. A Cast that others
// read, too, stays outside.
static uint32_t normed(gcut__fuser *f, uint32_t value) {
  const gcut_node *down = gcut__fuse_take(f, value, "Cast", 1);
  uint32_t narrow, x = scaled(f, down ? gcut__fuse_input(f, down, 0) : value, &narrow);
  const gcut_type *wide = gcut__fuse_type(f, x);
  bool casts = down && wide && wide->type == GCUT_FLOAT;
  if (narrow == GCUT_NONE && casts)
    narrow = gcut__fuse_input(f, gcut__fuse_take(f, x, "Cast", 2), 0);
  f->group.casts = casts && narrow != GCUT_NONE;
  return f->group.casts ? narrow : x;
}

bool gcut__fuse_rms_norm(gcut__fuser *f, const gcut_node *node) {
  uint32_t y = gcut__fuse_output(f, node);
  for (uint32_t side = 0; side < 2; side++) {
    f->n_nodes = 0;
    uint32_t w = gcut__fuse_input(f, node, side),
             x = normed(f, gcut__fuse_input(f, node, 1 - side));
    if (x != GCUT_NONE && is_weight(f, w, x, y) &&
        gcut__fuse_same_shape(gcut__fuse_type(f, x), gcut__fuse_type(f, y)))
      return gcut__fuse_as(f, (uint32_t[]){x, w}, 2);
  }
  return false;
}

// ---- layer norm: Add(Mul(Div(d, Sqrt(mean(d^2) + epsilon)), w), b) of d = x - mean(x)
// -------------

// x of d / Sqrt(..), or GCUT_NONE.
static uint32_t centred(gcut__fuser *f, uint32_t value) {
  const gcut_node *div = gcut__fuse_take(f, value, "Div", 1);
  uint32_t d = gcut__fuse_input(f, div, 0);
  if (!div || root_of_mean(f, gcut__fuse_input(f, div, 1)) != d) return GCUT_NONE;
  const gcut_node *sub = gcut__fuse_take(f, d, "Sub", 2);
  uint32_t x = gcut__fuse_input(f, sub, 0);
  return sub && mean_of(f, gcut__fuse_input(f, sub, 1), 1) == x ? x : GCUT_NONE;
}

bool gcut__fuse_layer_norm(gcut__fuser *f, const gcut_node *node) {
  uint32_t y = gcut__fuse_output(f, node);
  for (uint32_t i = 0; i < 4; i++) { // either order of the sum and of the product
    f->n_nodes = 0;
    const gcut_node *mul = gcut__fuse_take(f, gcut__fuse_input(f, node, i & 1), "Mul", 1);
    uint32_t b = gcut__fuse_input(f, node, 1 - (i & 1)), w = gcut__fuse_input(f, mul, i >> 1),
             x = mul ? centred(f, gcut__fuse_input(f, mul, 1 - (i >> 1))) : GCUT_NONE;
    if (x != GCUT_NONE && is_weight(f, w, x, y) && is_weight(f, b, x, y))
      return gcut__fuse_as(f, (uint32_t[]){x, w, b}, 3);
  }
  return false;
}
