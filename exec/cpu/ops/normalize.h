// Rows brought to mean 0 and variance 1 (or to root mean square 1), then scaled and shifted: what
// instance, group, layer and RMS normalisation come down to.
#ifndef GCUT_EXEC_CPU_OPS_NORMALIZE_H
#define GCUT_EXEC_CPU_OPS_NORMALIZE_H

#include "exec/cpu/kernel.h"

// A tensor as `n_rows` packed rows of `n` elements. Element j of row r takes element
// (r % period) * step + j / span of scale and of bias.
typedef struct gcut__normalization {
  gcut_dtype type, out_type;
  const void *x; // [n_rows, n]
  void *y;       // [n_rows, n]
  uint64_t n_rows, n;
  const double *scale, *bias; // NULL: 1 and 0
  uint64_t period, step, span;
  double epsilon;         // added to the variance
  bool center;            // take the mean off; otherwise the mean square stands for the variance
  double *mean, *inverse; // [n_rows] or NULL: what was taken off, what was multiplied by
} gcut__normalization;

GCUT_MUST_USE gcut_status gcut__normalize(gcut__cpu_call *c, const gcut__normalization *p,
                                          gcut_error *err);
// The same in doubles alone.
GCUT_MUST_USE gcut_status gcut__normalize_plain(gcut__cpu_call *c, const gcut__normalization *p,
                                                gcut_error *err);

// Mean and population variance.
void gcut__mean_variance(const double *x, uint64_t n, double *out_mean, double *out_variance);

#endif
