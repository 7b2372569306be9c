// Scaled dot-product attention, as PyTorch's exporters and hand-written modules spell it:
//
//     [Where(IsNaN(p), 0, p)] of p = Softmax([masks] [cap * Tanh] [* s] MatMul(q [* s], k^T [* s]))
//     then MatMul(p, v)
//
// with up to two masks, each added or chosen by Where, before factors, too, with scores of sinks
// beside those of keys until softmax is done, with all of rank 4 or of rank 3, batch and heads as
// one (then Reshapes may tell them apart around the masks and softmax), with k^T turned by one
// Transpose (of rank 3 with rows outermost, too, as torch's MultiheadAttention has them), or by one
// between Reshapes that join batch and heads, and k and v repeated for groups of queries:
// Reshape(Expand(Unsqueeze(k))). Shapes are compared as expressions, so a group found is one at
// every shape.
//
// Of 16 bits, everything between the operands and the result may be in float32, from any Cast on:
// a kernel never rounds scores. They do not become narrower before softmax: there what hides could
// become minus infinity.
#include "tracer/fuse/fuse.h"
#include "tracer/ops/softmax.h"

// The value behind a product with a number, or a quotient by one; else the value itself.
static uint32_t behind_one_factor(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  float factor;
  const gcut_node *node = gcut__fuse_take(f, value, "Mul", 1);
  uint32_t rest = gcut__fuse_beside_number(f, node, &factor);
  if (rest != GCUT_NONE) {
    f->group.scale *= factor;
    return rest;
  }
  f->n_nodes = kept;
  node = gcut__fuse_take(f, value, "Div", 1);
  if (node && gcut__fuse_number(f, gcut__fuse_input(f, node, 1), &factor)) {
    f->group.scale /= factor;
    return gcut__fuse_input(f, node, 0);
  }
  f->n_nodes = kept;
  return value;
}

static uint32_t behind_factor(gcut__fuser *f, uint32_t value) {
  for (uint32_t in; (in = behind_one_factor(f, value)) != value;) value = in;
  return value;
}

// ---- scores -------------------------------------------------------------------------------------

static bool has_heads(const gcut__fuser *f, uint32_t value) {
  const gcut_type *type = gcut__fuse_type(f, value);
  return type && (type->rank == 4 || type->rank == 3);
}

// Where scores come from.
typedef struct scores {
  uint32_t q, k, masks[2], n_masks; // masks: the last first applied
  uint32_t sinks;
} scores;

// [* s] MatMul(q [* s], k^T [* s])
static bool find_product(gcut__fuser *f, uint32_t value, scores *s) {
  uint32_t kept = f->n_nodes;
  f->group.scale = 1;
  f->group.rows_first = false;
  f->group.softcap = 0;
  const gcut_node *product = gcut__fuse_take(f, behind_factor(f, value), "MatMul", 1);
  if (product) {
    s->q = behind_factor(f, gcut__fuse_input(f, product, 0));
    s->k = gcut__fuse_behind_turn(f, behind_factor(f, gcut__fuse_input(f, product, 1)));
    if (s->k != GCUT_NONE && !f->group.rows_first) s->k = gcut__fuse_behind_repeat(f, s->k);
    const gcut_type *q = gcut__fuse_type(f, s->q), *k = gcut__fuse_type(f, s->k);
    if (has_heads(f, s->q) && has_heads(f, s->k) && q->rank == k->rank) return true;
  }
  f->n_nodes = kept;
  return false;
}

// cap * Tanh(the product)
static bool find_capped(gcut__fuser *f, uint32_t value, scores *s) {
  uint32_t kept = f->n_nodes;
  f->group.scale = 1;
  const gcut_node *tanh = gcut__fuse_take(f, behind_factor(f, value), "Tanh", 1);
  float cap = f->group.scale;
  if (tanh && cap > 0 && find_product(f, gcut__fuse_input(f, tanh, 0), s)) {
    f->group.softcap = cap;
    return true;
  }
  f->n_nodes = kept;
  return false;
}

