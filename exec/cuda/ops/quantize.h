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
  int32_t precision, saturate;  // of quantising: what the division is rounded to; of float8
  const void *x, *scale, *zero; // zero may be NULL
  void *y;
} gcut__cuda_quantize_job;

// y [rows][columns] = (x - zero) * scale, columns eight at once, of x's 2, 4 or 8 bits. A scale for
// each column, of `block` rows and of every `size` rows [blocks]:
//   scales [rows / size][blocks][columns], zeros alike
// or (not `across`) for eight columns and more, [size][blocks], each for `block` eights of columns;
// zeros of a row begin at multiples of `zero_width`.
typedef struct gcut__cuda_dequantize_job {
  uint32_t rows, eights; // of columns
  uint32_t across, size, block, blocks, zero_width;
  int32_t bits, is_signed, middle;       // middle: the zero point where there are none
  int32_t y_type, scale_type, zero_type; // zero_type 0: of x's bits, packed
  const void *x, *scales, *zeros;        // zeros may be NULL
  void *y;
} gcut__cuda_dequantize_job;

// b [n][blocks][block * bits / 8] with scales [n][blocks] and zero points, packed by row, or of
// `zero_type`, or in the middle. `groups` [k] says whose scale and zero point each column has,
// where that is not its own block.
typedef struct gcut__cuda_nbits_job {
  int64_t m, n, k, blocks, block;
  int64_t first, rows; // of b, that are expanded
  int32_t bits, type, scale_type, zero_type, grouped;
  uint32_t node;
  const void *a, *b, *scales, *zeros, *bias;
  const int32_t *groups;
  void *y; // [m][n], or the rows of b: [rows][k]
  uint32_t *fault;
} gcut__cuda_nbits_job;

// y [outer][indices][inner] from data seen as [outer][axis][inner], values of some bits with scales
// and zero points by block of `block` values along one of the dims. An index out of range gives 0.
typedef struct gcut__cuda_gather_blocks_job {
  int64_t count, axis, n_indices, inner;
  int64_t dims[8], scale_strides[8]; // [rank] of the values; of scales, 0 where one block
  int64_t zero_width;                // zero points of a row, with the filling up of its last byte
  int32_t rank, blocked;
  int64_t block;
  int32_t type, bits, y_type, scale_type, wide; // wide: indices are int64
  const void *data, *indices, *scales, *zeros;
  void *y;
} gcut__cuda_gather_blocks_job;

// y = x in another type, where either is narrower than a byte, a float of 8 bits, or uint64.
typedef struct gcut__cuda_cast_job {
  int64_t count;
  int32_t x_type, y_type, saturate, round; // round: of float8e8m0, gcut_round
  const void *x;
  void *y;
} gcut__cuda_cast_job;

#endif
