// Scopes of nodes that do not tell theirs: a pass over the ordered graph.
//
// Exporters and their optimizers leave some nodes bare. Such a node belongs where its neighbours
// agree: to the innermost scope that holds all its producers, or, where that is less or nothing, to
// the innermost one that holds all its users; and further in, to one that holds some of both, as
// the layer does whose residual sum and second norm an optimizer made one node. Contracting a scope
// with the nodes it gains this way makes no cycle that was not there: what is gained has all its
// producers or all its users inside, or lies on a way from the scope back into it.
#include <stdlib.h>

#include "tracer/base/error.h"
#include "tracer/build.h"
#include "tracer/private.h"

// The innermost scope that holds both; GCUT_NONE stands for "not known" and yields. A scope has a
// greater number than its parent.
static uint32_t common_scope(const gcut_graph *g, uint32_t a, uint32_t b) {
  if (a == GCUT_NONE) return b;
  if (b == GCUT_NONE) return a;
  while (a != b)
    if (a > b)
      a = g->scopes[a].parent;
    else
      b = g->scopes[b].parent;
  return a;
}

static uint32_t scope_of_producers(const gcut_graph *g, const gcut_node *node,
                                   const uint32_t *scopes) {
  uint32_t scope = GCUT_NONE;
  for (uint32_t k = 0; k < node->n_inputs; k++) {
    uint32_t value = gcut_node_inputs(g, node)[k];
    uint32_t producer = value == GCUT_NONE ? GCUT_NONE : g->values[value].producer;
    if (producer != GCUT_NONE && g->nodes[producer].body == node->body)
      scope = common_scope(g, scope, scopes[producer]);
  }
  return scope;
}

static uint32_t scope_of_users(const gcut_graph *g, const gcut_node *node, const uint32_t *scopes) {
  uint32_t scope = GCUT_NONE;
  for (uint32_t k = 0; k < node->n_outputs; k++) {
    uint32_t value = gcut_node_outputs(g, node)[k];
    if (value == GCUT_NONE) continue;
    for (uint32_t u = 0; u < g->values[value].n_uses; u++) {
      uint32_t user = g->uses[g->values[value].first_use + u];
      if (g->nodes[user].body == node->body) scope = common_scope(g, scope, scopes[user]);
    }
  }
  return scope;
}

// The innermost scope, `outer` or one in it, that holds a producer and a user. What many read is
// nobody's in particular, and a node with very many operands is looked at in part.
static uint32_t scope_between(const gcut_graph *g, const gcut_node *node, const uint32_t *scopes,
                              uint32_t outer) {
  enum { MOST_OPERANDS = 64, MOST_USERS = 16 };
  uint32_t best = outer;
  for (uint32_t k = 0; k < node->n_inputs && k < MOST_OPERANDS; k++) {
    uint32_t value = gcut_node_inputs(g, node)[k];
    uint32_t producer = value == GCUT_NONE ? GCUT_NONE : g->values[value].producer;
    if (producer == GCUT_NONE || g->nodes[producer].body != node->body) continue;
    for (uint32_t o = 0; o < node->n_outputs && o < MOST_OPERANDS; o++) {
      uint32_t made = gcut_node_outputs(g, node)[o];
      for (uint32_t u = 0; made != GCUT_NONE && u < g->values[made].n_uses && u < MOST_USERS; u++) {
        uint32_t user = g->uses[g->values[made].first_use + u];
        if (g->nodes[user].body != node->body) continue;
        uint32_t both = common_scope(g, scopes[producer], scopes[user]);
        if (both != GCUT_NONE && common_scope(g, best, both) == best) best = both;
      }
    }
  }
  return best;
}

// Producers forward, then users backward, so that chains of bare nodes are settled from both ends.
static void spread_in_body(gcut_graph *g, const gcut_body *body, const bool *bare,
                           uint32_t *scopes) {
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    uint32_t n = body->nodes[i];
    if (bare[n]) scopes[n] = scope_of_producers(g, &g->nodes[n], scopes);
  }
  uint32_t owner = body->node == GCUT_NONE ? 0 : g->nodes[body->node].scope;
  for (uint32_t i = body->n_nodes; i-- > 0;) {
    uint32_t n = body->nodes[i];
    if (!bare[n]) continue;
    uint32_t users = scope_of_users(g, &g->nodes[n], scopes);
    if (users != GCUT_NONE && common_scope(g, scopes[n], users) == scopes[n]) scopes[n] = users;
    if (scopes[n] == GCUT_NONE) scopes[n] = users;
    if (scopes[n] == GCUT_NONE) scopes[n] = owner;
  }
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    uint32_t n = body->nodes[i];
    if (bare[n]) g->nodes[n].scope = scopes[n] = scope_between(g, &g->nodes[n], scopes, scopes[n]);
  }
}

gcut_status gcut__graph_spread_scopes(gcut_graph *g, gcut_error *err) {
  const struct gcut_graph_private *p = g->private_state;
  if (p->n_bare == 0) return GCUT_OK;
  bool *bare = calloc(g->n_nodes, sizeof *bare);
  uint32_t *scopes = malloc(g->n_nodes * sizeof *scopes);
  if (bare && scopes) {
    for (uint32_t i = 0; i < p->n_bare; i++) bare[p->bare[i]] = true;
    for (uint32_t n = 0; n < g->n_nodes; n++) scopes[n] = bare[n] ? GCUT_NONE : g->nodes[n].scope;
    for (uint32_t b = 0; b < g->n_bodies; b++) spread_in_body(g, &g->bodies[b], bare, scopes);
  }
  bool ok = bare && scopes;
  free(bare);
  free(scopes);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}
