// Products of 8-bit matrices, exact, where the processor multiplies bytes itself.
#ifndef GCUT_EXEC_CPU_OPS_BYTE_GEMM_H
#define GCUT_EXEC_CPU_OPS_BYTE_GEMM_H

#include "exec/cpu/kernel.h"

// op(A) [m, k] and op(B) [k, n] of uint8 or int8, each less its zero points: one number (step 0),
// or one a row of op(A) and one a column of op(B) (step 1).
typedef struct gcut__byte_gemm {
  int64_t m, n, k, lda, ldb;
  bool transpose_a, transpose_b;
  gcut_dtype a_type, b_type;
  const void *a, *b;
  const float *a_zero, *b_zero;
  int64_t a_zero_step, b_zero_step;
  // Work space of gcut__byte_gemm_begin.
  int32_t *raw, *rows, *columns; // [m, n], [m], [n]
  int8_t *flipped;               // [depth, n]
} gcut__byte_gemm;

// Whether types and processor allow it; gets work space for matrices of that size at most.
GCUT_MUST_USE gcut_status gcut__byte_gemm_begin(gcut__cpu_call *c, gcut__byte_gemm *g,
                                                bool *out_can, gcut_error *err);
// Whether sums of that many products fit int32, and raw ones, of zero points 0.
bool gcut__byte_gemm_fits(int64_t k);
// Where they do, with a zero point each: the sum at [i, j] is raw[i, j] + rows[i] + columns[j].
GCUT_MUST_USE gcut_status gcut__byte_gemm_raw(const gcut__byte_gemm *g, gcut_error *err);
// sum [m, n]
GCUT_MUST_USE gcut_status gcut__byte_gemm_run(const gcut__byte_gemm *g, double *sum,
                                              gcut_error *err);

#endif
