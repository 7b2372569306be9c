// Det: Gaussian elimination with partial pivoting, in doubles.
#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"

// Brings the largest element of column k, from row k on, into row k. True where rows were
// exchanged.
static bool pivot(double *a, int64_t n, int64_t k) {
  int64_t most = k;
  for (int64_t i = k + 1; i < n; i++)
    if (fabs(a[i * n + k]) > fabs(a[most * n + k])) most = i;
  for (int64_t j = k; most != k && j < n; j++) {
    double other = a[k * n + j];
    a[k * n + j] = a[most * n + j];
    a[most * n + j] = other;
  }
  return most != k;
}

static double determinant(double *a, int64_t n) {
  double det = 1;
  for (int64_t k = 0; k < n; k++) {
    if (pivot(a, n, k)) det = -det;
    double diagonal = a[k * n + k];
    det *= diagonal;
    if (diagonal == 0) return det;
    for (int64_t i = k + 1; i < n; i++) {
      double factor = a[i * n + k] / diagonal;
      for (int64_t j = k; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return det;
}

gcut_status gcut__cpu_det(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *y = c->outputs[0];
  int64_t n = x->dims[x->rank - 1];
  uint64_t size = (uint64_t)n * (uint64_t)n;
  double *matrix = gcut_arena_alloc(c->scratch, size, sizeof *matrix);
  if (!matrix) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < y->count; i++) {
    gcut__load_doubles(x->type, x->data, i * size, 1, size, matrix);
    double det = determinant(matrix, n);
    gcut__store_doubles(y->type, y->data, i, 1, 1, &det);
  }
  return GCUT_OK;
}
