// Products of matrices of integers. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_WHOLE_H
#define GCUT_EXEC_CUDA_OPS_WHOLE_H

#include <stdint.h>

enum { GCUT_CUDA_WHOLE_TILE = 16, GCUT_CUDA_WHOLE_THREADS = 256 };

// y [batch][m][n] = a [batch][m][k] * b [batch][k][n]; a step of 0 repeats a matrix.
typedef struct gcut__cuda_whole_job {
  int64_t m, n, k, batch;
  int64_t step_a, step_b; // elements from a matrix to the next
  int32_t type;
  const void *a, *b;
  void *y;
} gcut__cuda_whole_job;

#endif
