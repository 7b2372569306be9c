// Products by kernels of our own: which kernel computes a product, and its launch.
#ifndef GCUT_EXEC_CUDA_OPS_MULTIPLY_H
#define GCUT_EXEC_CUDA_OPS_MULTIPLY_H

#include "exec/cuda/context.h"
#include "exec/cuda/ops/product.h"

typedef enum gcut__cuda_multiply_kind {
  GCUT_CUDA_MULTIPLY_PLAIN, // for every card, type and layout
  GCUT_CUDA_MULTIPLY_MMA,   // 16-bit types on tensor cores
  GCUT_CUDA_MULTIPLY_WIDE,  // Hopper's own
} gcut__cuda_multiply_kind;

typedef struct gcut__cuda_multiply {
  CUfunction kernel;
  gcut__cuda_multiply_kind kind;
  uint32_t rows, columns; // of a tile
  uint32_t threads, shared_bytes;
  uint32_t clusters; // that the card holds at once; 0 where there are none
} gcut__cuda_multiply;

// Finds the kernel by the product's shape and type and by the card.
GCUT_MUST_USE gcut_status gcut__cuda_multiply_load(gcut__cuda *cuda, const gcut__cuda_product *p,
                                                   gcut__cuda_multiply *out, gcut_error *err);

// A kernel of that kind: the one with the small tile or the large one. GCUT_DEVICE where the card
// has none of that kind, GCUT_UNSUPPORTED where none takes such a product.
GCUT_MUST_USE gcut_status gcut__cuda_multiply_load_kind(gcut__cuda *cuda,
                                                        const gcut__cuda_product *p,
                                                        gcut__cuda_multiply_kind kind, bool small,
                                                        gcut__cuda_multiply *out, gcut_error *err);

// Addresses are multiples of the elements' size; of 16 where the product's strides are. `bias`: 0
// where the product has none.
GCUT_MUST_USE gcut_status gcut__cuda_multiply_launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                                                     const gcut__cuda_product *p, CUdeviceptr a,
                                                     CUdeviceptr b, CUdeviceptr c, CUdeviceptr bias,
                                                     CUstream stream, gcut_error *err);

// ---- several right sides, and what becomes of products: Hopper's kernels alone

// Products of one a with one to three b's, in one launch.
typedef struct gcut__cuda_joint {
  gcut__cuda_product product; // of the first b; batch 1, beta 0
  int64_t n[GCUT_CUDA_SIDES]; // columns of each b, and of each result, which lie dense
  uint32_t n_sides;
  gcut__cuda_finish finish;
  gcut__cuda_finish_program program; // with GCUT_CUDA_FINISH_STEPS; adds_vector also with _ADD
} gcut__cuda_joint;

// Where their operands lie; 0 where there is none.
typedef struct gcut__cuda_joint_operands {
  CUdeviceptr a, b[GCUT_CUDA_SIDES];
  CUdeviceptr vectors[GCUT_CUDA_SIDES]; // [n]
  CUdeviceptr matrix;                   // [m][n], to be added last
} gcut__cuda_joint_operands;

// Whether the card's own kernel computes such a product rather than a library's, alone or joined
// with others: by shape, type and card alone.
bool gcut__cuda_multiply_is_own(const gcut__cuda *cuda, const gcut__cuda_product *p);

GCUT_MUST_USE gcut_status gcut__cuda_joint_load(gcut__cuda *cuda, const gcut__cuda_joint *j,
                                                gcut__cuda_multiply *out, gcut_error *err);
// y: [n_sides], or one with GCUT_CUDA_FINISH_SWIGLU. Addresses are multiples of 16.
GCUT_MUST_USE gcut_status gcut__cuda_joint_launch(gcut__cuda *cuda, const gcut__cuda_multiply *m,
                                                  const gcut__cuda_joint *j,
                                                  const gcut__cuda_joint_operands *x,
                                                  const CUdeviceptr *y, CUstream stream,
                                                  gcut_error *err);

#endif
