#include "formats/dot/drawing.h"
#include "formats/dot/caption.h"

#include <stdlib.h>

#include "tracer/base/error.h"
#include "tracer/base/vector.h"

gcut_status gcut__drawing_create(gcut__drawing **out_drawing, gcut_error *err) {
  gcut__drawing *d = *out_drawing = calloc(1, sizeof *d);
  if (!d) return GCUT_NO_MEMORY(err);
  d->arena = gcut_arena_create();
  d->title = "";
  if (d->arena) return GCUT_OK;
  free(d);
  *out_drawing = NULL;
  return GCUT_NO_MEMORY(err);
}

void gcut__drawing_destroy(gcut__drawing *d) {
  if (!d) return;
  free(d->boxes);
  free(d->groups);
  free(d->links);
  gcut_arena_destroy(d->arena);
  free(d);
}

uint32_t gcut__drawing_add_box(gcut__drawing *d, const gcut__box *box) {
  if (!gcut_vector_reserve((void **)&d->boxes, &d->box_capacity, d->n_boxes, 1, sizeof *box))
    return GCUT_NONE;
  d->boxes[d->n_boxes] = *box;
  return d->n_boxes++;
}

uint32_t gcut__drawing_add_group(gcut__drawing *d, const gcut__box_group *group) {
  if (!gcut_vector_reserve((void **)&d->groups, &d->group_capacity, d->n_groups, 1, sizeof *group))
    return GCUT_NONE;
  d->groups[d->n_groups] = *group;
  return d->n_groups++;
}

uint32_t gcut__drawing_add_link(gcut__drawing *d, const gcut__link *link) {
  if (!gcut_vector_reserve((void **)&d->links, &d->link_capacity, d->n_links, 1, sizeof *link))
    return GCUT_NONE;
  d->links[d->n_links] = *link;
  return d->n_links++;
}

gcut__box gcut__drawing_plain_box(gcut__box_shape shape) {
  return (gcut__box){.shape = shape,
                     .paint = GCUT__PAINT_OTHER,
                     .group = GCUT_NONE,
                     .scope = GCUT_NONE,
                     .part = GCUT_NONE,
                     .last_part = GCUT_NONE,
                     .after = GCUT_NONE,
                     .node = GCUT_NONE};
}

static bool holds_boxes(const gcut__drawing *d, uint32_t group) {
  for (uint32_t i = 0; i < d->n_boxes; i++)
    if (d->boxes[i].group == group) return true;
  return false;
}

// The only group within, or GCUT_NONE.
static uint32_t only_child(const gcut__drawing *d, uint32_t group) {
  uint32_t found = GCUT_NONE;
  for (uint32_t g = group + 1; g < d->n_groups; g++) {
    if (d->groups[g].parent != group) continue;
    if (found != GCUT_NONE) return GCUT_NONE;
    found = g;
  }
  return found;
}

void gcut__drawing_merge_groups(gcut__drawing *d) {
  for (uint32_t g = 0; g < d->n_groups; g++) {
    gcut__box_group *outer = &d->groups[g];
    uint32_t inner = outer->part == GCUT_NONE && !outer->keeps ? only_child(d, g) : GCUT_NONE;
    if (inner == GCUT_NONE || holds_boxes(d, g)) continue;
    const char *title =
        gcut__caption_format(d->arena, "%s.%s", outer->title, d->groups[inner].title);
    if (!title) continue;
    d->groups[inner].title = title;
    d->groups[inner].parent = outer->parent;
    outer->merged = true;
  }
}
