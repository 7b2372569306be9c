// Draws modules, operators and crowds of them as boxes, and opened modules as frames.
#include <stdlib.h>

#include "formats/dot/caption.h"
#include "formats/dot/owners.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"

// What the nodes of a box add up to.
typedef struct tally {
  uint64_t weight_bytes;
  double flops, heat[GCUT_N_HEATS];
  uint32_t n_nodes, n_unknown; // how many, and of how many the compute is not known
  uint32_t scope;              // the innermost that all of them stand in
} tally;

typedef struct painter {
  gcut__material *m;
  gcut__drawing *d;
  gcut__owners owners;
  uint32_t depth, root, group;
  bool collapsed;           // all is one box
  uint32_t *group_of_scope; // [n_scopes]
  tally *tallies;           // [drawing->n_boxes - first]
  uint32_t first, capacity;
} painter;

// "134 MB each · 275 GFLOP", with what boxes are heated by where that is neither.
static const char *tally_detail(const painter *p, const tally *t, bool each) {
  gcut_arena *arena = p->d->arena;
  gcut_heat by = p->m->options->by;
  const char *text =
      t->weight_bytes
          ? gcut__caption_format(arena, "%s%s", gcut__caption_bytes(arena, t->weight_bytes),
                                 each ? " each" : "")
          : "";
  if (t->flops > 0 && t->n_unknown == 0)
    text = gcut__caption_format(arena, "%s%s%s", text, text && *text ? " · " : "",
                                gcut__caption_flops(arena, t->flops));
  if ((by == GCUT_HEAT_BYTES || by == GCUT_HEAT_TIME) && t->heat[by] > 0)
    text = gcut__caption_format(arena, "%s%s%s", text, text && *text ? " · " : "",
                                gcut__caption_heat(arena, by, t->heat[by]));
  return text && *text ? text : NULL;
}

// Frames from the outermost opened scope down to `scope`, made at need. What stands outside the
// root gets none of its own.
static uint32_t frame_of(painter *p, uint32_t scope) {
  uint32_t chain[64], n = 0, group = p->group;
  const gcut_graph *g = p->m->trace->graph;
  if (p->collapsed || !gcut__material_within(g, scope, p->root)) return group;
  for (uint32_t s = scope; s != p->root && n < 64; s = g->scopes[s].parent) chain[n++] = s;
  while (n-- > 0) {
    uint32_t s = chain[n];
    if (p->group_of_scope[s] == GCUT_NONE) {
      gcut__box_group frame = {.title = gcut__caption_name(p->d->arena, g->scopes[s].name, 40),
                               .class_name = gcut__caption_name(
                                   p->d->arena, gcut__caption_class(g->scopes[s].class_name), 40),
                               .parent = group,
                               .part = GCUT_NONE};
      p->group_of_scope[s] = gcut__drawing_add_group(p->d, &frame);
    }
    group = p->group_of_scope[s];
  }
  return group;
}

// "layers.1 … layers.31  × 31".
static const char *stack_title(const painter *p, uint32_t scope) {
  const gcut_scope *scopes = p->m->trace->graph->scopes;
  gcut_arena *arena = p->d->arena;
  return gcut__caption_format(
      arena, "%s … %s  × %u", gcut__caption_name(arena, scopes[scope].name, 30),
      gcut__caption_name(arena, scopes[p->owners.last[scope]].name, 30), p->owners.members[scope]);
}

static uint32_t scope_box(painter *p, uint32_t scope) {
  const gcut_scope *s = &p->m->trace->graph->scopes[scope];
  gcut_arena *arena = p->d->arena;
  bool stack = p->owners.members[scope] > 0;
  gcut__box box = gcut__drawing_plain_box(stack ? GCUT__BOX_STACK : GCUT__BOX_MODULE);
  box.title = stack ? stack_title(p, scope) : gcut__caption_name(arena, s->name, 40);
  box.tooltip = gcut__caption_format(
      arena, "%s\n%s\n%u node%s", gcut__caption_name(arena, s->path, 200),
      gcut__caption_name(arena, s->class_name, 200), s->n_nodes, s->n_nodes == 1 ? "" : "s");
  box.paint = gcut__paint_of_scope(p->m->trace->graph, scope);
  box.group = frame_of(p, s->parent == GCUT_NONE ? 0 : s->parent);
  box.scope = scope;
  return gcut__drawing_add_box(p->d, &box);
}

