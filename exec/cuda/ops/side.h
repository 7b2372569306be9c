// A product of the card's own kernel among a part's nodes, with the vector added to its rows.
#ifndef GCUT_EXEC_CUDA_OPS_SIDE_H
#define GCUT_EXEC_CUDA_OPS_SIDE_H

#include "exec/cuda/match.h"
#include "exec/cuda/ops/nbits.h"

enum { GCUT_CUDA_SIDE_NODES = 3 };

typedef struct gcut__cuda_side {
  gcut__cuda_product product;
  uint32_t a, b, vector, result;                 // values; vector: or GCUT_NONE
  bool packed;                                   // b is weights of a few bits
  gcut__cuda_nbits nbits;                        // they, with scales and zero points: values,
  uint32_t scales, zeros;                        // zeros: or GCUT_NONE
  bool after;                                    // the vector is added to what has been rounded
  uint32_t nodes[GCUT_CUDA_SIDE_NODES], n_nodes; // the product first
} gcut__cuda_side;

// MatMul, Gemm, MatMulNBits.
bool gcut__cuda_is_product(const gcut_node *node);
// The node as a product; false where it is none, or not the own kernel's.
bool gcut__cuda_side_of_node(const gcut__cuda_matcher *m, const gcut_node *node,
                             gcut__cuda_side *out);
// The product that makes a value, by way of a Reshape where there is one; false where none does, or
// where others read what lies between.
bool gcut__cuda_side_of(const gcut__cuda_matcher *m, uint32_t value, gcut__cuda_side *out);
// The same where a vector may have been added to the product.
bool gcut__cuda_side_with_vector(const gcut__cuda_matcher *m, uint32_t value, gcut__cuda_side *out);

#endif
