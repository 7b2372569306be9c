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

#endif
