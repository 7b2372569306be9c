// Resize and Upsample. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_RESIZE_H
#define GCUT_EXEC_CUDA_OPS_RESIZE_H

#include <stdint.h>

enum { GCUT_CUDA_RESIZE_DIMS = 8 };

typedef struct gcut__cuda_resize_axis {
  int64_t in, out, stride; // elements; of x
  double scale;
  double from, to; // the part of the axis that is cropped to, in shares of it
  int32_t same;    // output index i is input index i
} gcut__cuda_resize_axis;

typedef struct gcut__cuda_resize_job {
  int64_t count;
  gcut__cuda_resize_axis axes[GCUT_CUDA_RESIZE_DIMS];
  int32_t rank, mode, transform, nearest; // as gcut__resize_mode, _transform, _nearest
  int32_t type, size;
  // Where elements are weighed one by one:
  int32_t whole, antialias, exclude; // whole: results are rounded to integers
  double cubic, outside;             // the cubic kernel's coefficient; beyond a crop
  const void *x;
  void *y;
} gcut__cuda_resize_job;

#endif
