// Attributes of com.microsoft's attention operators, and what their inference shares.
#ifndef GCUT_TRACER_OPS_MICROSOFT_ATTENTION_H
#define GCUT_TRACER_OPS_MICROSOFT_ATTENTION_H

#include "tracer/ops/op.h"

// Attention, QAttention, MultiHeadAttention.
typedef struct gcut__multi_head_attrs {
  int64_t num_heads, unidirectional;
  int64_t do_rotary, past_present_share_buffer; // must be 0
  gcut_ints qkv_hidden_sizes;                   // of Attention
  float scale;                                  // NaN or 0: 1 / sqrt(head size)
  float mask_filter_value;
} gcut__multi_head_attrs;

typedef struct gcut__group_query_attrs {
  int64_t num_heads, kv_num_heads, do_rotary, rotary_interleaved, local_window_size;
  int64_t smooth_softmax, causal, qk_output, sliding_window_cache;
  gcut_string k_quant_type, v_quant_type;
  float scale, softcap, qk_norm_epsilon;
  float q_norm_epsilon, k_norm_epsilon; // NaN: qk_norm_epsilon
} gcut__group_query_attrs;

// ---- inference ---------------------------------------------------------------------------------

#define GCUT__ATTENTION_TYPES (GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16))

// B samples, S queries, L new keys, P past keys, T = P + L, N heads, H head size, of values Hv.
typedef struct gcut__attention_sizes {
  gcut_dim batch, queries, keys, past, total, heads, head, v_head;
} gcut__attention_sizes;

// A bias added to scores: [B or 1, N or 1, S, T].
gcut_status gcut__expect_score_bias(gcut_infer *c, uint32_t i, const gcut__attention_sizes *s,
                                    gcut_error *err);
gcut_status gcut__expect_heads(const gcut_infer *c, int64_t heads, gcut_error *err);
// GCUT_UNSUPPORTED where `wanted`.
gcut_status gcut__attention_refuse(const gcut_infer *c, bool wanted, const char *what,
                                   gcut_error *err);
// Of both products over so many keys.
double gcut__scores_flops(const gcut_infer *c, double keys);

#endif
