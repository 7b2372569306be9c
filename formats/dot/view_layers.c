// The layers and ops views: modules opened to some depth.
#include "formats/dot/bodies.h"
#include "formats/dot/caption.h"
#include "formats/dot/ends.h"
#include "formats/dot/views.h"
#include "tracer/base/error.h"

enum {
  READABLE = 40,
  LAYERS_LIMIT = 400,
  OPS_LIMIT = 800,
  MOST_VALUES = 60,
  INPUT_LINKS = 8,
  NESTED = 150
};

// How many operators stand around a graph.
static uint32_t level_of(const gcut_graph *g, uint32_t body) {
  uint32_t level = 0;
  for (; body != 0; body = g->nodes[g->bodies[body].node].body) level++;
  return level;
}

// Those inside operators of the main graph always are, as far as can be laid out; those inside them
// as deep as was asked for, or while all stays readable.
static bool opens(const gcut__material *m, const gcut__drawing *d, uint32_t body) {
  const gcut_graph *g = m->trace->graph;
  uint32_t level = level_of(g, body), wanted = m->options->depth;
  if (level == 1 || (wanted && level <= wanted)) return d->n_boxes < OPS_LIMIT;
  return !wanted && d->n_boxes + g->bodies[body].n_nodes <= NESTED;
}

// Graphs inside operators that are drawn, such as If's, each beside its own; graphs inside those in
// turn, for a graph has a larger number than the one that its operator stands in.
static gcut_status draw_bodies(gcut__material *m, gcut__drawing *d, uint32_t *hidden,
                               gcut_error *err) {
  const gcut_graph *g = m->trace->graph;
  uint32_t n_closed = 0;
  for (uint32_t b = 1; b < g->n_bodies; b++) {
    uint32_t node = g->bodies[b].node, box = m->box_of_node[node];
    if (box == GCUT_NONE || d->boxes[box].node != node) continue;
    n_closed += !opens(m, d, b);
    if (opens(m, d, b))
      GCUT_TRY(gcut__bodies_draw(m, b, d->boxes[box].group, OPS_LIMIT, d, hidden, err));
  }
  if (n_closed > 0)
    d->note = gcut__caption_format(d->arena, "%u graph%s inside operators left closed (--depth N)",
                                   n_closed, n_closed == 1 ? "" : "s");
  return GCUT_OK;
}

static gcut_status draw(gcut__material *m, const uint32_t *nodes, uint32_t n, uint32_t depth,
                        const char *limited, bool in_part, gcut__drawing *d, gcut_error *err) {
  uint32_t hidden = 0;
  gcut__material_clear(m);
  GCUT_TRY(gcut__material_draw(m, nodes, n, depth, 0, GCUT_NONE, d, &hidden, err));
  if (depth == GCUT__ALL_OPS) GCUT_TRY(draw_bodies(m, d, &hidden, err));
  GCUT_TRY(gcut__material_link(m, nodes, n, in_part, d, err));
  if (depth == GCUT__ALL_OPS) GCUT_TRY(gcut__bodies_link(m, d, err));
  GCUT_TRY(gcut__ends_draw(m, d, false, err));
  GCUT_TRY(gcut__ends_draw(m, d, true, err));
  if (limited) gcut__view_note(d, limited);
  if (hidden)
    gcut__view_note(d, gcut__caption_format(d->arena, "%s shape node%s left out",
                                            gcut__caption_count(d->arena, hidden),
                                            hidden == 1 ? "" : "s"));
  return GCUT_OK;
}

gcut_status gcut__view_layers(gcut__material *m, gcut__drawing *d, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  uint32_t fit, wanted = m->options->depth;
  GCUT_TRY(gcut__material_fit(m, body->nodes, body->n_nodes, wanted ? LAYERS_LIMIT : READABLE, &fit,
                              err));
  const char *limited = NULL;
  if (wanted > fit)
    limited = gcut__caption_format(d->arena, "folded at depth %u of %u: more would be unreadable",
                                   fit, wanted);
  return draw(m, body->nodes, body->n_nodes, wanted && wanted < fit ? wanted : fit, limited, false,
              d, err);
}

gcut_status gcut__view_ops(gcut__material *m, gcut__drawing *d, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  const uint32_t *nodes = body->nodes;
  uint32_t n = body->n_nodes, fit, boxes, deepest = GCUT__ALL_OPS;
  bool in_part = m->options->part != GCUT_NONE;
  if (in_part) {
    if (!m->plan || m->options->part >= m->plan->n_parts)
      return GCUT_FAIL(err, GCUT_ARGUMENT, "there is no part %u: the plan's are 0 to %u",
                       m->options->part, m->plan ? m->plan->n_parts - 1 : 0);
    nodes = m->plan->parts[m->options->part].nodes;
    n = m->plan->parts[m->options->part].n_nodes;
  }
  GCUT_TRY(gcut__material_count(m, nodes, n, deepest, &boxes, err));
  if (boxes <= OPS_LIMIT) return draw(m, nodes, n, deepest, NULL, in_part, d, err);
  GCUT_TRY(gcut__material_fit(m, nodes, n, LAYERS_LIMIT, &fit, err));
  const char *limited = gcut__caption_format(
      d->arena, "%s operators: modules folded at depth %u; draw one part with --part N to see all",
      gcut__caption_count(d->arena, boxes), fit);
  return draw(m, nodes, n, fit, limited, in_part, d, err);
}
