// Products that one launch of the card's own kernel computes, and what it does with them before
// they are stored: the sum with a bias or a residual; elementwise nodes, as an activation is
// spelled out; SwiGLU of a gate and its other side; several products of one left side, as queries,
// keys and values are. What lies between is neither written nor read again.
// That kernel gives a product the same bits in whatever company, so which ones meet in a part does
// not matter.
#include <math.h>

#include "exec/cuda/chain.h"
#include "exec/cuda/ops/compile.h"
#include "exec/cuda/ops/finish_program.h"
#include "exec/cuda/ops/side.h"
#include "tracer/fuse/fuse.h"

enum {
  LEAST_COLUMNS = 256, // of a side that is worth joining
  MOST_READS = 1 + 4 * GCUT_CUDA_SIDES + 1,
  NOWHERE = -1,
};

// A right side of a few bits, which becomes a matrix: in scratch, or, where the part keeps what it
// makes of weights alone, there.
typedef struct packed_side {
  bool is;
  gcut__cuda_nbits nbits;
  int scales, zeros; // among what the step reads, or NOWHERE
  uint64_t at;       // in either
} packed_side;

typedef struct joint_params {
  gcut__cuda_joint joint;
  packed_side packed[GCUT_CUDA_SIDES];
  int vectors[GCUT_CUDA_SIDES], matrix; // among what the step reads, or NOWHERE
  gcut__cuda_multiply multiply;
} joint_params;

// ---- the step: reads the left side, the right ones, what belongs to these, and a matrix

static CUdeviceptr read_at(const gcut__cuda_run *r, int at) {
  return at == NOWHERE ? 0 : r->inputs[at];
}

// All of them, each to its place behind `base`.
static gcut_status expand_to(const gcut__cuda_run *r, CUdeviceptr base, gcut_error *err) {
  const joint_params *p = r->step->params;
  for (uint32_t i = 0; i < p->joint.n_sides; i++) {
    const packed_side *side = &p->packed[i];
    const CUdeviceptr inputs[GCUT_CUDA_NBITS_INPUTS] = {
        0, r->inputs[1 + i], read_at(r, side->scales), read_at(r, side->zeros)};
    if (side->is)
      GCUT_TRY(gcut__cuda_nbits_expand(r, &side->nbits, 0, side->nbits.job.n, inputs,
                                       base + side->at, err));
  }
  return GCUT_OK;
}

static gcut_status prepare_joint(const gcut__cuda_run *r, gcut_error *err) {
  return expand_to(r, r->prepared, err);
}

static gcut_status launch_joint(const gcut__cuda_run *r, gcut_error *err) {
  const joint_params *p = r->step->params;
  gcut__cuda_joint_operands x = {.a = r->inputs[0], .matrix = read_at(r, p->matrix)};
  const CUdeviceptr expanded = r->prepared ? r->prepared : r->scratch;
  if (!r->prepared) GCUT_TRY(expand_to(r, expanded, err));
  for (uint32_t i = 0; i < p->joint.n_sides; i++) {
    x.b[i] = p->packed[i].is ? expanded + p->packed[i].at : r->inputs[1 + i];
    x.vectors[i] = read_at(r, p->vectors[i]);
  }
  return gcut__cuda_joint_launch(r->cuda, &p->multiply, &p->joint, &x, r->outputs, r->stream, err);
}

static bool is_of_weights(const gcut__cuda_step *step, const packed_side *side, uint32_t b) {
  return gcut__cuda_is_of_weights(step, b) &&
         (side->scales == NOWHERE || gcut__cuda_is_of_weights(step, (uint32_t)side->scales)) &&
         (side->zeros == NOWHERE || gcut__cuda_is_of_weights(step, (uint32_t)side->zeros));
}

