// Parts from the last to the first, so that what later parts read is known when a part's outputs
// are looked at. A node stays if some trace runs it, and so do all its inputs then, for what makes
// them is constant in every trace or stays, too. Linear.
#include "exec/trim.h"

#include "exec/problem.h"
#include "tracer/base/error.h"

typedef struct trimmer {
  const gcut_graph *graph;
  const gcut__shapes *shapes;
  gcut_arena *arena;
  uint32_t *read; // [n_values] the last part looked at that reads it, counted from the end; 0: none
  bool *wanted;   // [n_values] fetched, or read by a part looked at
} trimmer;

static bool runs(const trimmer *t, uint32_t node) {
  for (uint32_t c = 0; c < t->shapes->n_classes; c++)
    if (!t->shapes->traces[c]->folded[node]) return true;
  return false;
}

static bool is_known(const trimmer *t, uint32_t value) {
  for (uint32_t c = 0; c < t->shapes->n_classes; c++)
    if (!gcut__constant_of(t->shapes->traces[c], value)) return false;
  return true;
}

static void mark_reads(trimmer *t, uint32_t node_id, uint32_t mark) {
  const gcut_node *node = &t->graph->nodes[node_id];
  for (uint32_t i = 0; i < gcut_node_n_reads(node); i++) {
    uint32_t v = gcut_node_read(t->graph, node, i);
    if (v != GCUT_NONE) t->read[v] = mark;
  }
}

typedef bool keeper(const trimmer *t, uint32_t item, uint32_t mark);

static bool keeps_node(const trimmer *t, uint32_t node, uint32_t mark) {
  (void)mark;
  return runs(t, node);
}
static bool keeps_input(const trimmer *t, uint32_t value, uint32_t mark) {
  return t->read[value] == mark && !is_known(t, value);
}
static bool keeps_output(const trimmer *t, uint32_t value, uint32_t mark) {
  (void)mark;
  return t->wanted[value] && !is_known(t, value);
}
// Constants of bodies are read within nodes.
static bool keeps_constant(const trimmer *t, uint32_t value, uint32_t mark) {
  return t->read[value] == mark || t->graph->values[value].body != 0;
}

// Leaves of a list what the keeper keeps.
static bool keep(const trimmer *t, keeper *keeps, uint32_t mark, uint32_t **list, uint32_t *n) {
  uint32_t *kept = GCUT_NEW_ARRAY(t->arena, uint32_t, *n), n_kept = 0;
  if (!kept) return false;
  for (uint32_t i = 0; i < *n; i++)
    if (keeps(t, (*list)[i], mark)) kept[n_kept++] = (*list)[i];
  *list = kept;
  *n = n_kept;
  return true;
}

// An input that no later part wants is consumed here.
static bool list_consumed(trimmer *t, gcut_part *p) {
  p->consumed = GCUT_NEW_ARRAY(t->arena, uint32_t, p->n_inputs);
  p->n_consumed = 0;
  for (uint32_t i = 0; p->consumed && i < p->n_inputs; i++) {
    if (!t->wanted[p->inputs[i]]) p->consumed[p->n_consumed++] = p->inputs[i];
    t->wanted[p->inputs[i]] = true;
  }
  return p->consumed != NULL;
}

static bool trim_part(trimmer *t, gcut_part *p, uint32_t mark) {
  if (!keep(t, keeps_node, mark, &p->nodes, &p->n_nodes) ||
      !keep(t, keeps_node, mark, &p->recomputed, &p->n_recomputed))
    return false;
  for (uint32_t i = 0; i < p->n_nodes; i++) mark_reads(t, p->nodes[i], mark);
  return keep(t, keeps_output, mark, &p->outputs, &p->n_outputs) &&
         keep(t, keeps_input, mark, &p->inputs, &p->n_inputs) &&
         keep(t, keeps_constant, mark, &p->constants, &p->n_constants) && list_consumed(t, p);
}

gcut_status gcut__trim(const gcut_plan *plan, const gcut__shapes *shapes, gcut_plan *out,
                       gcut_error *err) {
  const gcut_graph *g = shapes->traces[0]->graph;
  trimmer t = {.graph = g,
               .shapes = shapes,
               .arena = shapes->arena,
               .read = GCUT_NEW_ARRAY(shapes->arena, uint32_t, g->n_values),
               .wanted = GCUT_NEW_ARRAY(shapes->arena, bool, g->n_values)};
  *out = *plan;
  out->parts = gcut_arena_copy(t.arena, plan->parts, plan->n_parts * sizeof *plan->parts);
  if (!t.read || !t.wanted || !out->parts) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < plan->n_fetches; i++) t.wanted[plan->fetches[i]] = true;
  for (uint32_t p = plan->n_parts; p-- > 0;)
    if (!trim_part(&t, &out->parts[p], plan->n_parts - p)) return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}
