#include "exec/cuda/match.h"

#include <string.h>

#include "exec/cuda/chain.h"

#include "tracer/base/narrow.h"

static const gcut__cuda_pattern patterns[] = {
    gcut__cuda_match_attention,
    gcut__cuda_match_rotary,
    gcut__cuda_match_rms,
    gcut__cuda_match_swiglu,
};

// ---- looking up

const gcut_node *gcut__match_producer(const gcut__cuda_matcher *m, uint32_t value, const char *op) {
  uint32_t id = value == GCUT_NONE ? GCUT_NONE : m->graph->values[value].producer;
  if (id == GCUT_NONE || gcut_map_get(&m->nodes, id) == UINT32_MAX) return NULL;
  const gcut_node *node = &m->graph->nodes[id];
  return !*node->domain && strcmp(node->op_type, op) == 0 ? node : NULL;
}

const gcut_node *gcut__match_inner(gcut__cuda_matcher *m, uint32_t value, const char *op,
                                   uint32_t uses) {
  const gcut_node *node = gcut__match_producer(m, value, op);
  if (!node || node->n_outputs != 1 || gcut_map_get(&m->uses, value) != uses ||
      m->n_hidden == GCUT_CUDA_GROUP_NODES)
    return NULL;
  m->hidden[m->n_hidden++] = (uint32_t)(node - m->graph->nodes);
  return node;
}

uint32_t gcut__match_input(const gcut__cuda_matcher *m, const gcut_node *node, uint32_t i) {
  return i < node->n_inputs ? gcut_node_inputs(m->graph, node)[i] : GCUT_NONE;
}

uint32_t gcut__match_output(const gcut__cuda_matcher *m, const gcut_node *node) {
  return gcut_node_outputs(m->graph, node)[0];
}

const gcut_type *gcut__match_type(const gcut__cuda_matcher *m, uint32_t value) {
  uint64_t bytes;
  if (value == GCUT_NONE || !gcut__static_bytes(m->trace, value, &bytes)) return NULL;
  return &m->trace->facts[value].type;
}

bool gcut__match_scalar(const gcut__cuda_matcher *m, uint32_t value, float *out) {
  const gcut_constant *k = value == GCUT_NONE ? NULL : m->trace->facts[value].constant;
  uint16_t narrow;
  if (!k || !k->data) return false;
  if (k->type == GCUT_FLOAT && k->bytes == 4) {
    memcpy(out, k->data, 4);
    return true;
  }
  if ((k->type != GCUT_BFLOAT16 && k->type != GCUT_FLOAT16) || k->bytes != 2) return false;
  memcpy(&narrow, k->data, 2);
  *out = k->type == GCUT_BFLOAT16 ? gcut_from_bfloat16(narrow) : gcut_from_float16(narrow);
  return true;
}

bool gcut__match_int(const gcut__cuda_matcher *m, uint32_t value, int64_t *out) {
  const gcut_constant *k = value == GCUT_NONE ? NULL : m->trace->facts[value].constant;
  if (!k || !k->data || k->type != GCUT_INT64 || k->bytes != 8) return false;
  memcpy(out, k->data, 8);
  return true;
}

// ---- the part

static bool count_use(gcut__cuda_matcher *m, uint32_t value) {
  uint32_t n = value == GCUT_NONE ? 0 : gcut_map_get(&m->uses, value);
  return value == GCUT_NONE || gcut_map_set(&m->uses, value, n == UINT32_MAX ? 1 : n + 1);
}

static bool index_part(gcut__cuda_matcher *m, const gcut_part *part) {
  bool ok = true;
  for (uint32_t i = 0; i < part->n_nodes && ok; i++) {
    const gcut_node *node = &m->graph->nodes[part->nodes[i]];
    if (m->trace->folded[part->nodes[i]]) continue;
    ok = gcut_map_set(&m->nodes, part->nodes[i], 0);
    for (uint32_t k = 0; k < node->n_inputs && ok; k++)
      ok = count_use(m, gcut_node_inputs(m->graph, node)[k]);
    for (uint32_t k = 0; k < node->n_captures && ok; k++)
      ok = count_use(m, gcut_node_captures(m->graph, node)[k]);
  }
  for (uint32_t i = 0; i < part->n_outputs && ok; i++) ok = count_use(m, part->outputs[i]);
  return ok;
}

