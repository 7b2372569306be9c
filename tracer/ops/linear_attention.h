// Attributes of LinearAttention and CausalConvWithState.
#ifndef GCUT_TRACER_OPS_LINEAR_ATTENTION_H
#define GCUT_TRACER_OPS_LINEAR_ATTENTION_H

#include "tracer/ops/op.h"

typedef struct gcut__linear_attention_attrs {
  int64_t q_num_heads, kv_num_heads;
  float scale; // 0: 1 / sqrt(key size)
  gcut_string update_rule;
  int64_t state_window; // com.microsoft's; must be 0
} gcut__linear_attention_attrs;

typedef struct gcut__causal_conv_attrs {
  gcut_string activation;                              // silu, swish, none
  int64_t dilation, ndim, channels_last, state_window; // com.microsoft's; only dilation varies
} gcut__causal_conv_attrs;

// 1: silu, 0: none, -1: unknown.
int gcut__causal_activation(gcut_string name);

#endif
