// Who holds which range of an address space: sorted, disjoint spans in an array.
#ifndef GCUT_TRACER_BASE_SPANS_H
#define GCUT_TRACER_BASE_SPANS_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

typedef struct gcut__span {
  uint64_t begin, end;
  uint32_t owner;
} gcut__span;

// A zeroed gcut__spans is empty.
typedef struct gcut__spans {
  gcut__span *items;
  uint32_t n, capacity;
} gcut__spans;

void gcut__spans_free(gcut__spans *spans);
// The first span that ends beyond `begin`; spans->n if none does.
uint32_t gcut__spans_find(const gcut__spans *spans, uint64_t begin);
// Gives [begin, end) to `owner`, whoever held it. False where memory is out.
GCUT_MUST_USE bool gcut__spans_set(gcut__spans *spans, uint64_t begin, uint64_t end,
                                   uint32_t owner);

// Free memory of an address space of `limit` bytes (UINT64_MAX: unbounded), handed out where it
// fits best. A zeroed pool with a limit is all free; offsets begin at 0.
typedef struct gcut__pool {
  gcut__span *holes; // sorted, never touching, below `top`
  uint32_t n, capacity;
  uint64_t top, limit, peak;
} gcut__pool;

void gcut__pool_free(gcut__pool *pool);
// GCUT_OK, GCUT_BUDGET where no hole is large enough (without a message), or GCUT_NOMEM. Bytes are
// rounded up to GCUT_RANGE_ALIGN.
GCUT_MUST_USE gcut_status gcut__pool_take(gcut__pool *pool, uint64_t bytes, uint64_t *out_offset);
GCUT_MUST_USE gcut_status gcut__pool_give(gcut__pool *pool, uint64_t offset, uint64_t bytes);

#endif
