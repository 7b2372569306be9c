// Liveness over a part's node order, and best fit: a value lives from the node that makes it to the
// last that reads it. A view shares the bytes of what it views and keeps them alive. A group that
// is computed in one step is one node, its last.
#include "partition/peak.h"

#include "partition/reads.h"
#include "tracer/base/error.h"
#include "tracer/base/spans.h"
#include "tracer/ops/op.h"

// Of a value: sums of ranges stay below 2^64.
static const uint64_t MOST_BYTES = UINT64_C(1) << 43;

struct gcut__peak {
  const gcut__draft *draft;
  const gcut_trace *trace;
  bool given; // gcut__shapes_given
  gcut__pool pool;
  bool failed;
  uint32_t stamp;      // of the part at hand
  uint64_t *offset;    // [n_values] of its bytes, where made
  uint32_t *made;      // [n_values] stamp of the part whose workspace the value is in
  uint32_t *base;      // [n_values] the value whose bytes it has, where made
  uint32_t *last;      // [n_values] place of the last node that touches those bytes
  uint32_t *handed_on; // [n_values] stamp of the part that it is an output of
};

gcut_status gcut__peak_create(const gcut__draft *draft, gcut__peak **out, gcut_error *err) {
  const gcut_trace *trace = draft->trace;
  gcut_arena *arena = draft->scratch;
  uint32_t n = trace->graph->n_values;
  gcut__peak *k = *out = GCUT_NEW(arena, gcut__peak);
  if (!k) return GCUT_NO_MEMORY(err);
  k->draft = draft;
  k->trace = trace;
  k->pool.limit = UINT64_MAX / 2;
  k->offset = GCUT_NEW_ARRAY(arena, uint64_t, n);
  k->given = gcut__shapes_given(trace);
  k->made = GCUT_NEW_ARRAY(arena, uint32_t, n);
  k->base = GCUT_NEW_ARRAY(arena, uint32_t, n);
  k->last = GCUT_NEW_ARRAY(arena, uint32_t, n);
  k->handed_on = GCUT_NEW_ARRAY(arena, uint32_t, n);
  return k->made && k->base && k->last && k->handed_on && k->offset ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// Whether the value's bytes are in the workspace.
static bool in_workspace(const gcut__peak *k, uint32_t value) {
  return value != GCUT_NONE && k->made[value] == k->stamp;
}

static void touch(gcut__peak *k, uint32_t value, uint32_t place) {
  if (in_workspace(k, value)) k->last[k->base[value]] = place;
}

static void make(gcut__peak *k, const gcut_node *node, uint32_t value, uint32_t place) {
  if (value == GCUT_NONE || gcut__constant(k->trace, value) || k->handed_on[value] == k->stamp)
    return;
  const gcut_graph *g = k->trace->graph;
  bool view = node->op && (node->op->flags & GCUT_OP_VIEW) && node->n_inputs > 0;
  uint32_t viewed = view ? gcut_node_inputs(g, node)[0] : GCUT_NONE;
  if (viewed != GCUT_NONE && !in_workspace(k, viewed)) return; // of an input, output or constant
  k->made[value] = k->stamp;
  k->base[value] = viewed == GCUT_NONE ? value : k->base[viewed];
  k->last[k->base[value]] = place;
}

// What a node is read as: itself, or the group that it ends.
typedef struct step {
  const gcut_node *node;   // NULL: within a group, and no step
  const gcut_fused *group; // NULL: the node alone
  uint32_t n_reads;
} step;

static step step_of(const gcut__peak *k, uint32_t id) {
  const gcut_node *node = &k->trace->graph->nodes[id];
  const gcut_fused *group = gcut__draft_one_step(k->draft, id);
  if (!group) return (step){node, NULL, gcut_node_n_reads(node)};
  bool last = group->nodes[group->n_nodes - 1] == id;
  return (step){last ? node : NULL, group, last ? group->n_reads : 0};
}

static uint32_t read_of(const gcut__peak *k, const step *s, uint32_t i) {
  return s->group ? s->group->reads[i] : gcut_node_read(k->trace->graph, s->node, i);
}

static void find_lives(gcut__peak *k, const gcut_part *part) {
  const gcut_graph *g = k->trace->graph;
  k->stamp++;
  for (uint32_t i = 0; i < part->n_outputs; i++) k->handed_on[part->outputs[i]] = k->stamp;
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    step s = step_of(k, part->nodes[i]);
    for (uint32_t r = 0; r < s.n_reads; r++) touch(k, read_of(k, &s, r), i);
    for (uint32_t o = 0; s.node && o < s.node->n_outputs; o++)
      make(k, s.node, gcut_node_outputs(g, s.node)[o], i);
  }
}

// Gives back the bytes behind a value if the node at `place` is the last to touch them.
static void give_back(gcut__peak *k, uint32_t value, uint32_t place) {
  uint64_t bytes;
  if (!in_workspace(k, value)) return;
  uint32_t base = k->base[value];
  if (k->last[base] != place || !gcut__bytes(k->trace, k->given, base, &bytes)) return;
  k->last[base] = GCUT_NONE; // once
  k->failed |= gcut__pool_give(&k->pool, k->offset[base], bytes) != GCUT_OK;
}

// Takes room for what a node makes; false where a size is not static.
static bool take(gcut__peak *k, const gcut_node *node) {
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(k->trace->graph, node)[o];
    uint64_t bytes;
    if (!in_workspace(k, v) || k->base[v] != v) continue;
    if (!gcut__bytes(k->trace, k->given, v, &bytes) || bytes > MOST_BYTES) return false;
    k->failed |= gcut__pool_take(&k->pool, bytes, &k->offset[v]) != GCUT_OK;
  }
  return !k->failed;
}

bool gcut__peak_workspace(gcut__peak *k, const gcut_part *part, uint64_t *out_bytes) {
  const gcut_graph *g = k->trace->graph;
  find_lives(k, part);
  k->pool.n = 0;
  k->pool.top = k->pool.peak = 0;
  for (uint32_t i = 0; i < part->n_nodes; i++) {
    step s = step_of(k, part->nodes[i]);
    if (!s.node) continue;
    if (!take(k, s.node)) return false;
    for (uint32_t r = 0; r < s.n_reads; r++) give_back(k, read_of(k, &s, r), i);
    for (uint32_t o = 0; o < s.node->n_outputs; o++)
      give_back(k, gcut_node_outputs(g, s.node)[o], i);
  }
  *out_bytes = k->pool.peak;
  return !k->failed;
}

void gcut__peak_close(gcut__peak *peak) {
  if (peak) gcut__pool_free(&peak->pool);
}

bool gcut__peak_failed(const gcut__peak *peak) {
  return peak->failed;
}
