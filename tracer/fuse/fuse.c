// Groups are found from the last node to the first, so that what ends latest, and is largest, comes
// first. A pattern starts at the node in which its group would end and goes from operand to operand
// back: a step is allowed where nobody but the group reads what it passes. A pattern is a few
// steps, so all is linear.
//
// Exporters also read inner values for their shape alone (Shape, then integers that shapes follow
// from). Such nodes vanish as soon as shapes are known, so they do not count as readers; but while
// shapes are symbolic they are nodes, between some of the group and others, and a group that stays
// whole must keep them. What comes of inner values before the group's last node is collected; where
// all of it vanishes, all outside readers come after the last node: contracting every group to one
// node there leaves a valid order, so contracting makes no cycles.
#include "tracer/fuse/fuse.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/error.h"
#include "tracer/base/vector.h"

static const struct {
  const char *name;
  bool whole, one_step;
} kinds[] = {
#define X(kind, name, whole, one_step) {name, whole, one_step},
    GCUT_FUSED_LIST(X)
#undef X
};

const char *gcut_fused_name(gcut_fused_kind kind) {
  return kinds[kind].name;
}

bool gcut_fused_is_whole(gcut_fused_kind kind) {
  return kinds[kind].whole;
}

bool gcut_fused_is_one_step(gcut_fused_kind kind) {
  return kinds[kind].one_step;
}

// By the operator in which a group ends.
static const struct {
  const char *op;
  gcut__fuse_pattern *find;
  gcut_fused_kind kind;
} patterns[] = {
    {"MatMul", gcut__fuse_attention, GCUT_FUSED_ATTENTION},
    {"MatMul", gcut__fuse_experts, GCUT_FUSED_EXPERTS},
    {"Einsum", gcut__fuse_summed_experts, GCUT_FUSED_EXPERTS},
    {"QuantizeLinear", gcut__fuse_quantized, GCUT_FUSED_QUANTIZED},
    {"QuantizeLinear", gcut__fuse_lookup, GCUT_FUSED_LOOKUP},
    {"Concat", gcut__fuse_rotary, GCUT_FUSED_ROTARY},
    {"Reshape", gcut__fuse_rotary, GCUT_FUSED_ROTARY},
    {"Cast", gcut__fuse_rotary, GCUT_FUSED_ROTARY},
    {"Add", gcut__fuse_rotary, GCUT_FUSED_ROTARY},
    {"Add", gcut__fuse_layer_norm, GCUT_FUSED_LAYER_NORM},
    {"Mul", gcut__fuse_rms_norm, GCUT_FUSED_RMS_NORM},
    {"Mul", gcut__fuse_swiglu, GCUT_FUSED_SWIGLU},
    {"Mul", gcut__fuse_gelu, GCUT_FUSED_GELU},
    {"Mul", gcut__fuse_silu, GCUT_FUSED_SILU},
};

// ---- a group ------------------------------------------------------------------------------------

// Collects what reads a value's shape before `last`; false where it is more than shapes.
static bool offer_readers(gcut__fuser *f, const gcut_node *node, uint32_t last) {
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t value = gcut_node_outputs(f->graph, node)[o];
    if (value == GCUT_NONE || f->trace->facts[value].constant) continue;
    const gcut_value *v = &f->graph->values[value];
    if (v->n_uses > GCUT__FUSED_USES) return false;
    for (uint32_t u = 0; u < v->n_uses; u++) {
      uint32_t id = f->graph->uses[v->first_use + u];
      if (f->mark[id] == f->stamp || f->trace->folded[id]) continue;
      if (f->place[id] != GCUT_NONE && f->place[id] > f->place[last]) continue;
      if (!gcut__fuse_vanishes(f, id) || f->trace->fused_of[id] != GCUT_NONE ||
          f->n_shapes == GCUT__FUSED_SHAPES)
        return false;
      f->mark[id] = f->stamp;
      f->shapes[f->n_shapes++] = id;
    }
  }
  return true;
}

// Marks the group's nodes. False where one is in it twice (Add(v, v)), or makes what the group is
// said to read.
static bool mark_nodes(gcut__fuser *f, uint32_t last) {
  f->stamp++;
  f->mark[last] = f->stamp;
  for (uint32_t i = 0; i < f->n_nodes; i++) {
    if (f->mark[f->nodes[i]] == f->stamp) return false;
    f->mark[f->nodes[i]] = f->stamp;
  }
  for (uint32_t i = 0; i < f->group.n_reads; i++) {
    uint32_t from = f->graph->values[f->group.reads[i]].producer;
    if (from != GCUT_NONE && f->mark[from] == f->stamp) return false;
  }
  return true;
}

static bool take_shapes(gcut__fuser *f, uint32_t last) {
  for (uint32_t i = 0; i < f->n_nodes; i++)
    if (!offer_readers(f, &f->graph->nodes[f->nodes[i]], last)) return false;
  for (uint32_t i = 0; i < f->n_shapes; i++)
    if (!offer_readers(f, &f->graph->nodes[f->shapes[i]], last)) return false;
  return true;
}

