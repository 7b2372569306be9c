// Links boxes along the values that pass between them.
#include "formats/dot/caption.h"
#include "formats/dot/material.h"
#include "tracer/base/error.h"

enum {
  FAN_OUT = 4,       // readers of a value up to which each gets its link
  MOST_LINKS = 3000, // that are laid out
};

typedef struct crossing {
  bool plan, other; // cut by the plan, by the one it is held against
} crossing;

// Adds a value to the link between two boxes; the largest value gives the label.
static gcut_status link_value(gcut__material *m, gcut__drawing *d, gcut_map *links, uint32_t from,
                              uint32_t to, uint32_t value, crossing crosses, gcut_error *err) {
  uint64_t key = (uint64_t)from << 32 | to, bytes = 0;
  uint32_t at = gcut_map_get(links, key);
  bool known = gcut_trace_bytes(m->trace, value, &bytes);
  if (at == GCUT_NONE && d->n_links >= MOST_LINKS) {
    d->n_left_out++;
    return GCUT_OK;
  }
  if (at == GCUT_NONE) {
    gcut__link link = {.from = from, .to = to};
    at = gcut__drawing_add_link(d, &link);
    if (at == GCUT_NONE || !gcut_map_set(links, key, at)) return GCUT_NO_MEMORY(err);
  }
  gcut__link *link = &d->links[at];
  const char *caption = gcut__caption_value(d->arena, m->trace, value);
  const char *line = gcut__caption_format(
      d->arena, "%s%s%s: %s", link->tooltip ? link->tooltip : "", link->tooltip ? "\n" : "",
      gcut__caption_name(d->arena, m->trace->graph->values[value].name, 60), caption);
  if (!line || !caption) return GCUT_NO_MEMORY(err);
  if (!link->label || (known && bytes > link->bytes)) link->label = caption;
  if (!link->tooltip || strlen(link->tooltip) < 600) link->tooltip = line;
  if (known) link->bytes += bytes;
  link->crosses |= crosses.plan;
  link->crosses_other |= crosses.other;
  return GCUT_OK;
}

// The boxes that read a value, each once, in node order.
typedef struct reader_list {
  uint32_t boxes[FAN_OUT + 1], n; // the first of them; n counts all
  crossing crosses[FAN_OUT + 1];
  crossing any;
} reader_list;

// The place of a box in the list, or `n` where it is beyond what is listed, or new.
static uint32_t find_reader(const reader_list *list, uint32_t box) {
  uint32_t listed = list->n < FAN_OUT + 1 ? list->n : FAN_OUT + 1;
  for (uint32_t i = 0; i < listed; i++)
    if (list->boxes[i] == box) return i;
  return list->n;
}

static reader_list readers_of(const gcut__material *m, uint32_t value, uint32_t from,
                              bool in_part) {
  const gcut_graph *g = m->trace->graph;
  const gcut_value *v = &g->values[value];
  reader_list list = {.n = 0};
  uint32_t last = GCUT_NONE;
  for (uint32_t u = 0; u < v->n_uses; u++) {
    uint32_t user = g->uses[v->first_use + u], box = m->box_of_node[user];
    if (box == GCUT_NONE || box == from) continue;
    crossing crosses = {!in_part && gcut__cuts_cross(&m->cuts, value, user),
                        gcut__cuts_cross(&m->other, value, user)};
    list.any.plan |= crosses.plan, list.any.other |= crosses.other;
    uint32_t at = find_reader(&list, box);
    if (at <= FAN_OUT)
      list.boxes[at] = box, list.crosses[at].plan |= crosses.plan,
      list.crosses[at].other |= crosses.other;
    if (at == list.n && box != last) list.n++;
    last = box;
  }
  return list;
}

// What many boxes read is drawn to the first of them alone: a mask that goes to every layer would
// bury the rest.
static gcut_status link_readers(gcut__material *m, gcut__drawing *d, gcut_map *links,
                                uint32_t value, uint32_t from, bool in_part, gcut_error *err) {
  reader_list list = readers_of(m, value, from, in_part);
  if (list.n == 0) return GCUT_OK;
  if (list.n <= FAN_OUT) {
    for (uint32_t i = 0; i < list.n; i++)
      GCUT_TRY(link_value(m, d, links, from, list.boxes[i], value, list.crosses[i], err));
    return GCUT_OK;
  }
  GCUT_TRY(link_value(m, d, links, from, list.boxes[0], value, list.any, err));
  uint32_t at = gcut_map_get(links, (uint64_t)from << 32 | list.boxes[0]);
  if (at == GCUT_NONE) return GCUT_OK; // left out
  gcut__link *link = &d->links[at];
  link->label = gcut__caption_format(d->arena, "%s → and %u more", link->label, list.n - 1);
  return link->label ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status link_node(gcut__material *m, uint32_t index, bool in_part, gcut__drawing *d,
                             gcut_map *links, gcut_error *err) {
  const gcut_node *node = &m->trace->graph->nodes[index];
  uint32_t from = m->box_of_node[index];
  for (uint32_t i = 0; from != GCUT_NONE && i < node->n_outputs; i++) {
    uint32_t v = gcut_node_outputs(m->trace->graph, node)[i];
    if (v == GCUT_NONE || m->trace->facts[v].constant) continue;
    GCUT_TRY(link_readers(m, d, links, v, from, in_part, err));
  }
  return GCUT_OK;
}

gcut_status gcut__material_link(gcut__material *m, const uint32_t *nodes, uint32_t n_nodes,
                                bool in_part, gcut__drawing *d, gcut_error *err) {
  gcut_map links = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < n_nodes && status == GCUT_OK; i++)
    status = link_node(m, nodes[i], in_part, d, &links, err);
  gcut_map_free(&links);
  return status;
}
