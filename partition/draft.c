// What has to run, found by one sweep from the fetched values back to the graph's inputs. Bodies
// list their nodes producers first, so one pass in reverse order suffices. Then the order to run
// in.
#include "partition/draft.h"

#include <stdlib.h>
#include <string.h>

#include "partition/reads.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/ops/op.h"

// Marks the nodes that the wanted values need; `folding`: constants need no node.
static void mark_needed(const gcut_trace *trace, bool folding, bool *wanted, bool *needed) {
  const gcut_graph *g = trace->graph;
  const gcut_body *main = &g->bodies[0];
  for (uint32_t i = main->n_nodes; i-- > 0;) {
    const gcut_node *node = &g->nodes[main->nodes[i]];
    bool run = false;
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      run |= v != GCUT_NONE && wanted[v] && !(folding && gcut__constant(trace, v));
    }
    needed[main->nodes[i]] = run;
    for (uint32_t r = 0; run && r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(g, node, r);
      if (v != GCUT_NONE) wanted[v] = true;
    }
  }
}

static uint32_t collect(const gcut_body *main, const bool *needed, uint32_t *out) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < main->n_nodes; i++)
    if (needed[main->nodes[i]]) out[n++] = main->nodes[i];
  return n;
}

static gcut_status find_needed(gcut__draft *d, gcut_error *err) {
  const gcut_graph *g = d->graph;
  const gcut_body *main = &g->bodies[0];
  bool *wanted = GCUT_NEW_ARRAY(d->scratch, bool, g->n_values);
  bool *needed = d->needed = GCUT_NEW_ARRAY(d->scratch, bool, g->n_nodes);
  bool *unfolded = GCUT_NEW_ARRAY(d->scratch, bool, g->n_nodes);
  d->folded = GCUT_NEW_ARRAY(d->scratch, uint32_t, main->n_nodes);
  if (!wanted || !needed || !unfolded || !d->folded) return GCUT_NO_MEMORY(err);
  memcpy(wanted, d->fetched, g->n_values * sizeof *wanted);
  mark_needed(d->trace, true, wanted, needed);
  mark_needed(d->trace, false, wanted, unfolded);
  for (uint32_t n = 0; n < g->n_nodes; n++)
    unfolded[n] &= !needed[n] && gcut_node_n_reads(&g->nodes[n]) > 0;
  d->n_folded = collect(main, unfolded, d->folded);
  return GCUT_OK;
}

// ---- fused groups -----------------------------------------------------------------------------

// Whether somebody wants what a group keeps to itself: then nothing computes it in one step.
static bool is_open(const gcut__draft *d, const gcut_fused *f) {
  for (uint32_t i = 0; i + 1 < f->n_nodes; i++) {
    const gcut_node *node = &d->graph->nodes[f->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(d->graph, node)[o];
      if (v != GCUT_NONE && d->fetched[v]) return true;
    }
  }
  return false;
}

static void find_kept(gcut__draft *d) {
  for (uint32_t n = 0; n < d->graph->n_nodes; n++) d->kept[n] = GCUT_NONE;
  for (uint32_t i = 0; i < d->trace->n_fused && !d->unfused; i++) {
    const gcut_fused *f = &d->trace->fused[i];
    if (!gcut_fused_is_whole(f->kind) || !d->needed[f->nodes[f->n_nodes - 1]] || is_open(d, f))
      continue;
    for (uint32_t k = 0; k < f->n_nodes; k++)
      if (d->needed[f->nodes[k]]) d->kept[f->nodes[k]] = i;
    for (uint32_t k = 0; k < f->n_shapes; k++)
      if (d->needed[f->shapes[k]]) d->kept[f->shapes[k]] = i;
  }
}

const gcut_fused *gcut__draft_one_step(const gcut__draft *d, uint32_t node) {
  uint32_t group = d->kept[node];
  const gcut_fused *f = group == GCUT_NONE ? NULL : &d->trace->fused[group];
  if (!f || !gcut_fused_is_one_step(f->kind)) return NULL;
  for (uint32_t i = 0; i < f->n_nodes; i++) // one may be known without being run
    if (d->kept[f->nodes[i]] != group) return NULL;
  return f;
}

bool gcut__draft_hides(const gcut__draft *d, uint32_t value) {
  uint32_t from = value == GCUT_NONE ? GCUT_NONE : d->graph->values[value].producer;
  if (from == GCUT_NONE || d->graph->nodes[from].body != 0) return false;
  const gcut_fused *f = gcut__draft_one_step(d, from);
  for (uint32_t i = 0; f && i + 1 < f->n_nodes; i++)
    if (f->nodes[i] == from) return true;
  return false;
}

// ---- order ------------------------------------------------------------------------------------

// What depends on constants alone (a weight being cast, a table being made) belongs with what reads
// it first, wherever the exporter wrote it; what is kept in a group belongs with the group's last.

