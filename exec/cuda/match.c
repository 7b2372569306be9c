#include "exec/cuda/match.h"

#include <string.h>

#include "exec/cuda/chain.h"

// By kind; NULL: no kernel.
static gcut__cuda_fill *const fills[GCUT_N_FUSED_KINDS] = {
    [GCUT_FUSED_ATTENTION] = gcut__cuda_fill_attention,
    [GCUT_FUSED_EXPERTS] = gcut__cuda_fill_experts,
    [GCUT_FUSED_ROTARY] = gcut__cuda_fill_rotary,
    [GCUT_FUSED_RMS_NORM] = gcut__cuda_fill_norm,
    [GCUT_FUSED_LAYER_NORM] = gcut__cuda_fill_norm,
    [GCUT_FUSED_SWIGLU] = gcut__cuda_fill_swiglu,
};

// By operator of ai.onnx.
static const struct {
  const char *op;
  gcut__cuda_match *match;
} operators[] = {
    {"Attention", gcut__cuda_match_attention},
    {"RMSNormalization", gcut__cuda_match_norm},
    {"SimplifiedLayerNormalization", gcut__cuda_match_norm},
    {"LayerNormalization", gcut__cuda_match_norm},
    {"Add", gcut__cuda_match_sum},
};

// ---- looking up

const gcut_node *gcut__match_maker(const gcut__cuda_matcher *m, uint32_t value) {
  uint32_t id = value == GCUT_NONE ? GCUT_NONE : m->graph->values[value].producer;
  if (id == GCUT_NONE || gcut_map_get(&m->nodes, id) == UINT32_MAX) return NULL;
  return &m->graph->nodes[id];
}

const gcut_node *gcut__match_producer(const gcut__cuda_matcher *m, uint32_t value, const char *op) {
  const gcut_node *node = gcut__match_maker(m, value);
  return node && !*node->domain && strcmp(node->op_type, op) == 0 ? node : NULL;
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

static uint32_t reads_by(const gcut__cuda_matcher *m, uint32_t id, uint32_t value) {
  const gcut_node *node = &m->graph->nodes[id];
  uint32_t n = 0;
  for (uint32_t k = 0; k < node->n_inputs; k++) n += gcut__match_input(m, node, k) == value;
  return n;
}

static bool is_hidden(const gcut__cuda_matcher *m, uint32_t id) {
  for (uint32_t i = 0; i < m->n_hidden; i++)
    if (m->hidden[i] == id) return true;
  return false;
}

// Whether all that read the value and are not in the group run after its last node. Nodes of inner
// graphs run when the one does that holds them: nobody looks that far.
static bool is_read_later(const gcut__cuda_matcher *m, uint32_t value, uint32_t last) {
  const gcut_value *v = &m->graph->values[value];
  uint32_t end = gcut_map_get(&m->places, last);
  for (uint32_t u = 0; u < v->n_uses; u++) {
    uint32_t id = m->graph->uses[v->first_use + u], place = gcut_map_get(&m->places, id);
    if (m->graph->nodes[id].body != 0) return false;
    if (place != UINT32_MAX && place < end && !is_hidden(m, id)) return false;
  }
  return true;
}

const gcut_node *gcut__match_shared(gcut__cuda_matcher *m, uint32_t value, const char *op,
                                    const gcut_node *last, bool *shared) {
  const gcut_node *node = gcut__match_producer(m, value, op);
  uint32_t id = (uint32_t)(last - m->graph->nodes), within = reads_by(m, id, value);
  if (!node || node->n_outputs != 1 || m->n_hidden == GCUT_CUDA_GROUP_NODES ||
      !is_read_later(m, value, id))
    return NULL;
  for (uint32_t i = 0; i < m->n_hidden; i++) within += reads_by(m, m->hidden[i], value);
  *shared = gcut_map_get(&m->uses, value) != within;
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

const gcut_node *gcut__match_reader(const gcut__cuda_matcher *m, uint32_t value, const char *op) {
  const gcut_value *v = &m->graph->values[value];
  if (gcut_map_get(&m->uses, value) != 1) return NULL;
  for (uint32_t u = 0; u < v->n_uses; u++) {
    uint32_t id = m->graph->uses[v->first_use + u];
    const gcut_node *node = &m->graph->nodes[id];
    if (gcut_map_get(&m->nodes, id) != UINT32_MAX && !*node->domain && !strcmp(node->op_type, op))
      return node;
  }
  return NULL;
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
    ok = gcut_map_set(&m->nodes, part->nodes[i], 0) && gcut_map_set(&m->places, part->nodes[i], i);
    for (uint32_t k = 0; k < node->n_inputs && ok; k++)
      ok = count_use(m, gcut_node_inputs(m->graph, node)[k]);
    for (uint32_t k = 0; k < node->n_captures && ok; k++)
      ok = count_use(m, gcut_node_captures(m->graph, node)[k]);
  }
  for (uint32_t i = 0; i < part->n_outputs && ok; i++) ok = count_use(m, part->outputs[i]);
  return ok;
}

// Takes the group's nodes out of play.
static gcut_status keep_group(gcut__cuda_matcher *m, gcut__cuda_fused *f, gcut_error *err) {
  f->base.hidden = gcut_arena_copy(m->arena, m->hidden, m->n_hidden * sizeof *m->hidden);
  f->base.n_hidden = m->n_hidden;
  if (!f->base.writes) {
    const gcut_node *last = &m->graph->nodes[f->base.node];
    f->base.writes = gcut_node_outputs(m->graph, last);
    f->base.n_writes = last->n_outputs;
  }
  if (!f->base.hidden || !gcut_map_set(&m->nodes, f->base.node, UINT32_MAX))
    return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < m->n_hidden; i++)
    if (!gcut_map_set(&m->nodes, m->hidden[i], UINT32_MAX)) return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}

