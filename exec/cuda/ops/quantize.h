// Quantised tensors, and products with weights of a few bits. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_QUANTIZE_H
#define GCUT_EXEC_CUDA_OPS_QUANTIZE_H

#include <stdint.h>

enum { GCUT_CUDA_NBITS_ROWS = 8, GCUT_CUDA_NBITS_THREADS = 256 };

// A tensor as [outer][size][inner]; element (o, a, e) has scale (o * blocks + a / block) * inner +
// e where `block` is set, else scale a (per axis), or 0.
typedef struct gcut__cuda_quantize_job {
  int64_t count, size, inner, block, blocks;
  int32_t per_axis;
  int32_t x_type, y_type, scale_type;
  const void *x, *scale, *zero; // zero may be NULL
  void *y;
} gcut__cuda_quantize_job;

// b [n][blocks][block * bits / 8] with scales [n][blocks] and zero points, packed by row, or of
// `zero_type`, or in the middle.
typedef struct gcut__cuda_nbits_job {
  int64_t m, n, k, blocks, block;
  int64_t first, rows; // of b, that are expanded
  int32_t bits, type, scale_type, zero_type;
  const void *a, *b, *scales, *zeros, *bias;
  void *y; // [m][n], or the rows of b: [rows][k]
} gcut__cuda_nbits_job;

#endif
