// Launching Hopper's own products.
#ifndef GCUT_EXEC_CUDA_OPS_MULTIPLY_WIDE_H
#define GCUT_EXEC_CUDA_OPS_MULTIPLY_WIDE_H

#include "exec/cuda/ops/multiply.h"

// How many tiles cover so much.
static inline int64_t gcut__cuda_tiles(int64_t n, int64_t tile) {
  return (n + tile - 1) / tile;
}

// A type in names of kernels.
const char *gcut__cuda_multiply_type(gcut_dtype type);
// Of the kernel of m->kind with small or large tiles: its tile, threads and shared memory.
void gcut__cuda_multiply_describe(gcut__cuda_multiply *m, bool small);
// Finds the kernel that *m describes by its name.
GCUT_MUST_USE gcut_status gcut__cuda_multiply_find(gcut__cuda *cuda, const char *name,
                                                   gcut__cuda_multiply *m, gcut_error *err);

// The kernel with small or large tiles: its tile, threads, shared memory and clusters.
void gcut__cuda_wide_describe(gcut__cuda_multiply *m, bool small);
// How many clusters the card holds at once.
GCUT_MUST_USE gcut_status gcut__cuda_wide_count(gcut__cuda *cuda, gcut__cuda_multiply *m,
                                                gcut_error *err);
// A single product: `job` holds its addresses.
GCUT_MUST_USE gcut_status gcut__cuda_wide_launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                                                 const gcut__cuda_product *p,
                                                 const gcut__cuda_product_job *job, CUstream stream,
                                                 gcut_error *err);

#endif
