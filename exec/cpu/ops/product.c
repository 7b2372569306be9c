// A product in register tiles of 4 rows by 16 columns; edges go element by element in the same
// order of summation.
#include "exec/cpu/ops/product.h"

enum { TILE_ROWS = 4, TILE_COLUMNS = 16 };

#define DEFINE_PRODUCT(REAL)                                                                       \
  static void tile_##REAL(int64_t k, const REAL *a, int64_t lda, const REAL *b, int64_t ldb,       \
                          REAL *c, int64_t ldc) {                                                  \
    REAL sum[TILE_ROWS][TILE_COLUMNS] = {{0}};                                                     \
    for (int64_t p = 0; p < k; p++)                                                                \
      for (int r = 0; r < TILE_ROWS; r++)                                                          \
        for (int j = 0; j < TILE_COLUMNS; j++) sum[r][j] += a[r * lda + p] * b[p * ldb + j];       \
    for (int r = 0; r < TILE_ROWS; r++)                                                            \
      for (int j = 0; j < TILE_COLUMNS; j++) c[r * ldc + j] = sum[r][j];                           \
  }                                                                                                \
                                                                                                   \
  static void edge_##REAL(int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,             \
                          const REAL *b, int64_t ldb, REAL *c, int64_t ldc) {                      \
    for (int64_t r = 0; r < m; r++) {                                                              \
      for (int64_t j = 0; j < n; j++) c[r * ldc + j] = 0;                                          \
      for (int64_t p = 0; p < k; p++)                                                              \
        for (int64_t j = 0; j < n; j++) c[r * ldc + j] += a[r * lda + p] * b[p * ldb + j];         \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  void gcut__product_##REAL(int64_t m, int64_t n, int64_t k, const REAL *a, int64_t lda,           \
                            const REAL *b, int64_t ldb, REAL *c, int64_t ldc) {                    \
    int64_t rows = m - m % TILE_ROWS, columns = n - n % TILE_COLUMNS;                              \
    for (int64_t i = 0; i < rows; i += TILE_ROWS)                                                  \
      for (int64_t j = 0; j < columns; j += TILE_COLUMNS)                                          \
        tile_##REAL(k, a + i * lda, lda, b + j, ldb, c + i * ldc + j, ldc);                        \
    edge_##REAL(rows, n - columns, k, a, lda, b + columns, ldb, c + columns, ldc);                 \
    edge_##REAL(m - rows, n, k, a + rows * lda, lda, b, ldb, c + rows * ldc, ldc);                 \
  }

DEFINE_PRODUCT(float)
DEFINE_PRODUCT(double)
