// Facts around a loop: widened until what a turn begins with holds for what it ends with.
#include "tracer/ops/flow.h"

enum { MAX_ROUNDS = 4, DEEP = 3 }; // inferences of a body; nesting from which one must do

gcut_fact gcut__type_only(const gcut_fact *fact) {
  gcut_fact plain = {.type = fact->type};
  if (plain.type.kind != GCUT_KIND_TENSOR) {
    plain.type.element = NULL;
    plain.type.rank = -1;
  }
  return plain;
}

bool gcut__same_type(const gcut_type *a, const gcut_type *b) {
  if (a->kind != b->kind || a->type != b->type || a->rank != b->rank) return false;
  for (int d = 0; d < a->rank; d++)
    if (a->dims[d] != b->dims[d]) return false;
  return true;
}

gcut_status gcut__join_types(gcut_infer *c, const gcut_type *a, const gcut_type *b,
                             uint32_t *free_dims, gcut_type *out, gcut_error *err) {
  *out = *a;
  if (!a->element || !b->element || !gcut__same_type(a->element, b->element)) out->element = NULL;
  if (a->kind != b->kind || a->type != b->type) out->type = a->type == b->type ? a->type : 0;
  if (a->kind != b->kind && b->kind == GCUT_KIND_OPTIONAL) out->kind = GCUT_KIND_OPTIONAL;
  if (a->kind != GCUT_KIND_TENSOR || b->kind != GCUT_KIND_TENSOR || a->rank != b->rank)
    out->rank = -1;
  if (out->rank <= 0) return GCUT_OK;
  gcut_dim *dims = gcut_arena_copy(c->arena, a->dims, (size_t)a->rank * sizeof *dims);
  if (!dims) return GCUT_NO_MEMORY(err);
  for (int d = 0; d < a->rank; d++) {
    if (a->dims[d] == b->dims[d] || *free_dims >> d & 1) continue;
    dims[d] = gcut_dim_fresh(c->dims);
    *free_dims |= UINT32_C(1) << d;
  }
  out->dims = dims;
  return GCUT_OK;
}

// Bodies around the node.
static int nesting(const gcut_infer *c) {
  int depth = 0;
  for (uint32_t body = c->node->body; body != 0 && depth < DEEP; depth++) {
    uint32_t owner = c->graph->bodies[body].node;
    if (owner == GCUT_NONE) break;
    body = c->graph->nodes[owner].body;
  }
  return depth;
}

static gcut_status widen(gcut_infer *c, gcut__flow *t, bool give_up, bool *out_changed,
                         gcut_error *err) {
  *out_changed = false;
  for (uint32_t k = 0; k < t->n; k++) {
    gcut_fact *in = &t->inputs[t->first + k];
    gcut_fact out = gcut__type_only(&t->outputs[t->out_first + k]);
    gcut_type joined;
    GCUT_TRY(gcut__join_types(c, &in->type, &out.type, &t->free_dims[k], &joined, err));
    if (gcut__same_type(&joined, &in->type)) continue;
    if (give_up) joined.rank = -1;
    in->type = joined;
    *out_changed = true;
  }
  return GCUT_OK;
}

gcut_status gcut__infer_turns(gcut_infer *c, gcut__flow *t, gcut_error *err) {
  bool changed = true;
  int round = 0;
  if (nesting(c) >= DEEP) { // nested loops would multiply the rounds
    for (uint32_t k = 0; k < t->n; k++) t->inputs[t->first + k].type.rank = -1;
    round = MAX_ROUNDS;
  }
  for (; changed; round++) {
    GCUT_TRY(c->infer_body(c, t->body, t->inputs, t->n_inputs, t->outputs, t->n_outputs, err));
    if (round >= MAX_ROUNDS) return GCUT_OK;
    GCUT_TRY(widen(c, t, round + 1 == MAX_ROUNDS, &changed, err));
  }
  return GCUT_OK;
}

gcut_status gcut__flow_open(gcut_infer *c, gcut__flow *t, gcut_error *err) {
  t->inputs = GCUT_NEW_ARRAY(c->arena, gcut_fact, t->n_inputs);
  t->outputs = GCUT_NEW_ARRAY(c->arena, gcut_fact, t->n_outputs);
  t->free_dims = GCUT_NEW_ARRAY(c->arena, uint32_t, t->n);
  if (!t->inputs || !t->outputs || !t->free_dims) return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}