// Whether one view of scores has batch and heads as one, or windows and batch, and the other apart.
static bool is_view(const gcut_type *in, const gcut_type *out) {
  int ranks = in->rank + out->rank, same = ranks == 7 ? 2 : 3; // last dimensions that stay
  if ((ranks != 7 && ranks != 9) || in->rank < 3 || in->rank > 5) return false;
  for (int i = 1; i <= same; i++)
    if (in->dims[in->rank - i] != out->dims[out->rank - i]) return false;
  return true;
}

// What a Reshape reads that joins dimensions of scores, or takes them apart; else the value.
static uint32_t behind_view(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  const gcut_node *view = gcut__fuse_take(f, value, "Reshape", 1);
  uint32_t from = gcut__fuse_input(f, view, 0);
  const gcut_type *in = gcut__fuse_type(f, from), *out = gcut__fuse_type(f, value);
  if (view && in && out && is_view(in, out)) return from;
  f->n_nodes = kept;
  return value;
}

// Whether a score that is this is as good as minus infinity beside any other of its type.
static bool hides(const gcut__fuser *f, float least) {
  return least < -1e30f || (f->widened == GCUT_FLOAT16 && least <= -65504);
}

// Whether scores that this is added to are all alike: in float32 they keep what they were beside
// the least number of float16.
static bool drowns(const gcut__fuser *f, float least, bool wide) {
  return wide ? least < -1e30f : hides(f, least);
}

// The flags of a mask Where(flags, 0, least), or the other way round; else the mask as it is.
static uint32_t behind_flags(gcut__fuser *f, uint32_t mask, gcut_fused_mask *m) {
  uint32_t kept = f->n_nodes;
  float yes, no;
  const gcut_node *where = gcut__fuse_take(f, mask, "Where", 1);
  bool numbers = gcut__fuse_number(f, gcut__fuse_input(f, where, 1), &yes) &&
                 gcut__fuse_number(f, gcut__fuse_input(f, where, 2), &no);
  if (numbers && yes == 0 && drowns(f, no, m->wide))
    *m = (gcut_fused_mask){.kind = GCUT_MASK_KEEPS, .least = no, .factor = 1};
  else if (numbers && no == 0 && drowns(f, yes, m->wide))
    *m = (gcut_fused_mask){.kind = GCUT_MASK_HIDES, .least = yes, .factor = 1};
  if (m->kind != GCUT_MASK_ADDED) return gcut__fuse_input(f, where, 0);
  f->n_nodes = kept;
  return mask;
}

// A mask of 16 bits that was cast to float32 for these scores alone; else the mask as it is.
static uint32_t before_widening(gcut__fuser *f, uint32_t mask, const gcut_fused_mask *m) {
  uint32_t kept = f->n_nodes;
  if (!m->wide || m->kind != GCUT_MASK_ADDED) return mask;
  const gcut_node *cast = gcut__fuse_take(f, mask, "Cast", 1);
  uint32_t from = gcut__fuse_input(f, cast, 0);
  const gcut_type *type = gcut__fuse_type(f, from);
  if (cast && type && type->type == f->widened) return from;
  f->n_nodes = kept;
  return mask;
}

// Scores before the node masked them as that says, its operands given by their places; GCUT_NONE
// where it does not. Where a mask is chosen, what hides must be as good as minus infinity.
static uint32_t before_mask(gcut__fuser *f, const gcut_node *node, uint32_t mask, uint32_t score,
                            uint32_t least, scores *s) {
  uint32_t in = gcut__fuse_input(f, node, score), read = gcut__fuse_input(f, node, mask);
  const gcut_type *scored = gcut__fuse_type(f, in);
  gcut_fused_mask *m = &f->group.masks[s->n_masks];
  *m = (gcut_fused_mask){.kind = GCUT_MASK_ADDED, .factor = 1};
  if (!scored) return GCUT_NONE;
  if (least != GCUT_NONE) {
    m->kind = score < least ? GCUT_MASK_KEEPS : GCUT_MASK_HIDES;
    if (!gcut__fuse_number(f, gcut__fuse_input(f, node, least), &m->least) || !hides(f, m->least))
      return GCUT_NONE;
  } else {
    m->wide = f->widened && scored->type == GCUT_FLOAT;
    read = before_widening(f, behind_flags(f, read, m), m);
  }
  const gcut_type *type = gcut__fuse_type(f, read);
  if (!type || type->rank > scored->rank || type->rank < 1) return GCUT_NONE;
  s->masks[s->n_masks] = read;
  return in;
}

