// Fused groups that a device computes in one step. Those that every device does have more between
// their nodes than all else of the part: no layout has room for it.
#include "exec/layout.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

typedef struct finder {
  const gcut_trace *trace;
  bool (*is_one_step)(gcut_fused_kind kind);
  gcut_map runs;    // nodes of the part
  gcut_map outputs; // values that it hands on
} finder;

// The group that ends in the node, if it is of a kind that is one step; or NULL.
static const gcut_fused *ending_in(const finder *f, uint32_t node) {
  uint32_t number = f->trace->fused_of[node];
  const gcut_fused *group = number == GCUT_NONE ? NULL : &f->trace->fused[number];
  bool ends = group && group->nodes[group->n_nodes - 1] == node;
  return ends && f->is_one_step(group->kind) ? group : NULL;
}

static uint32_t count_groups(const finder *f, const gcut_part *part) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < part->n_nodes; i++) n += ending_in(f, part->nodes[i]) != NULL;
  return n;
}

static gcut_status index_part(finder *f, const gcut_part *part, gcut_error *err) {
  bool ok = true;
  for (uint32_t i = 0; i < part->n_nodes && ok; i++)
    ok = f->trace->folded[part->nodes[i]] || gcut_map_set(&f->runs, part->nodes[i], 0);
  for (uint32_t i = 0; i < part->n_outputs && ok; i++)
    ok = gcut_map_set(&f->outputs, part->outputs[i], 0);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// Patterns take nodes of one output.
static bool may_be_one(const finder *f, const gcut_fused *group) {
  const gcut_graph *g = f->trace->graph;
  uint64_t bytes;
  for (uint32_t i = 0; i < group->n_nodes; i++) {
    uint32_t made = gcut_node_outputs(g, &g->nodes[group->nodes[i]])[0];
    bool last = i + 1 == group->n_nodes;
    if (gcut_map_get(&f->runs, group->nodes[i]) == UINT32_MAX ||
        (!last && gcut_map_get(&f->outputs, made) != UINT32_MAX) ||
        (last && !gcut__static_bytes(f->trace, made, &bytes)))
      return false;
  }
  return true;
}

static gcut__fusion fusion_of(const gcut_graph *g, const gcut_fused *group) {
  uint32_t last = group->nodes[group->n_nodes - 1];
  return (gcut__fusion){.node = last,
                        .hidden = group->nodes,
                        .reads = group->reads,
                        .writes = gcut_node_outputs(g, &g->nodes[last]),
                        .n_hidden = group->n_nodes - 1,
                        .n_reads = group->n_reads,
                        .n_writes = 1};
}

gcut_status gcut__one_step_fusions(const gcut_trace *trace, const gcut_part *part,
                                   bool (*is_one_step)(gcut_fused_kind kind), gcut_arena *arena,
                                   const gcut__fusion **out, uint32_t *out_n, gcut_error *err) {
  finder f = {.trace = trace, .is_one_step = is_one_step};
  uint32_t n = count_groups(&f, part);
  gcut__fusion *fusions = GCUT_NEW_ARRAY(arena, gcut__fusion, n);
  *out = fusions;
  *out_n = 0;
  if (!fusions) return GCUT_NO_MEMORY(err);
  gcut_status status = n > 0 ? index_part(&f, part, err) : GCUT_OK;
  for (uint32_t i = 0; i < part->n_nodes && n > 0 && status == GCUT_OK; i++) {
    const gcut_fused *group = ending_in(&f, part->nodes[i]);
    if (group && may_be_one(&f, group)) fusions[(*out_n)++] = fusion_of(trace->graph, group);
  }
  gcut_map_free(&f.runs);
  gcut_map_free(&f.outputs);
  return status;
}
