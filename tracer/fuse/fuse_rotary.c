// Rotary embedding: the pairs of x's last dimension turned by the angles of cos and sin. Exporters
// write one of
//
//     x * cos + join(-second, first) * sin
//     join(first * cos - second * sin, second * cos + first * sin)
//
// where first and second are what fuse_parts.c finds in x, and join puts such parts together; in
// float32 between Casts of a narrower x and result, or not. In front of either, pairs may be sorted
// into halves. Around it there may be a Concat with the rest of the last dimension, which is not
// turned. Negation is exact and a - b is a + -b, so all of them are one computation with the same
// bits.
#include "tracer/fuse/fuse.h"

enum { CASTS = 8 }; // that are looked through, one after another

typedef struct turn {
  gcut__fuser *f;
  uint32_t x, cosine, sine;
  gcut_dtype type; // of x and the result
  bool casts;      // float32 between
  bool in, out;    // neighbours are a pair
} turn;

// ---- x ------------------------------------------------------------------------------------------

// What a Cast reads that loses nothing; GCUT_NONE where none makes the value.
static uint32_t before_cast(const turn *t, uint32_t value) {
  return gcut__fuse_input(t->f, gcut__fuse_exact_cast(t->f, value, t->casts ? t->type : 0), 0);
}

static void join_casts(turn *t, uint32_t value, uint32_t from) {
  for (; value != from; value = before_cast(t, value)) gcut__fuse_join(t->f, value, "Cast");
}

// Whether two values are one but for such Casts: x, of the result's type.
static bool is_x(turn *t, uint32_t a, uint32_t b) {
  uint32_t i = a, k = b;
  for (int m = 0; m < CASTS && i != GCUT_NONE; m++, i = before_cast(t, i), k = b)
    for (int n = 0; n < CASTS && k != GCUT_NONE; n++, k = before_cast(t, k)) {
      const gcut_type *type = gcut__fuse_type(t->f, i);
      if (i != k || !type || type->type != t->type) continue;
      join_casts(t, a, i);
      join_casts(t, b, i);
      t->x = i;
      return true;
    }
  return false;
}

// ---- the turn -----------------------------------------------------------------------------------

// What makes a value that pairs are joined in; a Cast to float32 behind it is passed.
static const gcut_node *joining(turn *t, uint32_t value) {
  const gcut_node *node = gcut__fuse_join(t->f, value, "Concat");
  if (!node) node = gcut__fuse_join(t->f, value, "Reshape");
  if (node || !t->casts || before_cast(t, value) == GCUT_NONE) return node;
  value = gcut__fuse_input(t->f, gcut__fuse_join(t->f, value, "Cast"), 0);
  node = gcut__fuse_join(t->f, value, "Concat");
  return node ? node : gcut__fuse_join(t->f, value, "Reshape");
}

// Whether the value is join(-second, first) of x.
static bool is_crossed(turn *t, uint32_t value, uint32_t x) {
  const gcut_node *node = joining(t, value);
  uint32_t minus, first, from;
  if (!node || !gcut__fuse_joined(t->f, node, &minus, &first, &t->out)) return false;
  const gcut_node *neg = gcut__fuse_join(t->f, minus, "Neg");
  return neg && gcut__fuse_pair(t->f, first, gcut__fuse_input(t->f, neg, 0), &from, &t->in) &&
         t->in == t->out && is_x(t, x, from);
}

// Either order of both products.
static bool whole_products(turn *t, const gcut_node *straight, const gcut_node *crossed) {
  uint32_t kept = t->f->n_nodes;
  for (uint32_t i = 0; straight && crossed && i < 4; i++) {
    t->cosine = gcut__fuse_input(t->f, straight, 1 - (i & 1));
    t->sine = gcut__fuse_input(t->f, crossed, 1 - (i >> 1));
    t->f->n_nodes = kept;
    if (is_crossed(t, gcut__fuse_input(t->f, crossed, i >> 1),
                   gcut__fuse_input(t->f, straight, i & 1)))
      return true;
  }
  return false;
}

static bool is_sum_of_whole(turn *t, const gcut_node *sum) {
  const gcut_node *a = gcut__fuse_join(t->f, gcut__fuse_input(t->f, sum, 0), "Mul");
  const gcut_node *b = gcut__fuse_join(t->f, gcut__fuse_input(t->f, sum, 1), "Mul");
  return whole_products(t, a, b) || whole_products(t, b, a);
}

static bool multiplies(const gcut__fuser *f, const gcut_node *mul, uint32_t a, uint32_t b) {
  uint32_t x = gcut__fuse_input(f, mul, 0), y = gcut__fuse_input(f, mul, 1);
  return (x == a && y == b) || (x == b && y == a);
}

// Whether the products, of either order, are first * cos and second * sin, and those of the sum the
// other two.
static bool part_products(turn *t, const gcut_node *p, const gcut_node *q, const gcut_node *r,
                          const gcut_node *s) {
  uint32_t kept = t->f->n_nodes, from;
  for (uint32_t i = 0; i < 4; i++) {
    uint32_t first = gcut__fuse_input(t->f, p, i & 1), second = gcut__fuse_input(t->f, q, i >> 1);
    t->cosine = gcut__fuse_input(t->f, p, 1 - (i & 1));
    t->sine = gcut__fuse_input(t->f, q, 1 - (i >> 1));
    t->f->n_nodes = kept;
    if (multiplies(t->f, r, second, t->cosine) && multiplies(t->f, s, first, t->sine) &&
        gcut__fuse_pair(t->f, first, second, &from, &t->in) && is_x(t, from, from))
      return true;
  }
  return false;
}