// The node that has to run to make a value, or GCUT_NONE.
static uint32_t maker(const gcut__draft *d, uint32_t value) {
  if (value == GCUT_NONE || gcut__constant(d->trace, value)) return GCUT_NONE;
  return d->graph->values[value].producer;
}

static void find_rootless(gcut__draft *d, const uint32_t *nodes, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    const gcut_node *node = &d->graph->nodes[nodes[i]];
    bool rootless = true;
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(d->graph, node, r), from = maker(d, v);
      bool given = v != GCUT_NONE && from == GCUT_NONE && !gcut__constant(d->trace, v);
      rootless &= !given && (from == GCUT_NONE || d->rootless[from]);
    }
    d->rootless[nodes[i]] = rootless;
  }
}

static int by_place(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

typedef struct orderer {
  gcut__draft *d;
  uint64_t *pending; // [n] place << 32 | node: late nodes that come before the one at hand
  uint32_t *place;   // [n_nodes]
  bool *listed;      // [n_nodes]
  uint32_t n_pending;
} orderer;

static bool ends_group(const gcut__draft *d, uint32_t node) {
  const gcut_fused *f = d->kept[node] == GCUT_NONE ? NULL : &d->trace->fused[d->kept[node]];
  return f && f->nodes[f->n_nodes - 1] == node;
}

// Nodes that come just before another: where they stand does not matter.
static bool is_late(const gcut__draft *d, uint32_t node) {
  return d->rootless[node] || (d->kept[node] != GCUT_NONE && !ends_group(d, node));
}

static void list_node(orderer *o, uint32_t node) {
  if (node == GCUT_NONE || !o->d->needed[node] || !is_late(o->d, node) || o->listed[node]) return;
  o->listed[node] = true;
  o->pending[o->n_pending++] = (uint64_t)o->place[node] << 32 | node;
}

static void list_makers(orderer *o, uint32_t node_id) {
  const gcut_node *node = &o->d->graph->nodes[node_id];
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++)
    list_node(o, maker(o->d, gcut_node_read(o->d->graph, node, r)));
  if (!ends_group(o->d, node_id)) return;
  const gcut_fused *f = &o->d->trace->fused[o->d->kept[node_id]];
  for (uint32_t i = 0; i < f->n_shapes; i++) list_node(o, f->shapes[i]);
}

static void put_in_order(orderer *o, uint32_t node) {
  o->n_pending = 0;
  list_makers(o, node);
  for (uint32_t i = 0; i < o->n_pending; i++) list_makers(o, (uint32_t)o->pending[i]);
  qsort(o->pending, o->n_pending, sizeof *o->pending, by_place);
  for (uint32_t i = 0; i < o->n_pending; i++)
    o->d->order[o->d->n_order++] = (uint32_t)o->pending[i];
  o->d->order[o->d->n_order++] = node;
}

gcut_status gcut__draft_arrange(gcut__draft *d, const uint32_t *nodes, uint32_t n,
                                gcut_error *err) {
  orderer o = {.d = d,
               .pending = GCUT_NEW_ARRAY(d->scratch, uint64_t, n),
               .place = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->graph->n_nodes),
               .listed = GCUT_NEW_ARRAY(d->scratch, bool, d->graph->n_nodes)};
  d->order = GCUT_NEW_ARRAY(d->scratch, uint32_t, n);
  d->n_order = 0;
  if (!o.pending || !o.place || !o.listed || !d->order) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++) o.place[nodes[i]] = i;
  for (uint32_t i = 0; i < n; i++)
    if (!is_late(d, nodes[i])) put_in_order(&o, nodes[i]);
  for (uint32_t i = 0; i < n; i++) // what nothing but a fetch needs
    if (is_late(d, nodes[i]) && !o.listed[nodes[i]]) d->order[d->n_order++] = nodes[i];
  return GCUT_OK;
}

static gcut_status find_order(gcut__draft *d, gcut_error *err) {
  const gcut_body *main = &d->graph->bodies[0];
  uint32_t *nodes = GCUT_NEW_ARRAY(d->scratch, uint32_t, main->n_nodes);
  d->rootless = GCUT_NEW_ARRAY(d->scratch, bool, d->graph->n_nodes);
  d->place = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->graph->n_nodes);
  if (!nodes || !d->rootless || !d->place) return GCUT_NO_MEMORY(err);
  uint32_t n = collect(main, d->needed, nodes);
  find_rootless(d, nodes, n);
  GCUT_TRY(gcut__draft_arrange(d, nodes, n, err));
  for (uint32_t i = 0; i < d->n_order; i++) d->place[d->order[i]] = i;
  return GCUT_OK;
}

