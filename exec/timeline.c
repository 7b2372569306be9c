// What a timeline amounts to: how much copying was hidden behind computing, and where nothing
// computed.
#include <stdlib.h>

#include "exec/rates.h"
#include "tracer/base/error.h"

typedef struct interval {
  int64_t begin, end;
} interval;

void gcut_timeline_free(gcut_timeline *timeline) {
  free(timeline->start_ns);
  free(timeline->end_ns);
  *timeline = (gcut_timeline){0};
}

static int by_begin(const void *a, const void *b) {
  const interval *x = a, *y = b;
  return x->begin < y->begin ? -1 : x->begin > y->begin;
}

static bool computes(const gcut_command *c) {
  return c->kind == GCUT_RUN || c->kind == GCUT_PREPARE;
}

// When something computed: disjoint intervals in order.
static uint32_t list_computing(const gcut_schedule *s, const gcut_timeline *t, interval *out) {
  uint32_t n = 0, merged = 0;
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (computes(&s->commands[i])) out[n++] = (interval){t->start_ns[i], t->end_ns[i]};
  qsort(out, n, sizeof *out, by_begin);
  for (uint32_t i = 0; i < n; i++) {
    if (merged && out[i].begin <= out[merged - 1].end) {
      if (out[i].end > out[merged - 1].end) out[merged - 1].end = out[i].end;
    } else {
      out[merged++] = out[i];
    }
  }
  return merged;
}

static int64_t hidden_part(const interval *computing, uint32_t n, int64_t begin, int64_t end) {
  uint32_t low = 0, high = n;
  while (low < high) { // the first that ends beyond `begin`
    uint32_t middle = low + (high - low) / 2;
    if (computing[middle].end <= begin)
      low = middle + 1;
    else
      high = middle;
  }
  int64_t hidden = 0;
  for (; low < n && computing[low].begin < end; low++) {
    int64_t from = computing[low].begin > begin ? computing[low].begin : begin;
    int64_t to = computing[low].end < end ? computing[low].end : end;
    hidden += to - from;
  }
  return hidden;
}

static bool is_copy(const gcut_command *c) {
  return c->kind == GCUT_LOAD || c->kind == GCUT_PUSH || c->kind == GCUT_PULL;
}

static void count_bytes(const gcut_problem *p, const gcut_schedule *s, gcut_summary *out) {
  for (uint32_t i = 0; i < s->n_commands; i++) {
    const gcut_command *c = &s->commands[i];
    if (c->kind == GCUT_LOAD || c->kind == GCUT_PUSH) out->bytes_up += c->bytes;
    if (c->kind == GCUT_PULL) out->bytes_down += c->bytes;
    if (c->kind == GCUT_RUN && c->queue == GCUT_QUEUE_COMPUTE)
      out->bytes_up += gcut__bytes_in_place(&p->parts[c->part], s->mapped, p->classes[c->batch]);
  }
}

static void add_times(const gcut_schedule *s, const gcut_timeline *t, const interval *computing,
                      uint32_t n, gcut_summary *out) {
  int64_t first = INT64_MAX, last = 0, copied = 0, hidden = 0, computed = 0;
  for (uint32_t i = 0; i < s->n_commands; i++) {
    if (t->start_ns[i] < first) first = t->start_ns[i];
    if (t->end_ns[i] > last) last = t->end_ns[i];
    if (!is_copy(&s->commands[i])) continue;
    copied += t->end_ns[i] - t->start_ns[i];
    hidden += hidden_part(computing, n, t->start_ns[i], t->end_ns[i]);
  }
  for (uint32_t i = 0; i < n; i++) computed += computing[i].end - computing[i].begin;
  out->seconds = s->n_commands ? (double)(last - first) * 1e-9 : 0;
  out->copy_seconds = (double)copied * 1e-9;
  out->hidden_seconds = (double)hidden * 1e-9;
  out->compute_seconds = (double)computed * 1e-9;
  out->bubble_seconds =
      n ? (double)(computing[n - 1].end - computing[0].begin - computed) * 1e-9 : 0;
  out->overlap = copied ? (double)hidden / (double)copied : 1;
}

gcut_status gcut_timeline_summarise(const gcut_problem *problem, const gcut_schedule *schedule,
                                    const gcut_timeline *timeline, gcut_summary *out,
                                    gcut_error *err) {
  *out = (gcut_summary){0};
  if (timeline->n != schedule->n_commands)
    return GCUT_FAIL(err, GCUT_ARGUMENT, "a timeline of %u commands for a schedule of %u",
                     timeline->n, schedule->n_commands);
  interval *computing = malloc(((size_t)schedule->n_commands + 1) * sizeof *computing);
  if (!computing) return GCUT_NO_MEMORY(err);
  uint32_t n = list_computing(schedule, timeline, computing);
  add_times(schedule, timeline, computing, n, out);
  count_bytes(problem, schedule, out);
  free(computing);
  return GCUT_OK;
}
