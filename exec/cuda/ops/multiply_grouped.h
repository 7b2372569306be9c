// Products of rows each of which chooses one of several b's: which kernel computes them, and its
// launch. What a row gives depends on nothing but itself and the b it chose.
#ifndef GCUT_EXEC_CUDA_OPS_MULTIPLY_GROUPED_H
#define GCUT_EXEC_CUDA_OPS_MULTIPLY_GROUPED_H

#include "exec/cuda/ops/grouped.h"
#include "exec/cuda/ops/multiply.h"

// c [rows][n] = a [rows / repeat][k], each row `repeat` times, by b [choices][k][n] or, transposed,
// [choices][n][k]; all dense. Or SwiGLU of it, c [rows][n / 2]: of its left half, the gates, and
// its right.
typedef struct gcut__cuda_grouped {
  gcut_dtype type; // of 16 bits and more, as other products
  int64_t rows, choices, n, k, repeat;
  bool transpose_b, swiglu;
  gcut_dtype index_type; // INT64, INT32
} gcut__cuda_grouped;

typedef struct gcut__cuda_grouped_multiply {
  CUfunction route;
  gcut__cuda_multiply multiply;
  uint64_t scratch_bytes;
} gcut__cuda_grouped_multiply;

// Whether there are kernels for it: by type and sizes.
bool gcut__cuda_grouped_fits(const gcut__cuda_grouped *g);

GCUT_MUST_USE gcut_status gcut__cuda_grouped_load(gcut__cuda *cuda, const gcut__cuda_grouped *g,
                                                  gcut__cuda_grouped_multiply *out,
                                                  gcut_error *err);
// The same by a kind of kernel; GCUT_DEVICE where the card has none, GCUT_UNSUPPORTED where it does
// not take such products.
GCUT_MUST_USE gcut_status gcut__cuda_grouped_load_kind(gcut__cuda *cuda,
                                                       const gcut__cuda_grouped *g,
                                                       gcut__cuda_multiply_kind kind,
                                                       gcut__cuda_grouped_multiply *out,
                                                       gcut_error *err);

// Addresses are multiples of 16; scratch: scratch_bytes, of any content. An index out of range is
// told at `fault`, as node + 1. b may have but some of `all` choices, from `first` on: rows of
// others are left as they are.
typedef struct gcut__cuda_grouped_operands {
  CUdeviceptr a, indices, b, c, scratch, fault;
  uint32_t node;
  int64_t first, all;
} gcut__cuda_grouped_operands;
GCUT_MUST_USE gcut_status gcut__cuda_grouped_launch(gcut__cuda *cuda,
                                                    const gcut__cuda_grouped_multiply *m,
                                                    const gcut__cuda_grouped *g,
                                                    const gcut__cuda_grouped_operands *at,
                                                    CUstream stream, gcut_error *err);

#endif
