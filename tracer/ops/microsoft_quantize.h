// Attributes of com.microsoft's operators on quantised tensors.
#ifndef GCUT_TRACER_OPS_MICROSOFT_QUANTIZE_H
#define GCUT_TRACER_OPS_MICROSOFT_QUANTIZE_H

#include "tracer/ops/matmul.h"
#include "tracer/ops/pool.h"
#include "tracer/ops/softmax.h"

typedef struct gcut__quantized_unary_attrs {
  float alpha;
} gcut__quantized_unary_attrs; // QLinearSigmoid, QLinearLeakyRelu

typedef struct gcut__quantized_concat_attrs {
  int64_t axis;
} gcut__quantized_concat_attrs;

typedef struct gcut__quantized_pool_attrs {
  gcut__pool_attrs pool;
  int64_t channels_last;
} gcut__quantized_pool_attrs; // and QLinearGlobalAveragePool

typedef struct gcut__quantized_softmax_attrs {
  gcut__softmax_attrs softmax;
  int64_t opset; // of the Softmax it stands for
} gcut__quantized_softmax_attrs;

#endif
