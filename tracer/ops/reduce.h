// Attributes of Reduce*, and which axes they reduce.
#ifndef GCUT_TRACER_OPS_REDUCE_H
#define GCUT_TRACER_OPS_REDUCE_H

#include "tracer/ops/op.h"

typedef struct gcut__reduce_attrs {
  gcut_ints axes; // before opset 18 (ReduceSum: 13); then input 1
  int64_t keepdims, noop_with_empty_axes;
} gcut__reduce_attrs;

// Marks the dims to reduce: those of `axes`, in [-rank, rank); all of them where n is 0, unless the
// attributes say none.
static inline void gcut__reduce_mask(const gcut__reduce_attrs *attrs, const int64_t *axes, size_t n,
                                     int rank, bool *out_mask) {
  for (int d = 0; d < rank; d++) out_mask[d] = n == 0 && !attrs->noop_with_empty_axes;
  for (size_t k = 0; k < n; k++) out_mask[axes[k] < 0 ? axes[k] + rank : axes[k]] = true;
}

#endif