static uint32_t node_box(painter *p, uint32_t index) {
  const gcut_trace *trace = p->m->trace;
  const gcut_node *node = &trace->graph->nodes[index];
  gcut_arena *arena = p->d->arena;
  uint32_t output = node->n_outputs ? gcut_node_outputs(trace->graph, node)[0] : GCUT_NONE;
  const char *shape = output == GCUT_NONE ? "" : gcut__caption_value(arena, trace, output);
  uint64_t bytes = p->m->node_bytes[index];
  gcut__box box = gcut__drawing_plain_box(GCUT__BOX_OP);
  box.title = gcut__caption_name(arena, node->op_type, 40);
  box.subtitle = bytes >= 1024 ? gcut__caption_bytes(arena, bytes) : NULL;
  box.tooltip =
      gcut__caption_format(arena, "%s\n%s", gcut__caption_name(arena, node->name, 200), shape);
  box.paint = gcut__paint_of_node(trace->graph, node);
  box.group = frame_of(p, node->scope);
  box.node = index;
  return gcut__drawing_add_box(p->d, &box);
}

// A crowd of connected operators: named by how many and where they begin.
static uint32_t crowd_box(painter *p, uint32_t first, uint32_t n) {
  const gcut_node *node = &p->m->trace->graph->nodes[first];
  gcut_arena *arena = p->d->arena;
  gcut__box box = gcut__drawing_plain_box(GCUT__BOX_OP);
  box.title = gcut__caption_format(arena, "%s operators", gcut__caption_count(arena, n));
  box.subtitle =
      gcut__caption_format(arena, "from %s on", gcut__caption_name(arena, node->op_type, 30));
  box.tooltip = gcut__caption_name(arena, node->name, 200);
  box.paint = gcut__paint_inside(p->m->trace->graph, node->scope);
  box.group = frame_of(p, node->scope);
  return gcut__drawing_add_box(p->d, &box);
}

static uint32_t owner_box(painter *p, uint32_t owner) {
  uint32_t base = p->m->trace->graph->n_scopes;
  if (owner < base) return scope_box(p, owner);
  uint32_t n = p->owners.crowd[owner - base];
  return n >= GCUT__CROWD ? crowd_box(p, owner - base, n) : node_box(p, owner - base);
}

// ---- what boxes add up to ---------------------------------------------------------------------

static gcut_status begin_tally(painter *p, gcut_error *err) {
  uint32_t n = p->d->n_boxes - p->first;
  if (!gcut_vector_reserve((void **)&p->tallies, &p->capacity, n - 1, 1, sizeof *p->tallies))
    return GCUT_NO_MEMORY(err);
  p->tallies[n - 1] = (tally){.scope = GCUT_NONE};
  return GCUT_OK;
}

static uint32_t common_scope(const gcut_graph *g, uint32_t a, uint32_t b) {
  while (a != b) // parents have smaller numbers
    if (a > b)
      a = g->scopes[a].parent;
    else
      b = g->scopes[b].parent;
  return a;
}

// Whether what a node makes has known sizes, as its compute then has.
static bool knows_sizes(const gcut_trace *trace, uint32_t node) {
  const gcut_node *n = &trace->graph->nodes[node];
  uint32_t v = n->n_outputs ? gcut_node_outputs(trace->graph, n)[0] : GCUT_NONE;
  uint64_t bytes;
  return v == GCUT_NONE || trace->facts[v].constant || gcut_trace_bytes(trace, v, &bytes);
}

static void add_to_tally(const painter *p, uint32_t node, uint32_t box) {
  const gcut_graph *g = p->m->trace->graph;
  tally *t = &p->tallies[box - p->first];
  uint32_t scope = g->nodes[node].scope;
  t->weight_bytes += p->m->node_bytes[node];
  t->flops += p->m->trace->flops[node];
  t->n_unknown += !knows_sizes(p->m->trace, node);
  for (int by = 0; by < GCUT_N_HEATS; by++)
    if (p->m->heat[by]) t->heat[by] += p->m->heat[by][node];
  t->n_nodes++;
  t->scope = t->scope == GCUT_NONE ? scope : common_scope(g, t->scope, scope);
}

