// The memory planner of a part: liveness, then best fit.
//
// Nodes are walked in order; each output takes the hole it fits best, and gives it back after its
// last reader. Best fit in order of time comes close to the optimum on the chains and diamonds that
// models consist of, and is linear; an offline packing would be quadratic in nodes.
#include "exec/layout.h"

#include <string.h>

#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"
#include "tracer/base/spans.h"
#include "tracer/ops/op.h"

typedef struct planner {
  const gcut_trace *trace;
  const gcut_graph *graph;
  const gcut_part *part;
  const gcut__fusion *fusions;
  uint32_t n_fusions;
  gcut_map fused;  // node -> fusion that stands there, until steps say it
  gcut_map hidden; // nodes inside fusions
  gcut__layout *layout;
  gcut_arena *arena, *scratch;
  gcut_map homes;      // value -> home
  uint32_t *roots;     // [n_homes] home whose memory it shares; itself mostly
  uint32_t *last;      // [n_homes] last step that reads the value, or makes it
  uint32_t *root_last; // [n_homes] the same over all that share the memory
  gcut__pool pool;
} planner;

bool gcut__static_bytes(const gcut_trace *trace, uint32_t value, uint64_t *out_bytes) {
  return gcut_trace_bytes(trace, value, out_bytes) &&
         trace->facts[value].type.type != GCUT_UNDEFINED;
}

// ---- homes ------------------------------------------------------------------------------------

static bool is_output(const gcut_map *outputs, uint32_t value) {
  return gcut_map_get(outputs, value) != UINT32_MAX;
}

// What a fusion makes is no view: it looks at values that have no place.
static bool is_view(const gcut__layout_step *step, const gcut_node *node, uint32_t output) {
  return output == 0 && step->fusion == GCUT_NONE && node->op && (node->op->flags & GCUT_OP_VIEW);
}

static void add_home(planner *p, const gcut__layout_step *step, uint32_t output, uint32_t value,
                     const gcut_map *outputs) {
  const gcut_node *node = &p->graph->nodes[step->node];
  gcut__layout *l = p->layout;
  uint32_t id = l->n_homes++;
  gcut__home *h = &l->homes[id];
  *h = (gcut__home){.value = value, .prepared = GCUT_NOT_PREPARED};
  p->roots[id] = id;
  bool sized = gcut__static_bytes(p->trace, value, &h->bytes);
  if (!sized) {
    h->kind = GCUT__HOME_HEAP;
  } else if (is_output(outputs, value)) {
    h->kind = GCUT__HOME_OUTPUT;
  } else if (is_view(step, node, output)) {
    h->kind = GCUT__HOME_VIEW;
    uint32_t base = gcut_map_get(&p->homes, gcut_node_inputs(p->graph, node)[0]);
    if (base != UINT32_MAX) p->roots[id] = p->roots[base];
  } else {
    h->kind = GCUT__HOME_WORKSPACE;
  }
}

static gcut_status add_step(planner *p, uint32_t node_id, const gcut_map *outputs,
                            gcut_error *err) {
  const gcut_node *node = &p->graph->nodes[node_id];
  uint32_t f = gcut_map_get(&p->fused, node_id);
  uint32_t n = f == GCUT_NONE ? node->n_outputs : p->fusions[f].n_writes;
  const uint32_t *made = f == GCUT_NONE ? gcut_node_outputs(p->graph, node) : p->fusions[f].writes;
  gcut__layout *l = p->layout;
  gcut__layout_step *step = &l->steps[l->n_steps];
  *step = (gcut__layout_step){.node = node_id, .fusion = f, .first_home = l->n_homes};
  for (uint32_t i = 0; i < n; i++) {
    uint32_t value = made[i];
    if (value == GCUT_NONE) continue;
    add_home(p, step, i, value, outputs);
    p->last[l->n_homes - 1] = l->n_steps;
    if (!gcut_map_set(&p->homes, value, l->n_homes - 1)) return GCUT_NO_MEMORY(err);
  }
  step->n_homes = l->n_homes - step->first_home;
  l->n_steps++;
  return GCUT_OK;
}

static gcut_status add_steps(planner *p, const gcut_map *outputs, gcut_error *err) {
  for (uint32_t i = 0; i < p->part->n_nodes; i++) {
    uint32_t node = p->part->nodes[i];
    if (!p->trace->folded[node] && gcut_map_get(&p->hidden, node) == UINT32_MAX)
      GCUT_TRY(add_step(p, node, outputs, err));
  }
  return GCUT_OK;
}

