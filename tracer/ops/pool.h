// Attributes of pool.c.
#ifndef GCUT_TRACER_OPS_POOL_H
#define GCUT_TRACER_OPS_POOL_H

#include "tracer/ops/window.h"

typedef struct gcut__pool_attrs {
  gcut__window_attrs window;
  int64_t storage_order;     // MaxPool: 1 has column-major indices
  int64_t count_include_pad; // AveragePool
  float p;                   // LpPool
} gcut__pool_attrs;

typedef struct gcut__global_pool_attrs {
  float p; // GlobalLpPool
} gcut__global_pool_attrs;

typedef struct gcut__unpool_attrs {
  gcut__window_attrs window; // kernel_shape, strides, pads
} gcut__unpool_attrs;

// What MaxUnpool inverts: spatial sizes [n] of the pool's input, as window and output tell.
void gcut__unpool_sizes(gcut_dims *dims, const gcut__window *w, const gcut_dim *pooled,
                        gcut_dim *out);

#endif
