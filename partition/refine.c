// Refining: which nodes may do what, and the order of the steps. Where few nodes may move, every
// assignment is tried (refine_exactly.c); else moves are searched for (refine_moves.c), then
// what to run again is found part by part (refine_again.c), then nodes whose first run has become
// useless give it up to the next.
#include "partition/refine.h"

#include <stdlib.h>
#include <string.h>

#include "partition/line.h"
#include "partition/reads.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"
#include "tracer/ops/carry.h"
#include "tracer/ops/op.h"

enum { MOST_ROUNDS = 12, CHEAP_FLOPS = 8 };

// ---- what may move, what may run again --------------------------------------------------------

static void add_inner(void *context, uint32_t value, const gcut_constant *constant) {
  (void)value;
  *(uint64_t *)context += constant->bytes;
}

// Finds nodes that read no more than a small constant of the model. Constants that the trace made
// (tables of shapes) are none of its weights; they count where a node runs again.
static gcut_status weigh(gcut__refining *r, bool *light, gcut_error *err) {
  const gcut__draft *d = r->draft;
  const gcut_graph *g = d->graph;
  uint64_t *inner = GCUT_NEW_ARRAY(d->scratch, uint64_t, g->n_nodes);
  if (!inner) return GCUT_NO_MEMORY(err);
  for (uint32_t b = g->n_bodies; b-- > 1;) {
    uint32_t node = g->bodies[b].node;
    gcut__each_inner_constant(d->trace, b, add_inner, &inner[node]);
    if (g->nodes[node].body != 0) inner[g->bodies[g->nodes[node].body].node] += inner[node];
  }
  for (uint32_t i = 0; i < d->n_order; i++) {
    const gcut_node *node = &g->nodes[d->order[i]];
    uint64_t weights = inner[d->order[i]], all = weights;
    for (uint32_t k = 0; k < gcut_node_n_reads(node); k++) {
      uint32_t v = gcut_node_read(g, node, k);
      const gcut_constant *constant = v == GCUT_NONE ? NULL : gcut__constant(d->trace, v);
      if (!constant) continue;
      all += constant->bytes;
      if (gcut__constant_number(g, constant) != GCUT_NONE) weights += constant->bytes;
    }
    light[d->order[i]] = weights <= GCUT__SMALL_CONSTANT;
    r->again_cost[d->order[i]] = GCUT__AGAIN_BYTES + all;
  }
  return GCUT_OK;
}

// About an operation an element: by the count where shapes are known, else by the operator's kind.
static bool is_cheap(const gcut__refining *r, uint32_t id) {
  const gcut__draft *d = r->draft;
  const gcut_node *node = &d->graph->nodes[id];
  if (!gcut__may_recompute(node)) return false;
  uint64_t bytes = 0;
  for (uint32_t o = 0; o < node->n_outputs; o++)
    if (gcut_node_outputs(d->graph, node)[o] != GCUT_NONE)
      bytes += r->bytes[gcut_node_outputs(d->graph, node)[o]];
  double flops = d->trace->flops[id];
  if (flops > 0) return flops <= CHEAP_FLOPS * (double)bytes;
  return node->op->flops == NULL || node->op->flops == gcut__no_flops;
}

// A target all of which is cheap would run elsewhere and leave its part with nothing to hand on.
static gcut_status keep_targets(gcut__refining *r, gcut_error *err) {
  const gcut__draft *d = r->draft;
  bool *dear = GCUT_NEW_ARRAY(d->scratch, bool, d->n_targets);
  if (!dear) return GCUT_NO_MEMORY(err);
  for (uint32_t n = 0; n < d->graph->n_nodes; n++)
    if (d->needed[n] && !r->cheap[n] && d->target[n] != GCUT_NONE) dear[d->target[n]] = true;
  for (uint32_t n = 0; n < d->graph->n_nodes; n++)
    if (d->target[n] != GCUT_NONE && !dear[d->target[n]]) r->cheap[n] = false;
  return GCUT_OK;
}

