// Keys and values brought together for attention: past, then fresh ones, head by head.
#ifndef GCUT_EXEC_CPU_OPS_HEADS_H
#define GCUT_EXEC_CPU_OPS_HEADS_H

#include "exec/cpu/ops/attend.h"

// What one cache is made of. Heads of `size` elements.
typedef struct gcut__heads {
  gcut__strided4 fresh; // floats [batch][heads][length][size], in any order of the first three
  const float *bias;    // [heads * size], added to the fresh ones; NULL: none
  const float *past;    // [batch][heads][n_past][size]; NULL where n_past is 0
  int64_t batch, heads, length, n_past, size;
} gcut__heads;

// Writes [batch][heads][n_past + length][size].
void gcut__gather_heads(const gcut__heads *h, float *to);

#endif
