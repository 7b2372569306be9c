// Lines and stretches: see line.h. A constant counts once in a stretch (by constant, as weights do
// in plans), a value from outside once, so adding a node costs what the node reads and makes.
#include "partition/line.h"

#include <stdlib.h>

#include "partition/reads.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/dims.h"
#include "tracer/ops/op.h"

// ---- sizes ------------------------------------------------------------------------------------

// Sums over all of a graph's values stay below 2^64.
static const uint64_t LARGEST = UINT64_C(1) << 43;

static uint64_t size_of(const gcut__draft *draft, gcut_dims *dims, uint32_t value) {
  const gcut_type *type = &draft->trace->facts[value].type;
  uint64_t count = 1, bytes;
  if (gcut__bytes(draft->trace, draft->given, value, &bytes))
    return bytes < LARGEST ? bytes : LARGEST;
  for (int d = 0; d < type->rank; d++) {
    gcut_dim dim =
        gcut_dim_known(type->dims[d]) ? type->dims[d] : gcut_dim_evaluate(dims, type->dims[d]);
    uint64_t size = gcut_dim_known(dim) && dim >= 0 ? (uint64_t)dim : GCUT__NOMINAL_SIZE;
    if (!gcut_checked_mul(count, size, &count)) return LARGEST;
  }
  if (!gcut_dtype_bytes((gcut_dtype)type->type, count, &bytes)) bytes = count;
  return bytes < LARGEST ? bytes : LARGEST;
}

gcut_status gcut__nominal_bytes(const gcut__draft *draft, uint64_t **out_bytes, gcut_error *err) {
  const gcut_trace *trace = draft->trace;
  uint32_t n = draft->graph->n_values;
  uint64_t *bytes = *out_bytes = GCUT_NEW_ARRAY(draft->scratch, uint64_t, n);
  gcut_dims *dims = gcut_dims_copy(trace->dims);
  if (!bytes || !dims) {
    gcut_dims_destroy(dims);
    return GCUT_NO_MEMORY(err);
  }
  for (uint32_t i = 0; i < gcut_dims_n_symbols(dims); i++)
    (void)!gcut_dims_bind(dims, gcut_dims_symbol_name(dims, i), GCUT__NOMINAL_SIZE);
  for (uint32_t v = 0; v < n; v++)
    if (draft->graph->values[v].body == 0 && !gcut__constant(trace, v) &&
        !gcut__draft_hides(draft, v))
      bytes[v] = size_of(draft, dims, v);
  gcut_dims_destroy(dims);
  return GCUT_OK;
}

// ---- the line ---------------------------------------------------------------------------------

static void find_last(gcut__line *l) {
  const gcut_graph *g = l->draft->graph;
  for (uint32_t v = 0; v < g->n_values; v++) l->last[v] = GCUT_NONE;
  for (uint32_t i = 0; i < l->n; i++) {
    const gcut_node *node = &g->nodes[l->draft->order[i]];
    l->place[l->draft->order[i]] = i;
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++)
      if (gcut_node_read(g, node, r) != GCUT_NONE) l->last[gcut_node_read(g, node, r)] = i;
  }
}

// A value made at place i and last read at j crosses the cuts before i + 1, ..., j.
static void count_crossing(gcut__line *l, bool *gone) {
  const gcut_graph *g = l->draft->graph;
  uint64_t live = 0;
  for (uint32_t i = 0; i < l->n; i++) {
    const gcut_node *node = &g->nodes[l->draft->order[i]];
    l->crossing[i] = live;
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(g, node, r);
      if (v == GCUT_NONE || gone[v] || l->last[v] != i || g->values[v].producer == GCUT_NONE)
        continue;
      gone[v] = true;
      live -= l->bytes[v];
    }
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      if (v != GCUT_NONE && l->last[v] != GCUT_NONE) live += l->bytes[v];
    }
  }
}

