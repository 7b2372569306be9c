// What to run again rather than carry: a minimum cut for each part.
//
// Once it is settled where every node runs first, parts are independent of each other: each may
// carry a value in or run its producer again, which then wants its own inputs. For one part, let
// the source's side be the nodes that run there. A value that one of them reads costs its bytes if
// its producer is on the sink's side; a node that runs again costs what refine.h says:
//
//     nodes of the part = source --inf--> value --bytes--> its producer --again--> sink
//
// and an infinite edge from each node to the values it reads. Producers that are not cheap are the
// sink itself. The minimum cut is the least that the part can do with, and its source's side what
// runs again. The network grows breadth first from the part's inputs, no further than could pay,
// and on large graphs to no more than a share for each part, so that all of them together stay
// linear.
#include <string.h>

#include "partition/flow.h"
#include "partition/reads.h"
#include "partition/refine.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"

// Of a network; of all networks for each node of the graph; of a graph that is searched in full.
enum { MOST_NODES = 512, SHARE_NODES = 4, FEW_NODES = 256 };

struct gcut__again_search {
  gcut__refining *r;
  gcut__flow flow;
  uint32_t part, stamp, own_stamp;
  uint32_t *value_vertex, *value_stamp; // [n_values]
  uint32_t *read_stamp;                 // [n_values] own_stamp, where the part's own nodes read it
  uint32_t *node_vertex, *node_stamp;   // [n_nodes]
  uint32_t *depth;                      // [MOST_NODES] of nodes[]
  uint32_t *nodes, n_nodes, most_nodes; // in the network, nearest first
  uint32_t source, sink;
  uint32_t deepest;          // no node further from the part can pay
  uint64_t inputs;           // bytes that the part reads from outside
  uint32_t *first, *members; // [n_parts + 2], [n_order] nodes by part
  uint64_t *costs;           // [n_parts] where the nodes lie as in seen
  uint32_t *seen;            // [n_nodes] their parts, or GCUT_NONE
  bool *changed;             // [n_parts]
};

typedef struct gcut__again_search network;

// Whether running the node here would need something carried that costs as much as all that the
// part carries now. What the part carries anyway counts as nothing, but only directly: further back
// it is looked for on small graphs alone, which go without this short cut.
static bool cannot_pay(const network *k, uint32_t id) {
  const gcut__draft *d = k->r->draft;
  const gcut_node *node = &d->graph->nodes[id];
  for (uint32_t r = 0; d->n_order > FEW_NODES && r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(d->graph, node, r);
    if (v == GCUT_NONE || gcut__constant(d->trace, v) || k->read_stamp[v] == k->own_stamp) continue;
    if (k->r->least[v] >= k->inputs) return true;
  }
  return false;
}

// The vertex of a producer: its own where it may run again here, else the sink.
static uint32_t producer_vertex(network *k, uint32_t value, uint32_t depth) {
  const gcut__draft *d = k->r->draft;
  uint32_t node = d->graph->values[value].producer;
  if (node == GCUT_NONE || !k->r->cheap[node]) return k->sink;
  if (k->node_stamp[node] == k->stamp) return k->node_vertex[node];
  if (k->n_nodes == k->most_nodes || depth > k->deepest || cannot_pay(k, node)) return k->sink;
  k->node_stamp[node] = k->stamp;
  k->node_vertex[node] = gcut__flow_vertex(&k->flow);
  k->depth[k->n_nodes] = depth;
  k->nodes[k->n_nodes++] = node;
  gcut__flow_edge(&k->flow, k->node_vertex[node], k->sink, k->r->again_cost[node]);
  return k->node_vertex[node];
}