static gcut_status index_fusions(planner *p, gcut_error *err) {
  for (uint32_t i = 0; i < p->n_fusions; i++) {
    if (!gcut_map_set(&p->fused, p->fusions[i].node, i)) return GCUT_NO_MEMORY(err);
    for (uint32_t k = 0; k < p->fusions[i].n_hidden; k++)
      if (!gcut_map_set(&p->hidden, p->fusions[i].hidden[k], i)) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

// ---- liveness ---------------------------------------------------------------------------------

// At most `most` of its bytes are read.
static void mark_read_some(planner *p, uint32_t step, uint32_t value, uint64_t most) {
  uint64_t bytes;
  if (value == GCUT_NONE) return;
  uint32_t home = gcut_map_get(&p->homes, value);
  if (home != UINT32_MAX) p->last[home] = step;
  if (gcut_trace_bytes(p->trace, value, &bytes)) p->layout->traffic += bytes < most ? bytes : most;
}

static void mark_read(planner *p, uint32_t step, uint32_t value) {
  mark_read_some(p, step, value, UINT64_MAX);
}

// Of a table that rows are picked from, those rows are read.
static uint64_t most_read(const planner *p, const gcut_node *node, uint32_t input) {
  uint64_t bytes;
  bool picks = input == 0 && node->op && (node->op->flags & GCUT_OP_PICKS) && node->n_outputs;
  if (!picks || gcut_node_outputs(p->graph, node)[0] == GCUT_NONE) return UINT64_MAX;
  return gcut_trace_bytes(p->trace, gcut_node_outputs(p->graph, node)[0], &bytes) ? bytes
                                                                                  : UINT64_MAX;
}

// The same of a fusion, one of whose nodes may do the picking.
static void mark_fusion_read(planner *p, uint32_t step, const gcut__fusion *f, uint32_t value) {
  uint64_t most = UINT64_MAX;
  for (uint32_t i = 0; i < f->n_hidden; i++) {
    const gcut_node *node = &p->graph->nodes[f->hidden[i]];
    if (node->n_inputs > 0 && gcut_node_inputs(p->graph, node)[0] == value)
      most = most_read(p, node, 0);
  }
  mark_read_some(p, step, value, most);
}

static void mark_fusion_reads(planner *p, uint32_t step, const gcut__fusion *f) {
  for (uint32_t i = 0; i < f->n_reads; i++) mark_fusion_read(p, step, f, f->reads[i]);
  for (uint32_t i = 0; i < f->n_hidden; i++) p->layout->flops += p->trace->flops[f->hidden[i]];
}

static void mark_reads(planner *p, uint32_t step) {
  uint32_t node_id = p->layout->steps[step].node, f = p->layout->steps[step].fusion;
  const gcut_node *node = &p->graph->nodes[node_id];
  p->layout->flops += p->trace->flops[node_id];
  if (f != GCUT_NONE) {
    mark_fusion_reads(p, step, &p->fusions[f]);
    return;
  }
  for (uint32_t i = 0; i < node->n_inputs; i++)
    mark_read_some(p, step, gcut_node_inputs(p->graph, node)[i], most_read(p, node, i));
  for (uint32_t i = 0; i < node->n_captures; i++)
    mark_read(p, step, gcut_node_captures(p->graph, node)[i]);
}

static void mark_lives(planner *p) {
  const gcut__layout *l = p->layout;
  for (uint32_t s = 0; s < l->n_steps; s++) mark_reads(p, s);
  for (uint32_t h = 0; h < l->n_homes; h++) {
    uint32_t root = p->roots[h];
    if (p->last[h] > p->root_last[root]) p->root_last[root] = p->last[h];
    p->layout->traffic += l->homes[h].bytes;
  }
}

// ---- drops and offsets: homes sorted by the step after which they go --------------------------

static uint32_t *sort_by_step(planner *p, const uint32_t *steps, uint32_t *starts) {
  const gcut__layout *l = p->layout;
  uint32_t *sorted = GCUT_NEW_ARRAY(p->scratch, uint32_t, l->n_homes);
  uint32_t *next = GCUT_NEW_ARRAY(p->scratch, uint32_t, (size_t)l->n_steps + 1);
  if (!sorted || !next) return NULL;
  for (uint32_t h = 0; h < l->n_homes; h++) starts[steps[h] + 1]++;
  for (uint32_t s = 0; s < l->n_steps; s++) starts[s + 1] += starts[s];
  memcpy(next, starts, ((size_t)l->n_steps + 1) * sizeof *next);
  for (uint32_t h = 0; h < l->n_homes; h++) sorted[next[steps[h]]++] = h;
  return sorted;
}

static gcut_status fill_drops(planner *p, gcut_error *err) {
  gcut__layout *l = p->layout;
  uint32_t *starts = GCUT_NEW_ARRAY(p->scratch, uint32_t, (size_t)l->n_steps + 1);
  uint32_t *sorted = starts ? sort_by_step(p, p->last, starts) : NULL;
  l->drops = GCUT_NEW_ARRAY(p->arena, uint32_t, l->n_homes);
  if (!sorted || !l->drops) return GCUT_NO_MEMORY(err);
  for (uint32_t s = 0; s < l->n_steps; s++) {
    l->steps[s].first_drop = l->n_drops;
    for (uint32_t i = starts[s]; i < starts[s + 1]; i++)
      l->drops[l->n_drops++] = l->homes[sorted[i]].value;
    l->steps[s].n_drops = l->n_drops - l->steps[s].first_drop;
  }
  return GCUT_OK;
}

static gcut_status give_back(planner *p, const uint32_t *homes, uint32_t n, gcut_error *err) {
  for (uint32_t i = 0; i < n; i++) {
    const gcut__home *h = &p->layout->homes[homes[i]];
    if (h->kind == GCUT__HOME_WORKSPACE &&
        gcut__pool_give(&p->pool, h->offset, h->bytes) != GCUT_OK)
      return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

static gcut_status take_offsets(planner *p, const gcut__layout_step *step, gcut_error *err) {
  for (uint32_t i = 0; i < step->n_homes; i++) {
    gcut__home *h = &p->layout->homes[step->first_home + i];
    if (h->kind == GCUT__HOME_WORKSPACE &&
        gcut__pool_take(&p->pool, h->bytes, &h->offset) != GCUT_OK)
      return GCUT_FAIL(err, GCUT_FORMAT, "value '%.200s' has %llu bytes",
                       p->graph->values[h->value].name, (unsigned long long)h->bytes);
  }
  return GCUT_OK;
}

static gcut_status fill_offsets(planner *p, gcut_error *err) {
  gcut__layout *l = p->layout;
  uint32_t *starts = GCUT_NEW_ARRAY(p->scratch, uint32_t, (size_t)l->n_steps + 1);
  uint32_t *sorted = starts ? sort_by_step(p, p->root_last, starts) : NULL;
  if (!sorted) return GCUT_NO_MEMORY(err);
  for (uint32_t s = 0; s < l->n_steps; s++) {
    GCUT_TRY(take_offsets(p, &l->steps[s], err));
    GCUT_TRY(give_back(p, sorted + starts[s], starts[s + 1] - starts[s], err));
  }
  l->bytes = p->pool.peak;
  return GCUT_OK;
}

// ---- the whole --------------------------------------------------------------------------------

static uint32_t count_outputs(const gcut_graph *g, const gcut_part *part) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < part->n_nodes; i++) n += g->nodes[part->nodes[i]].n_outputs;
  return n;
}

static gcut_status plan(planner *p, gcut_map *outputs, gcut_error *err) {
  uint32_t n = count_outputs(p->graph, p->part);
  p->scratch = gcut_arena_create();
  p->layout->steps = GCUT_NEW_ARRAY(p->arena, gcut__layout_step, p->part->n_nodes);
  p->layout->homes = GCUT_NEW_ARRAY(p->arena, gcut__home, n);
  p->roots = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->last = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->root_last = GCUT_NEW_ARRAY(p->scratch, uint32_t, n);
  p->pool.limit = UINT64_MAX / 2;
  if (!p->layout->steps || !p->layout->homes || !p->roots || !p->last || !p->root_last)
    return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < p->part->n_outputs; i++)
    if (!gcut_map_set(outputs, p->part->outputs[i], i)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(index_fusions(p, err));
  GCUT_TRY(add_steps(p, outputs, err));
  mark_lives(p);
  GCUT_TRY(fill_drops(p, err));
  return fill_offsets(p, err);
}

gcut_status gcut__layout_create(const gcut_trace *trace, const gcut_part *part, gcut_arena *arena,
                                gcut__layout *out, gcut_error *err) {
  const gcut__fusion *fusions;
  uint32_t n;
  GCUT_TRY(gcut__one_step_fusions(trace, part, gcut_fused_is_one_step, arena, &fusions, &n, err));
  return gcut__layout_create_fused(trace, part, fusions, n, arena, out, err);
}

gcut_status gcut__layout_create_fused(const gcut_trace *trace, const gcut_part *part,
                                      const gcut__fusion *fusions, uint32_t n_fusions,
                                      gcut_arena *arena, gcut__layout *out, gcut_error *err) {
  planner p = {.trace = trace,
               .graph = trace->graph,
               .part = part,
               .fusions = fusions,
               .n_fusions = n_fusions,
               .layout = out,
               .arena = arena};
  gcut_map outputs = {0};
  *out = (gcut__layout){0};
  gcut_status status = plan(&p, &outputs, err);
  if (status == GCUT_OK) status = gcut__layout_prepare(trace, fusions, out, err);
  gcut_map_free(&outputs);
  gcut_map_free(&p.homes);
  gcut_map_free(&p.fused);
  gcut_map_free(&p.hidden);
  gcut__pool_free(&p.pool);
  gcut_arena_destroy(p.scratch);
  return status;
}

gcut_work gcut__layout_work(const gcut__layout *layout) {
  return (gcut_work){.workspace = layout->bytes,
                     .prepared = layout->prepared,
                     .prepared_traffic = layout->prepared_traffic,
                     .traffic = layout->traffic,
                     .flops = layout->flops,
                     .n_nodes = layout->n_steps};
}