// Units: nodes, but that those from the first of a kept group to its last are one.
static gcut_status find_begins(gcut__line *l, gcut_error *err) {
  const gcut_trace *trace = l->draft->trace;
  uint32_t *after = GCUT_NEW_ARRAY(l->draft->scratch, uint32_t, trace->n_fused); // its last node
  int32_t *change = GCUT_NEW_ARRAY(l->draft->scratch, int32_t, (size_t)l->n + 1), inside = 0;
  l->begins = GCUT_NEW_ARRAY(l->draft->scratch, uint32_t, (size_t)l->n + 1);
  l->within = GCUT_NEW_ARRAY(l->draft->scratch, bool, (size_t)l->n + 1);
  if (!after || !change || !l->begins || !l->within) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < l->n; i++) {
    uint32_t group = l->draft->kept[l->draft->order[i]];
    if (group == GCUT_NONE) continue;
    if (after[group]) change[after[group]]++, change[i + 1]--; // none begins from there to here
    after[group] = i + 1;
  }
  for (uint32_t i = 0; i < l->n; i++) {
    inside += change[i];
    l->within[i] = inside > 0;
    if (inside == 0) l->begins[l->n_units++] = i;
  }
  l->begins[l->n_units] = l->n;
  return GCUT_OK;
}

gcut_status gcut__line_create(const gcut__draft *draft, gcut__line *l, gcut_error *err) {
  gcut_arena *arena = draft->scratch;
  *l = (gcut__line){.draft = draft, .n = draft->n_order};
  l->place = GCUT_NEW_ARRAY(arena, uint32_t, draft->graph->n_nodes);
  l->last = GCUT_NEW_ARRAY(arena, uint32_t, draft->graph->n_values);
  l->crossing = GCUT_NEW_ARRAY(arena, uint64_t, (size_t)l->n + 1);
  bool *gone = GCUT_NEW_ARRAY(arena, bool, draft->graph->n_values);
  if (!l->place || !l->last || !l->crossing || !gone) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__nominal_bytes(draft, &l->bytes, err));
  find_last(l);
  count_crossing(l, gone);
  return find_begins(l, err);
}

// ---- stretches --------------------------------------------------------------------------------

static void count_inner(void *context, uint32_t value, const gcut_constant *constant) {
  (void)value;
  *(uint64_t *)context += gcut_range_bytes(constant->bytes);
}

gcut_status gcut__stretch_create(const gcut__line *line, gcut__stretch *s, gcut_error *err) {
  const gcut_graph *g = line->draft->graph;
  gcut_arena *arena = line->draft->scratch;
  *s = (gcut__stretch){.line = line};
  s->loaded = GCUT_NEW_ARRAY(arena, uint32_t, g->n_constants);
  s->seen = GCUT_NEW_ARRAY(arena, uint32_t, g->n_values);
  s->inner = GCUT_NEW_ARRAY(arena, uint64_t, g->n_nodes);
  s->inputs = GCUT_NEW_ARRAY(arena, uint32_t, g->n_values);
  if (!s->loaded || !s->seen || !s->inner || !s->inputs) return GCUT_NO_MEMORY(err);
  for (uint32_t b = g->n_bodies; b-- > 1;) { // inner bodies have higher numbers
    uint32_t node = g->bodies[b].node;
    gcut__each_inner_constant(line->draft->trace, b, count_inner, &s->inner[node]);
    if (g->nodes[node].body != 0) s->inner[g->bodies[g->nodes[node].body].node] += s->inner[node];
  }
  return GCUT_OK;
}

void gcut__stretch_begin(gcut__stretch *s, uint32_t from) {
  s->from = s->to = from;
  s->stamp++;
  s->weight_bytes = s->input_bytes = s->ranges = s->handed_on = s->live = s->most_live = 0;
  s->n_inputs = 0;
}

static bool is_view(const gcut_node *node) {
  return node->op && (node->op->flags & GCUT_OP_VIEW);
}

