// Matrix products, on which MatMul, Gemm, Einsum and the integer products stand.
#ifndef GCUT_EXEC_CPU_OPS_GEMM_H
#define GCUT_EXEC_CPU_OPS_GEMM_H

#include "exec/cpu/kernel.h"

// C = alpha * op(A) op(B) + beta * D: row-major, A [m, k], B [k, n], C [m, n], before transposition
// A is [k, m] and B [n, k]. Leading dimensions are in elements. Sums over k == 0 are zero.
typedef struct gcut__gemm {
  int64_t m, n, k;
  bool transpose_a, transpose_b;
  int64_t lda, ldb, ldc;
  float alpha, beta;
  bool accumulate;         // of gcut__dnnl_gemm: add to what C holds
  const void *d;           // of C's type; NULL: none
  int64_t d_row, d_column; // strides of D: 0 where it is broadcast
} gcut__gemm;

// A product of packed row-major matrices with alpha 1 and no D.
gcut__gemm gcut__gemm_packed(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b);

// A, B, D and C are of one numeric type. Floating types of 16 bits are widened a block at a time
// and summed in float; integers wrap around.
GCUT_MUST_USE gcut_status gcut__gemm_run(gcut__cpu_call *c, gcut_dtype type, const gcut__gemm *g,
                                         const void *a, const void *b, void *out, gcut_error *err);

// The plain kernels: C = op(A) op(B) for one type that sums are made in (FLOAT, DOUBLE, UINT32,
// UINT64), alpha and D ignored.
void gcut__gemm_plain(gcut_dtype type, const gcut__gemm *g, const void *a, const void *b,
                      void *out);

#endif
