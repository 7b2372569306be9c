// MultiHeadAttention, Attention and QAttention of com.microsoft, and what GroupQueryAttention
// (group_query.c) checks as they do.
//
// Sizes: B samples, S queries, L new keys, P past keys, T = P + L, N heads (Nkv of keys), H head
// size. Past and present are [B, N, length, H]; Attention keeps both in one [2, B, N, length, H].
#include "tracer/ops/microsoft_attention.h"

#include <inttypes.h>
#include <math.h>

#include "tracer/ops/expect.h"

gcut_status gcut__expect_score_bias(gcut_infer *c, uint32_t i, const gcut__attention_sizes *s,
                                    gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  gcut_dim full[] = {s->batch, s->heads, s->queries, s->total};
  GCUT_TRY(gcut_infer_expect_rank(c, i, 4, 4, err));
  for (int d = 0; d < 4; d++)
    if (d >= 2 || gcut_infer_dims(c, i)[d] != 1)
      GCUT_TRY(gcut__expect_dim(c, i, d, full[d], "attention_bias", err));
  return GCUT_OK;
}

// A mask: lengths [B], ends and starts [2B], lengths with offsets [3B + 2], or which keys count:
// [B, T], [B, S, T], [B, 1, most, most].
static gcut_status expect_mask(gcut_infer *c, uint32_t i, const gcut__attention_sizes *s,
                               gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  const gcut_dim *dims = gcut_infer_dims(c, i);
  gcut_dim keys[] = {s->batch, s->total}, each[] = {s->batch, s->queries, s->total};
  gcut_dim square[] = {s->batch, 1, GCUT_DIM_INVALID, GCUT_DIM_INVALID};
  switch (gcut_infer_rank(c, i)) {
  case 1:
    if (!gcut_dim_known(dims[0]) || !gcut_dim_known(s->batch) || dims[0] == s->batch ||
        dims[0] == 2 * s->batch || dims[0] == 3 * s->batch + 2)
      return GCUT_OK;
    return GCUT_NODE_FAIL(c, err, "a mask of %" PRId64 " numbers for %" PRId64 " samples", dims[0],
                          s->batch);
  case 2: return gcut__expect_shape(c, i, 2, keys, "mask", err);
  case 3: return gcut__expect_shape(c, i, 3, each, "mask", err);
  case 4:
    GCUT_TRY(gcut__expect_shape(c, i, 4, square, "mask", err));
    for (int d = 2; d < 4; d++)
      if (gcut_dim_known(dims[d]) && gcut_dim_known(s->total) && dims[d] < s->total)
        return GCUT_NODE_FAIL(c, err, "the mask covers %" PRId64 " of %" PRId64 " keys", dims[d],
                              s->total);
    return GCUT_OK;
  default: return GCUT_NODE_FAIL(c, err, "a mask of rank %d", gcut_infer_rank(c, i));
  }
}

gcut_status gcut__expect_heads(const gcut_infer *c, int64_t heads, gcut_error *err) {
  if (heads >= 1 && heads <= INT32_MAX) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "%" PRId64 " heads", heads);
}

gcut_status gcut__attention_refuse(const gcut_infer *c, bool wanted, const char *what,
                                   gcut_error *err) {
  if (!wanted) return GCUT_OK;
  return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "%s is not supported", what);
}

double gcut__scores_flops(const gcut_infer *c, double keys) {
  return 4 * keys * gcut_fact_count(&c->outputs[0]);
}

// ---- MultiHeadAttention: query, key, value, bias, key_padding_mask, attention_bias, past_key,
// past_value, past_sequence_length, cache_indirection

// All three packed in query: [B, S, N, 3, H].
static gcut_status read_packed(gcut_infer *c, gcut__attention_sizes *s, gcut_error *err) {
  const gcut_dim *q = gcut_infer_dims(c, 0);
  if (gcut_infer_has(c, 1) || gcut_infer_has(c, 2))
    return GCUT_NODE_FAIL(c, err, "a packed query leaves no room for key and value");
  gcut_dim packed[] = {GCUT_DIM_INVALID, GCUT_DIM_INVALID, s->heads, 3, GCUT_DIM_INVALID};
  GCUT_TRY(gcut__expect_shape(c, 0, 5, packed, "packed query", err));
  s->batch = q[0], s->queries = s->keys = q[1], s->head = s->v_head = q[4];
  return GCUT_OK;
}