// Takes the group's nodes out of play.
static gcut_status keep_group(gcut__cuda_matcher *m, uint32_t node, gcut__cuda_fused *f,
                              gcut_error *err) {
  f->base.node = node;
  f->base.hidden = gcut_arena_copy(m->arena, m->hidden, m->n_hidden * sizeof *m->hidden);
  f->base.n_hidden = m->n_hidden;
  if (!f->base.hidden || !gcut_map_set(&m->nodes, node, UINT32_MAX)) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < m->n_hidden; i++)
    if (!gcut_map_set(&m->nodes, m->hidden[i], UINT32_MAX)) return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}

static gcut_status try_patterns(gcut__cuda_matcher *m, const gcut__cuda_pattern *tried, size_t n,
                                uint32_t node_id, gcut__cuda_fused *f, bool *out_found,
                                gcut_error *err) {
  *out_found = false;
  for (size_t i = 0; i < n && !*out_found; i++) {
    m->n_hidden = 0;
    *f = (gcut__cuda_fused){0};
    *out_found = tried[i](m, &m->graph->nodes[node_id], f);
  }
  return *out_found ? keep_group(m, node_id, f, err) : GCUT_OK;
}

// Nodes from the last to the first: what ends latest is largest.
static gcut_status match_all(gcut__cuda_matcher *m, const gcut_part *part,
                             const gcut__cuda_pattern *tried, size_t n, gcut__cuda_fused *items,
                             gcut__fusion *bases, uint32_t *n_items, gcut_error *err) {
  for (uint32_t i = part->n_nodes; i-- > 0;) {
    bool found;
    if (gcut_map_get(&m->nodes, part->nodes[i]) == UINT32_MAX) continue;
    GCUT_TRY(try_patterns(m, tried, n, part->nodes[i], &items[*n_items], &found, err));
    if (!found) continue;
    bases[*n_items] = items[*n_items].base;
    ++*n_items;
  }
  return GCUT_OK;
}

// Patterns first; then what is left of elementwise nodes, in groups.
static gcut_status match_part(gcut__cuda_matcher *m, const gcut_part *part, gcut__cuda_fusions *out,
                              gcut_error *err) {
  static const gcut__cuda_pattern rest[] = {gcut__cuda_match_chain};
  gcut__cuda_fused *items = GCUT_NEW_ARRAY(m->arena, gcut__cuda_fused, part->n_nodes);
  gcut__fusion *bases = GCUT_NEW_ARRAY(m->arena, gcut__fusion, part->n_nodes);
  if (!items || !bases || !index_part(m, part)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(
      match_all(m, part, patterns, sizeof patterns / sizeof *patterns, items, bases, &out->n, err));
  GCUT_TRY(match_all(m, part, rest, 1, items, bases, &out->n, err));
  out->items = items;
  out->bases = bases;
  return GCUT_OK;
}

gcut_status gcut__cuda_fuse(const gcut_trace *trace, const gcut_part *part, gcut_arena *arena,
                            gcut__cuda_fusions *out, gcut_error *err) {
  gcut__cuda_matcher m = {.trace = trace, .graph = trace->graph, .arena = arena};
  *out = (gcut__cuda_fusions){0};
  gcut_status status = match_part(&m, part, out, err);
  gcut_map_free(&m.nodes);
  gcut_map_free(&m.uses);
  return status;
}

const gcut__cuda_fused *gcut__cuda_fusion_at(const gcut__cuda_fusions *fusions, uint32_t node) {
  for (uint32_t i = 0; i < fusions->n; i++)
    if (fusions->items[i].base.node == node) return &fusions->items[i];
  return NULL;
}