// Into the graph's order: a few nodes, by insertion.
static void sort(const gcut__fuser *f, uint32_t *nodes, uint32_t n) {
  for (uint32_t i = 1; i < n; i++) {
    uint32_t node = nodes[i], at = i;
    for (; at > 0 && f->place[nodes[at - 1]] > f->place[node]; at--) nodes[at] = nodes[at - 1];
    nodes[at] = node;
  }
}

static bool list_nodes(gcut__fuser *f, uint32_t last) {
  gcut_fused *g = &f->group;
  size_t bytes = sizeof *f->nodes;
  uint32_t *nodes = GCUT_NEW_ARRAY(f->trace->arena, uint32_t, (size_t)f->n_nodes + 1 + f->n_shapes);
  if (!nodes) return false;
  sort(f, f->nodes, f->n_nodes);
  sort(f, f->shapes, f->n_shapes);
  g->nodes = nodes;
  g->n_nodes = f->n_nodes + 1;
  g->shapes = nodes + g->n_nodes;
  g->n_shapes = f->n_shapes;
  memcpy(nodes, f->nodes, f->n_nodes * bytes);
  nodes[f->n_nodes] = last;
  memcpy(nodes + g->n_nodes, f->shapes, f->n_shapes * bytes);
  return true;
}

static gcut_status keep(gcut__fuser *f, uint32_t last, gcut_error *err) {
  if (!list_nodes(f, last) ||
      !gcut_vector_reserve((void **)&f->found, &f->capacity, f->n_found, 1, sizeof *f->found))
    return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < f->group.n_nodes + f->group.n_shapes; i++)
    f->trace->fused_of[f->group.nodes[i]] = f->n_found; // shapes follow nodes in one array
  f->found[f->n_found++] = f->group;
  return GCUT_OK;
}

// ---- the graph ----------------------------------------------------------------------------------

static gcut_status try_patterns(gcut__fuser *f, uint32_t id, bool unfused, gcut_error *err) {
  const gcut_node *node = &f->graph->nodes[id];
  if (*node->domain || !node->op || node->n_outputs != 1) return GCUT_OK;
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    bool whole = gcut_fused_is_whole(patterns[i].kind);
    if (strcmp(patterns[i].op, node->op_type) != 0 || (whole && unfused)) continue;
    f->n_nodes = f->n_shapes = 0;
    f->widened = 0;
    f->group = (gcut_fused){.kind = patterns[i].kind};
    if (patterns[i].find(f, node) && mark_nodes(f, id) && (!whole || take_shapes(f, id)))
      return keep(f, id, err);
  }
  return GCUT_OK;
}

static gcut_status fuse(gcut__fuser *f, bool unfused, gcut_error *err) {
  const gcut_body *main = &f->graph->bodies[0];
  for (uint32_t n = 0; n < f->graph->n_nodes; n++) f->place[n] = GCUT_NONE;
  for (uint32_t i = 0; i < main->n_nodes; i++) f->place[main->nodes[i]] = i;
  for (uint32_t i = main->n_nodes; i-- > 0;) {
    uint32_t id = main->nodes[i];
    if (!f->trace->folded[id] && f->trace->fused_of[id] == GCUT_NONE)
      GCUT_TRY(try_patterns(f, id, unfused, err));
  }
  f->trace->fused = gcut_arena_copy(f->trace->arena, f->found, f->n_found * sizeof *f->found);
  if (!f->trace->fused) return GCUT_NO_MEMORY(err);
  f->trace->n_fused = f->n_found;
  return GCUT_OK;
}

static gcut_status open(gcut_trace *trace, gcut_error *err) {
  uint32_t n = trace->graph->n_nodes;
  trace->fused_of = GCUT_NEW_ARRAY(trace->arena, uint32_t, n);
  if (!trace->fused_of) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < n; i++) trace->fused_of[i] = GCUT_NONE;
  return GCUT_OK;
}

gcut_status gcut__fuse(gcut_trace *trace, bool unfused, gcut_error *err) {
  gcut__fuser f = {.trace = trace, .graph = trace->graph};
  GCUT_TRY(open(trace, err));
  f.place = malloc(((size_t)trace->graph->n_nodes + 1) * sizeof *f.place);
  f.mark = calloc((size_t)trace->graph->n_nodes + 1, sizeof *f.mark);
  gcut_status status = f.place && f.mark ? fuse(&f, unfused, err) : GCUT_NO_MEMORY(err);
  free(f.place);
  free(f.mark);
  free(f.found);
  return status;
}

gcut_status gcut__fuse_like(gcut_trace *trace, const gcut_trace *like, gcut_error *err) {
  GCUT_TRY(open(trace, err));
  if (!like) return GCUT_OK;
  gcut_fused *fused =
      gcut_arena_copy(trace->arena, like->fused, like->n_fused * sizeof *trace->fused);
  if (!fused) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < like->n_fused; i++) {
    gcut_fused *g = &fused[i];
    g->nodes = gcut_arena_copy(trace->arena, g->nodes,
                               ((size_t)g->n_nodes + g->n_shapes) * sizeof *g->nodes);
    if (!g->nodes) return GCUT_NO_MEMORY(err);
    g->shapes = g->nodes + g->n_nodes;
  }
  memcpy(trace->fused_of, like->fused_of, trace->graph->n_nodes * sizeof *trace->fused_of);
  trace->fused = fused;
  trace->n_fused = like->n_fused;
  return GCUT_OK;
}
