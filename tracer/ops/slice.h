// What Slice means on one axis.
#ifndef GCUT_TRACER_OPS_SLICE_H
#define GCUT_TRACER_OPS_SLICE_H

#include "tracer/ops/op.h"

typedef struct gcut__slice_attrs { // before opset 10
  gcut_ints starts, ends, axes;
} gcut__slice_attrs;

// The elements that start:end:step picks from an axis of `size`: *out_first and then every step.
// Ends count from the back where negative and are clamped. step is not 0.
int64_t gcut__slice_axis(int64_t size, int64_t start, int64_t end, int64_t step,
                         int64_t *out_first);

#endif
