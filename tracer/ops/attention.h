// Attributes of the attention family, as infer functions and kernels share them.
#ifndef GCUT_TRACER_OPS_ATTENTION_H
#define GCUT_TRACER_OPS_ATTENTION_H

#include "tracer/ops/op.h"

typedef struct gcut__attention_attrs {
  int64_t is_causal;
  int64_t q_num_heads, kv_num_heads; // 0: not given (4-D inputs)
  int64_t qk_matmul_output_mode;     // 0 raw, 1 after softcap, 2 with bias, 3 probabilities
  int64_t softmax_precision;         // a gcut_dtype; 0: as computed
  int64_t left_window_size, right_window_size; // -1: unbounded
  float scale;                                 // NaN: 1 / sqrt(head size)
  float softcap;                               // 0: none
} gcut__attention_attrs;

typedef struct gcut__flex_attention_attrs {
  uint32_t score_mod, prob_mod; // bodies, or GCUT_NONE
  int64_t softmax_precision;
  float scale; // NaN: 1 / sqrt(head size)
} gcut__flex_attention_attrs;

// The type that FlexAttention's scores have.
gcut_dtype gcut__flex_type(const gcut__flex_attention_attrs *attrs, gcut_dtype type);

#endif
