// Attributes of com.microsoft's products of 8-bit matrices.
#ifndef GCUT_TRACER_OPS_MICROSOFT_INTEGER_H
#define GCUT_TRACER_OPS_MICROSOFT_INTEGER_H

#include "tracer/ops/op.h"

typedef struct gcut__quantized_gemm_attrs {
  int64_t transA, transB;
  float alpha;
} gcut__quantized_gemm_attrs;

#endif