// Keys and values: [B, L, N*H] each, [B, N, L, H] each, or packed in key [B, L, N, 2, H].
static gcut_status read_key_value(gcut_infer *c, gcut__attention_sizes *s, gcut_error *err) {
  if (!gcut_infer_has(c, 1)) return GCUT_NODE_FAIL(c, err, "key is missing");
  const gcut_dim *k = gcut_infer_dims(c, 1);
  int rank = gcut_infer_rank(c, 1);
  bool has_value = gcut_infer_has(c, 2);
  if (has_value == (rank == 5)) return GCUT_NODE_FAIL(c, err, "key and value do not fit together");
  s->v_head = s->head;
  if (rank == 5) {
    gcut_dim packed[] = {s->batch, GCUT_DIM_INVALID, s->heads, 2, s->head};
    s->keys = k[1];
    return gcut__expect_shape(c, 1, 5, packed, "packed key", err);
  }
  if (rank == 4) {
    gcut_dim split[] = {s->batch, s->heads, GCUT_DIM_INVALID, s->head};
    GCUT_TRY(gcut__expect_shape(c, 1, 4, split, "key", err));
    s->keys = k[2];
    gcut_dim values[] = {s->batch, s->heads, s->keys, GCUT_DIM_INVALID};
    GCUT_TRY(gcut__expect_shape(c, 2, 4, values, "value", err));
    s->v_head = gcut_infer_dims(c, 2)[3];
    return GCUT_OK;
  }
  gcut_dim merged[] = {s->batch, GCUT_DIM_INVALID, gcut_dim_mul(c->dims, s->heads, s->head)};
  GCUT_TRY(gcut__expect_shape(c, 1, 3, merged, "key", err));
  s->keys = k[1];
  gcut_dim values[] = {s->batch, s->keys, GCUT_DIM_INVALID};
  GCUT_TRY(gcut__expect_shape(c, 2, 3, values, "value", err));
  return gcut__divide_dim(c, gcut_infer_dims(c, 2)[2], s->heads, "num_heads", &s->v_head, err);
}

static gcut_status expect_past(gcut_infer *c, gcut__attention_sizes *s, uint32_t key,
                               uint32_t value, gcut_error *err) {
  s->past = 0;
  if (gcut_infer_has(c, key) != gcut_infer_has(c, value))
    return GCUT_NODE_FAIL(c, err, "past_key and past_value must be given together");
  if (gcut_infer_has(c, key)) {
    gcut_dim k[] = {s->batch, s->heads, GCUT_DIM_INVALID, s->head};
    GCUT_TRY(gcut__expect_shape(c, key, 4, k, "past_key", err));
    s->past = gcut_infer_dims(c, key)[2];
    gcut_dim v[] = {s->batch, s->heads, s->past, s->v_head};
    GCUT_TRY(gcut__expect_shape(c, value, 4, v, "past_value", err));
  }
  s->total = gcut_dim_add(c->dims, s->past, s->keys);
  return GCUT_OK;
}

static gcut_status read_multi_head(gcut_infer *c, gcut__attention_sizes *s, gcut_error *err) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  GCUT_TRY(gcut__expect_heads(c, attrs->num_heads, err));
  s->heads = attrs->num_heads;
  if (gcut_infer_rank(c, 0) == 5) return read_packed(c, s, err);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  const gcut_dim *q = gcut_infer_dims(c, 0);
  s->batch = q[0], s->queries = q[1];
  GCUT_TRY(gcut__divide_dim(c, q[2], s->heads, "num_heads", &s->head, err));
  return read_key_value(c, s, err);
}

static gcut_status multi_head_infer(gcut_infer *c, gcut_error *err) {
  gcut__attention_sizes s = {0};
  GCUT_TRY(gcut__attention_refuse(c, gcut_infer_has(c, 8) || gcut_infer_has(c, 9), "a shared cache",
                                  err));
  GCUT_TRY(read_multi_head(c, &s, err));
  GCUT_TRY(expect_past(c, &s, 6, 7, err));
  gcut_dim hidden = gcut_dim_mul(c->dims, s.heads, s.v_head);
  gcut_dim biased = gcut_dim_mul(c->dims, s.heads, s.head);
  gcut_dim bias = gcut_dim_add(c->dims, gcut_dim_mul(c->dims, 2, biased), hidden);
  GCUT_TRY(gcut__expect_shape(c, 3, 1, &bias, "bias", err));
  GCUT_TRY(expect_mask(c, 4, &s, err));
  GCUT_TRY(gcut__expect_score_bias(c, 5, &s, err));
  gcut_dim y[] = {s.batch, s.queries, hidden}, key[] = {s.batch, s.heads, s.total, s.head};
  gcut_dim value[] = {s.batch, s.heads, s.total, s.v_head};
  gcut_dim scores[] = {s.batch, s.heads, s.queries, s.total};
  GCUT_TRY(gcut_infer_set(c, 0, 0, 3, y, err));
  GCUT_TRY(gcut_infer_set(c, 1, 0, 4, key, err));
  GCUT_TRY(gcut_infer_set(c, 2, 0, 4, value, err));
  return gcut_infer_set(c, 3, gcut_infer_dtype(c, 0), 4, scores, err);
}