// A value is carried itself, or whatever one of its producer's operands takes.
static gcut_status find_least(gcut__refining *r, gcut_error *err) {
  const gcut__draft *d = r->draft;
  const gcut_graph *g = d->graph;
  r->least = gcut_arena_copy(d->scratch, r->bytes, g->n_values * sizeof *r->least);
  if (!r->least) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < d->n_order; i++) {
    const gcut_node *node = &g->nodes[d->order[i]];
    uint64_t most = 0;
    for (uint32_t k = 0; k < gcut_node_n_reads(node); k++) {
      uint32_t v = gcut_node_read(g, node, k);
      if (v != GCUT_NONE && !gcut__constant(d->trace, v) && r->least[v] > most) most = r->least[v];
    }
    for (uint32_t o = 0; o < node->n_outputs && r->cheap[d->order[i]]; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      if (v != GCUT_NONE && most < r->least[v]) r->least[v] = most;
    }
  }
  return GCUT_OK;
}

static gcut_status open(gcut__refining *r, gcut__draft *d, gcut_error *err) {
  *r = (gcut__refining){.draft = d};
  GCUT_TRY(gcut__nominal_bytes(d, &r->bytes, err));
  bool *light = GCUT_NEW_ARRAY(d->scratch, bool, d->graph->n_nodes);
  r->movable = GCUT_NEW_ARRAY(d->scratch, bool, d->graph->n_nodes);
  r->cheap = GCUT_NEW_ARRAY(d->scratch, bool, d->graph->n_nodes);
  r->again_cost = GCUT_NEW_ARRAY(d->scratch, uint64_t, d->graph->n_nodes);
  r->frozen = GCUT_NEW_ARRAY(d->scratch, bool, d->n_parts);
  r->n_own = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->n_parts);
  if (!light || !r->movable || !r->cheap || !r->again_cost || !r->frozen || !r->n_own)
    return GCUT_NO_MEMORY(err);
  GCUT_TRY(weigh(r, light, err));
  for (uint32_t i = 0; i < d->n_order; i++) {
    uint32_t n = d->order[i];
    r->cheap[n] = light[n] && d->kept[n] == GCUT_NONE && is_cheap(r, n);
    r->movable[n] = d->target[n] == GCUT_NONE && d->kept[n] == GCUT_NONE &&
                    (d->keeps_balance ? r->cheap[n] : light[n]);
    r->n_own[d->part[n]]++;
  }
  GCUT_TRY(keep_targets(r, err));
  return find_least(r, err);
}

// ---- first runs that nobody needs -------------------------------------------------------------

typedef struct first_runs {
  gcut__refining *r;
  gcut_map runs;          // node << 32 | part of the runs again
  uint32_t *first, *next; // [n_nodes], [n_again] runs again of a node, linked; 1 + of again[]
} first_runs;

static bool runs_in(const first_runs *f, uint32_t node, uint32_t part) {
  return f->r->draft->part[node] == part ||
         (f->first[node] && gcut_map_get(&f->runs, (uint64_t)node << 32 | part) != UINT32_MAX);
}

// Whether every run of the reader, in whatever part, finds `node` running there, and not in `own`.
static bool reader_provided(const first_runs *f, uint32_t node, uint32_t own, uint32_t reader) {
  uint32_t part = f->r->draft->part[reader];
  if (part == GCUT_NONE) return true;
  if (part == own || !runs_in(f, node, part)) return false;
  for (uint32_t a = f->first[reader]; a; a = f->next[a - 1]) {
    part = f->r->again[a - 1].part;
    if (part == own || !runs_in(f, node, part)) return false;
  }
  return true;
}

static bool useless(const first_runs *f, uint32_t id) {
  const gcut__draft *d = f->r->draft;
  const gcut_node *node = &d->graph->nodes[id];
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(d->graph, node)[o];
    if (v == GCUT_NONE) continue;
    if (d->fetched[v]) return false;
    for (uint32_t u = 0; u < d->graph->values[v].n_uses; u++)
      if (!reader_provided(f, id, d->part[id], d->graph->uses[d->graph->values[v].first_use + u]))
        return false;
  }
  return true;
}

// The node's first run becomes the earliest of its runs again, which is taken off the list.
static void pass_on(first_runs *f, uint32_t node) {
  gcut__refining *r = f->r;
  uint32_t from = r->draft->part[node];
  gcut__again *earliest = NULL;
  for (uint32_t a = f->first[node]; a; a = f->next[a - 1])
    if (!earliest || r->again[a - 1].part < earliest->part) earliest = &r->again[a - 1];
  r->draft->part[node] = earliest->part;
  r->n_own[from]--;
  r->n_own[earliest->part]++;
  earliest->node = GCUT_NONE;
}

