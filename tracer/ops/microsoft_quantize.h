// Attributes of com.microsoft's operators on quantised tensors.
#ifndef GCUT_TRACER_OPS_MICROSOFT_QUANTIZE_H
#define GCUT_TRACER_OPS_MICROSOFT_QUANTIZE_H

#include "tracer/ops/matmul.h"
#include "tracer/ops/pool.h"
#include "tracer/ops/softmax.h"

typedef struct gcut_quantized_unary_attrs {
  float alpha;
} gcut_quantized_unary_attrs; // QLinearSigmoid, QLinearLeakyRelu

typedef struct gcut_quantized_concat_attrs {
  int64_t axis;
} gcut_quantized_concat_attrs;

typedef struct gcut_quantized_pool_attrs {
  gcut_pool_attrs pool;
  int64_t channels_last;
} gcut_quantized_pool_attrs; // and QLinearGlobalAveragePool

typedef struct gcut_quantized_softmax_attrs {
  gcut_softmax_attrs softmax;
  int64_t opset; // of the Softmax it stands for
} gcut_quantized_softmax_attrs;

#endif
