// Activations: SiLU, SwiGLU and GELU.
#include "tracer/fuse/fuse.h"

// ---- g * sigmoid(g), and that times u -----------------------------------------------------------

// The value g of Mul(g, Sigmoid(g)), or GCUT_NONE.
static uint32_t gated(gcut__fuser *f, const gcut_node *mul) {
  uint32_t kept = f->n_nodes;
  for (uint32_t side = 0; mul && side < 2; side++) {
    uint32_t g = gcut__fuse_input(f, mul, side);
    const gcut_node *s = gcut__fuse_take(f, gcut__fuse_input(f, mul, 1 - side), "Sigmoid", 1);
    if (s && gcut__fuse_input(f, s, 0) == g) return g;
    f->n_nodes = kept;
  }
  return GCUT_NONE;
}

bool gcut__fuse_silu(gcut__fuser *f, const gcut_node *node) {
  uint32_t x = gated(f, node);
  return x != GCUT_NONE && gcut__fuse_as(f, &x, 1);
}

bool gcut__fuse_swiglu(gcut__fuser *f, const gcut_node *node) {
  for (uint32_t side = 0; side < 2; side++) {
    f->n_nodes = 0;
    uint32_t g = gated(f, gcut__fuse_take(f, gcut__fuse_input(f, node, side), "Mul", 1)),
             u = gcut__fuse_input(f, node, 1 - side);
    if (g != GCUT_NONE && gcut__fuse_same_shape(gcut__fuse_type(f, g), gcut__fuse_type(f, u)))
      return gcut__fuse_as(f, (uint32_t[]){g, u}, 2);
  }
  return false;
}

// ---- GELU: the product of x, a half, and 1 + erf(..) or 1 + tanh(..), in whatever order
// -----------

static const float ROOT_2 = 1.41421356f, ROOT_2_OVER_PI = 0.79788456f, CUBIC = 0.044715f;

// x of x / sqrt(2), or of x * sqrt(1/2); or GCUT_NONE.
static uint32_t erf_argument(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  const gcut_node *div = gcut__fuse_take(f, value, "Div", 1);
  if (div)
    return gcut__fuse_is(f, gcut__fuse_input(f, div, 1), ROOT_2) ? gcut__fuse_input(f, div, 0)
                                                                 : GCUT_NONE;
  f->n_nodes = kept;
  float factor;
  const gcut_node *mul = gcut__fuse_take(f, value, "Mul", 1);
  uint32_t x = gcut__fuse_beside_number(f, mul, &factor);
  return x != GCUT_NONE && factor > 0.705f && factor < 0.709f ? x : GCUT_NONE;
}

// Of a product or sum with a number near `number` the other operand; or GCUT_NONE.
static uint32_t beside(gcut__fuser *f, uint32_t value, const char *op, float number) {
  const gcut_node *node = gcut__fuse_take(f, value, op, 1);
  for (uint32_t side = 0; node && side < 2; side++)
    if (gcut__fuse_is(f, gcut__fuse_input(f, node, side), number))
      return gcut__fuse_input(f, node, 1 - side);
  return GCUT_NONE;
}

// Whether the value is x^3: Pow(x, 3), or Mul(x, Mul(x, x)) in either order.
static bool is_cube(gcut__fuser *f, uint32_t value, uint32_t x) {
  uint32_t kept = f->n_nodes;
  const gcut_node *node = gcut__fuse_take(f, value, "Pow", 1);
  if (node)
    return gcut__fuse_input(f, node, 0) == x && gcut__fuse_is(f, gcut__fuse_input(f, node, 1), 3);
  f->n_nodes = kept;
  node = gcut__fuse_take(f, value, "Mul", 1);
  uint32_t first = gcut__fuse_input(f, node, 0), second = gcut__fuse_input(f, node, 1);
  const gcut_node *square = node && (first == x || second == x)
                                ? gcut__fuse_take(f, first == x ? second : first, "Mul", 1)
                                : NULL;
  return square && gcut__fuse_input(f, square, 0) == x && gcut__fuse_input(f, square, 1) == x;
}

// x of sqrt(2 / pi) * (x + 0.044715 * x^3), or GCUT_NONE.
static uint32_t tanh_argument(gcut__fuser *f, uint32_t value) {
  const gcut_node *sum = gcut__fuse_take(f, beside(f, value, "Mul", ROOT_2_OVER_PI), "Add", 1);
  uint32_t kept = f->n_nodes;
  for (uint32_t side = 0; sum && side < 2; side++) {
    uint32_t x = gcut__fuse_input(f, sum, side);
    f->n_nodes = kept;
    if (is_cube(f, beside(f, gcut__fuse_input(f, sum, 1 - side), "Mul", CUBIC), x)) return x;
  }
  return GCUT_NONE;
}

// x of 1 + erf(x / sqrt(2)) or its approximation by tanh; or GCUT_NONE.
static uint32_t find_bell(gcut__fuser *f, uint32_t value) {
  uint32_t bell = beside(f, value, "Add", 1), kept = f->n_nodes;
  const gcut_node *node = gcut__fuse_take(f, bell, "Erf", 1);
  f->group.by_tanh = !node;
  if (node) return erf_argument(f, gcut__fuse_input(f, node, 0));
  f->n_nodes = kept;
  node = gcut__fuse_take(f, bell, "Tanh", 1);
  return node ? tanh_argument(f, gcut__fuse_input(f, node, 0)) : GCUT_NONE;
}

// Whether the three factors are x, a half and the bell over x, the bell being factor `at`.
static bool are_factors(gcut__fuser *f, const uint32_t *factors, uint32_t at) {
  uint32_t a = factors[(at + 1) % 3], b = factors[(at + 2) % 3];
  uint32_t x = gcut__fuse_is(f, a, 0.5f) ? b : gcut__fuse_is(f, b, 0.5f) ? a : GCUT_NONE;
  return x != GCUT_NONE && find_bell(f, factors[at]) == x && gcut__fuse_as(f, &x, 1);
}

bool gcut__fuse_gelu(gcut__fuser *f, const gcut_node *node) {
  for (uint32_t side = 0; side < 2; side++) {
    f->n_nodes = 0;
    const gcut_node *inner = gcut__fuse_take(f, gcut__fuse_input(f, node, side), "Mul", 1);
    uint32_t factors[] = {gcut__fuse_input(f, node, 1 - side), gcut__fuse_input(f, inner, 0),
                          gcut__fuse_input(f, inner, 1)};
    for (uint32_t at = 0; inner && at < 3; at++) {
      f->n_nodes = 1;
      if (are_factors(f, factors, at)) return true;
    }
  }
  return false;
}
