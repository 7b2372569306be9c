// Elements picked by index. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_GATHER_H
#define GCUT_EXEC_CUDA_OPS_GATHER_H

#include <stdint.h>

enum { GCUT_CUDA_GATHER_DIMS = 8 };

// Gather: to[o][i][e] = from[o][index[i]][e]. e counts in units of `size` bytes: 16 where rows
// allow.
typedef struct gcut__cuda_gather_job {
  int64_t outer, n_indices, axis, inner;
  int32_t size, wide; // bytes a unit; indices are int64
  uint32_t node;      // for *fault
  const void *from, *indices;
  void *to;
  uint32_t *fault; // set to node + 1 where an index is out of range
} gcut__cuda_gather_job;

// GatherND: to[b][t][e] = from[b][place of tuple t][e].
typedef struct gcut__cuda_gather_nd_job {
  int64_t batches, tuples, slab, inner;                                // slab: a batch of `from`
  int64_t dims[GCUT_CUDA_GATHER_DIMS], strides[GCUT_CUDA_GATHER_DIMS]; // [depth], elements
  int32_t depth, size;
  uint32_t node;
  const void *from;
  const int64_t *indices;
  void *to;
  uint32_t *fault;
} gcut__cuda_gather_nd_job;

// GatherElements: to[i] = from[i with i[axis] replaced by index[i]].
typedef struct gcut__cuda_gather_elements_job {
  int64_t count, limit;                                                // of the axis
  int64_t dims[GCUT_CUDA_GATHER_DIMS], strides[GCUT_CUDA_GATHER_DIMS]; // of `to`; of `from`
  int32_t rank, axis, size, wide;
  uint32_t node;
  const void *from, *indices;
  void *to;
  uint32_t *fault;
} gcut__cuda_gather_elements_job;

#endif
