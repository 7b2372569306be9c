// Links of a pipeline: between a cut and a box, or what an open part reads and makes.
#include "formats/dot/pipeline.h"

#include "tracer/base/error.h"

typedef gcut__pipeline pipeline;
typedef gcut__pipeline_end pipeline_end;

static gcut_status link_ends(pipeline *p, pipeline_end to, bool spine, gcut_error *err) {
  for (uint32_t i = 0; i < p->n_ends; i++) {
    uint64_t bytes = to.bytes ? to.bytes : p->ends[i].bytes;
    gcut__link link = {.from = p->ends[i].box, .to = to.box, .is_spine = spine, .bytes = bytes};
    if (gcut__drawing_add_link(p->d, &link) == GCUT_NONE) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

static gcut_status keep_above(pipeline *p, uint32_t from, uint32_t to, gcut_error *err) {
  gcut__link link = {.from = from, .to = to, .is_unseen = true};
  return gcut__drawing_add_link(p->d, &link) == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

// Boxes from `first` to `end` that no link leads to (or from) would float beside what stands above
// their part (or below).
static gcut_status tie_loose(pipeline *p, uint32_t first, uint32_t end, uint32_t box, bool tops,
                             gcut_error *err) {
  bool *tied = GCUT_NEW_ARRAY(p->d->arena, bool, end - first);
  if (!tied) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < p->d->n_links; i++) {
    uint32_t at = tops ? p->d->links[i].to : p->d->links[i].from;
    if (at >= first && at < end) tied[at - first] = true;
  }
  for (uint32_t i = first; i < end; i++)
    if (!tied[i - first]) GCUT_TRY(tops ? keep_above(p, box, i, err) : keep_above(p, i, box, err));
  return GCUT_OK;
}

gcut_status gcut__pipeline_hang(pipeline *p, uint32_t box, gcut_error *err) {
  if (box == GCUT_NONE) return GCUT_NO_MEMORY(err);
  GCUT_TRY(link_ends(p, (pipeline_end){.box = box}, p->n_ends == 1, err));
  GCUT_TRY(tie_loose(p, p->first_open, p->last_open, box, false, err));
  p->first_open = p->last_open = 0;
  p->ends[0] = (pipeline_end){box, p->passing};
  p->n_ends = 1;
  return GCUT_OK;
}

static void add_end(const pipeline *p, pipeline_end *ends, uint32_t *n, uint32_t box,
                    uint32_t value) {
  uint64_t bytes = 0;
  uint32_t i = 0;
  if (box == GCUT_NONE) return;
  if (!gcut_trace_bytes(p->m->trace, value, &bytes)) bytes = 0;
  while (i < *n && ends[i].box != box) i++;
  if (i == GCUT__MOST_ENDS) return;
  if (i == *n) ends[(*n)++] = (pipeline_end){.box = box};
  ends[i].bytes += bytes;
}

// The boxes that read what comes in, or the first of all.
static gcut_status link_top(pipeline *p, const gcut_part *part, uint32_t first, gcut_error *err) {
  const gcut_graph *g = p->m->trace->graph;
  pipeline_end tops[GCUT__MOST_ENDS];
  uint32_t n = 0;
  for (uint32_t i = 0; i < part->n_inputs; i++) {
    const gcut_value *v = &g->values[part->inputs[i]];
    uint32_t last = GCUT_NONE; // of several readers in one box, the first counts
    for (uint32_t u = 0; u < v->n_uses; u++) {
      uint32_t box = p->m->box_of_node[g->uses[v->first_use + u]];
      if (box != last) add_end(p, tops, &n, box, part->inputs[i]);
      last = box;
    }
  }
  if (n == 0) tops[n++] = (pipeline_end){.box = first};
  for (uint32_t i = 0; i < n; i++) GCUT_TRY(link_ends(p, tops[i], n == 1, err));
  return tie_loose(p, first, p->d->n_boxes, p->ends[0].box, true, err);
}

// The boxes that make what goes out, or the last of all.
static void find_bottom(pipeline *p, const gcut_part *part) {
  p->n_ends = 0;
  for (uint32_t i = 0; i < part->n_outputs; i++) {
    uint32_t v = part->outputs[i], producer = p->m->trace->graph->values[v].producer;
    if (producer != GCUT_NONE) add_end(p, p->ends, &p->n_ends, p->m->box_of_node[producer], v);
  }
  if (p->n_ends == 0) p->ends[p->n_ends++] = (pipeline_end){.box = p->d->n_boxes - 1};
}

gcut_status gcut__pipeline_hang_open(pipeline *p, const gcut_part *part, uint32_t first,
                                     gcut_error *err) {
  GCUT_TRY(link_top(p, part, first, err));
  find_bottom(p, part);
  p->first_open = first;
  p->last_open = p->d->n_boxes;
  return GCUT_OK;
}
