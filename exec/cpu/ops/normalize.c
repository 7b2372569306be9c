// A row is loaded once into doubles; two passes over it give mean and variance without
// cancellation.
#include "exec/cpu/ops/normalize.h"

#include <math.h>

#include "exec/cpu/ops/real.h"

void gcut__mean_variance(const double *x, uint64_t n, double *out_mean, double *out_variance) {
  double mean = gcut__sum(x, n) / (double)n, lane[4] = {0};
  uint64_t whole = n - n % 4;
  for (uint64_t i = 0; i < whole; i += 4)
    for (int k = 0; k < 4; k++)
      lane[k] += (x[i + (uint64_t)k] - mean) * (x[i + (uint64_t)k] - mean);
  for (uint64_t i = whole; i < n; i++) lane[i % 4] += (x[i] - mean) * (x[i] - mean);
  *out_mean = mean;
  *out_variance = ((lane[0] + lane[1]) + (lane[2] + lane[3])) / (double)n;
}

// x = (x - mean) * inverse * scale + bias, scale and bias along the row in steps of `span`.
static void finish_row(const gcut_normalize *p, uint64_t row, double mean, double inverse,
                       double *x) {
  uint64_t at = row % p->period * p->step;
  const double *scale = p->scale ? p->scale + at : NULL, *bias = p->bias ? p->bias + at : NULL;
  if (p->span == 1) {
    for (uint64_t j = 0; j < p->n; j++) x[j] = (x[j] - mean) * inverse;
    for (uint64_t j = 0; scale && j < p->n; j++) x[j] *= scale[j];
    for (uint64_t j = 0; bias && j < p->n; j++) x[j] += bias[j];
    return;
  }
  for (uint64_t j = 0; j < p->n; j += p->span) {
    double factor = inverse * (scale ? scale[j / p->span] : 1), add = bias ? bias[j / p->span] : 0;
    for (uint64_t k = j; k < j + p->span; k++) x[k] = (x[k] - mean) * factor + add;
  }
}

gcut_status gcut__normalize(gcut_cpu_call *c, const gcut_normalize *p, gcut_error *err) {
  if (p->n_rows == 0 || p->n == 0) return GCUT_OK;
  double *x = gcut_arena_alloc(c->scratch, p->n, sizeof *x);
  if (!x) return GCUT_NO_MEMORY(err);
  for (uint64_t row = 0; row < p->n_rows; row++) {
    double mean = 0, variance;
    gcut__load_doubles(p->type, p->x, row * p->n, 1, p->n, x);
    if (p->center)
      gcut__mean_variance(x, p->n, &mean, &variance);
    else
      variance = gcut__sum_squares(x, p->n) / (double)p->n;
    double inverse = 1 / sqrt(variance + p->epsilon);
    if (p->mean) p->mean[row] = mean;
    if (p->inverse) p->inverse[row] = inverse;
    finish_row(p, row, mean, inverse, x);
    gcut__store_doubles(p->out_type, p->y, row * p->n, 1, p->n, x);
  }
  return GCUT_OK;
}
