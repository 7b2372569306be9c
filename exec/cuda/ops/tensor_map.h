// Tensors as Hopper's copy engine sees them.
#ifndef GCUT_EXEC_CUDA_OPS_TENSOR_MAP_H
#define GCUT_EXEC_CUDA_OPS_TENSOR_MAP_H

#include "exec/cuda/context.h"
#include "exec/cuda/ops/fused.h"

// [batch][head][row][column]; steps are whole 16 bytes. What repeats has one element, and a step
// that is not 0.
typedef struct gcut__cuda_view {
  const void *data;                        // a multiple of 16
  int64_t columns, rows, heads, batch;     // how many
  int64_t row_step, head_step, batch_step; // elements
  int64_t element_bytes;                   // 1, 2, 4
} gcut__cuda_view;

// Maps the tensor for copies of boxes of so many rows by 128 bytes, with the 128-byte swizzle.
GCUT_MUST_USE gcut_status gcut__cuda_map(gcut__cuda *cuda, const gcut__cuda_view *view,
                                         uint32_t box_rows, gcut__cuda_tensor_map *out,
                                         gcut_error *err);

#endif
