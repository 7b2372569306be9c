// Pools beyond the plain maxima and averages of window.h, and their inverse. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_POOL_H
#define GCUT_EXEC_CUDA_OPS_POOL_H

#include "window.h"

// Maxima of any type, and which element of x each is: within all planes, the plane's own part
// counted down its columns first where that is asked for.
typedef struct gcut__cuda_max_job {
  gcut__cuda_window window;
  int64_t planes;
  int32_t type, by_columns;
  const void *x;
  void *y;
  int64_t *indices; // or NULL
} gcut__cuda_max_job;

// y = (the sum of |x|^p over the window)^(1/p).
typedef struct gcut__cuda_lp_job {
  gcut__cuda_window window;
  int64_t planes;
  int32_t type;
  float p;
  const void *x;
  void *y;
} gcut__cuda_lp_job;

enum { GCUT_CUDA_UNPOOL_DIMS = 8 };

// Elements of x go where their indices into a tensor of shape `from` say, as far as that lies in y.
// Of several the last stays: `last` [n_y] is its number and one more, 0 where there is none.
typedef struct gcut__cuda_unpool_job {
  int64_t n_x, n_y, n_from;
  int64_t from[GCUT_CUDA_UNPOOL_DIMS], to[GCUT_CUDA_UNPOOL_DIMS];
  int32_t rank, size;
  uint32_t node;
  const void *x;
  const int64_t *indices;
  void *y;
  unsigned long long *last;
  uint32_t *fault;
} gcut__cuda_unpool_job;

#endif