// Whether the two are what becomes of first and of second.
static bool are_turned(turn *t, uint32_t less, uint32_t more) {
  gcut__fuser *f = t->f;
  const gcut_node *sub = gcut__fuse_join(f, less, "Sub"), *add = gcut__fuse_join(f, more, "Add");
  const gcut_node *p = gcut__fuse_join(f, gcut__fuse_input(f, sub, 0), "Mul");
  const gcut_node *q = gcut__fuse_join(f, gcut__fuse_input(f, sub, 1), "Mul");
  const gcut_node *r = gcut__fuse_join(f, gcut__fuse_input(f, add, 0), "Mul");
  const gcut_node *s = gcut__fuse_join(f, gcut__fuse_input(f, add, 1), "Mul");
  return p && q && r && s && (part_products(t, p, q, r, s) || part_products(t, p, q, s, r));
}

static bool is_join_of_parts(turn *t, const gcut_node *node) {
  uint32_t less, more;
  return gcut__fuse_joined(t->f, node, &less, &more, &t->out) && are_turned(t, less, more);
}

// Pairs that were sorted into halves are read where they were, if nobody else reads them sorted.
static void look_before_sorting(turn *t) {
  uint32_t kept = t->f->n_nodes, from = t->in ? GCUT_NONE : gcut__fuse_before_sorting(t->f, t->x);
  t->f->n_nodes = from == GCUT_NONE ? kept : t->f->n_nodes;
  if (from == GCUT_NONE) return;
  if (!gcut__fuse_is_inner(t->f, t->x, NULL)) {
    t->f->n_nodes = kept;
    return;
  }
  t->x = from;
  t->in = true;
}

// Whether the node makes x turned: an Add, Concat or Reshape, or a Cast of what one makes.
static bool is_turned(turn *t, const gcut_node *node) {
  static const char *const ops[] = {"Add", "Concat", "Reshape"};
  const gcut_type *out = gcut__fuse_type(t->f, gcut__fuse_output(t->f, node));
  uint32_t wide = gcut__fuse_input(t->f, node, 0);
  t->type = out ? out->type : 0;
  t->casts = gcut__fuse_is_op(node, "Cast");
  if (t->casts) {
    const gcut_type *in = gcut__fuse_type(t->f, wide);
    if (!in || in->type != GCUT_FLOAT || (t->type != GCUT_FLOAT16 && t->type != GCUT_BFLOAT16))
      return false;
    node = NULL;
    for (size_t i = 0; i < sizeof ops / sizeof *ops && !node; i++)
      node = gcut__fuse_join(t->f, wide, ops[i]);
  }
  bool sum = gcut__fuse_is_op(node, "Add");
  if (!node || !(sum ? is_sum_of_whole(t, node) : is_join_of_parts(t, node))) return false;
  look_before_sorting(t);
  return true;
}

// ---- a part of the last dimension ---------------------------------------------------------------

// Whether the two, in that order, are what x's last dimension consists of.
static bool are_all(const gcut__fuser *f, const gcut__part *a, const gcut__part *b) {
  const gcut_type *x = gcut__fuse_type(f, a->from);
  return a->from == b->from && a->step == 1 && b->step == 1 && a->first == 0 &&
         b->first == a->count && x && x->dims[x->rank - 1] == a->count + b->count;
}

// Whether what a Concat has on that side is turned; halves may be two of its operands.
static bool is_side_turned(turn *t, const gcut_node *cat, uint32_t side) {
  static const char *const ops[] = {"Add", "Concat", "Reshape", "Cast"};
  gcut__fuser *f = t->f;
  f->n_nodes = 0;
  if (cat->n_inputs == 3) {
    const gcut_type *out = gcut__fuse_type(f, gcut__fuse_output(f, cat));
    *t = (turn){.f = f, .type = out ? out->type : 0};
    if (!are_turned(t, gcut__fuse_input(f, cat, side), gcut__fuse_input(f, cat, side + 1)))
      return false;
    look_before_sorting(t);
    return true;
  }
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
    f->n_nodes = 0;
    const gcut_node *node = gcut__fuse_join(f, gcut__fuse_input(f, cat, side), ops[i]);
    if (node) return is_turned(t, node);
  }
  return false;
}

static bool is_partly_turned(turn *t, const gcut_node *cat) {
  gcut__fuser *f = t->f;
  for (uint32_t side = 0; (cat->n_inputs == 2 || cat->n_inputs == 3) && side < 2; side++) {
    gcut__part parts[2];
    uint32_t rest = gcut__fuse_input(f, cat, side ? 0 : cat->n_inputs - 1);
    if (!is_side_turned(t, cat, side) || !gcut__fuse_part(f, t->x, &parts[side]) ||
        !gcut__fuse_part(f, rest, &parts[1 - side]) || !are_all(f, &parts[0], &parts[1]))
      continue;
    t->x = parts[side].from;
    f->group.first = parts[side].first;
    f->group.size = parts[side].count;
    return true;
  }
  return false;
}

bool gcut__fuse_rotary(gcut__fuser *f, const gcut_node *node) {
  turn t = {.f = f};
  bool part = gcut__fuse_is_op(node, "Concat") && is_partly_turned(&t, node);
  if (!part) f->n_nodes = 0;
  if (!part && !is_turned(&t, node)) return false;
  const gcut_type *x = gcut__fuse_type(f, t.x);
  if (!gcut__fuse_same_shape(x, gcut__fuse_type(f, gcut__fuse_output(f, node))) ||
      !gcut__fuse_is_closed(f, node))
    return false;
  if (!part) f->group.size = x->dims[x->rank - 1];
  f->group.casts = t.casts;
  f->group.neighbours = t.in;
  f->group.neighbours_out = t.out;
  return gcut__fuse_as(f, (uint32_t[]){t.x, t.cosine, t.sine}, 3);
}