static double multi_head_flops(const gcut_infer *c) {
  const gcut_dim *k = gcut_infer_dims(c, gcut_infer_has(c, 1) ? 1 : 0);
  int rank = gcut_infer_rank(c, gcut_infer_has(c, 1) ? 1 : 0);
  double past = gcut_infer_has(c, 6) ? gcut__dim_double(gcut_infer_dims(c, 6)[2]) : 0;
  return gcut__scores_flops(c, gcut__dim_double(k[rank == 4 ? 2 : 1]) + past);
}

static const gcut_attr_row multi_head_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__multi_head_attrs, num_heads),
    GCUT_ATTR_INT(gcut__multi_head_attrs, unidirectional, 0),
    GCUT_ATTR_INT(gcut__multi_head_attrs, do_rotary, 0),
    GCUT_ATTR_INT(gcut__multi_head_attrs, past_present_share_buffer, 0),
    GCUT_ATTR_INTS(gcut__multi_head_attrs, qkv_hidden_sizes),
    GCUT_ATTR_FLOAT(gcut__multi_head_attrs, scale, NAN),
    GCUT_ATTR_FLOAT(gcut__multi_head_attrs, mask_filter_value, -10000),
    {0},
};

const gcut_op gcut__op_multi_head_attention = {
    .inputs = "TT?T?T?U?T?T?T?U?U?",
    .outputs = "TT?T?*?",
    .T = GCUT__ATTENTION_TYPES,
    .U = GCUT_TYPE(INT32),
    .attrs = multi_head_rows,
    .attrs_size = sizeof(gcut__multi_head_attrs),
    .infer = multi_head_infer,
    .flops = multi_head_flops,
};

// ---- Attention: input [B, S, D], weights [D, 3 * hidden], bias, mask_index, past, attention_bias,
// past_sequence_length

// Hidden sizes of Q and K (one number) and of V.
static gcut_status read_hidden(gcut_infer *c, gcut_dim columns, gcut_dim *qk, gcut_dim *v,
                               gcut_error *err) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  if (!attrs->qkv_hidden_sizes.n) {
    GCUT_TRY(gcut__divide_dim(c, columns, 3, "Q, K and V", qk, err));
    *v = *qk;
    return GCUT_OK;
  }
  const int64_t *given = attrs->qkv_hidden_sizes.data;
  bool sane = attrs->qkv_hidden_sizes.n == 3;
  for (int i = 0; sane && i < 3; i++) sane = given[i] > 0 && given[i] <= INT32_MAX;
  if (!sane || given[0] != given[1])
    return GCUT_NODE_FAIL(c, err, "qkv_hidden_sizes make no sense");
  *qk = given[0], *v = given[2];
  if (gcut_dim_known(columns) && columns != 2 * *qk + *v)
    return GCUT_NODE_FAIL(c, err, "weights have %" PRId64 " columns, qkv_hidden_sizes %" PRId64,
                          columns, 2 * *qk + *v);
  return GCUT_OK;
}

// input, weights and bias: where the three stand differs for QAttention.
static gcut_status read_projected(gcut_infer *c, gcut__attention_sizes *s, gcut_dim *hidden,
                                  gcut_error *err) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  GCUT_TRY(gcut__expect_heads(c, attrs->num_heads, err));
  GCUT_TRY(gcut__attention_refuse(c, attrs->do_rotary, "do_rotary", err));
  GCUT_TRY(gcut__attention_refuse(c, attrs->past_present_share_buffer, "a shared cache", err));
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 2, 2, err));
  const gcut_dim *x = gcut_infer_dims(c, 0), *w = gcut_infer_dims(c, 1);
  gcut_dim qk;
  GCUT_TRY(gcut__expect_dim(c, 1, 0, x[2], "rows of the weights", err));
  GCUT_TRY(gcut__expect_shape(c, 2, 1, &w[1], "bias", err));
  GCUT_TRY(read_hidden(c, w[1], &qk, hidden, err));
  *s = (gcut__attention_sizes){
      .batch = x[0], .queries = x[1], .keys = x[1], .heads = attrs->num_heads};
  GCUT_TRY(gcut__divide_dim(c, qk, s->heads, "num_heads", &s->head, err));
  return gcut__divide_dim(c, *hidden, s->heads, "num_heads", &s->v_head, err);
}

