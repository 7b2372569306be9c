// Resize and Upsample, nearest and linear. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_RESIZE_H
#define GCUT_EXEC_CUDA_OPS_RESIZE_H

#include <stdint.h>

enum { GCUT_CUDA_RESIZE_DIMS = 8 };

typedef struct gcut__cuda_resize_axis {
  int64_t in, out, stride; // elements; of x
  double scale;
  int32_t same; // output index i is input index i
} gcut__cuda_resize_axis;

typedef struct gcut__cuda_resize_job {
  int64_t count;
  gcut__cuda_resize_axis axes[GCUT_CUDA_RESIZE_DIMS];
  int32_t rank, linear, transform, nearest; // as gcut_resize_transform, gcut_resize_nearest
  int32_t type, size;
  const void *x;
  void *y;
} gcut__cuda_resize_job;

#endif
