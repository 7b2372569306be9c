// Refining by trying everything, where there is little to try: every assignment of the movable
// nodes to parts that keeps producers before readers and no part empty, each with its best set of
// nodes to run again. An odometer over the nodes in order: a node goes from the last part of its
// producers to the first that a reader which stays forces.
#include <string.h>

#include "partition/reads.h"
#include "partition/refine.h"
#include "tracer/base/error.h"

// A try looks at every node that runs.
enum { MOST_TRIES = 1000, MOST_LOOKS = 4000000, MOST_MOVABLE = 24 };

typedef struct odometer {
  gcut__refining *r;
  uint32_t nodes[MOST_MOVABLE], n; // movable, in order
  uint32_t *highest;               // [n_nodes] the last part it may go to
} odometer;

static uint32_t lowest(const odometer *o, uint32_t node_id) {
  const gcut__draft *d = o->r->draft;
  const gcut_node *node = &d->graph->nodes[node_id];
  uint32_t low = 0;
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(d->graph, node, r);
    uint32_t from = v == GCUT_NONE ? GCUT_NONE : d->graph->values[v].producer;
    if (from == GCUT_NONE || gcut__constant(d->trace, v)) continue;
    if (d->part[from] > low) low = d->part[from];
  }
  return low;
}

static void find_highest(odometer *o) {
  const gcut__draft *d = o->r->draft;
  for (uint32_t i = 0; i < d->n_order; i++)
    o->highest[d->order[i]] = o->r->movable[d->order[i]] ? d->n_parts - 1 : d->part[d->order[i]];
  for (uint32_t i = d->n_order; i-- > 0;) {
    const gcut_node *node = &d->graph->nodes[d->order[i]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(d->graph, node, r);
      uint32_t from = v == GCUT_NONE ? GCUT_NONE : d->graph->values[v].producer;
      if (from == GCUT_NONE || gcut__constant(d->trace, v)) continue;
      if (o->highest[d->order[i]] < o->highest[from]) o->highest[from] = o->highest[d->order[i]];
    }
  }
}

// Sets nodes from `at` on to their first part; false where one has none.
static bool set_lowest(odometer *o, uint32_t at) {
  for (; at < o->n; at++) {
    uint32_t low = lowest(o, o->nodes[at]);
    if (low > o->highest[o->nodes[at]]) return false;
    o->r->draft->part[o->nodes[at]] = low;
  }
  return true;
}

// The next assignment; false after the last.
static bool advance(odometer *o) {
  for (uint32_t at = o->n; at-- > 0;) {
    uint32_t node = o->nodes[at];
    if (o->r->draft->part[node] >= o->highest[node]) continue;
    o->r->draft->part[node]++;
    if (set_lowest(o, at + 1)) return true;
    at++; // a later node has no place: on from here
  }
  return false;
}

static bool none_empty(const odometer *o, uint32_t *n_own) {
  const gcut__draft *d = o->r->draft;
  memset(n_own, 0, d->n_parts * sizeof *n_own);
  for (uint32_t i = 0; i < d->n_order; i++) n_own[d->part[d->order[i]]]++;
  for (uint32_t p = 0; p < d->n_parts; p++)
    if (n_own[p] == 0) return false;
  return true;
}

gcut_status gcut__refine_exactly(gcut__refining *r, gcut__again_search *search, bool *out_done,
                                 gcut_error *err) {
  gcut__draft *d = r->draft;
  odometer o = {.r = r};
  uint32_t best[MOST_MOVABLE], start[MOST_MOVABLE];
  uint64_t least = UINT64_MAX, cost, most_tries = MOST_LOOKS / ((uint64_t)d->n_order + 1);
  if (most_tries > MOST_TRIES) most_tries = MOST_TRIES;
  *out_done = false;
  for (uint32_t i = 0; i < d->n_order; i++) {
    if (!r->movable[d->order[i]]) continue;
    if (o.n == MOST_MOVABLE) return GCUT_OK;
    start[o.n] = best[o.n] = d->part[d->order[i]];
    o.nodes[o.n++] = d->order[i];
  }
  *out_done = true;
  if (o.n == 0) return GCUT_OK;
  o.highest = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->graph->n_nodes);
  if (!o.highest) return GCUT_NO_MEMORY(err);
  find_highest(&o);
  bool more = set_lowest(&o, 0);
  for (uint32_t tries = 0; more; more = advance(&o)) {
    if (++tries > most_tries) {
      *out_done = false;
      memcpy(best, start, sizeof best);
      break;
    }
    if (!none_empty(&o, r->n_own)) continue;
    GCUT_TRY(gcut__again_cost(search, &cost, err));
    if (cost >= least) continue;
    least = cost;
    for (uint32_t i = 0; i < o.n; i++) best[i] = d->part[o.nodes[i]];
  }
  for (uint32_t i = 0; i < o.n; i++) d->part[o.nodes[i]] = best[i];
  (void)none_empty(&o, r->n_own);
  return GCUT_OK;
}
