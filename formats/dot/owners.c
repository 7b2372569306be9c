#include "formats/dot/owners.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/error.h"
#include "tracer/base/map.h"

enum { FOLD_RUN = 3 }; // equal modules from which on they are folded

static bool left_out(const gcut__material *m, uint32_t node) {
  return !m->options->all && gcut__material_is_shape_code(m, node);
}

void gcut__owners_free(gcut__owners *o) {
  free(o->of_node);
  free(o->crowd);
  free(o->fold_to);
  free(o->members);
  free(o->last);
}

static gcut_status allocate(const gcut_graph *g, gcut__owners *o, gcut_error *err) {
  *o = (gcut__owners){.of_node = malloc(((size_t)g->n_nodes + 1) * sizeof *o->of_node),
                      .crowd = calloc((size_t)g->n_nodes + 1, sizeof *o->crowd),
                      .fold_to = malloc(((size_t)g->n_scopes + 1) * sizeof *o->fold_to),
                      .members = calloc((size_t)g->n_scopes + 1, sizeof *o->members),
                      .last = calloc((size_t)g->n_scopes + 1, sizeof *o->last)};
  if (o->of_node && o->crowd && o->fold_to && o->members && o->last) {
    memset(o->of_node, 0xff, ((size_t)g->n_nodes + 1) * sizeof *o->of_node); // GCUT_NONE
    memset(o->fold_to, 0xff, ((size_t)g->n_scopes + 1) * sizeof *o->fold_to);
    return GCUT_OK;
  }
  gcut__owners_free(o);
  return GCUT_NO_MEMORY(err);
}

// ---- folding ----------------------------------------------------------------------------------

// Marks the modules that nodes stand in: their own number in fold_to, for now.
static void mark_present(const gcut__material *m, const uint32_t *nodes, uint32_t n,
                         gcut__owners *o) {
  const gcut_graph *g = m->trace->graph;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t s = g->nodes[nodes[i]].scope; s != GCUT_NONE && o->fold_to[s] == GCUT_NONE;
         s = g->scopes[s].parent)
      o->fold_to[s] = s;
}

// By run, whose first scope's slots count its members and name the second that is present.
static void fold(const gcut__material *m, gcut__owners *o) {
  uint32_t n = m->trace->graph->n_scopes, *second = o->last;
  for (uint32_t s = 0; s < n; s++) {
    uint32_t run = o->fold_to[s] == s ? m->scopes[s].run : GCUT_NONE;
    if (run != GCUT_NONE && ++o->members[run] == 2) second[run] = s;
  }
  for (uint32_t s = n; s-- > 0;) { // backwards: the slots of a run's first are read last
    uint32_t run = o->fold_to[s] == s ? m->scopes[s].run : GCUT_NONE;
    bool folds = run != GCUT_NONE && o->members[run] >= FOLD_RUN && s >= second[run];
    o->fold_to[s] = folds ? second[run] : GCUT_NONE;
  }
}

// What a stack stands for, by its first.
static void count_folded(const gcut__material *m, gcut__owners *o) {
  uint32_t n = m->trace->graph->n_scopes;
  memset(o->members, 0, n * sizeof *o->members);
  for (uint32_t s = 0; s < n; s++) {
    if (o->fold_to[s] == GCUT_NONE) continue;
    o->members[o->fold_to[s]]++;
    o->last[o->fold_to[s]] = s;
  }
}

// ---- who owns what ----------------------------------------------------------------------------

// The scope that stands for `scope` as one box, or GCUT_NONE where all around it are opened.
static uint32_t closed_scope(const gcut__material *m, const gcut__owners *o, uint32_t scope,
                             uint32_t depth) {
  uint32_t found = GCUT_NONE;
  for (uint32_t s = scope; s != GCUT_NONE; s = m->trace->graph->scopes[s].parent) {
    const gcut__scope_facts *f = &m->scopes[s];
    bool leaf = depth != GCUT__ALL_OPS && !f->has_modules && s != 0;
    if (o->fold_to[s] != GCUT_NONE)
      found = o->fold_to[s];
    else if (f->depth > depth || leaf)
      found = s;
  }
  return found;
}

static uint32_t find_root(uint32_t *owner, uint32_t base, uint32_t node) {
  while (owner[node] != base + node) {
    owner[node] = owner[owner[node] - base]; // halve the path
    node = owner[node] - base;
  }
  return node;
}

// How many boxes lie on the longest way to a node, its crowd counting as none: a crowd of nodes of
// one level cannot feed itself through another box.
static uint32_t level_of(const gcut__material *m, const gcut__owners *o, const uint32_t *level,
                         uint32_t node) {
  const gcut_graph *g = m->trace->graph;
  const gcut_node *n = &g->nodes[node];
  uint32_t most = 0;
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    uint32_t v = gcut_node_inputs(g, n)[i],
             from = v == GCUT_NONE ? GCUT_NONE : g->values[v].producer;
    if (from == GCUT_NONE || o->of_node[from] == GCUT_NONE) continue;
    bool apart = o->of_node[from] < g->n_scopes || o->of_node[node] < g->n_scopes ||
                 g->nodes[from].scope != n->scope;
    if (level[from] + apart > most) most = level[from] + apart;
  }
  return most;
}