gcut_status gcut__draft_begin(const gcut_trace *trace, const uint32_t *fetches, uint32_t n_fetches,
                              bool unfused, gcut_arena *scratch, gcut__draft *d, gcut_error *err) {
  const gcut_graph *g = trace->graph;
  *d = (gcut__draft){.trace = trace, .graph = g, .scratch = scratch, .unfused = unfused};
  d->given = gcut__shapes_given(trace);
  if (!fetches) fetches = g->bodies[0].outputs, n_fetches = g->bodies[0].n_outputs;
  d->fetches = gcut_arena_copy(scratch, fetches, n_fetches * sizeof *fetches);
  d->n_fetches = n_fetches;
  d->fetched = GCUT_NEW_ARRAY(scratch, bool, g->n_values);
  d->part = GCUT_NEW_ARRAY(scratch, uint32_t, g->n_nodes);
  d->target = GCUT_NEW_ARRAY(scratch, uint32_t, g->n_nodes);
  d->kept = GCUT_NEW_ARRAY(scratch, uint32_t, g->n_nodes);
  if (!d->fetches || !d->fetched || !d->part || !d->target || !d->kept) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n_fetches; i++) {
    if (fetches[i] >= g->n_values || g->values[fetches[i]].body != 0)
      return GCUT_FAIL(err, GCUT_ARGUMENT, "fetch: there is no value %u in the main graph",
                       fetches[i]);
    d->fetched[fetches[i]] = true;
  }
  for (uint32_t n = 0; n < g->n_nodes; n++) d->part[n] = d->target[n] = GCUT_NONE;
  GCUT_TRY(find_needed(d, err));
  find_kept(d);
  return find_order(d, err);
}

gcut_status gcut__draft_parts(gcut__draft *d, uint32_t n_parts, gcut_error *err) {
  d->names = GCUT_NEW_ARRAY(d->scratch, const char *, n_parts);
  if (!d->names) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < n_parts; p++) d->names[p] = "";
  d->n_parts = n_parts;
  return GCUT_OK;
}

gcut_status gcut__draft_drop_empty(gcut__draft *d, gcut_error *err) {
  uint32_t *number = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->n_parts);
  if (!number) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < d->n_order; i++) number[d->part[d->order[i]]] = 1;
  uint32_t n = 0, n_again = 0;
  for (uint32_t i = 0; i < d->n_again; i++) // what an empty part ran again nobody needs
    if (number[d->again[i].part]) d->again[n_again++] = d->again[i];
  d->n_again = n_again;
  for (uint32_t p = 0; p < d->n_parts; p++) {
    if (!number[p]) continue;
    d->names[n] = d->names[p];
    number[p] = n++;
  }
  for (uint32_t i = 0; i < d->n_order; i++) d->part[d->order[i]] = number[d->part[d->order[i]]];
  for (uint32_t i = 0; i < d->n_again; i++) d->again[i].part = number[d->again[i].part];
  d->n_parts = n ? n : 1;
  return GCUT_OK;
}

bool gcut__may_recompute(const gcut_node *node) {
  return node->op && !(node->op->flags & (GCUT_OP_RANDOM | GCUT_OP_CONTROL));
}

static uint64_t plus(uint64_t a, uint64_t b) {
  return gcut_checked_add(a, b, &a) ? a : UINT64_MAX;
}
static uint64_t times(uint64_t a, uint64_t b) {
  return gcut_checked_mul(a, b, &a) ? a : UINT64_MAX;
}

// `seen`: [n_parts] value + 1 last seen there.
static void count_value(const gcut__draft *d, uint32_t v, uint32_t *seen, uint64_t *crossing,
                        uint64_t *pipeline) {
  const gcut_value *value = &d->graph->values[v];
  bool made = value->producer != GCUT_NONE;
  uint32_t own = made ? d->part[value->producer] : 0, last = own, n = 0;
  uint64_t bytes;
  if (own == GCUT_NONE || gcut__constant(d->trace, v) ||
      !gcut__bytes(d->trace, d->given, v, &bytes))
    return;
  if (made) seen[own] = v + 1;
  for (uint32_t u = 0; u < value->n_uses; u++) {
    uint32_t part = d->part[d->graph->uses[value->first_use + u]];
    if (part == GCUT_NONE || seen[part] == v + 1) continue;
    seen[part] = v + 1;
    n++;
    if (part > last) last = part;
  }
  if (!made && n > 0) n--; // a graph input's first reading is free
  *crossing = plus(*crossing, times(bytes, n));
  *pipeline = plus(*pipeline, times(bytes, last - own));
}

gcut_status gcut__draft_crossing(const gcut__draft *d, uint64_t *out_crossing,
                                 uint64_t *out_pipeline, gcut_error *err) {
  uint32_t *seen = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->n_parts);
  if (!seen) return GCUT_NO_MEMORY(err);
  *out_crossing = *out_pipeline = 0;
  for (uint32_t v = 0; v < d->graph->n_values; v++)
    if (d->graph->values[v].body == 0) count_value(d, v, seen, out_crossing, out_pipeline);
  return GCUT_OK;
}
