// Attributes of com.microsoft's attention operators.
#ifndef GCUT_TRACER_OPS_MICROSOFT_ATTENTION_H
#define GCUT_TRACER_OPS_MICROSOFT_ATTENTION_H

#include "tracer/ops/op.h"

// Attention, QAttention, MultiHeadAttention.
typedef struct gcut_multi_head_attrs {
  int64_t num_heads, unidirectional;
  int64_t do_rotary, past_present_share_buffer; // must be 0
  gcut_ints qkv_hidden_sizes;                   // of Attention
  float scale;                                  // NaN or 0: 1 / sqrt(head size)
  float mask_filter_value;
} gcut_multi_head_attrs;

typedef struct gcut_group_query_attrs {
  int64_t num_heads, kv_num_heads, do_rotary, rotary_interleaved, local_window_size;
  int64_t smooth_softmax, causal, qk_output, sliding_window_cache;
  gcut_string k_quant_type, v_quant_type;
  float scale, softcap, qk_norm_epsilon;
} gcut_group_query_attrs;

#endif
