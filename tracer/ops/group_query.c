// GroupQueryAttention of com.microsoft: query, key, value, past_key, past_value, seqlens_k,
// total_sequence_length, cos_cache, sin_cache, position_ids, attention_bias, head_sink, k_scale,
// v_scale, q_norm_weight, k_norm_weight. Sizes as in microsoft_attention.h.
#include <inttypes.h>
#include <math.h>

#include "tracer/ops/expect.h"
#include "tracer/ops/microsoft_attention.h"

static bool is_none(gcut_string text) {
  return text.size == 4 && memcmp(text.data, "NONE", 4) == 0;
}

static gcut_status expect_group_attrs(const gcut_infer *c, gcut_error *err) {
  const gcut__group_query_attrs *attrs = c->attrs;
  GCUT_TRY(gcut__expect_heads(c, attrs->num_heads, err));
  GCUT_TRY(gcut__expect_heads(c, attrs->kv_num_heads, err));
  if (attrs->num_heads % attrs->kv_num_heads != 0)
    return GCUT_NODE_FAIL(c, err, "%" PRId64 " heads in %" PRId64 " groups", attrs->num_heads,
                          attrs->kv_num_heads);
  if (attrs->causal != 1 && (attrs->causal != 0 || attrs->local_window_size != -1))
    return GCUT_NODE_FAIL(c, err, "causal is %" PRId64 " with a window of %" PRId64, attrs->causal,
                          attrs->local_window_size);
  bool quantized = !is_none(attrs->k_quant_type) || !is_none(attrs->v_quant_type) ||
                   gcut_infer_has(c, 12) || gcut_infer_has(c, 13);
  return gcut__attention_refuse(c, quantized, "a quantised cache", err);
}

// A cache that holds the window alone (and some slack), instead of all keys.
static gcut_status expect_window_cache(gcut_infer *c, gcut_error *err) {
  const gcut__group_query_attrs *attrs = c->attrs;
  if (!attrs->sliding_window_cache) return GCUT_OK;
  GCUT_TRY(gcut__attention_refuse(c, attrs->qk_output != 0,
                                  "an output of scores beside sliding_window_cache", err));
  if (attrs->local_window_size < 1 || !gcut_infer_has(c, 3))
    return GCUT_NODE_FAIL(c, err, "sliding_window_cache needs local_window_size and past_key");
  gcut_dim room = gcut_infer_dims(c, 3)[2];
  if (gcut_dim_known(room) && room < attrs->local_window_size)
    return GCUT_NODE_FAIL(c, err, "a cache of %" PRId64 " keys for a window of %" PRId64, room,
                          attrs->local_window_size);
  return GCUT_OK;
}

static gcut_status read_group_query(gcut_infer *c, gcut__attention_sizes *s, gcut_error *err) {
  const gcut__group_query_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 3, err));
  const gcut_dim *q = gcut_infer_dims(c, 0);
  bool packed = !gcut_infer_has(c, 1);
  if (packed != !gcut_infer_has(c, 2))
    return GCUT_NODE_FAIL(c, err, "key and value must be given together");
  int64_t heads = attrs->num_heads + (packed ? 2 * attrs->kv_num_heads : 0);
  *s = (gcut__attention_sizes){
      .batch = q[0], .queries = q[1], .keys = q[1], .heads = attrs->num_heads};
  GCUT_TRY(gcut__divide_dim(c, q[2], heads, "heads", &s->head, err));
  s->v_head = s->head;
  gcut_dim kv[] = {s->batch, s->queries, gcut_dim_mul(c->dims, attrs->kv_num_heads, s->head)};
  GCUT_TRY(gcut__expect_shape(c, 1, 3, kv, "key", err));
  return gcut__expect_shape(c, 2, 3, kv, "value", err);
}