// "language_model.embed_tokens": a module of which only that is drawn.
static const char *inner_title(const painter *p, uint32_t outer, uint32_t inner) {
  const gcut_scope *scopes = p->m->trace->graph->scopes;
  const char *path = scopes[inner].path;
  size_t before = strlen(scopes[outer].path) - strlen(scopes[outer].name);
  return gcut__caption_name(p->d->arena, path + before, 40);
}

// A module's box says what of it is drawn; a stack, what one of its modules holds.
static void finish_box(const painter *p, gcut__box *box, tally t) {
  const gcut_scope *scopes = p->m->trace->graph->scopes;
  uint32_t n = box->scope == GCUT_NONE ? 0 : p->owners.members[box->scope];
  if (n > 1) t.weight_bytes /= n, t.flops /= n;
  for (int by = 0; by < GCUT_N_HEATS; by++) box->heat[by] = t.heat[by] /= n > 1 ? n : 1;
  box->has_heat = true;
  if (box->scope == GCUT_NONE) return;
  uint32_t scope = n ? box->scope : t.scope;
  const char *class_name = gcut__caption_class(scopes[scope].class_name);
  if (scope != box->scope) box->title = inner_title(p, box->scope, scope);
  box->subtitle = *class_name ? gcut__caption_name(p->d->arena, class_name, 40) : NULL;
  box->detail = tally_detail(p, &t, n > 1);
  box->paint = gcut__paint_of_scope(p->m->trace->graph, scope);
}

// ---- all boxes --------------------------------------------------------------------------------

static gcut_status draw_boxes(painter *p, gcut_map *boxes, const uint32_t *nodes, uint32_t n_nodes,
                              uint32_t *out_hidden, gcut_error *err) {
  for (uint32_t i = 0; i < n_nodes; i++) {
    uint32_t owner = gcut__owners_of(p->m, &p->owners, nodes[i]);
    if (owner == GCUT_NONE) {
      ++*out_hidden;
      continue;
    }
    uint32_t box = gcut_map_get(boxes, owner);
    if (box == GCUT_NONE) {
      box = owner_box(p, owner);
      if (box == GCUT_NONE || !gcut_map_set(boxes, owner, box)) return GCUT_NO_MEMORY(err);
      GCUT_TRY(begin_tally(p, err));
    }
    p->m->box_of_node[nodes[i]] = box;
    add_to_tally(p, nodes[i], box);
  }
  for (uint32_t i = p->first; i < p->d->n_boxes; i++)
    finish_box(p, &p->d->boxes[i], p->tallies[i - p->first]);
  return GCUT_OK;
}

void gcut__material_clear(gcut__material *m) {
  for (uint32_t i = 0; i < m->trace->graph->n_nodes; i++) m->box_of_node[i] = GCUT_NONE;
}

static gcut_status limit_boxes(painter *p, const uint32_t *nodes, uint32_t n, gcut_error *err) {
  uint32_t boxes;
  GCUT_TRY(gcut__owners_count(p->m, nodes, n, &p->owners, &boxes, err));
  p->collapsed = boxes > GCUT__MOST_BOXES;
  if (p->collapsed) gcut__owners_collapse(p->m, nodes, n, &p->owners);
  return GCUT_OK;
}

gcut_status gcut__material_draw(gcut__material *m, const uint32_t *nodes, uint32_t n_nodes,
                                uint32_t depth, uint32_t root, uint32_t group,
                                gcut__drawing *drawing, uint32_t *out_hidden, gcut_error *err) {
  uint32_t n = m->trace->graph->n_scopes;
  painter p = {.m = m, .d = drawing, .depth = depth, .root = root, .group = group};
  gcut_map boxes = {0};
  p.first = drawing->n_boxes;
  GCUT_TRY(gcut__owners_find(m, nodes, n_nodes, depth, &p.owners, err));
  p.group_of_scope = malloc((size_t)n * sizeof *p.group_of_scope);
  gcut_status status =
      p.group_of_scope ? limit_boxes(&p, nodes, n_nodes, err) : GCUT_NO_MEMORY(err);
  for (uint32_t s = 0; s < n && status == GCUT_OK; s++) p.group_of_scope[s] = GCUT_NONE;
  if (status == GCUT_OK) status = draw_boxes(&p, &boxes, nodes, n_nodes, out_hidden, err);
  gcut_map_free(&boxes);
  free(p.group_of_scope);
  free(p.tallies);
  gcut__owners_free(&p.owners);
  return status;
}
