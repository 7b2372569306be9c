#include "formats/dot/cuts.h"

#include "tracer/base/error.h"

static gcut_status list_carried(const gcut_graph *g, gcut__cuts *c, uint32_t part,
                                gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  for (uint32_t i = 0; i < p->n_inputs; i++)
    if (g->values[p->inputs[i]].producer != GCUT_NONE &&
        !gcut_map_set(&c->carried, (uint64_t)p->inputs[i] << 32 | part, 1))
      return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}

gcut_status gcut__cuts_open(const gcut_trace *trace, const gcut_plan *plan, gcut_arena *arena,
                            gcut__cuts *out, gcut_error *err) {
  const gcut_graph *g = trace->graph;
  *out = (gcut__cuts){.plan = plan, .part_of_node = GCUT_NEW_ARRAY(arena, uint32_t, g->n_nodes)};
  if (!out->part_of_node) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < g->n_nodes; i++) out->part_of_node[i] = GCUT_NONE;
  for (uint32_t part = plan ? plan->n_parts : 0; part-- > 0;) { // the first to run a node wins
    for (uint32_t i = 0; i < plan->parts[part].n_nodes; i++)
      out->part_of_node[plan->parts[part].nodes[i]] = part;
    GCUT_TRY(list_carried(g, out, part, err));
  }
  return GCUT_OK;
}

void gcut__cuts_close(gcut__cuts *cuts) {
  gcut_map_free(&cuts->carried);
}

bool gcut__cuts_cross(const gcut__cuts *cuts, uint32_t value, uint32_t reader) {
  uint32_t part = cuts->plan ? cuts->part_of_node[reader] : GCUT_NONE;
  return part != GCUT_NONE &&
         gcut_map_get(&cuts->carried, (uint64_t)value << 32 | part) != UINT32_MAX;
}

bool gcut__cuts_span(const gcut__cuts *cuts, uint32_t part, const gcut__cuts *other,
                     uint32_t *out_first, uint32_t *out_last) {
  const gcut_part *p = &cuts->plan->parts[part];
  *out_first = GCUT_NONE;
  *out_last = 0;
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    uint32_t theirs = other->part_of_node[p->nodes[i]];
    if (theirs == GCUT_NONE || cuts->part_of_node[p->nodes[i]] != part) continue;
    if (theirs < *out_first) *out_first = theirs;
    if (theirs > *out_last) *out_last = theirs;
  }
  return *out_first != GCUT_NONE;
}
