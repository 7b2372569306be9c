// Rotary embedding as an operator. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_ROTARY_H
#define GCUT_EXEC_CUDA_OPS_ROTARY_H

#include <stdint.h>

// y = x turned by its position's cosines and sines [positions][half]; what lies behind 2 * half of
// a head stays.
typedef struct gcut__cuda_turn_job {
  int64_t batch, heads, length, size, half, positions;
  int64_t s_batch, s_head, s_row; // strides of x and y
  int32_t type, interleaved;
  int32_t from_first; // ids holds the position of the first token alone
  uint32_t node;
  const int64_t *ids; // [batch][length], or NULL: a row of cosines a token
  const void *x, *cosine, *sine;
  void *y;
  uint32_t *fault;
} gcut__cuda_turn_job;

#endif