static bool find_scores(gcut__fuser *f, uint32_t value, scores *s);

// One more mask of a node, in either of two ways, and scores before it.
static bool find_masked(gcut__fuser *f, uint32_t value, scores *s) {
  static const struct {
    const char *op;
    uint32_t mask, score, least;
  } ways[] = {
      {"Add", 1, 0, GCUT_NONE}, {"Add", 0, 1, GCUT_NONE}, {"Where", 0, 1, 2}, {"Where", 0, 2, 1}};
  uint32_t kept = f->n_nodes, n_masks = s->n_masks;
  for (size_t i = 0; i < sizeof ways / sizeof *ways && n_masks < 2; i++) {
    f->n_nodes = kept;
    s->n_masks = n_masks;
    const gcut_node *node = gcut__fuse_take(f, value, ways[i].op, 1);
    uint32_t in =
        node ? before_mask(f, node, ways[i].mask, ways[i].score, ways[i].least, s) : GCUT_NONE;
    s->n_masks++;
    if (in != GCUT_NONE && find_scores(f, in, s)) return true;
  }
  f->n_nodes = kept;
  s->n_masks = n_masks;
  return false;
}

// Whether the masks from `first` on may be multiplied by a number, which is positive.
static bool may_scale(const gcut__fuser *f, const scores *s, uint32_t first, float factor) {
  for (uint32_t i = first; i < s->n_masks; i++)
    if (f->group.masks[i].kind != GCUT_MASK_ADDED && !hides(f, f->group.masks[i].least * factor))
      return false;
  return f->group.softcap == 0;
}

// Masked scores times a number. In float16 the least one would leave something of other scores.
static bool find_scaled(gcut__fuser *f, uint32_t value, scores *s) {
  uint32_t kept = f->n_nodes, n_masks = s->n_masks;
  f->group.scale = 1;
  uint32_t masked = behind_factor(f, value);
  float factor = f->group.scale;
  const gcut_type *type = gcut__fuse_type(f, value);
  if (masked != value && factor > 0 && type && type->type != GCUT_FLOAT16 &&
      find_masked(f, masked, s) && may_scale(f, s, n_masks, factor)) {
    f->group.scale *= factor;
    for (uint32_t i = n_masks; i < s->n_masks; i++) f->group.masks[i].factor *= factor;
    return true;
  }
  f->n_nodes = kept;
  s->n_masks = n_masks;
  return false;
}

// The product and what was done to it: no deeper than masks may be many.
static bool find_scores(gcut__fuser *f, uint32_t value, scores *s) {
  value = behind_view(f, value);
  return find_product(f, value, s) || find_capped(f, value, s) || find_masked(f, value, s) ||
         find_scaled(f, value, s);
}

// p of Where(IsNaN(p), 0, p), the guard of rows that see nothing; else the value itself.
static uint32_t behind_guard(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  const gcut_node *where = gcut__fuse_take(f, value, "Where", 1);
  const gcut_node *nan = gcut__fuse_take(f, gcut__fuse_input(f, where, 0), "IsNaN", 1);
  uint32_t p = gcut__fuse_input(f, where, 2);
  float zero;
  f->group.guard = nan && gcut__fuse_number(f, gcut__fuse_input(f, where, 1), &zero) && zero == 0 &&
                   gcut__fuse_input(f, nan, 0) == p;
  if (f->group.guard) return p;
  f->n_nodes = kept;
  return value;
}

