// Masks of attention made one that is added. Read by C and CUDA.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_MASKS_H
#define GCUT_EXEC_CUDA_OPS_ATTEND_MASKS_H

#include <stdint.h>

// to[b][h][q][k] = the sum of what masks add: an element of their type, or, of flags, `least` where
// the flag is `hidden` and else 0. What drowns scores by itself does so in the sum: that is finite,
// and the least number of `type`.
typedef struct gcut__cuda_masks_job {
  int64_t dims[4], count, pitch; // pitch: elements from a row to the next
  struct {
    int64_t strides[4];          // 0 repeats
    int32_t type, hidden;        // BOOL: flags
    float least, drowns, factor; // elements that are no flags are multiplied first
    const void *data;
  } of[2];
  int32_t n, type;
  void *to; // [dims]
} gcut__cuda_masks_job;

#endif
