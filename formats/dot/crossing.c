#include "formats/dot/crossing.h"

#include "formats/dot/caption.h"

enum { LONG_LINE = 60 };

uint32_t *gcut__crossing_last_readers(const gcut__material *m, gcut_arena *arena) {
  uint32_t n = m->trace->graph->n_values, *last = GCUT_NEW_ARRAY(arena, uint32_t, n);
  for (uint32_t v = 0; v < n && last; v++) last[v] = GCUT_NONE;
  for (uint32_t k = 0; k < m->plan->n_parts && last; k++)
    for (uint32_t i = 0; i < m->plan->parts[k].n_inputs; i++) last[m->plan->parts[k].inputs[i]] = k;
  return last;
}

// Bytes of a value for ranking: a symbol counts as a thousand.
static double estimate_bytes(const gcut_trace *trace, uint32_t value) {
  const gcut_type *type = &trace->facts[value].type;
  double bytes = gcut_dtype_bits((gcut_dtype)type->type) / 8.0;
  for (int d = 0; d < type->rank; d++)
    bytes *= gcut_dim_known(type->dims[d]) ? (double)type->dims[d] : 1000;
  return bytes;
}

static void add_crossing(gcut__crossing *c, const gcut_trace *trace, uint32_t value) {
  uint64_t bytes;
  if (!gcut_trace_bytes(trace, value, &bytes)) c->known = false;
  double weight = estimate_bytes(trace, value);
  uint32_t at = c->n < GCUT__CROSSING_LINES ? c->n : GCUT__CROSSING_LINES - 1;
  if (c->n >= GCUT__CROSSING_LINES && c->largest_bytes[at] >= weight) at = GCUT__CROSSING_LINES;
  for (; at < GCUT__CROSSING_LINES && at > 0 && c->largest_bytes[at - 1] < weight; at--) {
    c->largest[at] = c->largest[at - 1];
    c->largest_bytes[at] = c->largest_bytes[at - 1];
  }
  if (at < GCUT__CROSSING_LINES) c->largest[at] = value, c->largest_bytes[at] = weight;
  c->bytes += bytes;
  c->n++;
}

gcut__crossing gcut__crossing_after(const gcut__material *m, const uint32_t *last_readers,
                                    uint32_t part) {
  gcut__crossing c = {.known = true};
  for (uint32_t k = 0; k <= part; k++)
    for (uint32_t i = 0; i < m->plan->parts[k].n_outputs; i++) {
      uint32_t v = m->plan->parts[k].outputs[i];
      if (last_readers[v] != GCUT_NONE && last_readers[v] > part) add_crossing(&c, m->trace, v);
    }
  return c;
}

// A value counts from the cut after the part that makes it to the one before its last reader: what
// comes and what goes at each cut, then sums.
gcut__cut_size *gcut__crossing_sizes(const gcut__material *m, const uint32_t *last_readers,
                                     gcut_arena *arena) {
  uint32_t n = m->plan->n_parts;
  gcut__cut_size *sizes = GCUT_NEW_ARRAY(arena, gcut__cut_size, n);
  for (uint32_t k = 0; k < n && sizes; k++)
    for (uint32_t i = 0; i < m->plan->parts[k].n_outputs; i++) {
      uint32_t v = m->plan->parts[k].outputs[i], last = last_readers[v];
      uint64_t bytes = 0;
      if (last == GCUT_NONE || last <= k) continue;
      bool known = gcut_trace_bytes(m->trace, v, &bytes);
      sizes[k].bytes += bytes, sizes[last].bytes -= bytes; // unsigned: sums come out right
      sizes[k].n_unknown += !known, sizes[last].n_unknown -= !known;
    }
  for (uint32_t k = 1; k < n && sizes; k++) {
    sizes[k].bytes += sizes[k - 1].bytes;
    sizes[k].n_unknown += sizes[k - 1].n_unknown;
  }
  return sizes;
}

const char *gcut__crossing_within(const gcut__cut_size *sizes, uint32_t first, uint32_t last,
                                  gcut_arena *arena) {
  uint64_t least = UINT64_MAX, most = 0;
  uint32_t n = last - first + 1, n_unknown = 0;
  for (uint32_t k = first; k <= last; k++) {
    if (sizes[k].bytes < least) least = sizes[k].bytes;
    if (sizes[k].bytes > most) most = sizes[k].bytes;
    n_unknown += sizes[k].n_unknown;
  }
  const char *text = gcut__caption_format(arena, "%s cut%s within", gcut__caption_count(arena, n),
                                          n == 1 ? "" : "s");
  if (n_unknown > 0) return text;
  text = gcut__caption_format(arena, "%s · %s", text, gcut__caption_bytes(arena, least));
  if (least < most)
    return gcut__caption_format(arena, "%s … %s", text, gcut__caption_bytes(arena, most));
  return n > 1 ? gcut__caption_format(arena, "%s each", text) : text;
}

const char *gcut__crossing_lines(const gcut__material *m, const uint32_t *values, uint32_t n,
                                 gcut_arena *arena) {
  const char *items[GCUT__CROSSING_LINES], *text = "";
  uint32_t listed = n < GCUT__CROSSING_LINES ? n : GCUT__CROSSING_LINES;
  size_t length = 0;
  for (uint32_t i = 0; i < listed; i++) {
    items[i] = gcut__caption_format(
        arena, "%s  %s", gcut__caption_name(arena, m->trace->graph->values[values[i]].name, 28),
        gcut__caption_value(arena, m->trace, values[i]));
    if (!items[i]) return NULL;
    length += strlen(items[i]);
  }
  const char *separator = length > LONG_LINE ? "\n" : ",   ";
  for (uint32_t i = 0; i < listed && text; i++)
    text = gcut__caption_format(arena, "%s%s%s", text, i ? separator : "", items[i]);
  return n > listed ? gcut__caption_format(arena, "%s%sand %s more", text, separator,
                                           gcut__caption_count(arena, n - listed))
                    : text;
}
