// Matrix products of our own. Read by C and CUDA.
//
// Three kinds of kernels: plain ones for every card and type; on tensor cores for 16-bit types
// (mma.sync, from Turing on); and Hopper's own. Each adds up k in ascending order, in one sum an
// element: tiles of other sizes give the same bits, and which kind is taken is decided by the
// product's shape and type and by the card alone.
#ifndef GCUT_EXEC_CUDA_OPS_PRODUCT_H
#define GCUT_EXEC_CUDA_OPS_PRODUCT_H

#include "finish.h"
#include "fused.h"

// c[batch][m][n] = alpha * op(a) op(b) + beta * c + bias, row-major; a stride of 0 repeats.
typedef struct gcut__cuda_product_job {
  int64_t m, n, k, batch;
  int64_t lda, ldb, ldc, stride_a, stride_b, stride_c; // elements
  int32_t transpose_a, transpose_b;
  float alpha, beta;
  const void *a, *b, *bias; // bias: [n], or NULL
  void *c;
} gcut__cuda_product_job;

// The same for Hopper, with maps for its copy engine: a times one to three b's.
enum { GCUT_CUDA_SIDES = 3 };
typedef struct gcut__cuda_product_wide {
  gcut__cuda_tensor_map a_map, b_map[GCUT_CUDA_SIDES], c_map[GCUT_CUDA_SIDES];
  gcut__cuda_product_job base; // n, ldc and bias are the first side's
  int32_t n_sides;
  int32_t n[GCUT_CUDA_SIDES];
  int32_t tiles[GCUT_CUDA_SIDES], all_tiles; // side by side: of each, and of all
  const void *vectors[GCUT_CUDA_SIDES];      // [n] of each, or NULL
  const void *skip;                          // the matrix, [m][ldc], or NULL
  gcut__cuda_finish_program finish;
} gcut__cuda_product_wide;

enum {
  GCUT_CUDA_PRODUCT_PLAIN_THREADS = 256,
  GCUT_CUDA_PRODUCT_MMA_THREADS = 128,
  GCUT_CUDA_PRODUCT_MMA_STAGES = 3,
  GCUT_CUDA_PRODUCT_WIDE_THREADS = 384,
  GCUT_CUDA_PRODUCT_CLUSTER = 2, // blocks of Hopper's that share b
  GCUT_CUDA_PRODUCT_WIDE_M = 128,
  GCUT_CUDA_PRODUCT_WIDE_K = 64,
};

#endif
