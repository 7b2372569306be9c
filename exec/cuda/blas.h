// Matrix products by cuBLASLt, opened at run time; where there is none, by kernels of our own.
//
// The algorithm is chosen by the shapes alone, by cuBLASLt's heuristic or by ops/multiply.c, and
// remembered: the same product gives the same bits in whatever part it stands.
#ifndef GCUT_EXEC_CUDA_BLAS_H
#define GCUT_EXEC_CUDA_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#include "exec/cuda/driver.h"
#include "graphcut/dtype.h"

typedef struct gcut__cuda_blas gcut__cuda_blas;
struct gcut__cuda; // context.h

// Bytes of device memory that a product may use beside its operands.
#define GCUT_CUDA_BLAS_WORKSPACE (UINT64_C(32) << 20)

typedef enum gcut__cuda_epilogue {
  GCUT_CUDA_EPILOGUE_NONE,
  GCUT_CUDA_EPILOGUE_BIAS, // plus a vector of n
} gcut__cuda_epilogue;

// Row-major: c[batch][m][n] = alpha * op(a)[batch][m][k] * op(b)[batch][k][n] + beta * c. A stride
// of 0 repeats.
typedef struct gcut__cuda_product {
  gcut_dtype
      type; // FLOAT (products in float32, never tf32), FLOAT16, BFLOAT16 (sums in float32), DOUBLE
  int64_t m, n, k, batch;
  int64_t lda, ldb, ldc;                // elements from row to row as stored
  int64_t stride_a, stride_b, stride_c; // elements from one of the batch to the next
  bool transpose_a, transpose_b;
  float alpha, beta;
  gcut__cuda_epilogue epilogue;
} gcut__cuda_product;

// With the card's context current and its kernels loaded; `cuda` outlives it.
GCUT_MUST_USE gcut_status gcut__cuda_blas_open(struct gcut__cuda *cuda, gcut__cuda_blas **out_blas,
                                               gcut_error *err);
void gcut__cuda_blas_close(gcut__cuda_blas *blas);
// Where the library was found, or that there is none, for messages.
const char *gcut__cuda_blas_name(const gcut__cuda_blas *blas);
// Whether products are computed by our own kernels.
bool gcut__cuda_blas_is_own(const gcut__cuda_blas *blas);

// Chooses the algorithm or kernel of a product ahead of its first run.
GCUT_MUST_USE gcut_status gcut__cuda_blas_prepare(gcut__cuda_blas *blas,
                                                  const gcut__cuda_product *product,
                                                  gcut_error *err);
// Runs every product that was prepared once, within `bytes` of device memory of any content: the
// library loads its kernels at their first run, which would hold up the queues.
GCUT_MUST_USE gcut_status gcut__cuda_blas_warm(gcut__cuda_blas *blas, CUdeviceptr memory,
                                               uint64_t bytes, CUstream stream, gcut_error *err);

// Puts the product on the stream. From one thread at a time. `bias`: [n] of the same type, where
// the epilogue says.
GCUT_MUST_USE gcut_status gcut__cuda_blas_run(gcut__cuda_blas *blas,
                                              const gcut__cuda_product *product, CUdeviceptr a,
                                              CUdeviceptr b, CUdeviceptr c, CUdeviceptr bias,
                                              CUdeviceptr workspace, CUstream stream,
                                              gcut_error *err);

#endif