// `reader` (a vertex) reads a value; what the part makes itself, and constants, are there anyway.
static void add_read(network *k, uint32_t reader, uint32_t value, uint32_t depth) {
  const gcut__draft *d = k->r->draft;
  if (value == GCUT_NONE || gcut__constant(d->trace, value)) return;
  uint32_t producer = d->graph->values[value].producer;
  if (producer != GCUT_NONE && d->part[producer] == k->part) return;
  if (k->value_stamp[value] != k->stamp) {
    k->value_stamp[value] = k->stamp;
    k->value_vertex[value] = gcut__flow_vertex(&k->flow);
    gcut__flow_edge(&k->flow, k->value_vertex[value], producer_vertex(k, value, depth),
                    k->r->bytes[value]);
  }
  gcut__flow_edge(&k->flow, reader, k->value_vertex[value], GCUT__FLOW_INFINITE);
}

// Bytes that the part reads from outside: what running again can save at most.
static uint64_t sum_inputs(network *k, const uint32_t *nodes, uint32_t n) {
  const gcut__draft *d = k->r->draft;
  uint64_t sum = 0;
  k->own_stamp = ++k->stamp;
  for (uint32_t i = 0; i < n; i++) {
    const gcut_node *node = &d->graph->nodes[nodes[i]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(d->graph, node, r);
      if (v == GCUT_NONE || k->value_stamp[v] == k->stamp || gcut__constant(d->trace, v)) continue;
      k->value_stamp[v] = k->stamp;
      k->read_stamp[v] = k->own_stamp;
      uint32_t producer = d->graph->values[v].producer;
      if (producer == GCUT_NONE || d->part[producer] != k->part) sum += k->r->bytes[v];
    }
  }
  return sum;
}

static void build(network *k, const uint32_t *nodes, uint32_t n) {
  const gcut_graph *g = k->r->draft->graph;
  k->stamp++;
  gcut__flow_reset(&k->flow);
  k->source = gcut__flow_vertex(&k->flow);
  k->sink = gcut__flow_vertex(&k->flow);
  k->n_nodes = 0;
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t r = 0; r < gcut_node_n_reads(&g->nodes[nodes[i]]); r++)
      add_read(k, k->source, gcut_node_read(g, &g->nodes[nodes[i]], r), 1);
  for (uint32_t i = 0; i < k->n_nodes; i++) {
    const gcut_node *node = &g->nodes[k->nodes[i]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++)
      add_read(k, k->node_vertex[k->nodes[i]], gcut_node_read(g, node, r), k->depth[i] + 1);
  }
}

static void add_again(network *k, uint32_t node) {
  gcut__refining *r = k->r;
  if (gcut_vector_reserve((void **)&r->again, &r->again_capacity, r->n_again, 1, sizeof *r->again))
    r->again[r->n_again++] = (gcut__again){node, k->part};
  else
    k->flow.failed = true;
}

// What the part carries at least, and the nodes that it runs again for that.
static uint64_t settle_part(network *k, uint32_t part, const uint32_t *nodes, uint32_t n) {
  k->part = part;
  uint64_t inputs = k->inputs = sum_inputs(k, nodes, n);
  k->deepest =
      inputs / GCUT__AGAIN_BYTES < MOST_NODES ? (uint32_t)(inputs / GCUT__AGAIN_BYTES) : MOST_NODES;
  if (k->deepest == 0 || k->r->frozen[part]) return inputs;
  build(k, nodes, n);
  if (k->n_nodes == 0) return inputs;
  uint64_t cost = gcut__flow_cut(&k->flow, k->source, k->sink);
  for (uint32_t i = 0; i < k->n_nodes; i++)
    if (gcut__flow_on_source_side(&k->flow, k->node_vertex[k->nodes[i]])) add_again(k, k->nodes[i]);
  return cost;
}

static void sort_by_part(network *k) {
  const gcut__draft *d = k->r->draft;
  memset(k->first, 0, ((size_t)d->n_parts + 2) * sizeof *k->first);
  for (uint32_t i = 0; i < d->n_order; i++) k->first[d->part[d->order[i]] + 2]++;
  for (uint32_t p = 0; p < d->n_parts; p++) k->first[p + 2] += k->first[p + 1];
  for (uint32_t i = 0; i < d->n_order; i++)
    k->members[k->first[d->part[d->order[i]] + 1]++] = d->order[i];
}

