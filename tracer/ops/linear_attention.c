// LinearAttention: attention whose past is one matrix a head, updated token by token.
// CausalConvWithState: a depthwise convolution over time that carries its last inputs along.
//
// Of LinearAttention, query [B, T, Hq*dk], key [B, T, Hkv*dk], value [B, T, Hkv*dv], past_state [B,
// Hkv, dk, dv], decay [B, T, Hkv*dk] or [B, T, Hkv], beta [B, T, Hkv] or [B, T, 1].
#include "tracer/ops/linear_attention.h"

#include "tracer/ops/expect.h"

static bool is(gcut_string text, const char *name) {
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

// What an update rule does; false where it is unknown. linear: neither.
static bool linear_rule(gcut_string rule, bool *out_decays, bool *out_corrects) {
  bool both = is(rule, "gated_delta");
  *out_decays = both || is(rule, "gated");
  *out_corrects = both || is(rule, "delta");
  return *out_decays || *out_corrects || is(rule, "linear");
}

static gcut_status expect_gates(gcut_infer *c, gcut_dim key_size, gcut_error *err) {
  const gcut__linear_attention_attrs *attrs = c->attrs;
  bool decays, corrects;
  if (!linear_rule(attrs->update_rule, &decays, &corrects))
    return GCUT_NODE_FAIL(c, err, "unknown update_rule");
  if (decays != gcut_infer_has(c, 4) || corrects != gcut_infer_has(c, 5))
    return GCUT_NODE_FAIL(c, err, "this update_rule %s decay and %s beta",
                          decays ? "needs" : "forbids", corrects ? "needs" : "forbids");
  const gcut_dim *q = gcut_infer_dims(c, 0);
  gcut_dim gate[] = {q[0], q[1], GCUT_DIM_INVALID};
  for (uint32_t i = 4; i < 6; i++) {
    GCUT_TRY(gcut__expect_shape(c, i, 3, gate, "batch and length", err));
    gcut_dim wide = gcut_dim_mul(c->dims, attrs->kv_num_heads, key_size);
    gcut_dim last = gcut_infer_has(c, i) ? gcut_infer_dims(c, i)[2] : attrs->kv_num_heads;
    if (last != attrs->kv_num_heads && last != (i == 4 ? wide : 1))
      GCUT_TRY(gcut__expect_dim(c, i, 2, attrs->kv_num_heads, "a gate a head", err));
  }
  return GCUT_OK;
}

static gcut_status linear_attention_infer(gcut_infer *c, gcut_error *err) {
  const gcut__linear_attention_attrs *attrs = c->attrs;
  gcut_dim dk, dv, group;
  if (attrs->state_window)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "state_window is not supported");
  for (uint32_t i = 0; i < 3; i++) GCUT_TRY(gcut_infer_expect_rank(c, i, 3, 3, err));
  if (attrs->q_num_heads < 1 || attrs->kv_num_heads < 1)
    return GCUT_NODE_FAIL(c, err, "q_num_heads and kv_num_heads must be 1 or more");
  const gcut_dim *q = gcut_infer_dims(c, 0);
  GCUT_TRY(
      gcut__divide_dim(c, attrs->q_num_heads, attrs->kv_num_heads, "kv_num_heads", &group, err));
  GCUT_TRY(gcut__divide_dim(c, q[2], attrs->q_num_heads, "q_num_heads", &dk, err));
  GCUT_TRY(
      gcut__divide_dim(c, gcut_infer_dims(c, 2)[2], attrs->kv_num_heads, "kv_num_heads", &dv, err));
  gcut_dim key[] = {q[0], q[1], gcut_dim_mul(c->dims, attrs->kv_num_heads, dk)};
  gcut_dim value[] = {q[0], q[1], GCUT_DIM_INVALID};
  gcut_dim state[] = {q[0], attrs->kv_num_heads, dk, dv};
  GCUT_TRY(gcut__expect_shape(c, 1, 3, key, "key", err));
  GCUT_TRY(gcut__expect_shape(c, 2, 3, value, "value", err));
  GCUT_TRY(gcut__expect_shape(c, 3, 4, state, "past_state", err));
  GCUT_TRY(expect_gates(c, dk, err));
  gcut_dim y[] = {q[0], q[1], gcut_dim_mul(c->dims, attrs->q_num_heads, dv)};
  gcut_dtype state_type = gcut_infer_dtype(c, gcut_infer_has(c, 3) ? 3 : 0);
  GCUT_TRY(gcut_infer_set(c, 0, 0, 3, y, err));
  return gcut_infer_set(c, 1, state_type, 4, state, err);
}

