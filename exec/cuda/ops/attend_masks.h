// Masks of attention made one that is added. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_MASKS_H
#define GCUT_EXEC_CUDA_OPS_ATTEND_MASKS_H

#include <stdint.h>

// to[b][h][q][k] = the sum of what masks add: an element of `type`, or, of flags, `least` where the
// flag is `hidden` and else 0. Sums of finite numbers stay finite.
typedef struct gcut__cuda_masks_job {
  int64_t dims[4], count;
  struct {
    int64_t strides[4]; // 0 repeats
    int32_t flags, hidden;
    float least;
    const void *data;
  } of[2];
  int32_t n, type;
  void *to; // [dims]
} gcut__cuda_masks_job;

#endif
