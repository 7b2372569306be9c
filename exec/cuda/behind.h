// What lies behind a value that was only moved about: little that many elements repeat.
#ifndef GCUT_EXEC_CUDA_BEHIND_H
#define GCUT_EXEC_CUDA_BEHIND_H

#include "exec/cuda/match.h"
#include "exec/cuda/ops/program_builder.h"

enum { GCUT_CUDA_MOVES = 5 };

// A value of the part, as the elements of one value or the products of two; nodes[0] makes it,
// nodes[i + 1] what nodes[i] reads.
typedef struct gcut__cuda_behind {
  uint32_t value, sources[2];
  gcut__cuda_view views[2];
  int n_sources, n_nodes;
  const gcut_node *nodes[GCUT_CUDA_MOVES];
} gcut__cuda_behind;

// Fills *out with how elements of a tensor of `type`, which the value repeats to, find theirs
// behind it; false where nothing moved it, or reading it is as good.
bool gcut__cuda_look_behind(gcut__cuda_matcher *m, uint32_t value, const gcut_type *type,
                            gcut__cuda_behind *out);

#endif