// Joins a node that stands for itself with the producers of its inputs that do, too, in the same
// scope and part and on the same level.
static void join_crowd(const gcut__material *m, uint32_t *owner, const uint32_t *level,
                       uint32_t node) {
  const gcut_graph *g = m->trace->graph;
  const gcut_node *n = &g->nodes[node];
  for (uint32_t i = 0; i < n->n_inputs; i++) {
    uint32_t v = gcut_node_inputs(g, n)[i],
             from = v == GCUT_NONE ? GCUT_NONE : g->values[v].producer;
    if (from == GCUT_NONE || owner[from] == GCUT_NONE || owner[from] < g->n_scopes) continue;
    if (g->nodes[from].scope != n->scope || level[from] != level[node] ||
        m->cuts.part_of_node[from] != m->cuts.part_of_node[node])
      continue;
    uint32_t a = find_root(owner, g->n_scopes, from), b = find_root(owner, g->n_scopes, node);
    if (a < b)
      owner[b] = g->n_scopes + a;
    else
      owner[a] = g->n_scopes + b;
  }
}

static bool is_alone(const gcut__material *m, const gcut__owners *o, uint32_t node) {
  return o->of_node[node] != GCUT_NONE && o->of_node[node] >= m->trace->graph->n_scopes;
}

static gcut_status find_crowds(const gcut__material *m, const uint32_t *nodes, uint32_t n,
                               gcut__owners *o, gcut_error *err) {
  uint32_t base = m->trace->graph->n_scopes;
  uint32_t *level = calloc((size_t)m->trace->graph->n_nodes + 1, sizeof *level);
  if (!level) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++)
    if (o->of_node[nodes[i]] != GCUT_NONE) level[nodes[i]] = level_of(m, o, level, nodes[i]);
  for (uint32_t i = 0; i < n; i++)
    if (is_alone(m, o, nodes[i])) join_crowd(m, o->of_node, level, nodes[i]);
  for (uint32_t i = 0; i < n; i++)
    if (is_alone(m, o, nodes[i])) o->crowd[find_root(o->of_node, base, nodes[i])]++;
  free(level);
  return GCUT_OK;
}

gcut_status gcut__owners_find(const gcut__material *m, const uint32_t *nodes, uint32_t n,
                              uint32_t depth, gcut__owners *o, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  GCUT_TRY(allocate(g, o, err));
  mark_present(m, nodes, n, o);
  fold(m, o);
  count_folded(m, o);
  for (uint32_t i = 0; i < n; i++) {
    if (left_out(m, nodes[i])) continue;
    uint32_t scope = closed_scope(m, o, g->nodes[nodes[i]].scope, depth);
    o->of_node[nodes[i]] = scope == GCUT_NONE ? g->n_scopes + nodes[i] : scope;
  }
  gcut_status status = depth == GCUT__ALL_OPS ? GCUT_OK : find_crowds(m, nodes, n, o, err);
  if (status != GCUT_OK) gcut__owners_free(o);
  return status;
}

void gcut__owners_collapse(const gcut__material *m, const uint32_t *nodes, uint32_t n,
                           gcut__owners *o) {
  uint32_t base = m->trace->graph->n_scopes, first = GCUT_NONE, count = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (o->of_node[nodes[i]] == GCUT_NONE) continue;
    if (first == GCUT_NONE) first = nodes[i];
    o->of_node[nodes[i]] = base + first;
    count++;
  }
  if (first != GCUT_NONE) o->crowd[first] = count;
}

uint32_t gcut__owners_of(const gcut__material *m, gcut__owners *o, uint32_t node) {
  uint32_t base = m->trace->graph->n_scopes;
  if (o->of_node[node] == GCUT_NONE || o->of_node[node] < base) return o->of_node[node];
  uint32_t root = find_root(o->of_node, base, node);
  return base + (o->crowd[root] >= GCUT__CROWD ? root : node);
}

gcut_status gcut__owners_count(const gcut__material *m, const uint32_t *nodes, uint32_t n,
                               gcut__owners *o, uint32_t *out_n, gcut_error *err) {
  gcut_map seen = {0};
  bool ok = true;
  for (uint32_t i = 0; i < n && ok; i++) {
    uint32_t owner = gcut__owners_of(m, o, nodes[i]);
    if (owner != GCUT_NONE) ok = gcut_map_set(&seen, owner, 1);
  }
  *out_n = seen.count;
  gcut_map_free(&seen);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut__material_count(const gcut__material *m, const uint32_t *nodes, uint32_t n_nodes,
                                 uint32_t depth, uint32_t *out_n, gcut_error *err) {
  gcut__owners o;
  *out_n = 0;
  GCUT_TRY(gcut__owners_find(m, nodes, n_nodes, depth, &o, err));
  gcut_status status = gcut__owners_count(m, nodes, n_nodes, &o, out_n, err);
  gcut__owners_free(&o);
  return status;
}

gcut_status gcut__material_fit(const gcut__material *m, const uint32_t *nodes, uint32_t n_nodes,
                               uint32_t limit, uint32_t *out_depth, gcut_error *err) {
  uint32_t deepest = 1, n;
  for (uint32_t s = 0; s < m->trace->graph->n_scopes; s++)
    if (m->scopes[s].depth > deepest) deepest = m->scopes[s].depth;
  *out_depth = 0;
  for (uint32_t depth = 1; depth <= deepest; depth++) {
    GCUT_TRY(gcut__material_count(m, nodes, n_nodes, depth, &n, err));
    if (n > limit) break;
    *out_depth = depth;
  }
  return GCUT_OK;
}