// ---- fused groups

uint32_t gcut__match_reads(const gcut__cuda_matcher *m, const gcut_fused *group, uint32_t value) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < group->n_nodes; i++) n += reads_by(m, group->nodes[i], value);
  return n;
}

// Whether the node repeats sinks that are constant, and so has been computed: its result is read.
static bool is_folded_sink(const gcut__cuda_matcher *m, const gcut_fused *group, uint32_t node) {
  return group->sinks && m->trace->folded[node] &&
         gcut__match_input(m, &m->graph->nodes[node], 0) == group->reads[group->n_reads - 1];
}

// Whether nobody but the group reads what its node makes.
static bool is_inner(const gcut__cuda_matcher *m, const gcut_fused *group, const gcut_node *node) {
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t value = gcut_node_outputs(m->graph, node)[o];
    uint32_t n = value == GCUT_NONE ? UINT32_MAX : gcut_map_get(&m->uses, value);
    if (n != UINT32_MAX && n != gcut__match_reads(m, group, value)) return false;
  }
  return true;
}

bool gcut__match_whole(gcut__cuda_matcher *m, const gcut_fused *group) {
  for (uint32_t i = 0; i < group->n_nodes; i++)
    if (gcut_map_get(&m->nodes, group->nodes[i]) == UINT32_MAX &&
        !is_folded_sink(m, group, group->nodes[i]))
      return false;
  for (uint32_t i = 0; i + 1 < group->n_nodes; i++) {
    if (is_folded_sink(m, group, group->nodes[i])) continue;
    if (!is_inner(m, group, &m->graph->nodes[group->nodes[i]]) ||
        m->n_hidden == GCUT_CUDA_GROUP_NODES)
      return false;
    m->hidden[m->n_hidden++] = group->nodes[i];
  }
  return true;
}

// A node and what stands around it.
static bool match_operator(gcut__cuda_matcher *m, const gcut_node *node, gcut__cuda_fused *f) {
  for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
    if (!*node->domain && node->op && !strcmp(node->op_type, operators[i].op))
      return operators[i].match(m, node, f);
  return false;
}

// The group that ends in a node, in *f; false where there is none, or no kernel for it.
static bool match_group(gcut__cuda_matcher *m, uint32_t node, gcut__cuda_fused *f) {
  uint32_t number = m->trace->fused_of[node];
  const gcut_fused *group = number == GCUT_NONE ? NULL : &m->trace->fused[number];
  *f = (gcut__cuda_fused){.base.node = node};
  m->n_hidden = 0;
  if (!group) return match_operator(m, &m->graph->nodes[node], f);
  if (group->nodes[group->n_nodes - 1] != node || !fills[group->kind]) return false;
  return gcut__match_whole(m, group) && fills[group->kind](m, group, f);
}

// Products of one left side.
static bool match_products(gcut__cuda_matcher *m, uint32_t node, gcut__cuda_fused *f) {
  *f = (gcut__cuda_fused){.base.node = node};
  m->n_hidden = 0;
  return gcut__cuda_match_products(m, &m->graph->nodes[node], f);
}

// What is left of elementwise nodes, in groups of its own.
static bool match_rest(gcut__cuda_matcher *m, uint32_t node, gcut__cuda_fused *f) {
  *f = (gcut__cuda_fused){.base.node = node};
  m->n_hidden = 0;
  return gcut__cuda_match_chain(m, &m->graph->nodes[node], f);
}

// Nodes from the last to the first: what ends latest is largest.
static gcut_status match_all(gcut__cuda_matcher *m, const gcut_part *part,
                             bool (*match)(gcut__cuda_matcher *, uint32_t, gcut__cuda_fused *),
                             gcut__cuda_fused *items, uint32_t *n_items, gcut_error *err) {
  for (uint32_t i = part->n_nodes; i-- > 0;) {
    uint32_t node = part->nodes[i];
    gcut__cuda_fused *f = &items[*n_items];
    if (gcut_map_get(&m->nodes, node) == UINT32_MAX || !match(m, node, f)) continue;
    GCUT_TRY(keep_group(m, f, err));
    ++*n_items;
  }
  return GCUT_OK;
}

static gcut_status match_part(gcut__cuda_matcher *m, const gcut_part *part, gcut__cuda_fusions *out,
                              gcut_error *err) {
  gcut__cuda_fused *items = GCUT_NEW_ARRAY(m->arena, gcut__cuda_fused, part->n_nodes + 1u);
  gcut__fusion *bases = GCUT_NEW_ARRAY(m->arena, gcut__fusion, part->n_nodes);
  if (!items || !bases || !index_part(m, part)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(match_all(m, part, match_group, items, &out->n, err));
  GCUT_TRY(match_all(m, part, match_products, items, &out->n, err));
  GCUT_TRY(match_all(m, part, match_rest, items, &out->n, err));
  for (uint32_t i = 0; i < out->n; i++) bases[i] = items[i].base;
  out->items = items;
  out->bases = bases;
  return GCUT_OK;
}

gcut_status gcut__cuda_fuse(gcut__cuda *cuda, const gcut_trace *trace, const gcut_part *part,
                            gcut_arena *arena, gcut__cuda_fusions *out, gcut_error *err) {
  gcut__cuda_matcher m = {
      .trace = trace, .graph = trace->graph, .part = part, .cuda = cuda, .arena = arena};
  *out = (gcut__cuda_fusions){0};
  gcut_status status = match_part(&m, part, out, err);
  gcut_map_free(&m.nodes);
  gcut_map_free(&m.uses);
  gcut_map_free(&m.places);
  return status;
}
