// Weights of a few bits, as MatMulNBits has them, and how they become the right side of a product.
#ifndef GCUT_EXEC_CUDA_OPS_NBITS_H
#define GCUT_EXEC_CUDA_OPS_NBITS_H

#include "exec/cuda/ops/multiply.h"
#include "exec/cuda/ops/quantize.h"
#include "exec/cuda/program.h"

enum {
  GCUT_CUDA_NBITS_INPUTS = 5
}; // a, b, scales, zero points, groups: the last two may be absent

typedef struct gcut__cuda_nbits {
  gcut__cuda_nbits_job job;         // without addresses
  gcut__cuda_dequantize_job eights; // the same for rows from 0 on, where `by_eights`
  bool by_eights;
  CUfunction expand;
} gcut__cuda_nbits;

// All but `expand` for weights [n][k] of those bits and types, by blocks of k; zero_type 0: none.
// False where a kernel for such is missing.
bool gcut__cuda_nbits_describe(const gcut__cuda_nbits_job *job, gcut__cuda_nbits *out);
// The node with inputs of those types, NULL where absent: all but `expand`. False where it stays on
// the host.
bool gcut__cuda_nbits_read(const gcut_node *node, const gcut_type *const *types, uint32_t number,
                           gcut__cuda_nbits *out);
// a [m][k] times the turned weights [n][k].
gcut__cuda_product gcut__cuda_nbits_product(const gcut__cuda_nbits *n, bool has_bias);

GCUT_MUST_USE gcut_status gcut__cuda_nbits_load(gcut__cuda *cuda, gcut__cuda_nbits *n,
                                                gcut_error *err);
// Bytes of rows of the weights, expanded.
uint64_t gcut__cuda_nbits_bytes(const gcut__cuda_nbits *n, int64_t rows);
// Rows of the weights from `first` on, to y in the type of a. inputs: the node's, 0 where absent.
GCUT_MUST_USE gcut_status gcut__cuda_nbits_expand(const gcut__cuda_run *r,
                                                  const gcut__cuda_nbits *n, int64_t first,
                                                  int64_t rows, const CUdeviceptr *inputs,
                                                  CUdeviceptr y, gcut_error *err);

#endif
