// Rotary embedding, as an operator and spelled out. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_ROTARY_H
#define GCUT_EXEC_CUDA_OPS_ROTARY_H

#include <stdint.h>

// A row has `size` elements. Of those from `first` on 2 * half are turned: a pair (a, b) becomes
// (a cos - b sin, b cos + a sin). The others are copied.
typedef struct gcut__cuda_rotary_job {
  int64_t dims[3]; // of x and y, before their last: batch, heads, tokens
  int64_t size, first, half;
  int64_t x_strides[3], y_strides[3]; // elements; rows are dense
  int64_t table_strides[3];           // of cos and sin; 0 repeats
  int64_t positions;                  // rows of cos and sin, where `ids` picks one
  int32_t type, table_type;
  int32_t wide;       // products are not rounded to `type`
  int32_t neighbours; // a pair's elements in x, not `half` apart
  int32_t neighbours_out;
  int32_t full;       // cos and sin have an element for each of y, not one a pair
  int32_t lanes;      // pairs a thread, 8 (4 of float tables), 2 or 1: divides sizes, strides
  int32_t from_first; // ids holds the position of the first token alone
  uint32_t node;
  const int64_t *ids; // [batch][tokens], or NULL
  const void *x, *cosine, *sine;
  void *y;
  uint32_t *fault;
} gcut__cuda_rotary_job;

#endif