// Weights in float32 that a Cast makes narrow; else the value itself.
static uint32_t behind_narrowing(gcut__fuser *f, uint32_t value, uint32_t readers) {
  uint32_t kept = f->n_nodes;
  const gcut_node *cast = gcut__fuse_take(f, value, "Cast", readers);
  uint32_t from = gcut__fuse_input(f, cast, 0);
  const gcut_type *in = gcut__fuse_type(f, from), *out = gcut__fuse_type(f, value);
  if (cast && f->widened && in && in->type == GCUT_FLOAT && out && out->type == f->widened)
    return from;
  f->n_nodes = kept;
  return value;
}

// Softmax over keys: what it reads, or GCUT_NONE.
static uint32_t behind_softmax(gcut__fuser *f, uint32_t value) {
  uint32_t readers = f->group.guard && !f->group.sinks ? 2 : 1,
           p = behind_narrowing(f, value, readers);
  const gcut_node *softmax = gcut__fuse_take(f, p, "Softmax", p == value ? readers : 1);
  if (!softmax || !has_heads(f, p)) return GCUT_NONE;
  int64_t axis = gcut__softmax_axis(softmax, softmax->attrs),
          last = gcut__fuse_type(f, p)->rank - 1;
  return axis == last || axis == -1 ? gcut__fuse_input(f, softmax, 0) : GCUT_NONE;
}

// ---- sinks --------------------------------------------------------------------------------------

// Whether the types differ in nothing but the last dimension, which is `last` in b; 0: whatever.
static bool differ_in_last(const gcut_type *a, const gcut_type *b, gcut_dim last) {
  if (!a || !b || a->rank != 4 || b->rank != 4 || a->type != b->type) return false;
  for (int d = 0; d < 3; d++)
    if (a->dims[d] != b->dims[d]) return false;
  return last == 0 || b->dims[3] == last;
}

// Weights of keys and sinks, of which Slice keeps all but the last; else the value itself.
static uint32_t behind_cut(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  int64_t start, end, axis, step = 1;
  const gcut_node *slice = gcut__fuse_take(f, value, "Slice", f->group.guard ? 2 : 1);
  uint32_t steps = gcut__fuse_input(f, slice, 4);
  f->group.sinks = gcut__fuse_int(f, gcut__fuse_input(f, slice, 1), &start) && start == 0 &&
                   gcut__fuse_int(f, gcut__fuse_input(f, slice, 2), &end) && end == -1 &&
                   gcut__fuse_int(f, gcut__fuse_input(f, slice, 3), &axis) &&
                   (axis == 3 || axis == -1) &&
                   (steps == GCUT_NONE || (gcut__fuse_int(f, steps, &step) && step == 1));
  if (f->group.sinks) return gcut__fuse_input(f, slice, 0);
  f->n_nodes = kept;
  return value;
}

// c of Sub(c, ReduceMax(c)) over keys, which softmax does by itself; else the value.
static uint32_t behind_shift(gcut__fuser *f, uint32_t value) {
  uint32_t kept = f->n_nodes;
  const gcut_node *sub = gcut__fuse_take(f, value, "Sub", 1);
  uint32_t c = gcut__fuse_input(f, sub, 0), top = gcut__fuse_input(f, sub, 1);
  const gcut_node *max = gcut__fuse_take(f, top, "ReduceMax", 1);
  if (max && gcut__fuse_input(f, max, 0) == c &&
      differ_in_last(gcut__fuse_type(f, c), gcut__fuse_type(f, top), 1))
    return c;
  f->n_nodes = kept;
  return value;
}

// The sinks of Expand(sinks), which it takes; where it is a constant already, that is read.
static uint32_t behind_sinks(gcut__fuser *f, uint32_t value, uint32_t *read) {
  uint32_t from = value == GCUT_NONE ? GCUT_NONE : f->graph->values[value].producer;
  if (from == GCUT_NONE || strcmp(f->graph->nodes[from].op_type, "Expand") != 0) return GCUT_NONE;
  bool folded = f->trace->folded[from];
  if (!folded && !gcut__fuse_take(f, value, "Expand", 1)) return GCUT_NONE;
  uint32_t sinks = gcut__fuse_input(f, &f->graph->nodes[from], 0);
  *read = folded ? value : sinks;
  return sinks;
}