// Reading and writing the state: a multiply-add an element of it, twice, and twice more to correct.
static double linear_attention_flops(const gcut_infer *c) {
  const gcut__linear_attention_attrs *attrs = c->attrs;
  double heads = (double)attrs->q_num_heads, kv = (double)attrs->kv_num_heads;
  if (heads <= 0 || kv <= 0) return 0;
  double size = gcut__dim_double(gcut_infer_dims(c, 0)[2]) / heads;
  return 4 * size * (gcut_fact_count(c->inputs[2]) + gcut_fact_count(&c->outputs[0]));
}

static const gcut_attr_row linear_attention_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__linear_attention_attrs, q_num_heads),
    GCUT_ATTR_INT_REQUIRED(gcut__linear_attention_attrs, kv_num_heads),
    GCUT_ATTR_FLOAT(gcut__linear_attention_attrs, scale, 0),
    GCUT_ATTR_STRING(gcut__linear_attention_attrs, update_rule, "gated_delta"),
    GCUT_ATTR_INT(gcut__linear_attention_attrs, state_window, 0),
    {0},
};

const gcut_op gcut__op_linear_attention = {
    .inputs = "TTTU?T?T?",
    .outputs = "TU?",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .U = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .attrs = linear_attention_rows,
    .attrs_size = sizeof(gcut__linear_attention_attrs),
    .infer = linear_attention_infer,
    .flops = linear_attention_flops,
};

// ---- CausalConvWithState ----------------------------------------------------------------------

int gcut__causal_activation(gcut_string name) {
  if (is(name, "silu") || is(name, "swish")) return 1;
  return is(name, "none") || name.size == 0 ? 0 : -1;
}

// Inputs: input [B, C, L], weight [C, 1, k], bias [C], past_state [B, C, (k-1) * dilation].
static gcut_status causal_conv_infer(gcut_infer *c, gcut_error *err) {
  const gcut__causal_conv_attrs *attrs = c->attrs;
  if (gcut__causal_activation(attrs->activation) < 0)
    return GCUT_NODE_FAIL(c, err, "activation is none of silu, swish and none");
  if (attrs->ndim != 1 || attrs->channels_last || attrs->state_window)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "only one axis, channels first, no window");
  if (attrs->dilation < 1 || attrs->dilation > INT32_MAX)
    return GCUT_NODE_FAIL(c, err, "dilation is %lld", (long long)attrs->dilation);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  const gcut_dim *x = gcut_infer_dims(c, 0);
  gcut_dim weight[] = {x[1], 1, GCUT_DIM_INVALID};
  GCUT_TRY(gcut__expect_shape(c, 1, 3, weight, "weight", err));
  gcut_dim kernel = gcut_infer_dims(c, 1)[2];
  if (kernel == 0) return GCUT_NODE_FAIL(c, err, "the kernel is empty");
  gcut_dim kept = gcut_dim_mul(c->dims, gcut_dim_sub(c->dims, kernel, 1), attrs->dilation);
  gcut_dim state[] = {x[0], x[1], kept};
  GCUT_TRY(gcut__expect_shape(c, 2, 1, &x[1], "bias", err));
  GCUT_TRY(gcut__expect_shape(c, 3, 3, state, "past_state", err));
  GCUT_TRY(gcut_infer_set_like(c, 0, 0, err));
  return gcut_infer_set(c, 1, 0, 3, state, err);
}

static double causal_conv_flops(const gcut_infer *c) {
  return 2 * gcut_fact_count(c->inputs[0]) * gcut__dim_double(gcut_infer_dims(c, 1)[2]);
}

static const gcut_attr_row causal_conv_rows[] = {
    GCUT_ATTR_STRING(gcut__causal_conv_attrs, activation, "none"),
    GCUT_ATTR_INT(gcut__causal_conv_attrs, dilation, 1),
    GCUT_ATTR_INT(gcut__causal_conv_attrs, ndim, 1),
    GCUT_ATTR_INT(gcut__causal_conv_attrs, channels_last, 0),
    GCUT_ATTR_INT(gcut__causal_conv_attrs, state_window, 0),
    {0},
};

const gcut_op gcut__op_causal_conv = {
    .inputs = "TTT?T?",
    .outputs = "TT?",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .attrs = causal_conv_rows,
    .attrs_size = sizeof(gcut__causal_conv_attrs),
    .infer = causal_conv_infer,
    .flops = causal_conv_flops,
};
