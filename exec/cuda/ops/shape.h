// Heads of attention as they lie: [batch][head][row][size], the last dimension dense.
#ifndef GCUT_EXEC_CUDA_OPS_SHAPE_H
#define GCUT_EXEC_CUDA_OPS_SHAPE_H

#include "exec/cuda/match.h"

typedef struct gcut__cuda_heads {
  int64_t batch, head, row; // strides, elements
} gcut__cuda_heads;

// How a value of [batch, heads, rows, size] lies, and the value that holds it: that before a
// Transpose of heads and rows, where nothing but `uses` readers of the group read the value.
uint32_t gcut__cuda_match_heads(gcut__cuda_matcher *m, uint32_t value, uint32_t uses,
                                gcut__cuda_heads *out);
#endif