static bool find_runs(first_runs *f) {
  bool ok = true;
  for (uint32_t i = 0; i < f->r->n_again && ok; i++) {
    const gcut__again *a = &f->r->again[i];
    f->next[i] = f->first[a->node];
    f->first[a->node] = i + 1;
    ok = gcut_map_set(&f->runs, (uint64_t)a->node << 32 | a->part, i);
  }
  return ok;
}

static gcut_status drop_useless_runs(gcut__refining *r, gcut_error *err) {
  gcut__draft *d = r->draft;
  first_runs f = {.r = r};
  if (r->n_again == 0) return GCUT_OK;
  f.first = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->graph->n_nodes);
  f.next = GCUT_NEW_ARRAY(d->scratch, uint32_t, r->n_again);
  bool ok = f.first && f.next && find_runs(&f);
  for (uint32_t i = d->n_order; ok && i-- > 0;) {
    uint32_t node = d->order[i];
    if (f.first[node] && r->movable[node] && r->n_own[d->part[node]] > 1 &&
        !r->frozen[d->part[node]] && useless(&f, node))
      pass_on(&f, node);
  }
  gcut_map_free(&f.runs);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- the steps --------------------------------------------------------------------------------

static gcut_status hand_over(gcut__refining *r, gcut_error *err) {
  gcut__draft *d = r->draft;
  d->n_again = 0;
  d->again = GCUT_NEW_ARRAY(d->scratch, gcut__again, r->n_again);
  if (!d->again) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < r->n_again; i++)
    if (r->again[i].node != GCUT_NONE) d->again[d->n_again++] = r->again[i];
  return GCUT_OK;
}

static gcut_status refine_once(gcut__refining *r, gcut__again_search *search, gcut_error *err) {
  bool exact = false, any_frozen = false;
  uint64_t cost;
  for (uint32_t p = 0; p < r->draft->n_parts; p++) any_frozen |= r->frozen[p];
  if (!any_frozen) GCUT_TRY(gcut__refine_exactly(r, search, &exact, err));
  if (!exact) GCUT_TRY(gcut__refine_moves(r, err));
  GCUT_TRY(gcut__again_find(search, &cost, err));
  if (!exact) GCUT_TRY(drop_useless_runs(r, err));
  return hand_over(r, err);
}

// Freezes the parts whose peaks pass the limit; whether there are any.
static gcut_status freeze(gcut__refining *r, bool *out_any, gcut_error *err) {
  gcut_plan *plan;
  gcut_origin origin = {0};
  *out_any = false;
  if (r->draft->most_peak == 0) return GCUT_OK;
  GCUT_TRY(gcut__draft_finish(r->draft, &origin, &plan, err));
  for (uint32_t p = 0; p < plan->n_parts; p++)
    if (plan->parts[p].peak_bytes > r->draft->most_peak) *out_any = r->frozen[p] = true;
  gcut_plan_destroy(plan);
  return GCUT_OK;
}

static void count_own(gcut__refining *r) {
  memset(r->n_own, 0, r->draft->n_parts * sizeof *r->n_own);
  for (uint32_t i = 0; i < r->draft->n_order; i++) r->n_own[r->draft->part[r->draft->order[i]]]++;
}

static gcut_status refine(gcut__refining *r, gcut__again_search *search, gcut_error *err) {
  gcut__draft *d = r->draft;
  size_t bytes = d->graph->n_nodes * sizeof *d->part;
  uint32_t *cut = gcut_arena_copy(d->scratch, d->part, bytes);
  if (!cut) return GCUT_NO_MEMORY(err);
  bool passes = true;
  for (int round = 0; round < MOST_ROUNDS && passes; round++) {
    memcpy(d->part, cut, bytes);
    count_own(r);
    GCUT_TRY(refine_once(r, search, err));
    GCUT_TRY(freeze(r, &passes, err));
  }
  if (passes) { // as the cutter left it
    memcpy(d->part, cut, bytes);
    d->n_again = 0;
  }
  return GCUT_OK;
}

gcut_status gcut__refine(gcut__draft *draft, gcut_error *err) {
  gcut__refining r;
  gcut__again_search *search = NULL;
  if (draft->n_parts < 2) return GCUT_OK;
  gcut_status status = open(&r, draft, err);
  if (status == GCUT_OK) status = gcut__again_create(&r, &search, err);
  if (status == GCUT_OK) status = refine(&r, search, err);
  gcut__again_destroy(search);
  free(r.again);
  return status;
}
