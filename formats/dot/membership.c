// Says of modules and operators which parts they are in: once, at the outermost frame or box that
// one part holds.
#include "formats/dot/caption.h"
#include "formats/dot/views.h"
#include "tracer/base/error.h"

typedef struct span { // of parts; first > last: none
  uint32_t first, last;
} span;

static void widen(span *s, span by) {
  if (by.first < s->first) s->first = by.first;
  if (by.last > s->last && by.first <= by.last) s->last = by.last;
}

static bool is_one(span s) {
  return s.first == s.last;
}

static const char *text_of(span s, gcut_arena *arena) {
  if (s.first > s.last) return NULL;
  return is_one(s) ? gcut__caption_format(arena, "part %u", s.first)
                   : gcut__caption_format(arena, "parts %u … %u", s.first, s.last);
}

static void find_spans(const gcut__material *m, const gcut__drawing *d, span *boxes, span *groups) {
  const gcut_graph *g = m->trace->graph;
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    uint32_t part = m->cuts.part_of_node[i], box = m->box_of_node[i];
    if (part != GCUT_NONE && box != GCUT_NONE) widen(&boxes[box], (span){part, part});
  }
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (d->boxes[i].group != GCUT_NONE) widen(&groups[d->boxes[i].group], boxes[i]);
  for (uint32_t i = d->n_groups; i-- > 0;) // a frame within another has the larger number
    if (d->groups[i].parent != GCUT_NONE) widen(&groups[d->groups[i].parent], groups[i]);
}

// Whether the frame says it already, or one around that.
static bool is_said(const gcut__drawing *d, const span *groups, uint32_t group) {
  return group != GCUT_NONE && !d->groups[group].merged && is_one(groups[group]);
}

void gcut__view_membership(const gcut__material *m, gcut__drawing *d) {
  uint32_t n = d->n_boxes + d->n_groups;
  span *boxes = GCUT_NEW_ARRAY(d->arena, span, n), all = {GCUT_NONE, 0};
  if (!boxes) return; // the arena tells
  span *groups = boxes + d->n_boxes;
  for (uint32_t i = 0; i < n; i++) boxes[i] = all;
  find_spans(m, d, boxes, groups);
  for (uint32_t i = 0; i < d->n_boxes; i++) widen(&all, boxes[i]);
  if (all.first >= all.last) return; // all is in one
  for (uint32_t i = 0; i < d->n_groups; i++)
    if (is_one(groups[i]) && !is_said(d, groups, d->groups[i].parent))
      d->groups[i].within = text_of(groups[i], d->arena);
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (!is_said(d, groups, d->boxes[i].group)) d->boxes[i].within = text_of(boxes[i], d->arena);
}
