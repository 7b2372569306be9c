// Attention on a card: which kernel computes it, and its launch.
#ifndef GCUT_EXEC_CUDA_OPS_ATTEND_H
#define GCUT_EXEC_CUDA_OPS_ATTEND_H

#include <stdbool.h>

#include "exec/cuda/context.h"
#include "exec/cuda/match.h"
#include "exec/cuda/ops/attend_masks.h"
#include "exec/cuda/ops/fused.h"

typedef struct gcut__cuda_attend {
  // The others classify masks, for kernels that want that; or NULL.
  CUfunction kernel, tiles, float_tiles, head_tiles;
  bool wide;              // the kernel is Hopper's
  uint32_t tile, threads; // queries and threads of a block
  uint32_t shared_bytes;
  gcut__cuda_attend_job job; // all but the addresses
} gcut__cuda_attend;

typedef struct gcut__cuda_attend_inputs { // of a step, which is what; 0: there is none
  uint32_t mask, bias, sinks;
} gcut__cuda_attend_inputs;

// Whether there is a kernel for heads of that type and size: up to 256, of 16 bits multiples of 8
// from 16 on.
bool gcut__cuda_attend_has_kernel(int32_t type, int64_t size);

// Of job->mask or job->bias, whose type and strides are set: what hides, and how far the tiles of
// the next head and the next batch are; false where there are too many.
bool gcut__cuda_attend_set_tiles(gcut__cuda_attend_job *job, gcut__cuda_attend_mask *mask);

// A mask that broadcasts to [batch, heads, queries, keys], the job's bias where it is the same for
// all queries. Of flags, those that are `hidden` add `least`. False where there is no kernel for
// it, or that place is taken.
bool gcut__cuda_attend_set_mask(gcut__cuda_attend_job *job, const gcut_type *mask, bool hidden,
                                float least);
// How many of `n` batches and heads in one dimension are batches, by a mask that tells them apart.
int64_t gcut__cuda_attend_batches(const gcut__cuda_matcher *m, const gcut_fused *group, int64_t n);
// How many windows a batch consists of, by a mask of rank 5 that tells them apart, [1, windows, 1,
// queries, keys]; they stand as heads. 1 where no mask does, 0 where there is no kernel.
int64_t gcut__cuda_attend_windows(const gcut__cuda_matcher *m, const gcut_fused *group);
// Of a job whose shapes are set: its masks as they lie, one of queries and keys and one of keys
// alone; or, of others, what makes one of them: *masks is all but the addresses, untouched
// otherwise. False where there is no kernel.
bool gcut__cuda_attend_set_masks(const gcut__cuda_matcher *m, const gcut_fused *group,
                                 gcut__cuda_attend_job *job, gcut__cuda_attend_inputs *inputs,
                                 gcut__cuda_masks_job *masks);
// Has rows of the job's mask begin at multiples of 16 bytes, in a copy that *masks makes, of what
// it made before or of input `mask`; the job's masks are then of that copy. False where that is no
// use.
bool gcut__cuda_attend_pad(gcut__cuda_attend_job *job, gcut__cuda_masks_job *masks);
// Has the job's bias be its mask, or part of one that *masks makes of both, inputs 3 and 4.
bool gcut__cuda_attend_unite(gcut__cuda_attend_job *job, gcut__cuda_attend_inputs *inputs,
                             gcut__cuda_masks_job *masks);
uint64_t gcut__cuda_masks_bytes(const gcut__cuda_masks_job *masks); // of what it makes; none: 0

// Finds the kernels for a->job: by its shapes and types alone. `load_narrow` finds the one that
// every card has, which reads the mask alone: a bias is to be united with it.
GCUT_MUST_USE gcut_status gcut__cuda_attend_load(gcut__cuda *cuda, gcut__cuda_attend *a,
                                                 gcut_error *err);
GCUT_MUST_USE gcut_status gcut__cuda_attend_load_narrow(gcut__cuda *cuda, gcut__cuda_attend *a,
                                                        gcut_error *err);

// Device memory that a launch needs beside its operands.
uint64_t gcut__cuda_attend_scratch(const gcut__cuda_attend_job *job);

// `job` is a->job with the addresses of q, k, v, masks and y, each a multiple of 16.
GCUT_MUST_USE gcut_status gcut__cuda_attend_launch(gcut__cuda *cuda, const gcut__cuda_attend *a,
                                                   gcut__cuda_attend_job job, CUdeviceptr scratch,
                                                   CUstream stream, gcut_error *err);

#endif