// The most keys of any sample, as the model says.
static gcut_status read_total(gcut_infer *c, gcut__attention_sizes *s, gcut_error *err) {
  const gcut_dim *total;
  uint32_t n;
  s->total = gcut_dim_fresh(c->dims);
  if (!gcut_infer_content(c, 6, &total, &n)) return GCUT_OK;
  if (n != 1) return GCUT_NODE_FAIL(c, err, "total_sequence_length is no single number");
  s->total = total[0];
  if (gcut_dim_known(s->total) && gcut_dim_known(s->queries) && s->total < s->queries)
    return GCUT_NODE_FAIL(c, err, "total_sequence_length is %" PRId64 " for %" PRId64 " new tokens",
                          s->total, s->queries);
  return GCUT_OK;
}

static gcut_status expect_rotary(gcut_infer *c, const gcut__attention_sizes *s, gcut_error *err) {
  const gcut__group_query_attrs *attrs = c->attrs;
  if (!attrs->do_rotary) return GCUT_OK;
  if (!gcut_infer_has(c, 7) || !gcut_infer_has(c, 8))
    return GCUT_NODE_FAIL(c, err, "do_rotary needs cos_cache and sin_cache");
  GCUT_TRY(gcut_infer_expect_rank(c, 7, 2, 2, err));
  const gcut_dim *cosines = gcut_infer_dims(c, 7);
  GCUT_TRY(gcut__expect_shape(c, 8, 2, cosines, "sin_cache", err));
  if (gcut_dim_known(cosines[1]) && gcut_dim_known(s->head) && cosines[1] > s->head / 2)
    return GCUT_NODE_FAIL(c, err, "rotary caches of %" PRId64 " columns for heads of %" PRId64,
                          cosines[1], s->head);
  return GCUT_OK;
}

// seqlens_k [B] or [B, 1]: the keys of each sample less one.
static gcut_status expect_lengths(gcut_infer *c, const gcut__attention_sizes *s, gcut_error *err) {
  const int64_t *lengths;
  uint32_t n;
  gcut_dim count = gcut_infer_product(c, gcut_infer_dims(c, 5), 0, gcut_infer_rank(c, 5));
  if (gcut_dim_known(count) && gcut_dim_known(s->batch) && count != s->batch)
    return GCUT_NODE_FAIL(c, err, "seqlens_k has %" PRId64 " elements for %" PRId64 " samples",
                          count, s->batch);
  if (!gcut_dim_known(s->total) || !gcut_infer_ints(c, 5, &lengths, &n)) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++)
    if (lengths[i] < 0 || lengths[i] >= s->total)
      return GCUT_NODE_FAIL(c, err, "seqlens_k[%u] is %" PRId64 "; expected 0 to %" PRId64, i,
                            lengths[i], s->total - 1);
  return GCUT_OK;
}

static gcut_status expect_group_operands(gcut_infer *c, const gcut__attention_sizes *s,
                                         gcut_error *err) {
  gcut_dim ids[] = {s->batch, s->queries};
  GCUT_TRY(expect_lengths(c, s, err));
  GCUT_TRY(expect_rotary(c, s, err));
  if (gcut_infer_has(c, 9) && gcut_infer_dtype(c, 9) != GCUT_INT64)
    return GCUT_NODE_FAIL(c, err, "position_ids are not int64");
  GCUT_TRY(gcut__expect_shape(c, 9, 2, ids, "position_ids", err));
  GCUT_TRY(gcut__expect_score_bias(c, 10, s, err));
  GCUT_TRY(gcut__expect_shape(c, 11, 1, &s->heads, "head_sink", err));
  if (gcut_infer_has(c, 14) != gcut_infer_has(c, 15))
    return GCUT_NODE_FAIL(c, err, "q_norm_weight and k_norm_weight must be given together");
  GCUT_TRY(gcut__expect_shape(c, 14, 1, &s->head, "q_norm_weight", err));
  return gcut__expect_shape(c, 15, 1, &s->head, "k_norm_weight", err);
}

