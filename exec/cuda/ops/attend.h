// Attention on a card: which kernel computes it, and its launch.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_H
#define GCUT_EXEC_CUDA_OPS_ATTEND_H

#include <stdbool.h>

#include "exec/cuda/context.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/attend_masks.h"
#include "exec/cuda/ops/fused.h"

typedef struct gcut__cuda_attend {
  CUfunction kernel, tiles; // `tiles` classifies the mask, for kernels that want that; or NULL
  bool wide;                // the kernel is Hopper's
  uint32_t tile, threads;   // queries and threads of a block
  uint32_t shared_bytes;
  gcut__cuda_attend_job job; // all but the addresses
} gcut__cuda_attend;

// Whether there is a kernel for heads of that type and size: up to 256, of 16 bits multiples of 8
// from 16 on.
bool gcut__cuda_attend_has_kernel(int32_t type, int64_t size);

// Of a mask whose type and strides are set: what hides, and how far the tiles of the next head and
// the next batch are; false where there are too many.
bool gcut__cuda_attend_set_tiles(gcut__cuda_attend_job *job);

// A mask that broadcasts to [batch, heads, queries, keys]; false where there is no kernel for it.
bool gcut__cuda_attend_set_mask(gcut__cuda_attend_job *job, const gcut_type *mask);
// How many of `n` batches and heads in one dimension are batches, by a mask that tells them apart.
int64_t gcut__cuda_attend_batches(const gcut__cuda_matcher *m, const gcut_fused *group, int64_t n);
// How many windows a batch consists of, by a mask of rank 5 that tells them apart, [1, windows, 1,
// queries, keys]; they stand as heads. 1 where no mask does, 0 where there is no kernel.
int64_t gcut__cuda_attend_windows(const gcut__cuda_matcher *m, const gcut_fused *group);
// Of a job whose shapes are set: its one mask as it lies, or, of several, what makes one of them:
// *masks is all but the addresses, untouched otherwise. False where there is no kernel.
bool gcut__cuda_attend_set_masks(const gcut__cuda_matcher *m, const gcut_fused *group,
                                 gcut__cuda_attend_job *job, gcut__cuda_masks_job *masks);
uint64_t gcut__cuda_masks_bytes(const gcut__cuda_masks_job *masks); // of what it makes; none: 0

// Finds the kernels for a->job: by its shapes and types alone. `load_narrow` finds the one that
// every card has.
GCUT_MUST_USE gcut_status gcut__cuda_attend_load(gcut__cuda *cuda, gcut__cuda_attend *a,
                                                 gcut_error *err);
GCUT_MUST_USE gcut_status gcut__cuda_attend_load_narrow(gcut__cuda *cuda, gcut__cuda_attend *a,
                                                        gcut_error *err);

// Device memory that a launch needs beside its operands.
uint64_t gcut__cuda_attend_scratch(const gcut__cuda_attend_job *job);

// `job` is a->job with the addresses of q, k, v, mask and y, each a multiple of 16.
GCUT_MUST_USE gcut_status gcut__cuda_attend_launch(gcut__cuda *cuda, const gcut__cuda_attend *a,
                                                   gcut__cuda_attend_job job, CUdeviceptr scratch,
                                                   CUstream stream, gcut_error *err);

#endif
