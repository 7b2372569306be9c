// Moving elements between shapes as data. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_COPY_H
#define GCUT_EXEC_CUDA_OPS_COPY_H

#include <stdint.h>

enum { GCUT_CUDA_COPY_DIMS = 8 };

// to[to_offset + sum(i_d * to_strides[d])] = from[from_offset + sum(i_d * from_strides[d])] for all
// i < dims.
typedef struct gcut__cuda_copy_job {
  int64_t count;
  int64_t dims[GCUT_CUDA_COPY_DIMS], from_strides[GCUT_CUDA_COPY_DIMS],
      to_strides[GCUT_CUDA_COPY_DIMS];
  int64_t from_offset, to_offset; // elements
  int32_t rank, size;             // bytes an element: 1, 2, 4, 8
  const void *from;
  void *to;
} gcut__cuda_copy_job;

// Rows picked by index: to[o][i][e] = from[o][index[i]][e].
typedef struct gcut__cuda_gather_job {
  int64_t outer, n_indices, axis, inner;
  int32_t size, wide; // bytes an element; indices are int64
  uint32_t node;      // for *fault
  const void *from, *indices;
  void *to;
  uint32_t *fault; // set to node + 1 where an index is out of range
} gcut__cuda_gather_job;

#endif
