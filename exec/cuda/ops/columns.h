// Convolutions as columns and a product: what Conv and DeformConv share.
#ifndef GCUT_EXEC_CUDA_OPS_COLUMNS_H
#define GCUT_EXEC_CUDA_OPS_COLUMNS_H

#include "exec/cuda/blas.h"
#include "exec/cuda/ops/window.h"
#include "exec/cuda/program.h"

// Whether columns of an image of so many channels, elements of `size` bytes, are few enough to
// stand in scratch.
bool gcut__cuda_columns_fit(int64_t channels, const gcut__cuda_window *w, int32_t size);

// Weights [groups * out][depth] by columns [groups * depth][n], a product a group; `add`: to what
// is there.
gcut__cuda_product gcut__cuda_columns_product(int type, int64_t groups, int64_t out, int64_t depth,
                                              int64_t n, bool add);

// Fills output 0 with the bias that is the step's input `bias`, by the kernel gcut_bias.
GCUT_MUST_USE gcut_status gcut__cuda_fill_bias(const gcut__cuda_run *r, CUfunction kernel,
                                               gcut__cuda_bias_job job, uint32_t bias,
                                               gcut_error *err);

#endif
