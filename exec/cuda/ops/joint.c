// Products that one launch of the card's own kernel computes, and what it does with them before
// they are stored: a residual sum; SwiGLU of a gate and its other side; several products of one
// left side, as queries, keys and values are. What lies between is neither written nor read again.
// That kernel gives a product the same bits in whatever company, so which ones meet in a part does
// not matter.
#include <string.h>

#include "exec/cuda/match.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/multiply.h"
#include "tracer/fuse/fuse.h"

enum {
  LEAST_COLUMNS = 256, // of a side that is worth joining
  MOST_READS = 1 + GCUT_CUDA_SIDES + 1,
};

typedef struct joint_params {
  gcut__cuda_joint joint;
  gcut__cuda_multiply multiply;
} joint_params;

// ---- the step: reads the left side, the right ones, and what is added

static gcut_status launch_joint(const gcut__cuda_run *r, gcut_error *err) {
  const joint_params *p = r->step->params;
  CUdeviceptr skip = p->joint.finish == GCUT_CUDA_FINISH_ADD ? r->inputs[2] : 0;
  return gcut__cuda_joint_launch(r->cuda, &p->multiply, &p->joint, r->inputs[0], r->inputs + 1,
                                 r->outputs, skip, r->stream, err);
}

static gcut_status compile_joint(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  joint_params *p = GCUT_NEW(c->arena, joint_params);
  if (!p) return GCUT_NO_MEMORY(err);
  p->joint = *(const gcut__cuda_joint *)fused->params;
  c->step->params = p;
  c->step->launch = launch_joint;
  return gcut__cuda_joint_load(c->cuda, &p->joint, &p->multiply, err);
}

// ---- the products

typedef struct sides {
  const gcut_node *nodes[GCUT_CUDA_SIDES];
  gcut__cuda_joint joint;
} sides;

// Whether the node is a product of the card's own kernel.
static bool is_own(const gcut__cuda_matcher *m, const gcut_node *node,
                   gcut__cuda_product *product) {
  const gcut_type *a = gcut__match_type(m, gcut__match_input(m, node, 0)),
                  *b = gcut__match_type(m, gcut__match_input(m, node, 1)),
                  *y = gcut__match_type(m, gcut__match_output(m, node));
  return m->cuda && a && b && y && gcut__cuda_matmul_product(a, b, y, product) &&
         product->batch == 1 && gcut__cuda_multiply_is_own(m->cuda, product);
}

// Takes a product in; false where it is none, or of another left side.
static bool add_side(const gcut__cuda_matcher *m, const gcut_node *node, sides *s) {
  gcut__cuda_product product;
  uint32_t n = s->joint.n_sides;
  if (!node || n == GCUT_CUDA_SIDES || !is_own(m, node, &product)) return false;
  if (n > 0 && gcut__match_input(m, node, 0) != gcut__match_input(m, s->nodes[0], 0)) return false;
  if (n == 0) s->joint.product = product;
  s->joint.n[n] = product.n;
  s->nodes[s->joint.n_sides++] = node;
  return true;
}

// The step in *f, but for what it writes; `skip` may be GCUT_NONE.
static bool set_step(gcut__cuda_matcher *m, const sides *s, uint32_t skip, gcut__cuda_fused *f) {
  uint32_t reads[MOST_READS] = {gcut__match_input(m, s->nodes[0], 0)}, n = 1;
  for (uint32_t i = 0; i < s->joint.n_sides; i++) reads[n++] = gcut__match_input(m, s->nodes[i], 1);
  if (skip != GCUT_NONE) reads[n++] = skip;
  f->base.reads = gcut_arena_copy(m->arena, reads, n * sizeof *reads);
  f->base.n_reads = n;
  f->params = gcut_arena_copy(m->arena, &s->joint, sizeof s->joint);
  f->compile = compile_joint;
  return f->base.reads && f->params;
}

// ---- with a residual