static gcut_status compile_joint(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                                 gcut_error *err) {
  joint_params *p = GCUT_NEW(c->arena, joint_params);
  if (!p) return GCUT_NO_MEMORY(err);
  *p = *(const joint_params *)fused->params;
  c->step->params = p;
  bool fixed = true;
  for (uint32_t i = 0; i < p->joint.n_sides; i++) {
    packed_side *side = &p->packed[i];
    if (!side->is) continue;
    GCUT_TRY(gcut__cuda_nbits_load(c->cuda, &side->nbits, err));
    fixed &= is_of_weights(c->step, side, 1 + i);
    side->at = c->step->scratch_bytes;
    c->step->scratch_bytes += gcut__cuda_nbits_bytes(&side->nbits, side->nbits.job.n);
  }
  c->step->launch = launch_joint;
  if (fixed) {
    c->step->prepare = prepare_joint;
    c->step->prepared_bytes = c->step->scratch_bytes;
  }
  return gcut__cuda_joint_load(c->cuda, &p->joint, &p->multiply, err);
}

// ---- sides

typedef struct sides {
  gcut__cuda_side at[GCUT_CUDA_SIDES];
  uint32_t n, matrix; // matrix: a value, or GCUT_NONE
  gcut__cuda_finish finish;
  gcut__cuda_finish_program program;
} sides;

// Takes a product in; false where it goes with none that are there.
static bool add_side(sides *s, const gcut__cuda_side *side) {
  const gcut__cuda_product *first = &s->at[0].product, *p = &side->product;
  if (s->n == GCUT_CUDA_SIDES) return false;
  if (s->n > 0 && (side->a != s->at[0].a || p->transpose_b != first->transpose_b ||
                   p->alpha != first->alpha || p->m != first->m))
    return false;
  for (uint32_t i = 0; i < s->n; i++)
    if (side->vector != GCUT_NONE && s->at[i].vector != GCUT_NONE && side->after != s->at[i].after)
      return false;
  s->at[s->n++] = *side;
  return true;
}

static bool hide(gcut__cuda_matcher *m, const gcut__cuda_side *side, uint32_t but) {
  for (uint32_t i = 0; i < side->n_nodes; i++) {
    if (side->nodes[i] == but) continue;
    if (m->n_hidden == GCUT_CUDA_GROUP_NODES) return false;
    m->hidden[m->n_hidden++] = side->nodes[i];
  }
  return true;
}

static int add_read(uint32_t *reads, uint32_t *n, uint32_t value) {
  if (value == GCUT_NONE) return NOWHERE;
  reads[*n] = value;
  return (int)(*n)++;
}

// The step in *f, but for what it writes. It stands at f->base.node; other nodes are hidden.
static bool set_step(gcut__cuda_matcher *m, const sides *s, gcut__cuda_fused *f) {
  uint32_t reads[MOST_READS], n = 0;
  joint_params p = {.joint = {.product = s->at[0].product,
                              .n_sides = s->n,
                              .finish = s->finish,
                              .program = s->program}};
  add_read(reads, &n, s->at[0].a);
  for (uint32_t i = 0; i < s->n; i++) add_read(reads, &n, s->at[i].b);
  for (uint32_t i = 0; i < s->n; i++) {
    p.joint.n[i] = s->at[i].product.n;
    p.vectors[i] = add_read(reads, &n, s->at[i].vector);
    if (s->at[i].packed)
      p.packed[i] = (packed_side){.is = true,
                                  .nbits = s->at[i].nbits,
                                  .scales = add_read(reads, &n, s->at[i].scales),
                                  .zeros = add_read(reads, &n, s->at[i].zeros)};
    if (!hide(m, &s->at[i], f->base.node)) return false;
  }
  p.matrix = add_read(reads, &n, s->matrix);
  f->base.reads = gcut_arena_copy(m->arena, reads, n * sizeof *reads);
  f->base.n_reads = n;
  f->params = gcut_arena_copy(m->arena, &p, sizeof p);
  f->compile = compile_joint;
  return f->base.reads && f->params;
}

