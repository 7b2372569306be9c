// A timeline for a page: a lane a queue, of the prediction first. What is thinner than can be seen
// is put together with its neighbour, so a lane has so many slices at most however long the run.
#include "formats/dot/caption.h"
#include "formats/dot/page_parts.h"

enum { MOST_SLICES = 1500 }; // of a lane

typedef struct pending { // slices put together
  double start, end;
  const gcut__slice *first;
  uint32_t n;
} pending;

static void flush(gcut__json *j, json_t *slices, const pending *p) {
  if (p->n == 0) return;
  json_t *part = p->first->part == GCUT_NONE ? json_null() : json_integer(p->first->part);
  json_t *batch = p->first->batch == GCUT_NONE ? json_null() : json_integer(p->first->batch);
  gcut__json_append(j, slices,
                    json_pack("[f, f, s, o, o, i]", p->start, p->end - p->start,
                              gcut_command_name(p->first->kind), part, batch, (int)p->n));
}

static json_t *lane_slices(const gcut__slices *all, unsigned queue, bool predicted, gcut__json *j) {
  double thinnest = all->seconds / MOST_SLICES;
  json_t *slices = json_array();
  pending p = {.n = 0};
  for (uint32_t i = 0; i < all->n; i++) {
    const gcut__slice *s = &all->items[i];
    if (s->queue != queue || s->predicted != predicted) continue;
    if (p.n > 0 && s->start + s->seconds - p.start < 2 * thinnest) {
      if (s->start + s->seconds > p.end) p.end = s->start + s->seconds;
      p.n++;
      continue;
    }
    flush(j, slices, &p);
    p = (pending){s->start, s->start + s->seconds, s, 1};
  }
  flush(j, slices, &p);
  return slices;
}

json_t *gcut__page_timeline(const gcut__slices *all, gcut_arena *arena, gcut__json *j) {
  json_t *lanes = json_array(), *parts = json_array();
  for (int predicted = 1; predicted >= 0; predicted--)
    for (unsigned queue = 0; queue < GCUT_N_QUEUES; queue++) {
      json_t *slices = lane_slices(all, queue, predicted, j);
      if (json_array_size(slices) > 0)
        gcut__json_append(j, lanes,
                          json_pack("{s:s, s:b, s:O}", "name", gcut_queue_name(queue), "predicted",
                                    predicted, "slices", slices));
      json_decref(slices);
    }
  for (uint32_t i = 0; i < all->n_parts; i++)
    gcut__json_append(j, parts, json_string(gcut__caption_name(arena, all->parts[i], 120)));
  return json_pack("{s:s, s:f, s:o, s:o}", "offload", gcut__caption_name(arena, all->offload, 120),
                   "seconds", all->seconds, "lanes", lanes, "parts", parts);
}
