// What the families of this folder share: prototypes of their compile functions, and launching over
// elements or rows.
#ifndef GCUT_EXEC_CUDA_OPS_COMPILE_H
#define GCUT_EXEC_CUDA_OPS_COMPILE_H

#include "exec/cuda/ops/list.h"
#include "exec/cuda/program.h"

// A family's function serves several operators: X repeats its prototype.
#define X(name, ident)                                                                             \
  gcut_status gcut__cuda_compile_##ident(const gcut__cuda_compile *c, gcut_error *err);
GCUT_CUDA_OP_LIST(X)
#undef X

// A sum of two tensors of one shape, eight elements at once; false where it is no such sum.
bool gcut__cuda_compile_sum(const gcut__cuda_compile *c, gcut_status *out_status, gcut_error *err);

// Launches a grid-stride kernel of 256 threads a block over `count` elements; nothing where there
// are none.
GCUT_MUST_USE gcut_status gcut__cuda_launch_over(const gcut__cuda_run *r, CUfunction kernel,
                                                 uint64_t count, void **arguments, gcut_error *err);
// Launches a block of `threads` for each of `rows`.
GCUT_MUST_USE gcut_status gcut__cuda_launch_rows(const gcut__cuda_run *r, CUfunction kernel,
                                                 uint64_t rows, uint32_t threads, void **arguments,
                                                 gcut_error *err);

#endif
