#include "formats/dot/ends.h"

#include "formats/dot/caption.h"
#include "formats/dot/crossing.h"
#include "tracer/base/error.h"

enum { MOST_VALUES = 60, INPUT_LINKS = 8, MOST_APART = 4 };

typedef struct ends {
  gcut__material *m;
  gcut__drawing *d;
  const uint32_t *values; // [n] of the graph
  uint32_t n;
  bool outputs;
  uint32_t n_drawn; // boxes added
  uint32_t *counts; // [boxes before] how many of the values are that box's
} ends;

// The box that makes an output, or reads an input first; GCUT_NONE: none is drawn.
static uint32_t owner_of(const ends *e, uint32_t value) {
  const gcut_graph *g = e->m->trace->graph;
  const gcut_value *v = &g->values[value];
  if (e->outputs) return v->producer == GCUT_NONE ? GCUT_NONE : e->m->box_of_node[v->producer];
  for (uint32_t u = 0; u < v->n_uses; u++)
    if (e->m->box_of_node[g->uses[v->first_use + u]] != GCUT_NONE)
      return e->m->box_of_node[g->uses[v->first_use + u]];
  return GCUT_NONE;
}

static gcut_status link(const ends *e, uint32_t box, uint32_t other, gcut_error *err) {
  gcut__link link =
      e->outputs ? (gcut__link){.from = other, .to = box} : (gcut__link){.from = box, .to = other};
  return gcut__drawing_add_link(e->d, &link) == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

static gcut_status add_box(ends *e, const char *title, const char *subtitle, uint32_t *out_box,
                           gcut_error *err) {
  gcut__box box = gcut__drawing_plain_box(GCUT__BOX_VALUE);
  box.title = title;
  box.subtitle = subtitle;
  e->n_drawn++;
  *out_box = gcut__drawing_add_box(e->d, &box);
  return *out_box == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

// By itself: an input is linked to the first few boxes that read it.
static gcut_status draw_apart(ends *e, uint32_t value, uint32_t owner, gcut_error *err) {
  const gcut_graph *g = e->m->trace->graph;
  const gcut_value *v = &g->values[value];
  uint32_t box, last = owner;
  GCUT_TRY(add_box(e, gcut__caption_name(e->d->arena, v->name, 40),
                   gcut__caption_value(e->d->arena, e->m->trace, value), &box, err));
  GCUT_TRY(link(e, box, owner, err));
  for (uint32_t u = 0, n = 1; !e->outputs && u < v->n_uses && n < INPUT_LINKS; u++) {
    uint32_t to = e->m->box_of_node[g->uses[v->first_use + u]];
    if (to == GCUT_NONE || to == last) continue;
    GCUT_TRY(link(e, box, to, err));
    last = to;
    n++;
  }
  return GCUT_OK;
}

static gcut_status draw_together(ends *e, uint32_t owner, gcut_error *err) {
  uint32_t n = 0, box;
  uint32_t *all = GCUT_NEW_ARRAY(e->d->arena, uint32_t, e->counts[owner]);
  if (!all) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < e->n; i++)
    if (owner_of(e, e->values[i]) == owner) all[n++] = e->values[i];
  const char *title = gcut__caption_format(
      e->d->arena, "%s %s", gcut__caption_count(e->d->arena, n), e->outputs ? "outputs" : "inputs");
  GCUT_TRY(add_box(e, title, gcut__crossing_lines(e->m, all, n, e->d->arena), &box, err));
  return link(e, box, owner, err);
}

static gcut_status draw_value(ends *e, uint32_t value, gcut_error *err) {
  uint32_t owner = owner_of(e, value);
  if (owner == GCUT_NONE || e->counts[owner] == 0) return GCUT_OK;
  if (e->n_drawn == MOST_VALUES) {
    e->d->n_left_out++;
    return GCUT_OK;
  }
  if (e->counts[owner] <= MOST_APART) return draw_apart(e, value, owner, err);
  GCUT_TRY(draw_together(e, owner, err));
  e->counts[owner] = 0; // done
  return GCUT_OK;
}

gcut_status gcut__ends_draw(gcut__material *m, gcut__drawing *d, bool outputs, gcut_error *err) {
  const gcut_body *body = &m->trace->graph->bodies[0];
  ends e = {.m = m,
            .d = d,
            .values = outputs ? body->outputs : body->inputs,
            .n = outputs ? body->n_outputs : body->n_inputs,
            .outputs = outputs};
  e.counts = GCUT_NEW_ARRAY(d->arena, uint32_t, d->n_boxes + 1u);
  if (!e.counts) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < e.n; i++) {
    uint32_t owner = owner_of(&e, e.values[i]);
    if (owner != GCUT_NONE) e.counts[owner]++;
  }
  for (uint32_t i = 0; i < e.n; i++) GCUT_TRY(draw_value(&e, e.values[i], err));
  return GCUT_OK;
}
