// Blocks that repeat in a row of labels.
#ifndef GCUT_PARTITION_REPEATS_H
#define GCUT_PARTITION_REPEATS_H

#include "graphcut/status.h"
#include "tracer/base/arena.h"

typedef struct gcut__row {
  const uint64_t *labels; // equal where the places are alike
  const uint32_t *cost;   // of beginning a block there
  const uint32_t *faults; // of doing so: tells between places of equal cost
  uint32_t from, to;      // what to look at
} gcut__row;

typedef struct gcut__repeats {
  uint32_t *begins, n; // places where the blocks begin, ascending; none: nothing repeats
  uint32_t end;        // of the last
} gcut__repeats;

// The blocks that cover most of the row, at least three. They lie in `arena`.
gcut_status gcut__repeats_find(const gcut__row *row, gcut_arena *arena, gcut__repeats *out,
                               gcut_error *err);

#endif
