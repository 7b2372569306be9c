// Ranges of a schedule and who holds them: the half of the proof (verify.c) that is about memory.
#include <inttypes.h>

#include "exec/verifier.h"
#include "tracer/base/vector.h"

bool gcut__verify_before(const gcut__verifier *v, uint32_t command) {
  unsigned q = v->schedule->commands[command].queue;
  return v->numbers[command] <= v->clocks[v->now].done[q];
}

static void touch(gcut__verifier *v, gcut__holder *h) {
  h->touched.done[gcut__verify_current(v)->queue] = v->numbers[v->now];
}

bool gcut__verify_covered(const gcut__verifier *v, const gcut__holder *h) {
  for (int q = 0; q < GCUT_N_QUEUES; q++)
    if (h->touched.done[q] > v->clocks[v->now].done[q]) return false;
  return true;
}

static gcut_status check_free(const gcut__verifier *v, gcut_space space, uint64_t begin,
                              uint64_t end) {
  const gcut__spans *s = &v->spans[space];
  for (uint32_t i = gcut__spans_find(s, begin); i < s->n && s->items[i].begin < end; i++) {
    const gcut__holder *h = &v->holders[s->items[i].owner];
    if (!h->dropped)
      return gcut__verify_fail(v,
                               "range [%" PRIu64 ", %" PRIu64 ") overlaps what command %" PRIu32
                               " put at [%" PRIu64 ", %" PRIu64 ")",
                               begin, end, h->writer, h->begin, h->end);
    if (!gcut__verify_covered(v, h))
      return gcut__verify_fail(v,
                               "range [%" PRIu64 ", %" PRIu64
                               ") may still be in use: it was filled by "
                               "command %" PRIu32 ", and nothing here waits for all that touch it",
                               begin, end, h->writer);
  }
  return GCUT_OK;
}

gcut_status gcut__verify_claim(gcut__verifier *v, gcut_space space, uint64_t offset, uint64_t bytes,
                               uint32_t *out_holder) {
  uint64_t end = offset + gcut_range_bytes(bytes);
  if (space != GCUT_SPACE_HEAP && bytes > 0) {
    if (offset % GCUT_RANGE_ALIGN || end < offset || end > v->schedule->extent[space])
      return gcut__verify_fail(
          v, "range at %" PRIu64 " of %" PRIu64 " bytes is not aligned or lies outside", offset,
          bytes);
    GCUT_TRY(check_free(v, space, offset, end));
  }
  if (!gcut_vector_reserve((void **)&v->holders, &v->holders_capacity, v->n_holders, 1,
                           sizeof *v->holders))
    return GCUT_NO_MEMORY(v->err);
  gcut__holder *h = &v->holders[v->n_holders];
  *h = (gcut__holder){
      .begin = offset, .end = end, .writer = v->now, .pass = gcut__verify_current(v)->pass};
  touch(v, h);
  if (space != GCUT_SPACE_HEAP && end > offset &&
      !gcut__spans_set(&v->spans[space], offset, end, v->n_holders))
    return GCUT_NO_MEMORY(v->err);
  *out_holder = v->n_holders++;
  return GCUT_OK;
}

bool gcut__verify_is_whole(const gcut__verifier *v, gcut_space space, uint32_t id) {
  const gcut__spans *s = &v->spans[space];
  uint64_t at = v->holders[id].begin, end = v->holders[id].end;
  for (uint32_t i = gcut__spans_find(s, at); i < s->n && at < end; i++) {
    if (s->items[i].owner != id || s->items[i].begin > at) return false;
    at = s->items[i].end;
  }
  return at >= end;
}

gcut_status gcut__verify_use(gcut__verifier *v, uint32_t id, uint64_t offset, const char *what) {
  if (id == GCUT_NONE) return gcut__verify_fail(v, "%s is not there", what);
  gcut__holder *h = &v->holders[id];
  if (offset != h->begin)
    return gcut__verify_fail(v, "%s lies at %" PRIu64 ", not at %" PRIu64, what, h->begin, offset);
  if (!gcut__verify_before(v, h->writer))
    return gcut__verify_fail(v, "%s may be read before command %" PRIu32 " has written it", what,
                             h->writer);
  touch(v, h);
  return GCUT_OK;
}
