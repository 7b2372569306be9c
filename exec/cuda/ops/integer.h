// Products of 8-bit integers, each less its zero point, as int32 (which wraps around). Read by C
// and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_INTEGER_H
#define GCUT_EXEC_CUDA_OPS_INTEGER_H

#include "window.h"

enum { GCUT_CUDA_INTEGER_TILE = 64, GCUT_CUDA_INTEGER_THREADS = 256 };

// y[z][m][n] = (a[z % a_period][m][k] - zero) * (b[z][k][n] - zero). Element (i, j) of a matrix
// lies at i * row + j * column. Row i of a, or column i of b, of matrix z has the zero point zero[z
// * zero_batch + i * zero_line].
typedef struct gcut__cuda_integer_operand {
  const void *data, *zero; // zero may be NULL
  int64_t row, column, batch, zero_line, zero_batch;
  int32_t is_signed;
} gcut__cuda_integer_operand;

typedef struct gcut__cuda_integer_job {
  int64_t m, n, k, batch, a_period;
  gcut__cuda_integer_operand a, b;
  int32_t *y;
  // Of a convolution: b is the image [channels][far] of each z, whose columns [channels * kernel]
  // [near] are read through the window; in the padding there is the zero point.
  int32_t convolves;
  gcut__cuda_window window;
} gcut__cuda_integer_job;

#endif