static void read_constant(gcut__stretch *s, const gcut_constant *constant) {
  uint32_t number = gcut__constant_number(s->line->draft->graph, constant);
  if (number != GCUT_NONE && s->loaded[number] == s->stamp) return;
  if (number != GCUT_NONE) s->loaded[number] = s->stamp;
  s->weight_bytes += constant->bytes;
  s->ranges += gcut_range_bytes(constant->bytes);
}

static void read_value(gcut__stretch *s, uint32_t v) {
  const gcut_graph *g = s->line->draft->graph;
  uint32_t from = v == GCUT_NONE ? GCUT_NONE : g->values[v].producer;
  if (v == GCUT_NONE || s->seen[v] == s->stamp) return;
  const gcut_constant *constant = gcut__constant(s->line->draft->trace, v);
  if (!constant && from != GCUT_NONE && s->line->place[from] >= s->from) return; // made here
  s->seen[v] = s->stamp;
  if (constant) {
    read_constant(s, constant);
    return;
  }
  s->input_bytes += s->line->bytes[v];
  s->ranges += gcut_range_bytes(s->line->bytes[v]);
  s->inputs[s->n_inputs++] = v;
}

// A value made in the stretch goes with its last reader, unless somebody fetches it.
static void drop_value(gcut__stretch *s, uint32_t v) {
  const gcut__line *l = s->line;
  if (v == GCUT_NONE || s->seen[v] == s->stamp || l->draft->fetched[v] || l->last[v] != s->to)
    return;
  s->seen[v] = s->stamp;
  s->handed_on -= l->bytes[v];
  if (!is_view(&l->draft->graph->nodes[l->draft->graph->values[v].producer]))
    s->live -= l->bytes[v];
}

static void make_value(gcut__stretch *s, const gcut_node *node, uint32_t v, uint64_t *passing) {
  const gcut__line *l = s->line;
  if (v == GCUT_NONE || gcut__constant(l->draft->trace, v)) return;
  bool kept = l->draft->fetched[v] || l->last[v] != GCUT_NONE, view = is_view(node);
  if (kept) s->handed_on += l->bytes[v];
  if (!view) s->live += l->bytes[v];
  if (!view && !kept) *passing += l->bytes[v];
}

void gcut__stretch_add(gcut__stretch *s) {
  const gcut_graph *g = s->line->draft->graph;
  uint32_t id = s->line->draft->order[s->to];
  const gcut_node *node = &g->nodes[id];
  uint64_t passing = 0; // made and read by nobody
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) read_value(s, gcut_node_read(g, node, r));
  s->weight_bytes += s->inner[id];
  s->ranges += s->inner[id];
  for (uint32_t o = 0; o < node->n_outputs; o++)
    make_value(s, node, gcut_node_outputs(g, node)[o], &passing);
  if (s->live > s->most_live) s->most_live = s->live;
  s->live -= passing;
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) drop_value(s, gcut_node_read(g, node, r));
  s->to++;
}

uint64_t gcut__stretch_least(const gcut__stretch *s) {
  uint64_t inside = s->handed_on > s->most_live ? s->handed_on : s->most_live;
  return s->ranges + inside;
}

// ---- exact peaks ------------------------------------------------------------------------------

gcut_status gcut__exact_create(const gcut__line *line, gcut__exact *e, gcut_error *err) {
  GCUT_TRY(gcut__stretch_create(line, &e->stretch, err));
  GCUT_TRY(gcut__peak_create(line->draft, &e->peak, err));
  e->outputs = GCUT_NEW_ARRAY(line->draft->scratch, uint32_t, line->draft->graph->n_values);
  e->sorted = GCUT_NEW_ARRAY(line->draft->scratch, uint64_t, line->n);
  e->nodes = GCUT_NEW_ARRAY(line->draft->scratch, uint32_t, line->n);
  return e->outputs && e->sorted && e->nodes ? GCUT_OK : GCUT_NO_MEMORY(err);
}

void gcut__exact_close(gcut__exact *e) {
  gcut__peak_close(e->peak);
}

