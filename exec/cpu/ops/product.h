// Dense matrix products inside kernels: c [m][n] = a [m][k] * b [k][n], rows of lda, ldb and ldc
// elements. Each element is summed in the order of k, so it does not depend on how rows or columns
// are blocked. c overlaps nothing.
#ifndef GCUT_EXEC_CPU_OPS_PRODUCT_H
#define GCUT_EXEC_CPU_OPS_PRODUCT_H

#include <stdint.h>

void gcut__product_float(int64_t m, int64_t n, int64_t k, const float *a, int64_t lda,
                         const float *b, int64_t ldb, float *c, int64_t ldc);
void gcut__product_double(int64_t m, int64_t n, int64_t k, const double *a, int64_t lda,
                          const double *b, int64_t ldb, double *c, int64_t ldc);

#endif