// The side of a sum that is a product which the sum alone reads: of two the last. GCUT_NONE where
// neither is.
static uint32_t product_side(const gcut__cuda_matcher *m, const gcut_node *add) {
  const gcut_type *t = gcut__match_type(m, gcut__match_output(m, add));
  uint32_t found = GCUT_NONE, last = 0;
  for (uint32_t side = 0; side < 2; side++) {
    uint32_t value = gcut__match_input(m, add, side);
    const gcut_node *node = gcut__match_producer(m, value, "MatMul");
    gcut__cuda_product product;
    if (!node || gcut_map_get(&m->uses, value) != 1 || !is_own(m, node, &product) ||
        !gcut__fuse_same_shape(gcut__match_type(m, value), t) ||
        !gcut__fuse_same_shape(gcut__match_type(m, gcut__match_input(m, add, 1 - side)), t))
      continue;
    uint32_t place = gcut_map_get(&m->places, (uint32_t)(node - m->graph->nodes));
    if (found == GCUT_NONE || place > last) found = side, last = place;
  }
  return found;
}

bool gcut__cuda_is_product_sum(const gcut__cuda_matcher *m, const gcut_node *add) {
  return product_side(m, add) != GCUT_NONE;
}

bool gcut__cuda_match_sum(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  sides s = {.joint.finish = GCUT_CUDA_FINISH_ADD};
  uint32_t side = product_side(m, node);
  return side != GCUT_NONE &&
         add_side(m, gcut__match_inner(m, gcut__match_input(m, node, side), "MatMul", 1), &s) &&
         set_step(m, &s, gcut__match_input(m, node, 1 - side), f);
}

// ---- SwiGLU of two

// The group reads the gate twice: for its sigmoid, and to multiply.
bool gcut__cuda_fill_gated(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  sides s = {.joint.finish = GCUT_CUDA_FINISH_SWIGLU};
  uint32_t kept = m->n_hidden;
  if (add_side(m, gcut__match_inner(m, group->reads[0], "MatMul", 2), &s) &&
      add_side(m, gcut__match_inner(m, group->reads[1], "MatMul", 1), &s) &&
      s.joint.n[0] == s.joint.n[1])
    return set_step(m, &s, GCUT_NONE, f);
  m->n_hidden = kept;
  return false;
}

// ---- of one left side

// Whether the node may join: what it multiplies by is there when the part begins.
static bool may_join(const gcut__cuda_matcher *m, const gcut_node *node, sides *s) {
  uint32_t b = gcut__match_input(m, node, 1);
  uint32_t maker = b == GCUT_NONE ? GCUT_NONE : m->graph->values[b].producer;
  if (maker != GCUT_NONE && gcut_map_get(&m->places, maker) != UINT32_MAX) return false;
  return gcut_map_get(&m->nodes, (uint32_t)(node - m->graph->nodes)) != UINT32_MAX &&
         add_side(m, node, s) && s->joint.n[s->joint.n_sides - 1] >= LEAST_COLUMNS;
}

static bool is_product(const gcut_node *node) {
  return node->op && !*node->domain && !strcmp(node->op_type, "MatMul");
}

// From the last on back to the first, as long as there is no other product between: others of that
// left side may come much later, and their results would lie about until then.
static void collect(const gcut__cuda_matcher *m, const gcut_node *last, sides *s) {
  uint32_t place = gcut_map_get(&m->places, (uint32_t)(last - m->graph->nodes));
  for (uint32_t i = place + 1; i-- > 0 && s->joint.n_sides < GCUT_CUDA_SIDES;) {
    const gcut_node *node = &m->graph->nodes[m->part->nodes[i]];
    if (m->trace->folded[m->part->nodes[i]] || !is_product(node)) continue;
    sides more = *s;
    if (!may_join(m, node, &more)) return;
    *s = more;
  }
}

// The step stands where the first product does: the left side is there by then, the right ones
// before, and who reads the others' results comes after them.
bool gcut__cuda_match_products(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  sides s = {.joint.finish = GCUT_CUDA_FINISH_NONE};
  uint32_t writes[GCUT_CUDA_SIDES];
  if (!is_product(node)) return false;
  collect(m, node, &s);
  if (s.joint.n_sides < 2) return false;
  for (uint32_t i = 0; i < s.joint.n_sides; i++) {
    uint32_t id = (uint32_t)(s.nodes[i] - m->graph->nodes);
    writes[i] = gcut__match_output(m, s.nodes[i]);
    if (i + 1 < s.joint.n_sides) m->hidden[m->n_hidden++] = id;
    f->base.node = id;
  }
  f->base.writes = gcut_arena_copy(m->arena, writes, s.joint.n_sides * sizeof *writes);
  f->base.n_writes = s.joint.n_sides;
  return f->base.writes && set_step(m, &s, GCUT_NONE, f);
}
