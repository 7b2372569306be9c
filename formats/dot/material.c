#include "formats/dot/material.h"

#include <stdlib.h>

#include "formats/dot/fold.h"
#include "formats/dot/heat.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"

bool gcut__material_within(const gcut_graph *g, uint32_t scope, uint32_t root) {
  while (scope != GCUT_NONE && scope > root) scope = g->scopes[scope].parent;
  return scope == root;
}

// ---- facts about scopes -----------------------------------------------------------------------

static void add_to_scopes(gcut__material *m, const gcut_node *node, uint32_t index) {
  const gcut_graph *g = m->trace->graph;
  uint64_t hash = gcut_hash(node->op_type, strlen(node->op_type)) ^ m->node_bytes[index];
  for (uint32_t s = node->scope; s != GCUT_NONE; s = g->scopes[s].parent) {
    m->scopes[s].signature = (m->scopes[s].signature ^ hash) * UINT64_C(0x100000001b3) + 1;
    m->scopes[s].weight_bytes += m->node_bytes[index];
  }
}

// Finds the modules that parts are named after, by a table of all paths.
static gcut_status find_part_scopes(gcut__material *m, gcut_error *err) {
  const gcut_scope *scopes = m->trace->graph->scopes;
  gcut_map paths = {0};
  bool ok = true;
  for (uint32_t s = 1; s < m->trace->graph->n_scopes && ok; s++)
    ok = gcut_map_set(&paths, gcut_hash(scopes[s].path, strlen(scopes[s].path)) >> 1, s);
  for (uint32_t p = 0; m->plan && p < m->plan->n_parts; p++) {
    const char *name = m->plan->parts[p].name;
    uint32_t s = gcut_map_get(&paths, gcut_hash(name, strlen(name)) >> 1);
    m->scope_of_part[p] = s != UINT32_MAX && strcmp(scopes[s].path, name) == 0 ? s : 0;
  }
  gcut_map_free(&paths);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static void fill_scopes(gcut__material *m) {
  const gcut_graph *g = m->trace->graph;
  for (uint32_t s = 0; s < g->n_scopes; s++) {
    m->scopes[s].run = GCUT_NONE;
    if (s > 0) m->scopes[s].depth = m->scopes[g->scopes[s].parent].depth + 1;
    if (s > 0 && g->scopes[s].n_nodes > 0) m->scopes[g->scopes[s].parent].has_modules = true;
  }
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    m->box_of_node[i] = GCUT_NONE;
    m->node_bytes[i] = gcut__heat_weights(m->trace, &g->nodes[i]);
  }
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) {
    uint32_t node = g->bodies[0].nodes[i];
    if (!gcut__material_is_shape_code(m, node)) add_to_scopes(m, &g->nodes[node], node);
  }
  for (uint32_t k = 0; k < g->n_constants; k++) m->weight_bytes += g->constants[k].bytes;
}

static gcut_status read_timeline(gcut__material *m, gcut_error *err) {
  if (!m->options->timeline) return GCUT_OK;
  m->slices = GCUT_NEW(m->arena, gcut__slices);
  if (!m->slices) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__timeline_read(m->options->timeline, m->arena, m->slices, err));
  GCUT_TRY(gcut__heat_check(m->slices, m->plan, m->options->timeline, err));
  m->part_seconds = GCUT_NEW_ARRAY(m->arena, double, m->slices->n_parts);
  if (!m->part_seconds) return GCUT_NO_MEMORY(err);
  gcut__heat_part_seconds(m->slices, m->part_seconds);
  return GCUT_OK;
}

static gcut_status fill_heats(gcut__material *m, bool all, gcut_error *err) {
  GCUT_TRY(read_timeline(m, err));
  for (int by = GCUT_HEAT_NONE + 1; by < GCUT_N_HEATS; by++) {
    bool there = by != GCUT_HEAT_TIME || m->part_seconds;
    if (m->options->by != (gcut_heat)by && !(all && there)) continue;
    m->heat[by] = GCUT_NEW_ARRAY(m->arena, double, m->trace->graph->n_nodes);
    if (!m->heat[by]) return GCUT_NO_MEMORY(err);
    GCUT_TRY(gcut__heat_fill(m->trace, m->plan, m->part_seconds, (gcut_heat)by, m->heat[by], err));
  }
  return GCUT_OK;
}

static gcut_status fill(gcut__material *m, bool all_heats, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  m->scopes = GCUT_NEW_ARRAY(m->arena, gcut__scope_facts, g->n_scopes);
  m->node_bytes = GCUT_NEW_ARRAY(m->arena, uint64_t, g->n_nodes);
  m->box_of_node = GCUT_NEW_ARRAY(m->arena, uint32_t, g->n_nodes);
  m->scope_of_part = GCUT_NEW_ARRAY(m->arena, uint32_t, m->plan ? m->plan->n_parts : 0);
  if (!m->scopes || !m->node_bytes || !m->box_of_node || !m->scope_of_part)
    return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__cuts_open(m->trace, m->plan, m->arena, &m->cuts, err));
  GCUT_TRY(gcut__cuts_open(m->trace, m->options->against, m->arena, &m->other, err));
  GCUT_TRY(find_part_scopes(m, err));
  GCUT_TRY(fill_heats(m, all_heats, err));
  fill_scopes(m);
  return gcut__fold_scopes(m, err);
}

gcut_status gcut__material_create(const gcut_trace *trace, const gcut_plan *plan,
                                  const gcut_draw_options *options, bool all_heats,
                                  gcut__material **out_material, gcut_error *err) {
  gcut__material *m = *out_material = calloc(1, sizeof *m);
  if (!m) return GCUT_NO_MEMORY(err);
  *m = (gcut__material){
      .trace = trace, .plan = plan, .options = options, .arena = gcut_arena_create()};
  gcut_status status = m->arena ? fill(m, all_heats, err) : GCUT_NO_MEMORY(err);
  if (status == GCUT_OK) return GCUT_OK;
  gcut__material_destroy(m);
  *out_material = NULL;
  return status;
}

void gcut__material_destroy(gcut__material *m) {
  if (!m) return;
  gcut__cuts_close(&m->cuts);
  gcut__cuts_close(&m->other);
  gcut_arena_destroy(m->arena);
  free(m);
}

bool gcut__material_is_shape_code(const gcut__material *m, uint32_t index) {
  const gcut_node *node = &m->trace->graph->nodes[index];
  for (uint32_t i = 0; i < node->n_outputs; i++) {
    uint32_t v = gcut_node_outputs(m->trace->graph, node)[i];
    if (v == GCUT_NONE) continue;
    const gcut_fact *fact = &m->trace->facts[v];
    bool integer = fact->type.type == GCUT_INT64 || fact->type.type == GCUT_INT32 ||
                   fact->type.type == GCUT_BOOL;
    if (!fact->constant && !fact->content &&
        !(integer && fact->type.rank >= 0 && fact->type.rank <= 1))
      return false;
  }
  return node->n_outputs > 0;
}
