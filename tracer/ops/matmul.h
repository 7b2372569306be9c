// What MatMul's kin share.
#ifndef GCUT_TRACER_OPS_MATMUL_H
#define GCUT_TRACER_OPS_MATMUL_H

#include "tracer/ops/op.h"

typedef struct gcut__gemm_attrs {
  float alpha, beta;
  int64_t transA, transB;
  int64_t broadcast; // before opset 7: C is broadcast only where this is set
} gcut__gemm_attrs;

// Output 0 is the product, as numpy.matmul has it, of inputs `a` and `b`: a vector stands for a row
// on the left and a column on the right, leading dims broadcast.
GCUT_MUST_USE gcut_status gcut__infer_product(gcut_infer *c, uint32_t a, uint32_t b,
                                              gcut_dtype type, gcut_error *err);
// 2 a multiply-add, where output 0 is the product of input `a` with something.
double gcut__flops_product(const gcut_infer *c, uint32_t a);

#endif
