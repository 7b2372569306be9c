// Weights by module. A constant counts once in every module that reads it: from each reader the
// bytes are added upwards until a module is met that has them already.
#include "modules.h"

#include <stdlib.h>

#include "tool.h"

typedef struct counter {
  const gcut_graph *graph;
  modules *m;
  uint32_t *seen;         // [n_scopes] constant + 1 last added
  uint32_t *first, *next; // [n_constants], [n_values]: values that are a constant, linked; + 1
} counter;

static void link_scopes(const gcut_graph *g, modules *m) {
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    module *item = &m->items[s];
    *item = (module){.first_child = GCUT_NONE, .last_child = GCUT_NONE, .next = GCUT_NONE};
    if (s == 0) continue;
    module *parent = &m->items[g->scopes[s].parent];
    item->depth = parent->depth + 1;
    if (parent->last_child == GCUT_NONE)
      parent->first_child = s;
    else
      m->items[parent->last_child].next = s;
    parent->last_child = s;
  }
}

uint32_t modules_next(const gcut_graph *g, const modules *m, uint32_t scope, uint32_t depth) {
  if (m->items[scope].depth < depth && m->items[scope].first_child != GCUT_NONE)
    return m->items[scope].first_child;
  while (scope != 0 && m->items[scope].next == GCUT_NONE) scope = g->scopes[scope].parent;
  return scope == 0 ? GCUT_NONE : m->items[scope].next;
}

// The scope of the main graph's node that a node is, or is inside of.
static uint32_t scope_of(const gcut_graph *g, uint32_t node) {
  while (g->nodes[node].body != 0) node = g->bodies[g->nodes[node].body].node;
  return g->nodes[node].scope;
}

static void add_reader(counter *c, uint32_t constant, uint32_t scope) {
  module *items = c->m->items;
  for (uint32_t s = scope; s != GCUT_NONE; s = c->graph->scopes[s].parent) {
    if (items[s].depth > MODULES_DEEPEST) continue;
    if (c->seen[s] == constant + 1) return;
    c->seen[s] = constant + 1;
    items[s].weight_bytes += c->graph->constants[constant].bytes;
  }
}

static void add_constant(counter *c, uint32_t constant) {
  const gcut_graph *g = c->graph;
  const gcut_constant *k = &g->constants[constant];
  if (!c->first[constant]) return; // an attribute that no value is
  uint64_t elements = 1;
  for (int d = 0; d < k->rank; d++) elements *= (uint64_t)k->dims[d];
  c->m->parameters += elements;
  c->m->weight_bytes += k->bytes;
  for (uint32_t v = c->first[constant]; v; v = c->next[v - 1])
    for (uint32_t u = 0; u < g->values[v - 1].n_uses; u++)
      add_reader(c, constant, scope_of(g, g->uses[g->values[v - 1].first_use + u]));
}

void modules_create(const gcut_trace *trace, modules *out) {
  const gcut_graph *g = trace->graph;
  *out = (modules){.items = tool_alloc(g->n_scopes, sizeof *out->items)};
  counter c = {.graph = g, .m = out};
  c.seen = tool_alloc(g->n_scopes, sizeof *c.seen);
  c.first = tool_alloc(g->n_constants, sizeof *c.first);
  c.next = tool_alloc(g->n_values, sizeof *c.next);
  link_scopes(g, out);
  for (uint32_t v = g->n_values; v-- > 0;) {
    uint32_t constant = gcut_trace_weight(trace, v);
    if (constant == GCUT_NONE) continue;
    c.next[v] = c.first[constant];
    c.first[constant] = v + 1;
  }
  for (uint32_t k = 0; k < g->n_constants; k++) add_constant(&c, k);
  free(c.seen);
  free(c.first);
  free(c.next);
}

void modules_free(modules *m) {
  free(m->items);
  *m = (modules){0};
}
