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

#endif