static gcut_status group_query_infer(gcut_infer *c, gcut_error *err) {
  const gcut__group_query_attrs *attrs = c->attrs;
  gcut__attention_sizes s;
  GCUT_TRY(expect_group_attrs(c, err));
  GCUT_TRY(read_group_query(c, &s, err));
  GCUT_TRY(read_total(c, &s, err));
  gcut_dim cache[] = {s.batch, attrs->kv_num_heads, GCUT_DIM_INVALID, s.head};
  if (gcut_infer_has(c, 3) != gcut_infer_has(c, 4))
    return GCUT_NODE_FAIL(c, err, "past_key and past_value must be given together");
  GCUT_TRY(gcut__expect_shape(c, 3, 4, cache, "past_key", err));
  GCUT_TRY(expect_window_cache(c, err));
  cache[2] = gcut_infer_has(c, 3) ? gcut_infer_dims(c, 3)[2] : 0;
  GCUT_TRY(gcut__expect_shape(c, 4, 4, cache, "past_value", err));
  GCUT_TRY(expect_group_operands(c, &s, err));
  if (!attrs->sliding_window_cache) cache[2] = gcut_dim_max(c->dims, cache[2], s.total);
  gcut_dim y[] = {s.batch, s.queries, gcut_dim_mul(c->dims, s.heads, s.head)};
  gcut_dim scores[] = {s.batch, s.heads, s.queries, s.total};
  GCUT_TRY(gcut_infer_set(c, 0, 0, 3, y, err));
  GCUT_TRY(gcut_infer_set(c, 1, gcut_infer_dtype(c, 0), 4, cache, err));
  GCUT_TRY(gcut_infer_set(c, 2, gcut_infer_dtype(c, 0), 4, cache, err));
  return gcut_infer_set(c, 3, 0, 4, scores, err);
}

static double group_query_flops(const gcut_infer *c) {
  gcut__attention_sizes s = {0};
  const gcut_dim *total;
  uint32_t n;
  bool known = gcut_infer_content((gcut_infer *)c, 6, &total, &n) && n == 1;
  s.total = known ? total[0] : gcut_infer_dims(c, 0)[1];
  return gcut__scores_flops(c, gcut__dim_double(s.total));
}

static const gcut_attr_row group_query_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__group_query_attrs, num_heads),
    GCUT_ATTR_INT_REQUIRED(gcut__group_query_attrs, kv_num_heads),
    GCUT_ATTR_INT(gcut__group_query_attrs, do_rotary, 0),
    GCUT_ATTR_INT(gcut__group_query_attrs, rotary_interleaved, 0),
    GCUT_ATTR_INT(gcut__group_query_attrs, local_window_size, -1),
    GCUT_ATTR_INT(gcut__group_query_attrs, smooth_softmax, -1),
    GCUT_ATTR_INT(gcut__group_query_attrs, causal, 1),
    GCUT_ATTR_INT(gcut__group_query_attrs, qk_output, 0),
    GCUT_ATTR_INT(gcut__group_query_attrs, sliding_window_cache, 0),
    GCUT_ATTR_STRING(gcut__group_query_attrs, k_quant_type, "NONE"),
    GCUT_ATTR_STRING(gcut__group_query_attrs, v_quant_type, "NONE"),
    GCUT_ATTR_FLOAT(gcut__group_query_attrs, scale, NAN),
    GCUT_ATTR_FLOAT(gcut__group_query_attrs, softcap, 0),
    GCUT_ATTR_FLOAT(gcut__group_query_attrs, qk_norm_epsilon, 1e-6f),
    GCUT_ATTR_FLOAT(gcut__group_query_attrs, q_norm_epsilon, NAN),
    GCUT_ATTR_FLOAT(gcut__group_query_attrs, k_norm_epsilon, NAN),
    {0},
};

const gcut_op gcut__op_group_query_attention = {
    .inputs = "TT?T?T?T?UUT?T?*?T?T?f?f?T?T?",
    .outputs = "TT?T?T?",
    .T = GCUT__ATTENTION_TYPES,
    .U = GCUT_TYPE(INT32),
    .attrs = group_query_rows,
    .attrs_size = sizeof(gcut__group_query_attrs),
    .infer = group_query_infer,
    .flops = group_query_flops,
};