gcut_status gcut__again_find(gcut__again_search *k, uint64_t *out_cost, gcut_error *err) {
  *out_cost = 0;
  k->r->n_again = 0;
  sort_by_part(k);
  for (uint32_t p = 0; p < k->r->draft->n_parts; p++)
    *out_cost += settle_part(k, p, k->members + k->first[p], k->first[p + 1] - k->first[p]);
  return k->flow.failed ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

// A part's cost depends on its own nodes alone.
static void mark_changed(network *k) {
  const gcut__draft *d = k->r->draft;
  memset(k->changed, 0, d->n_parts * sizeof *k->changed);
  for (uint32_t i = 0; i < d->n_order; i++) {
    uint32_t node = d->order[i];
    if (k->seen[node] == d->part[node]) continue;
    if (k->seen[node] != GCUT_NONE) k->changed[k->seen[node]] = true;
    k->changed[d->part[node]] = true;
    k->seen[node] = d->part[node];
  }
}

gcut_status gcut__again_cost(gcut__again_search *k, uint64_t *out_cost, gcut_error *err) {
  *out_cost = 0;
  mark_changed(k);
  sort_by_part(k);
  for (uint32_t p = 0; p < k->r->draft->n_parts; p++) {
    if (k->changed[p])
      k->costs[p] = settle_part(k, p, k->members + k->first[p], k->first[p + 1] - k->first[p]);
    *out_cost += k->costs[p];
  }
  k->r->n_again = 0;
  return k->flow.failed ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

gcut_status gcut__again_create(gcut__refining *r, gcut__again_search **out, gcut_error *err) {
  const gcut__draft *d = r->draft;
  gcut_arena *arena = d->scratch;
  network *k = *out = GCUT_NEW(arena, network);
  if (!k) return GCUT_NO_MEMORY(err);
  k->r = r;
  uint64_t share = (uint64_t)SHARE_NODES * d->n_order / d->n_parts;
  k->most_nodes = share < MOST_NODES && d->n_order > FEW_NODES ? (uint32_t)share : MOST_NODES;
  k->value_vertex = GCUT_NEW_ARRAY(arena, uint32_t, d->graph->n_values);
  k->value_stamp = GCUT_NEW_ARRAY(arena, uint32_t, d->graph->n_values);
  k->read_stamp = GCUT_NEW_ARRAY(arena, uint32_t, d->graph->n_values);
  k->node_vertex = GCUT_NEW_ARRAY(arena, uint32_t, d->graph->n_nodes);
  k->node_stamp = GCUT_NEW_ARRAY(arena, uint32_t, d->graph->n_nodes);
  k->depth = GCUT_NEW_ARRAY(arena, uint32_t, MOST_NODES);
  k->nodes = GCUT_NEW_ARRAY(arena, uint32_t, MOST_NODES);
  k->first = GCUT_NEW_ARRAY(arena, uint32_t, (size_t)d->n_parts + 2);
  k->members = GCUT_NEW_ARRAY(arena, uint32_t, d->n_order);
  k->costs = GCUT_NEW_ARRAY(arena, uint64_t, d->n_parts);
  k->seen = GCUT_NEW_ARRAY(arena, uint32_t, d->graph->n_nodes);
  k->changed = GCUT_NEW_ARRAY(arena, bool, d->n_parts);
  if (!k->value_vertex || !k->value_stamp || !k->read_stamp || !k->node_vertex || !k->node_stamp ||
      !k->depth || !k->nodes || !k->first || !k->members || !k->costs || !k->seen || !k->changed)
    return GCUT_NO_MEMORY(err);
  memset(k->seen, 0xff, d->graph->n_nodes * sizeof *k->seen);
  return GCUT_OK;
}

void gcut__again_destroy(gcut__again_search *search) {
  if (search) gcut__flow_free(&search->flow); // the rest lies in the draft's arena
}
