// DeformConv: columns of an image that is sampled where offsets say. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_DEFORM_H
#define GCUT_EXEC_CUDA_OPS_DEFORM_H

#include "window.h"

// The far image [channels][far] as columns [channels][kernel][near]; offset [groups][kernel][axes]
// [near] and mask [groups][kernel][near] belong to the near places. Axes: the window's last ones.
typedef struct gcut__cuda_deform_job {
  gcut__cuda_window window;
  int64_t channels, per_group; // of an offset group
  int32_t axes, type;
  const void *x, *offset, *mask; // mask: or NULL
  void *columns;
} gcut__cuda_deform_job;

#endif