static int by_place(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

// A part's nodes run in the draft's own order, along which the line need not go.
static const uint32_t *nodes_of(gcut__exact *e, uint32_t from, uint32_t to) {
  const gcut__draft *d = e->stretch.line->draft;
  uint32_t i = from;
  while (i + 1 < to && d->place[d->order[i]] < d->place[d->order[i + 1]]) i++;
  if (i + 1 >= to) return d->order + from;
  for (i = from; i < to; i++)
    e->sorted[i - from] = (uint64_t)d->place[d->order[i]] << 32 | d->order[i];
  qsort(e->sorted, to - from, sizeof *e->sorted, by_place);
  for (i = 0; i < to - from; i++) e->nodes[i] = (uint32_t)e->sorted[i];
  return e->nodes;
}

uint64_t gcut__exact_peak(gcut__exact *e, uint32_t from, uint32_t to) {
  gcut__stretch *s = &e->stretch;
  const gcut__line *l = s->line;
  const gcut_graph *g = l->draft->graph;
  uint32_t n_outputs = 0;
  uint64_t outputs = 0;
  gcut__stretch_begin(s, from);
  while (s->to < to) gcut__stretch_add(s);
  for (uint32_t i = from; i < to; i++) {
    const gcut_node *node = &g->nodes[l->draft->order[i]];
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      if (v == GCUT_NONE || gcut__constant(l->draft->trace, v)) continue;
      if (l->draft->fetched[v] || (l->last[v] != GCUT_NONE && l->last[v] >= to))
        e->outputs[n_outputs++] = v, outputs += gcut_range_bytes(l->bytes[v]);
    }
  }
  gcut_part part = {.nodes = (uint32_t *)nodes_of(e, from, to),
                    .n_nodes = to - from,
                    .inputs = s->inputs,
                    .n_inputs = s->n_inputs,
                    .outputs = e->outputs,
                    .n_outputs = n_outputs};
  uint64_t workspace;
  if (!gcut__peak_workspace(e->peak, &part, &workspace)) return UINT64_MAX;
  return s->ranges + outputs + workspace;
}

// ---- parts ------------------------------------------------------------------------------------

static uint32_t depth_of(const gcut_graph *g, uint32_t scope) {
  uint32_t depth = 0;
  for (; g->scopes[scope].parent != GCUT_NONE; scope = g->scopes[scope].parent) depth++;
  return depth;
}

// "model.layers.0 … layers.3": the modules of the first and last node, as far up as they differ.
static const char *name_stretch(const gcut__line *l, uint32_t from, uint32_t to) {
  const gcut_graph *g = l->draft->graph;
  const gcut_node *first = &g->nodes[l->draft->order[from]];
  uint32_t a = first->scope, b = g->nodes[l->draft->order[to - 1]].scope, above_b = b;
  uint32_t depth_a = depth_of(g, a), depth_b = depth_of(g, b), below_a = a;
  while (a != b) {
    bool up_a = depth_a >= depth_b, up_b = depth_b >= depth_a;
    if (up_a) below_a = a, a = g->scopes[a].parent, depth_a--;
    if (up_b) above_b = b, b = g->scopes[b].parent, depth_b--;
  }
  if (below_a == a || above_b == b) return a == 0 ? first->name : g->scopes[a].path;
  return gcut_arena_format(l->draft->scratch, "%s … %s", g->scopes[below_a].path,
                           g->scopes[above_b].name);
}

gcut_status gcut__line_cut(const gcut__line *line, gcut__draft *draft, const uint32_t *cuts,
                           uint32_t n_parts, gcut_error *err) {
  GCUT_TRY(gcut__draft_parts(draft, n_parts ? n_parts : 1, err));
  for (uint32_t p = 0; p < n_parts; p++) {
    draft->names[p] = name_stretch(line, cuts[p], cuts[p + 1]);
    if (!draft->names[p]) return GCUT_NO_MEMORY(err);
    for (uint32_t i = cuts[p]; i < cuts[p + 1]; i++) draft->part[draft->order[i]] = p;
  }
  return GCUT_OK;
}
