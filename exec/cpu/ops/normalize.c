// A row is loaded once into doubles; two passes over it give mean and variance without
// cancellation. Layer normalisation of floats goes to oneDNN, three to five times as fast, and what
// floats are not enough for is done again. The others stay: oneDNN's batch normalisation takes 1.2
// to 10 times our time, and it has none by root mean square.
#include "exec/cpu/ops/normalize.h"

#include <float.h>
#include <math.h>

#include "exec/cpu/dnnl.h"
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
static void finish_row(const gcut__normalization *p, uint64_t row, double mean, double inverse,
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

// One row; `x` is room for it.
static void normalize_row(const gcut__normalization *p, uint64_t row, double *x) {
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

gcut_status gcut__normalize_plain(gcut__cpu_call *c, const gcut__normalization *p,
                                  gcut_error *err) {
  double *x = gcut_arena_alloc(c->scratch, p->n, sizeof *x);
  if (!x) return GCUT_NO_MEMORY(err);
  for (uint64_t row = 0; row < p->n_rows; row++) normalize_row(p, row, x);
  return GCUT_OK;
}

// ---- oneDNN -----------------------------------------------------------------------------------

// Elements from which on a call into oneDNN is worth its set-up, and the longest row that it sums
// well in floats.
enum { LARGE = 1 << 13, LONGEST = 1 << 16 };

// Rows of floats that share scale and bias, element by element: layer normalisation. Of images,
// whose channels have one scale each, oneDNN's code is no faster than ours.
static bool suits_dnnl(const gcut__normalization *p) {
  return p->type == GCUT_FLOAT && p->out_type == GCUT_FLOAT && p->center && p->span == 1 &&
         p->period == 1 && p->n <= LONGEST && p->n_rows * p->n >= LARGE;
}

// Whether floats were enough for a row: its mean must not be so far from zero that taking it off
// cancels, and its variance a normal number. NaN is not.
static bool exact_enough(float mean, float variance) {
  return (double)mean * (double)mean <= 64 * (double)variance && variance >= FLT_MIN &&
         variance <= FLT_MAX;
}

static const float *floats_of(gcut__cpu_call *c, const double *x, uint64_t n) {
  float *narrow = gcut_arena_alloc(c->scratch, n, sizeof *narrow);
  for (uint64_t i = 0; narrow && i < n; i++) narrow[i] = (float)x[i];
  return narrow;
}

static gcut_status by_dnnl(gcut__cpu_call *c, const gcut__normalization *p, bool *out_done,
                           gcut_error *err) {
  gcut__float_rows r = {.n_rows = (int64_t)p->n_rows,
                        .n = (int64_t)p->n,
                        .epsilon = (float)p->epsilon,
                        .x = p->x,
                        .y = p->y,
                        .scale = p->scale ? floats_of(c, p->scale, p->n) : NULL,
                        .shift = p->bias ? floats_of(c, p->bias, p->n) : NULL,
                        .mean = gcut_arena_alloc(c->scratch, p->n_rows, sizeof(float)),
                        .variance = gcut_arena_alloc(c->scratch, p->n_rows, sizeof(float))};
  double *x = gcut_arena_alloc(c->scratch, p->n, sizeof *x);
  if (!x || !r.mean || !r.variance || (p->scale && !r.scale) || (p->bias && !r.shift))
    return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__dnnl_normalize(&r, out_done, err));
  for (uint64_t row = 0; *out_done && row < p->n_rows; row++) {
    if (!exact_enough(r.mean[row], r.variance[row])) {
      normalize_row(p, row, x);
      continue;
    }
    if (p->mean) p->mean[row] = (double)r.mean[row];
    if (p->inverse) p->inverse[row] = 1 / sqrt((double)r.variance[row] + p->epsilon);
  }
  return GCUT_OK;
}

gcut_status gcut__normalize(gcut__cpu_call *c, const gcut__normalization *p, gcut_error *err) {
  bool done = false;
  if (p->n_rows == 0 || p->n == 0) return GCUT_OK;
  if (suits_dnnl(p)) GCUT_TRY(by_dnnl(c, p, &done, err));
  return done ? GCUT_OK : gcut__normalize_plain(c, p, err);
}
