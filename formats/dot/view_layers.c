// The layers and ops views: modules opened to some depth.
#include "formats/dot/bodies.h"
#include "formats/dot/caption.h"
#include "formats/dot/views.h"
#include "tracer/base/error.h"

enum { READABLE = 40, LAYERS_LIMIT = 400, OPS_LIMIT = 800, MOST_VALUES = 60, INPUT_LINKS = 8 };

static gcut_status add_value_box(gcut_modules *m, gcut_drawing *d, uint32_t value,
                                 uint32_t *out_box, gcut_error *err) {
  gcut_box box = gcut_drawing_plain_box(GCUT_BOX_VALUE);
  box.title = gcut_caption_name(d->arena, m->trace->graph->values[value].name, 40);
  box.subtitle = gcut_caption_value(d->arena, m->trace, value);
  *out_box = gcut_drawing_add_box(d, &box);
  return *out_box == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

static gcut_status link_boxes(gcut_drawing *d, uint32_t from, uint32_t to, gcut_error *err) {
  gcut_link link = {.from = from, .to = to};
  return gcut_drawing_add_link(d, &link) == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

// A box for each input that a drawn node reads, linked to the first few that do.
static gcut_status draw_input(gcut_modules *m, gcut_drawing *d, uint32_t value, gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  const gcut_value *v = &g->values[value];
  uint32_t box = GCUT_NONE, last = GCUT_NONE, n = 0;
  for (uint32_t u = 0; u < v->n_uses && n < INPUT_LINKS; u++) {
    uint32_t to = m->box_of_node[g->uses[v->first_use + u]];
    if (to == GCUT_NONE || to == last) continue;
    if (box == GCUT_NONE) GCUT_TRY(add_value_box(m, d, value, &box, err));
    GCUT_TRY(link_boxes(d, box, to, err));
    last = to;
    n++;
  }
  return GCUT_OK;
}

static gcut_status draw_inputs(gcut_modules *m, gcut_drawing *d, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  uint32_t before = d->n_boxes;
  for (uint32_t i = 0; i < body->n_inputs; i++)
    if (d->n_boxes - before < MOST_VALUES)
      GCUT_TRY(draw_input(m, d, body->inputs[i], err));
    else
      d->n_left_out++;
  return GCUT_OK;
}

static gcut_status draw_outputs(gcut_modules *m, gcut_drawing *d, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  uint32_t before = d->n_boxes;
  for (uint32_t i = 0; i < body->n_outputs; i++) {
    uint32_t producer = m->trace->graph->values[body->outputs[i]].producer, box;
    if (producer == GCUT_NONE || m->box_of_node[producer] == GCUT_NONE) continue;
    if (d->n_boxes - before == MOST_VALUES) {
      d->n_left_out++;
      continue;
    }
    GCUT_TRY(add_value_box(m, d, body->outputs[i], &box, err));
    GCUT_TRY(link_boxes(d, m->box_of_node[producer], box, err));
  }
  return GCUT_OK;
}

// What operators such as If hold, beside them; what those hold in turn is on the page alone.
static gcut_status draw_bodies(gcut_modules *m, const uint32_t *nodes, uint32_t n, gcut_drawing *d,
                               uint32_t *hidden, gcut_error *err) {
  for (uint32_t i = 0; i < n; i++) {
    uint32_t box = m->box_of_node[nodes[i]];
    if (box == GCUT_NONE || d->boxes[box].node != nodes[i]) continue;
    GCUT_TRY(gcut_bodies_draw(m, nodes[i], d->boxes[box].group, OPS_LIMIT, d, hidden, err));
  }
  return GCUT_OK;
}

static gcut_status draw(gcut_modules *m, const uint32_t *nodes, uint32_t n, uint32_t depth,
                        const char *limited, bool in_part, gcut_drawing *d, gcut_error *err) {
  uint32_t hidden = 0;
  gcut_modules_clear(m);
  GCUT_TRY(gcut_modules_draw(m, nodes, n, depth, 0, GCUT_NONE, d, &hidden, err));
  GCUT_TRY(gcut_modules_link(m, nodes, n, in_part, d, err));
  if (depth == GCUT_ALL_OPS) GCUT_TRY(draw_bodies(m, nodes, n, d, &hidden, err));
  GCUT_TRY(draw_inputs(m, d, err));
  GCUT_TRY(draw_outputs(m, d, err));
  d->note = gcut_arena_format(
      d->arena, "%s%s%s%s", limited ? limited : "", limited && hidden ? "; " : "",
      hidden ? gcut_caption_count(d->arena, hidden) : "", hidden ? " shape nodes left out" : "");
  return d->note ? GCUT_OK : GCUT_NO_MEMORY(err);
}

gcut_status gcut_view_layers(gcut_modules *m, gcut_drawing *d, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  uint32_t fit, wanted = m->options->depth;
  GCUT_TRY(
      gcut_modules_fit(m, body->nodes, body->n_nodes, wanted ? LAYERS_LIMIT : READABLE, &fit, err));
  const char *limited = NULL;
  if (wanted > fit)
    limited = gcut_arena_format(d->arena, "folded at depth %u of %u: more would be unreadable", fit,
                                wanted);
  return draw(m, body->nodes, body->n_nodes, wanted && wanted < fit ? wanted : fit, limited, false,
              d, err);
}

gcut_status gcut_view_ops(gcut_modules *m, gcut_drawing *d, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  const uint32_t *nodes = body->nodes;
  uint32_t n = body->n_nodes, fit, boxes, deepest = GCUT_ALL_OPS;
  bool in_part = m->options->part != GCUT_NONE;
  if (in_part) {
    if (!m->plan || m->options->part >= m->plan->n_parts)
      return GCUT_FAIL(err, GCUT_ARGUMENT, "there is no part %u: the plan's are 0 to %u",
                       m->options->part, m->plan ? m->plan->n_parts - 1 : 0);
    nodes = m->plan->parts[m->options->part].nodes;
    n = m->plan->parts[m->options->part].n_nodes;
  }
  GCUT_TRY(gcut_modules_count(m, nodes, n, deepest, &boxes, err));
  if (boxes <= OPS_LIMIT) return draw(m, nodes, n, deepest, NULL, in_part, d, err);
  GCUT_TRY(gcut_modules_fit(m, nodes, n, LAYERS_LIMIT, &fit, err));
  const char *limited = gcut_arena_format(
      d->arena, "%s operators: modules folded at depth %u; draw one part with --part N to see all",
      gcut_caption_count(d->arena, boxes), fit);
  return draw(m, nodes, n, fit, limited, in_part, d, err);
}
