// Elementwise programs that a product's kernel walks before it stores the product.
#ifndef GCUT_EXEC_CUDA_OPS_FINISH_PROGRAM_H
#define GCUT_EXEC_CUDA_OPS_FINISH_PROGRAM_H

#include <stdbool.h>

#include "exec/cuda/ops/finish.h"
#include "graphcut/dtype.h"

typedef struct gcut__cuda_finish_found {
  gcut__cuda_finish finish;
  gcut__cuda_finish_program program;
  int vector, matrix; // inputs of the elementwise program, or -1
} gcut__cuda_finish_found;

// The program after a product of n columns, which is its input `product`; false where the kernel
// lacks an instruction, has too few slots, or adds a vector or a matrix elsewhere. `numbers`:
// [n_inputs], what inputs of one element hold; NaN where that is not known.
bool gcut__cuda_finish_find(const gcut__cuda_element_job *job, int product, int64_t n,
                            gcut_dtype type, const float *numbers, gcut__cuda_finish_found *out);

#endif