// Scores of keys, of Concat(scores, Expand(sinks)) of a sink a head; or GCUT_NONE.
static uint32_t beside_sinks(gcut__fuser *f, uint32_t value, scores *s) {
  uint32_t c = behind_shift(f, value);
  const gcut_node *join = gcut__fuse_take(f, c, "Concat", c == value ? 1 : 2);
  uint32_t in = gcut__fuse_input(f, join, 0), wide = gcut__fuse_input(f, join, 1);
  const gcut_type *type = gcut__fuse_type(f, c),
                  *sinks = gcut__fuse_type(f, behind_sinks(f, wide, &s->sinks));
  bool found = join && join->n_inputs == 2 && differ_in_last(type, gcut__fuse_type(f, in), 0) &&
               differ_in_last(type, gcut__fuse_type(f, wide), 1) && sinks && sinks->rank == 4 &&
               sinks->dims[0] == 1 && sinks->dims[1] == type->dims[1] && sinks->dims[2] == 1;
  return found ? in : GCUT_NONE;
}

// ---- the whole ----------------------------------------------------------------------------------

// Whether queries, keys and values are of one type, the narrow one where there is one.
static bool types_fit(const gcut__fuser *f) {
  const gcut_type *q = gcut__fuse_type(f, f->group.reads[0]);
  for (uint32_t i = 1; i < 3; i++)
    if (gcut__fuse_type(f, f->group.reads[i])->type != q->type) return false;
  return !f->widened || q->type == f->widened;
}

static bool find_attention(gcut__fuser *f, const gcut_node *node, gcut_dtype narrow) {
  scores s = {0};
  f->widened = narrow;
  f->n_nodes = 0;
  uint32_t value = behind_view(f, gcut__fuse_input(f, node, 0));
  value = behind_guard(f, behind_narrowing(f, value, 1));
  value = behind_softmax(f, behind_cut(f, value));
  if (value != GCUT_NONE && f->group.sinks) value = beside_sinks(f, value, &s);
  if (value == GCUT_NONE || !find_scores(f, value, &s)) return false;
  uint32_t v = gcut__fuse_behind_repeat(f, gcut__fuse_input(f, node, 1)),
           reads[] = {s.q, s.k, v, 0, 0, 0};
  const gcut_type *q = gcut__fuse_type(f, s.q), *tv = gcut__fuse_type(f, v);
  if (!tv || tv->rank != q->rank) return false;
  for (uint32_t i = 0; i < s.n_masks; i++) reads[3 + i] = s.masks[s.n_masks - 1 - i];
  if (s.n_masks == 2) {
    gcut_fused_mask last = f->group.masks[0];
    f->group.masks[0] = f->group.masks[1];
    f->group.masks[1] = last;
  }
  reads[3 + s.n_masks] = s.sinks;
  return gcut__fuse_as(f, reads, 3 + s.n_masks + f->group.sinks) && types_fit(f);
}

// A type of 16 bits that the value has, or had before a Cast to float32; 0: there is none.
static gcut_dtype narrow_type(const gcut__fuser *f, uint32_t value) {
  const gcut_node *cast = gcut__fuse_maker(f, value, "Cast");
  for (int i = 0; i < 2; i++, value = gcut__fuse_input(f, cast, 0)) {
    const gcut_type *t = gcut__fuse_type(f, value);
    if (t && (t->type == GCUT_FLOAT16 || t->type == GCUT_BFLOAT16)) return t->type;
  }
  return 0;
}

bool gcut__fuse_attention(gcut__fuser *f, const gcut_node *node) {
  gcut_dtype narrow = narrow_type(f, gcut__fuse_input(f, node, 1));
  return (narrow && find_attention(f, node, narrow)) || find_attention(f, node, 0);
}
