// Sorted arrays of ranges. Schedules have few distinct ranges alive at a time (slots, the batches
// in flight), and a new one mostly replaces an old one of the same size in place, so a sorted array
// with binary search beats a tree.
#include "tracer/base/spans.h"

#include <stdlib.h>
#include <string.h>

#include "graphcut/schedule.h"
#include "tracer/base/vector.h"

void gcut__spans_free(gcut__spans *spans) {
  free(spans->items);
  *spans = (gcut__spans){0};
}

static uint32_t first_beyond(const gcut__span *items, uint32_t n, uint64_t begin) {
  uint32_t low = 0, high = n;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (items[middle].end <= begin)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

uint32_t gcut__spans_find(const gcut__spans *spans, uint64_t begin) {
  return first_beyond(spans->items, spans->n, begin);
}

// Replaces items [from, to) by the n of `with`.
static bool splice(gcut__spans *s, uint32_t from, uint32_t to, const gcut__span *with, uint32_t n) {
  if (!gcut_vector_reserve((void **)&s->items, &s->capacity, s->n, n, sizeof *s->items))
    return false;
  memmove(s->items + from + n, s->items + to, (s->n - to) * sizeof *s->items);
  if (n) memcpy(s->items + from, with, n * sizeof *with);
  s->n = s->n - (to - from) + n;
  return true;
}

bool gcut__spans_set(gcut__spans *spans, uint64_t begin, uint64_t end, uint32_t owner) {
  uint32_t from = gcut__spans_find(spans, begin), to = from, n = 0;
  while (to < spans->n && spans->items[to].begin < end) to++;
  gcut__span with[3];
  if (from < to && spans->items[from].begin < begin)
    with[n++] = (gcut__span){spans->items[from].begin, begin, spans->items[from].owner};
  with[n++] = (gcut__span){begin, end, owner};
  if (from < to && spans->items[to - 1].end > end)
    with[n++] = (gcut__span){end, spans->items[to - 1].end, spans->items[to - 1].owner};
  return splice(spans, from, to, with, n);
}

// ---- pool -------------------------------------------------------------------------------------

void gcut__pool_free(gcut__pool *pool) {
  free(pool->holes);
  pool->holes = NULL;
  pool->n = pool->capacity = 0;
}

static uint32_t best_hole(const gcut__pool *pool, uint64_t bytes) {
  uint32_t best = UINT32_MAX;
  uint64_t waste = UINT64_MAX;
  for (uint32_t i = 0; i < pool->n && waste > 0; i++) {
    uint64_t size = pool->holes[i].end - pool->holes[i].begin;
    if (size >= bytes && size - bytes < waste) {
      best = i;
      waste = size - bytes;
    }
  }
  return best;
}

// Takes from the end of the space, together with a hole that touches it.
static gcut_status take_top(gcut__pool *pool, uint64_t bytes, uint64_t *out_offset) {
  uint64_t at = pool->top;
  bool joined = pool->n && pool->holes[pool->n - 1].end == pool->top;
  if (joined) at = pool->holes[pool->n - 1].begin;
  if (at > pool->limit || bytes > pool->limit - at) return GCUT_BUDGET;
  if (joined) pool->n--;
  *out_offset = at;
  pool->top = at + bytes;
  if (pool->top > pool->peak) pool->peak = pool->top;
  return GCUT_OK;
}

gcut_status gcut__pool_take(gcut__pool *pool, uint64_t bytes, uint64_t *out_offset) {
  if (bytes > UINT64_MAX / 2) return GCUT_BUDGET;
  bytes = gcut_range_bytes(bytes);
  uint32_t i = best_hole(pool, bytes);
  if (i == UINT32_MAX) return take_top(pool, bytes, out_offset);
  *out_offset = pool->holes[i].begin;
  pool->holes[i].begin += bytes;
  if (pool->holes[i].begin == pool->holes[i].end) {
    pool->n--;
    memmove(pool->holes + i, pool->holes + i + 1, (pool->n - i) * sizeof *pool->holes);
  }
  return GCUT_OK;
}

gcut_status gcut__pool_give(gcut__pool *pool, uint64_t offset, uint64_t bytes) {
  uint64_t end = offset + gcut_range_bytes(bytes);
  if (end == offset) return GCUT_OK;
  uint32_t i = first_beyond(pool->holes, pool->n, offset);
  bool before = i > 0 && pool->holes[i - 1].end == offset;
  bool after = i < pool->n && pool->holes[i].begin == end;
  if (before && after) {
    pool->holes[i - 1].end = pool->holes[i].end;
    pool->n--;
    memmove(pool->holes + i, pool->holes + i + 1, (pool->n - i) * sizeof *pool->holes);
  } else if (before) {
    pool->holes[i - 1].end = end;
  } else if (after) {
    pool->holes[i].begin = offset;
  } else {
    if (!gcut_vector_reserve((void **)&pool->holes, &pool->capacity, pool->n, 1,
                             sizeof *pool->holes))
      return GCUT_NOMEM;
    memmove(pool->holes + i + 1, pool->holes + i, (pool->n - i) * sizeof *pool->holes);
    pool->holes[i] = (gcut__span){offset, end, 0};
    pool->n++;
  }
  return GCUT_OK;
}
