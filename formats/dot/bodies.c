#include "formats/dot/bodies.h"

#include "formats/dot/caption.h"
#include "tracer/base/error.h"

bool gcut__bodies_has(const gcut_graph *g, uint32_t node) {
  const gcut_node *n = &g->nodes[node];
  for (uint32_t i = 0; i < n->n_attributes; i++) {
    gcut_attribute_kind kind = g->attributes[n->first_attribute + i].kind;
    if (kind == GCUT_ATTRIBUTE_GRAPH || kind == GCUT_ATTRIBUTE_GRAPHS) return true;
  }
  return false;
}

// What the attribute that holds the graph is called.
static const char *name_of(const gcut_graph *g, uint32_t body) {
  const gcut_node *n = &g->nodes[g->bodies[body].node];
  for (uint32_t i = 0; i < n->n_attributes; i++) {
    const gcut_attribute *a = &g->attributes[n->first_attribute + i];
    if (a->kind == GCUT_ATTRIBUTE_GRAPH && a->body == body) return a->name;
    for (size_t k = 0; a->kind == GCUT_ATTRIBUTE_GRAPHS && k < a->n; k++)
      if (a->bodies[k] == body) return a->name;
  }
  return "graph";
}

static gcut_status link_first(gcut__material *m, uint32_t body, uint32_t first, gcut__drawing *d,
                              gcut_error *err) {
  uint32_t from = m->box_of_node[m->trace->graph->bodies[body].node];
  if (from == GCUT_NONE || first == d->n_boxes) return GCUT_OK;
  gcut__link link = {.from = from, .to = first, .is_inside = true};
  link.label = gcut__caption_name(d->arena, name_of(m->trace->graph, body), 40);
  return gcut__drawing_add_link(d, &link) == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

gcut_status gcut__bodies_draw(gcut__material *m, uint32_t number, uint32_t group, uint32_t limit,
                              gcut__drawing *d, uint32_t *out_hidden, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  const gcut_body *body = &g->bodies[number];
  gcut__box_group frame = {
      .title = gcut__caption_format(
          d->arena, "%s of %s · %s node%s", gcut__caption_name(d->arena, name_of(g, number), 40),
          gcut__caption_name(d->arena, g->nodes[body->node].op_type, 40),
          gcut__caption_count(d->arena, body->n_nodes), body->n_nodes == 1 ? "" : "s"),
      .class_name = "",
      .parent = group,
      .part = GCUT_NONE,
      .keeps = true};
  uint32_t inner = gcut__drawing_add_group(d, &frame), first = d->n_boxes, boxes;
  uint32_t depth = GCUT__ALL_OPS;
  if (inner == GCUT_NONE) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__material_count(m, body->nodes, body->n_nodes, depth, &boxes, err));
  if (d->n_boxes + boxes > limit) depth = 1; // crowds and modules
  GCUT_TRY(gcut__material_draw(m, body->nodes, body->n_nodes, depth, 0, inner, d, out_hidden, err));
  return link_first(m, number, first, d, err);
}

gcut_status gcut__bodies_link(gcut__material *m, gcut__drawing *d, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  for (uint32_t b = 1; b < g->n_bodies; b++)
    GCUT_TRY(gcut__material_link(m, g->bodies[b].nodes, g->bodies[b].n_nodes, true, d, err));
  return GCUT_OK;
}
