// Attributes of com.microsoft's matrix products.
#ifndef GCUT_TRACER_OPS_MICROSOFT_MATMUL_H
#define GCUT_TRACER_OPS_MICROSOFT_MATMUL_H

#include "tracer/ops/fused.h"
#include "tracer/ops/matmul.h"

typedef struct gcut__fused_matmul_attrs {
  int64_t transA, transB;           // the last two dims change places
  int64_t transBatchA, transBatchB; // before that the first dim goes to the last but one place
  float alpha;
} gcut__fused_matmul_attrs;

typedef struct gcut__fused_gemm_attrs {
  gcut__gemm_attrs gemm;
  gcut_string activation;
  float activation_alpha, activation_beta; // NaN: the activation's own
} gcut__fused_gemm_attrs;

// One operand of FusedMatMul as matrices: where dims of the tensor went.
typedef struct gcut__matrix_axes {
  int rows, columns;        // axes; -1: a vector has none there
  int batch[GCUT_MAX_RANK]; // axes
  int n_batch;
} gcut__matrix_axes;

// `right`: the operand on the right, where a vector is a column.
void gcut__fused_axes(int rank, bool transpose, bool transpose_batch, bool right,
                      gcut__matrix_axes *out);

// MatMulNBits and GatherBlockQuantized.
typedef struct gcut__nbits_attrs {
  int64_t K, N, bits, block_size, weight_prepacked;
} gcut__nbits_attrs;

typedef struct gcut__bnb4_attrs {
  int64_t K, N, block_size, quant_type, transB;
} gcut__bnb4_attrs;
// [16]: what four bits stand for, by quant_type, 0 or 1.
const float *gcut__bnb4_values(int64_t quant_type);

typedef struct gcut__gather_blocks_attrs {
  int64_t gather_axis, quantize_axis, block_size, bits;
} gcut__gather_blocks_attrs;

#endif
