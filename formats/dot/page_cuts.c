// What a page tells of a cut, every value that crosses it, and of a part, what passes through it.
#include <stdlib.h>

#include "formats/dot/caption.h"
#include "formats/dot/crossing.h"
#include "formats/dot/page_parts.h"

enum { MOST_TOLD = 60 };

typedef struct crosser {
  uint32_t value, from, to; // the part that makes it, the last that reads it
  uint64_t bytes;
} crosser;

static void add_fact(gcut__json *j, json_t *facts, const char *key, const char *text) {
  gcut__json_append(j, facts, json_pack("[s, s]", key, text ? text : ""));
}

// The largest first, then in the order they are made.
static int larger_first(const void *a, const void *b) {
  const crosser *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return (x->value > y->value) - (x->value < y->value);
}

static uint32_t count_outputs(const gcut_plan *plan, uint32_t last) {
  uint32_t n = 0;
  for (uint32_t k = 0; k <= last; k++) n += plan->parts[k].n_outputs;
  return n;
}

static uint32_t find_crossers(const gcut__material *m, const uint32_t *last_readers, uint32_t after,
                              crosser *out) {
  uint32_t n = 0;
  for (uint32_t k = 0; k <= after; k++)
    for (uint32_t i = 0; i < m->plan->parts[k].n_outputs; i++) {
      uint32_t v = m->plan->parts[k].outputs[i], last = last_readers[v];
      if (last == GCUT_NONE || last <= after) continue;
      out[n] = (crosser){.value = v, .from = k, .to = last};
      if (!gcut_trace_bytes(m->trace, v, &out[n].bytes)) out[n].bytes = 0;
      n++;
    }
  qsort(out, n, sizeof *out, larger_first);
  return n;
}

json_t *gcut__page_cut(const gcut__material *m, const uint32_t *last_readers, uint32_t after,
                       gcut_arena *arena, gcut__json *j) {
  json_t *facts = json_array();
  crosser *all = malloc(((size_t)count_outputs(m->plan, after) + 1) * sizeof *all);
  uint32_t n = all ? find_crossers(m, last_readers, after, all) : 0;
  if (!all) j->out_of_memory = true;
  for (uint32_t i = 0; i < n && i < MOST_TOLD; i++)
    add_fact(j, facts, i == 0 ? "crosses" : "",
             gcut__caption_format(
                 arena, "%s\n%s\nmade by part %u, last read by part %u",
                 gcut__caption_name(arena, m->trace->graph->values[all[i].value].name, 120),
                 gcut__caption_value(arena, m->trace, all[i].value), all[i].from, all[i].to));
  if (n > MOST_TOLD)
    add_fact(j, facts, "",
             gcut__caption_format(arena, "and %s more", gcut__caption_count(arena, n - MOST_TOLD)));
  free(all);
  return facts;
}

static void add_bytes(gcut__json *j, json_t *facts, gcut_arena *arena, const char *key,
                      uint64_t bytes) {
  if (bytes > 0) add_fact(j, facts, key, gcut__caption_bytes(arena, bytes));
}

json_t *gcut__page_part(const gcut__material *m, uint32_t index, gcut_arena *arena, gcut__json *j) {
  const gcut_part *part = &m->plan->parts[index];
  json_t *facts = json_array();
  add_fact(j, facts, "part", gcut__caption_name(arena, part->name, 200));
  add_bytes(j, facts, arena, "comes in a batch", part->input_bytes);
  add_bytes(j, facts, arena, "goes out a batch", part->output_bytes);
  add_bytes(j, facts, arena, "peak", part->peak_bytes);
  return facts;
}
