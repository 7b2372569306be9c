// One pass forward for what nodes depend on and whether they read weights, themselves or in another
// form; one over the readers of each value for how far it passes. Shape code and what comes of
// constants alone does not count: parts make it again where they need it.
#include "partition/passing.h"

#include <string.h>

#include "tracer/base/error.h"

bool gcut__holds_weights(const gcut_constant *k) {
  bool counts = k->type == GCUT_INT64 || k->type == GCUT_INT32 || k->type == GCUT_BOOL ||
                k->type == GCUT_STRING;
  for (int d = 0; d < k->rank && !counts; d++)
    if (k->dims[d] > 1) return true;
  return false;
}

static gcut__root root_of_value(const gcut__passing *p, uint32_t v) {
  if (v == GCUT_NONE || p->g->values[v].constant != GCUT_NONE) return GCUT__ROOT_NONE;
  uint32_t from = p->g->values[v].producer;
  if (from == GCUT_NONE) return GCUT__ROOT_DATA;
  return p->place[from] ? (gcut__root)p->root[p->place[from] - 1] : GCUT__ROOT_NONE;
}

static gcut__root root_of(const gcut__passing *p, const gcut_node *node) {
  gcut__root most = node->n_captures > 0 ? GCUT__ROOT_DATA : GCUT__ROOT_NONE;
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    gcut__root own = root_of_value(p, gcut_node_inputs(p->g, node)[i]);
    if (own > most) most = own;
  }
  bool asks_shape = !strcmp(node->op_type, "Shape") || !strcmp(node->op_type, "Size");
  return asks_shape && most == GCUT__ROOT_DATA ? GCUT__ROOT_SHAPE : most;
}

static bool reads_weights(const gcut__passing *p, const gcut_node *node) {
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    uint32_t v = gcut_node_inputs(p->g, node)[i];
    if (v == GCUT_NONE) continue;
    const gcut_value *value = &p->g->values[v];
    if (value->constant != GCUT_NONE && gcut__holds_weights(&p->g->constants[value->constant]))
      return true;
    uint32_t from = value->constant != GCUT_NONE || value->producer == GCUT_NONE
                        ? 0
                        : p->place[value->producer];
    if (from > 0 && gcut__forms_weights(p, from - 1)) return true;
  }
  return false;
}

static void count_live(gcut__passing *p, int32_t *change) {
  for (uint32_t i = 0; i < p->n; i++) {
    const gcut_node *node = &p->g->nodes[p->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs && p->root[i] == GCUT__ROOT_DATA; o++) {
      uint32_t v = gcut_node_outputs(p->g, node)[o], last = i;
      if (v == GCUT_NONE) continue;
      for (uint32_t u = 0; u < p->g->values[v].n_uses; u++) {
        uint32_t reader = p->place[p->g->uses[p->g->values[v].first_use + u]];
        if (reader > last + 1) last = reader - 1;
      }
      if (last > i) change[i + 1]++, change[last + 1]--;
    }
  }
  int32_t live = 0;
  for (uint32_t i = 0; i < p->n; i++) p->live[i] = (uint32_t)(live += change[i]);
}

gcut_status gcut__passing_open(const gcut_graph *graph, gcut_arena *arena, gcut__passing *p,
                               gcut_error *err) {
  const gcut_body *main = &graph->bodies[0];
  uint32_t n = main->n_nodes;
  *p = (gcut__passing){.g = graph,
                       .nodes = GCUT_NEW_ARRAY(arena, uint32_t, n),
                       .place = GCUT_NEW_ARRAY(arena, uint32_t, graph->n_nodes),
                       .live = GCUT_NEW_ARRAY(arena, uint32_t, n),
                       .root = GCUT_NEW_ARRAY(arena, uint8_t, n),
                       .weighs = GCUT_NEW_ARRAY(arena, bool, n)};
  int32_t *change = GCUT_NEW_ARRAY(arena, int32_t, (size_t)n + 2);
  if (!p->nodes || !p->place || !p->live || !p->root || !p->weighs || !change)
    return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++) {
    const gcut_node *node = &graph->nodes[main->nodes[i]];
    if (gcut_node_n_reads(node) == 0) continue;
    p->nodes[p->n++] = main->nodes[i];
    p->place[main->nodes[i]] = p->n;
    p->root[p->n - 1] = (uint8_t)root_of(p, node);
    p->weighs[p->n - 1] = reads_weights(p, node);
  }
  count_live(p, change);
  return GCUT_OK;
}
