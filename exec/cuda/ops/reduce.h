// Reductions over any dimensions. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_REDUCE_H
#define GCUT_EXEC_CUDA_OPS_REDUCE_H

#include <stdint.h>

enum { GCUT_CUDA_REDUCE_DIMS = 8, GCUT_CUDA_REDUCE_THREADS = 256 };

typedef enum gcut__cuda_reduce_op {
  GCUT_CUDA_REDUCE_SUM,
  GCUT_CUDA_REDUCE_MEAN,
  GCUT_CUDA_REDUCE_MAX,
  GCUT_CUDA_REDUCE_MIN,
  GCUT_CUDA_REDUCE_PROD,
  GCUT_CUDA_REDUCE_L1,
  GCUT_CUDA_REDUCE_L2,
  GCUT_CUDA_REDUCE_SUM_SQUARE,
  GCUT_CUDA_REDUCE_LOG_SUM,
  GCUT_CUDA_REDUCE_LOG_SUM_EXP,
} gcut__cuda_reduce_op;

typedef struct gcut__cuda_axes { // some dimensions of a tensor, walked from the first to the last
  int32_t n;
  int64_t dims[GCUT_CUDA_REDUCE_DIMS], strides[GCUT_CUDA_REDUCE_DIMS];
} gcut__cuda_axes;

// y[i] = what op makes of x over all of `reduced`, at i of `kept`.
typedef struct gcut__cuda_reduce_job {
  int64_t n_outputs, n_reduced;
  gcut__cuda_axes kept, reduced;
  int32_t op, type, alone; // alone: a thread an output, else a block
  const void *x;
  void *y;
} gcut__cuda_reduce_job;

// The k best of every line along an axis, from the best on: values, indices. ArgMax: the index
// alone.
typedef struct gcut__cuda_best_job {
  int64_t lines, size, inner, k; // x: [lines / inner][size][inner]
  int32_t type;
  int32_t least;     // the least are best; a NaN is best among the greatest and last of the least
  int32_t nan_first; // ... but best here, too
  int32_t last;      // of equal ones the last, not the first
  const void *x;
  void *values;     // [lines / inner][k][inner], or NULL
  int64_t *indices; // the same
} gcut__cuda_best_job;

#endif