// Of two products that which comes last.
static bool is_later(const gcut__cuda_matcher *m, const gcut__cuda_side *x,
                     const gcut__cuda_side *than) {
  return gcut_map_get(&m->places, x->nodes[0]) > gcut_map_get(&m->places, than->nodes[0]);
}

// ---- with a residual

// The side of a sum that is a product, with or without a vector, which the sum alone reads: of two
// the last. GCUT_NONE where neither is.
static uint32_t product_side(const gcut__cuda_matcher *m, const gcut_node *add,
                             gcut__cuda_side *out) {
  const gcut_type *t = gcut__match_type(m, gcut__match_output(m, add));
  uint32_t found = GCUT_NONE;
  for (uint32_t side = 0; side < 2; side++) {
    uint32_t value = gcut__match_input(m, add, side), other = gcut__match_input(m, add, 1 - side);
    gcut__cuda_side it;
    if (gcut_map_get(&m->uses, value) != 1 || !gcut__cuda_side_with_vector(m, value, &it) ||
        !gcut__fuse_same_shape(gcut__match_type(m, value), t) ||
        !gcut__fuse_same_shape(gcut__match_type(m, other), t))
      continue;
    if (found == GCUT_NONE || is_later(m, &it, out)) found = side, *out = it;
  }
  return found;
}

bool gcut__cuda_is_product_sum(const gcut__cuda_matcher *m, const gcut_node *add) {
  gcut__cuda_side side;
  return product_side(m, add, &side) != GCUT_NONE;
}

bool gcut__cuda_match_sum(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  sides s = {.finish = GCUT_CUDA_FINISH_ADD};
  gcut__cuda_side side;
  uint32_t number = product_side(m, node, &side);
  if (number == GCUT_NONE || !add_side(&s, &side)) return false;
  s.program.adds_vector = side.after;
  s.matrix = gcut__match_input(m, node, 1 - number);
  return set_step(m, &s, f);
}

// ---- SwiGLU of two

// A product without a vector, which the group alone reads, `uses` times.
static bool add_inner(const gcut__cuda_matcher *m, uint32_t value, uint32_t uses, sides *s) {
  gcut__cuda_side side;
  return gcut_map_get(&m->uses, value) == uses && gcut__cuda_side_of(m, value, &side) &&
         side.vector == GCUT_NONE && add_side(s, &side);
}

// The group reads the gate twice: for its sigmoid, and to multiply.
bool gcut__cuda_fill_gated(gcut__cuda_matcher *m, const gcut_fused *group, gcut__cuda_fused *f) {
  sides s = {.finish = GCUT_CUDA_FINISH_SWIGLU, .matrix = GCUT_NONE};
  uint32_t kept = m->n_hidden;
  if (add_inner(m, group->reads[0], 2, &s) && add_inner(m, group->reads[1], 1, &s) &&
      s.at[0].product.n == s.at[1].product.n && set_step(m, &s, f))
    return true;
  m->n_hidden = kept;
  return false;
}

// ---- of one left side

// Whether the value is there when the part begins.
static bool is_there(const gcut__cuda_matcher *m, uint32_t value) {
  uint32_t maker = value == GCUT_NONE ? GCUT_NONE : m->graph->values[value].producer;
  return maker == GCUT_NONE || gcut_map_get(&m->places, maker) == UINT32_MAX;
}

// The node's product, with the vector that is added next.
static bool side_from(const gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_side *out) {
  if (!gcut__cuda_side_of_node(m, node, out)) return false;
  const gcut_node *add = gcut__match_reader(m, out->result, "Add");
  gcut__cuda_side with;
  if (add && gcut__cuda_side_with_vector(m, gcut__match_output(m, add), &with) &&
      with.nodes[0] == out->nodes[0] && is_there(m, with.vector))
    *out = with;
  return is_there(m, out->b) && is_there(m, out->vector) &&
         (!out->packed || (is_there(m, out->scales) && is_there(m, out->zeros)));
}

