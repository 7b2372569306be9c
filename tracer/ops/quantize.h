// Attributes of quantize.c, and the granularity of scales.
#ifndef GCUT_TRACER_OPS_QUANTIZE_H
#define GCUT_TRACER_OPS_QUANTIZE_H

#include "tracer/ops/op.h"

typedef struct gcut__quantize_attrs {
  int64_t axis, block_size, output_dtype;
  int64_t saturate, precision; // of QuantizeLinear
} gcut__quantize_attrs;

// How scales lie along a tensor seen as [outer, size, inner], `size` being the axis.
typedef enum gcut__granularity {
  GCUT__PER_TENSOR, // one scale
  GCUT__PER_AXIS,   // [size]
  GCUT__PER_BLOCK,  // [outer, ceil(size / block_size), inner]
} gcut__granularity;

// Of a scale of that rank and size (of its one dim, where the rank is 1).
gcut__granularity gcut__granularity_of(const gcut__quantize_attrs *attrs, int rank, gcut_dim size);
// The axis in [0, rank); a vector has no other than its own.
int64_t gcut__quantize_axis(const gcut__quantize_attrs *attrs, int rank);

#define GCUT__QUANTIZED_BYTES (GCUT_TYPE(INT8) | GCUT_TYPE(UINT8))
#define GCUT__QUANTIZED                                                                            \
  (GCUT__QUANTIZED_BYTES | GCUT_TYPE(INT16) | GCUT_TYPE(UINT16) | GCUT_FLOATS_8 |                  \
   GCUT_TYPE(UINT4) | GCUT_TYPE(INT4) | GCUT_TYPE(FLOAT6E2M3) | GCUT_TYPE(FLOAT6E3M2) |            \
   GCUT_TYPE(FLOAT4E2M1) | GCUT_TYPE(UINT2) | GCUT_TYPE(INT2))

#endif
