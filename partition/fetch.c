// What a run is to compute, in words: a value's name, re:PATTERN over the names of values, or what
// targets read (in:T) or make (out:T), in the vocabulary of targets.
//
// The answer rests on the graph alone, not on a trace: the same at all shapes. What comes of
// weights and shapes alone is no activation; only its exact name asks for it.
#include <string.h>

#include "graphcut/nearest.h"
#include "partition/targets.h"
#include "tracer/base/error.h"
#include "tracer/base/pattern.h"

typedef struct finder {
  const gcut_graph *graph;
  gcut_arena *arena;
  uint32_t *values, n; // found
  uint32_t n_met;      // by patterns and targets, found before or not
  bool *listed;        // [n_values]
  bool *reached;       // [n_values] made of the elements of an input; NULL until asked for
} finder;

static void add(finder *f, uint32_t value) {
  f->listed[value] = true;
  f->values[f->n++] = value;
}

static void add_reached(finder *f, uint32_t value) {
  if (value == GCUT_NONE || !f->reached[value]) return;
  f->n_met++;
  if (!f->listed[value]) add(f, value);
}

// ---- what inputs reach ------------------------------------------------------------------------

static bool tells_shape_alone(const gcut_node *node) {
  return !*node->domain && (!strcmp(node->op_type, "Shape") || !strcmp(node->op_type, "Size"));
}

static bool reads_reached(const finder *f, const gcut_node *node) {
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(f->graph, node, r);
    if (v != GCUT_NONE && f->reached[v]) return true;
  }
  return false;
}

static gcut_status find_reached(finder *f, gcut_error *err) {
  const gcut_graph *g = f->graph;
  const gcut_body *main = &g->bodies[0];
  if (f->reached) return GCUT_OK;
  f->reached = GCUT_NEW_ARRAY(f->arena, bool, g->n_values);
  if (!f->reached) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < main->n_inputs; i++) f->reached[main->inputs[i]] = true;
  for (uint32_t i = 0; i < main->n_nodes; i++) {
    const gcut_node *node = &g->nodes[main->nodes[i]];
    if (tells_shape_alone(node) || !reads_reached(f, node)) continue;
    for (uint32_t o = 0; o < node->n_outputs; o++)
      if (gcut_node_outputs(g, node)[o] != GCUT_NONE)
        f->reached[gcut_node_outputs(g, node)[o]] = true;
  }
  return GCUT_OK;
}

// ---- names and patterns -----------------------------------------------------------------------

static gcut_status fail_nearest(const finder *f, const char *text, const char *name,
                                gcut_error *err) {
  gcut_nearest near;
  char list[512], shown[128];
  gcut_nearest_begin(&near, name);
  for (uint32_t v = 0; v < f->graph->n_values; v++)
    if (f->graph->values[v].body == 0) gcut_nearest_offer(&near, f->graph->values[v].name);
  return GCUT_FAIL(err, GCUT_ARGUMENT, "fetch: there is no value '%s'%s",
                   gcut__printable(text, shown, sizeof shown),
                   gcut_nearest_format(&near, list, sizeof list));
}

static gcut_status add_matching(finder *f, gcut_pattern *pattern, gcut_error *err) {
  for (uint32_t v = 0; v < f->graph->n_values; v++) {
    bool matches = false;
    if (f->graph->values[v].body != 0 || !f->reached[v]) continue;
    GCUT_TRY(gcut_pattern_match(pattern, f->graph->values[v].name, &matches, err));
    if (matches) add_reached(f, v);
  }
  return GCUT_OK;
}

static gcut_status find_pattern(finder *f, const char *text, gcut_error *err) {
  uint32_t before = f->n_met;
  gcut_pattern *pattern;
  GCUT_TRY(find_reached(f, err));
  GCUT_TRY(gcut_pattern_create(text + strlen("re:"), &pattern, err));
  gcut_status status = add_matching(f, pattern, err);
  gcut_pattern_destroy(pattern);
  if (status != GCUT_OK || f->n_met > before) return status;
  return fail_nearest(f, text, text + strlen("re:"), err);
}