static bool may_join(const gcut__cuda_matcher *m, const gcut_node *node, sides *s) {
  gcut__cuda_side side;
  return gcut_map_get(&m->nodes, (uint32_t)(node - m->graph->nodes)) != UINT32_MAX &&
         side_from(m, node, &side) && add_side(s, &side) && side.product.n >= LEAST_COLUMNS;
}

// From the last on back to the first, as long as there is no other product between: others of that
// left side may come much later, and their results would lie about until then.
static void collect(const gcut__cuda_matcher *m, const gcut_node *last, sides *s) {
  uint32_t place = gcut_map_get(&m->places, (uint32_t)(last - m->graph->nodes));
  for (uint32_t i = place + 1; i-- > 0 && s->n < GCUT_CUDA_SIDES;) {
    const gcut_node *node = &m->graph->nodes[m->part->nodes[i]];
    if (m->trace->folded[m->part->nodes[i]] || !gcut__cuda_is_product(node)) continue;
    sides more = *s;
    if (!may_join(m, node, &more)) return;
    *s = more;
  }
}

// The step stands where the first product does: the left side is there by then, the right ones and
// the vectors before, and who reads the others' results comes after them.
bool gcut__cuda_match_products(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  sides s = {.matrix = GCUT_NONE};
  uint32_t writes[GCUT_CUDA_SIDES];
  bool after = false;
  if (!gcut__cuda_is_product(node)) return false;
  collect(m, node, &s);
  if (s.n < 2) return false;
  for (uint32_t i = 0; i < s.n; i++) {
    writes[i] = s.at[i].result;
    after |= s.at[i].after;
  }
  s.finish = after ? GCUT_CUDA_FINISH_ADD : GCUT_CUDA_FINISH_NONE;
  s.program.adds_vector = after;
  f->base.node = s.at[s.n - 1].nodes[0];
  f->base.writes = gcut_arena_copy(m->arena, writes, s.n * sizeof *writes);
  f->base.n_writes = s.n;
  return f->base.writes && set_step(m, &s, f);
}

// ---- with elementwise nodes

// A number that a program reads, where it is known; else NaN.
static float number_of(const gcut__cuda_matcher *m, uint32_t value) {
  float number;
  return gcut__fuse_constant(m->trace->facts[value].constant, &number) ? number : NAN;
}

// The input that is a product which the program alone reads: of several the last. -1: none is.
static int product_input(const gcut__cuda_matcher *m, const gcut__cuda_program_builder *b,
                         const uint32_t *reads, gcut__cuda_side *out) {
  int found = -1;
  for (int k = 0; k < b->job.n_inputs; k++) {
    gcut__cuda_side it;
    if (gcut_map_get(&m->uses, b->values[k]) != reads[k] ||
        !gcut__cuda_side_of(m, b->values[k], &it))
      continue;
    if (found < 0 || is_later(m, &it, out)) found = k, *out = it;
  }
  return found;
}

bool gcut__cuda_join_program(gcut__cuda_matcher *m, const gcut__cuda_program_builder *b,
                             const uint32_t *reads, gcut__cuda_fused *f) {
  float numbers[GCUT_CUDA_ELEMENT_INPUTS];
  gcut__cuda_finish_found found;
  gcut__cuda_side side;
  sides s = {.matrix = GCUT_NONE};
  int product = product_input(m, b, reads, &side);
  for (int k = 0; k < b->job.n_inputs; k++) numbers[k] = number_of(m, b->values[k]);
  if (product < 0 ||
      !gcut__cuda_finish_find(&b->job, product, side.product.n, side.product.type, numbers, &found))
    return false;
  if (found.vector >= 0 && side.vector != GCUT_NONE) return false;
  if (found.vector >= 0) side.vector = b->values[found.vector];
  if (found.matrix >= 0) s.matrix = b->values[found.matrix];
  s.finish = found.finish;
  s.program = found.program;
  return add_side(&s, &side) && set_step(m, &s, f);
}
