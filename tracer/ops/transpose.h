// Attributes of the operators that permute axes.
#ifndef GCUT_TRACER_OPS_TRANSPOSE_H
#define GCUT_TRACER_OPS_TRANSPOSE_H

#include "tracer/ops/op.h"

typedef struct gcut__transpose_attrs {
  gcut_ints perm; // absent: axes reversed
} gcut__transpose_attrs;

typedef struct gcut__depth_attrs {
  int64_t blocksize;
  gcut_string mode; // DCR or CRD
} gcut__depth_attrs;

// Whether the mode is CRD: the block's place is the inner part of the depth.
bool gcut__depth_is_crd(const gcut__depth_attrs *attrs);

#endif