static gcut_status finish_projected(gcut_infer *c, gcut__attention_sizes *s, gcut_dim hidden,
                                    uint32_t mask, uint32_t past, gcut_error *err) {
  s->past = 0;
  if (gcut_infer_has(c, past)) {
    gcut_dim all[] = {2, s->batch, s->heads, GCUT_DIM_INVALID, s->head};
    GCUT_TRY(gcut__expect_shape(c, past, 5, all, "past", err));
    s->past = gcut_infer_dims(c, past)[3];
  }
  s->total = gcut_dim_add(c->dims, s->past, s->keys);
  GCUT_TRY(expect_mask(c, mask, s, err));
  gcut_dim y[] = {s->batch, s->queries, hidden};
  gcut_dim present[] = {2, s->batch, s->heads, s->total, s->head};
  bool one_cache = gcut_infer_has(c, past) || c->n_outputs > 1; // holds keys and values alike
  if (one_cache && gcut_dim_known(s->head) && gcut_dim_known(s->v_head) && s->head != s->v_head)
    return GCUT_NODE_FAIL(c, err, "a cache of values whose heads differ from those of the keys");
  GCUT_TRY(gcut_infer_set(c, 0, 0, 3, y, err));
  return gcut_infer_set(c, 1, 0, 5, present, err);
}

static gcut_status microsoft_attention_infer(gcut_infer *c, gcut_error *err) {
  gcut__attention_sizes s;
  gcut_dim hidden;
  GCUT_TRY(gcut__attention_refuse(c, gcut_infer_has(c, 6), "a shared cache", err));
  GCUT_TRY(read_projected(c, &s, &hidden, err));
  GCUT_TRY(finish_projected(c, &s, hidden, 3, 4, err));
  return gcut__expect_score_bias(c, 5, &s, err);
}

static double projected_flops(const gcut_infer *c) {
  double columns = gcut__dim_double(gcut_infer_dims(c, 1)[1]);
  return 2 * columns * gcut_fact_count(c->inputs[0]) +
         gcut__scores_flops(c, gcut__dim_double(gcut_infer_dims(c, 0)[1]));
}

const gcut_op gcut__op_microsoft_attention = {
    .inputs = "TTT?U?T?T?U?",
    .outputs = "TT?",
    .T = GCUT__ATTENTION_TYPES,
    .U = GCUT_TYPE(INT32),
    .attrs = multi_head_rows,
    .attrs_size = sizeof(gcut__multi_head_attrs),
    .infer = microsoft_attention_infer,
    .flops = projected_flops,
};

// QAttention: input, weight, bias, input_scale, weight_scale, mask_index, input_zero_point,
// weight_zero_point, past
static gcut_status quantized_attention_infer(gcut_infer *c, gcut_error *err) {
  gcut__attention_sizes s;
  gcut_dim hidden;
  GCUT_TRY(read_projected(c, &s, &hidden, err));
  for (uint32_t i = 3; i < 8; i++) {
    if (i == 5 || !gcut_infer_has(c, i)) continue;
    gcut_dim n = gcut_infer_product(c, gcut_infer_dims(c, i), 0, gcut_infer_rank(c, i));
    bool of_weight = i == 4 || i == 7;
    gcut_dim columns = gcut_infer_dims(c, 1)[1];
    if (gcut_dim_known(n) && n != 1 && !(of_weight && (n == columns || !gcut_dim_known(columns))))
      return GCUT_NODE_FAIL(c, err, "input %u has %" PRId64 " elements", i, n);
  }
  return finish_projected(c, &s, hidden, 5, 8, err);
}

const gcut_op gcut__op_quantized_attention = {
    .inputs = "**TTTU?*?*?T?",
    .outputs = "TT?",
    .T = GCUT__ATTENTION_TYPES,
    .U = GCUT_TYPE(INT32),
    .attrs = multi_head_rows,
    .attrs_size = sizeof(gcut__multi_head_attrs),
    .infer = quantized_attention_infer,
    .flops = projected_flops,
};
