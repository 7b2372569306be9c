// Rows of features in, classes out: what kernels of ai.onnx.ml share.
#ifndef GCUT_EXEC_CPU_OPS_FEATURES_H
#define GCUT_EXEC_CPU_OPS_FEATURES_H

#include "exec/cpu/kernel.h"
#include "tracer/base/narrow.h"
#include "tracer/ops/classify.h"

// Element `i` of a tensor of one of the types these operators take.
static inline double gcut__feature(const gcut_tensor *x, uint64_t i) {
  switch (x->type) {
  case GCUT_FLOAT: return (double)((const float *)x->data)[i];
  case GCUT_DOUBLE: return ((const double *)x->data)[i];
  case GCUT_FLOAT16: return (double)gcut_from_float16(((const uint16_t *)x->data)[i]);
  case GCUT_INT64: return (double)((const int64_t *)x->data)[i];
  default: return ((const int32_t *)x->data)[i];
  }
}

// Elements of the last axis.
static inline uint64_t gcut__n_features(const gcut_tensor *x) {
  return x->rank > 0 ? (uint64_t)x->dims[x->rank - 1] : 1;
}

// The first of the highest scores.
static inline size_t gcut__best(size_t n, const double *scores) {
  size_t best = 0;
  for (size_t i = 1; i < n; i++)
    if (scores[i] > scores[best]) best = i;
  return best;
}

// Writes what a classifier makes of row `row`: the label of class `best`, and its scores.
GCUT_MUST_USE gcut_status gcut__store_class(gcut__cpu_call *c, uint64_t row, gcut__classes classes,
                                            size_t best, const double *scores, gcut_error *err);

#endif