// ---- what targets read and make ---------------------------------------------------------------

static void add_reads(finder *f, const uint32_t *group_of, uint32_t n) {
  const gcut_node *node = &f->graph->nodes[n];
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(f->graph, node, r);
    uint32_t made = v == GCUT_NONE ? GCUT_NONE : f->graph->values[v].producer;
    if (made == GCUT_NONE || group_of[made] != group_of[n]) add_reached(f, v);
  }
}

static bool leaves_group(const finder *f, const uint32_t *group_of, uint32_t n, uint32_t value) {
  const gcut_value *v = &f->graph->values[value];
  for (uint32_t u = 0; u < v->n_uses; u++) {
    uint32_t reader = f->graph->uses[v->first_use + u];
    if (f->graph->nodes[reader].body == 0 && group_of[reader] != group_of[n]) return true;
  }
  return v->is_output;
}

static void add_makes(finder *f, const uint32_t *group_of, uint32_t n) {
  const gcut_node *node = &f->graph->nodes[n];
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(f->graph, node)[o];
    if (v != GCUT_NONE && leaves_group(f, group_of, n, v)) add_reached(f, v);
  }
}

static gcut_status find_beside(finder *f, const char *text, const char *target,
                               void (*add_values)(finder *, const uint32_t *, uint32_t),
                               gcut_error *err) {
  const gcut_body *main = &f->graph->bodies[0];
  uint32_t before = f->n_met;
  gcut__groups groups;
  gcut__draft all = {.graph = f->graph, .scratch = f->arena, .n_order = main->n_nodes};
  all.needed = GCUT_NEW_ARRAY(f->arena, bool, f->graph->n_nodes);
  if (!all.needed) return GCUT_NO_MEMORY(err);
  memset(all.needed, true, f->graph->n_nodes * sizeof *all.needed);
  GCUT_TRY(find_reached(f, err));
  GCUT_TRY(gcut__targets_match(&all, &target, 1, NULL, 0, &groups, err));
  for (uint32_t i = 0; i < main->n_nodes; i++)
    if (groups.of[main->nodes[i]] != GCUT_NONE) add_values(f, groups.of, main->nodes[i]);
  char shown[128];
  if (f->n_met > before) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_ARGUMENT, "fetch: '%s': all of it comes of weights and shapes alone",
                   gcut__printable(text, shown, sizeof shown));
}

// ---- all of them ------------------------------------------------------------------------------

static gcut_status find(finder *f, const char *text, gcut_error *err) {
  uint32_t exact = gcut_graph_find_value(f->graph, 0, text);
  if (exact != GCUT_NONE) {
    add(f, exact);
    return GCUT_OK;
  }
  if (!strncmp(text, "re:", 3)) return find_pattern(f, text, err);
  if (!strncmp(text, "in:", 3)) return find_beside(f, text, text + 3, add_reads, err);
  if (!strncmp(text, "out:", 4)) return find_beside(f, text, text + 4, add_makes, err);
  return fail_nearest(f, text, text, err);
}

gcut_status gcut__fetch_values(const gcut_graph *graph, const char *const *names, size_t n,
                               gcut_arena *arena, uint32_t **out, uint32_t *out_n,
                               gcut_error *err) {
  finder f = {.graph = graph, .arena = arena};
  *out = NULL;
  *out_n = 0;
  if (n == 0) return GCUT_OK;
  if (n > UINT32_MAX - graph->n_values)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "fetch: too many values");
  f.values = GCUT_NEW_ARRAY(arena, uint32_t, n + graph->n_values);
  f.listed = GCUT_NEW_ARRAY(arena, bool, graph->n_values);
  if (!f.values || !f.listed) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < n; i++) GCUT_TRY(find(&f, names[i], err));
  *out = f.values;
  *out_n = f.n;
  return GCUT_OK;
}
