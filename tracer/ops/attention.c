// Attention and FlexAttention: softmax(Q K^T * scale + bias) V, per head.
//
// Q, K and V are 4-D [batch, heads, length, head size], or 3-D [batch, length, heads * head size]
// with the numbers of heads as attributes. Query heads share key/value heads in equal groups.
// See https://onnx.ai/onnx/operators/onnx__Attention.html.
#include "tracer/ops/attention.h"

#include <inttypes.h>
#include <math.h>

#include "tracer/ops/expect.h"

// One of Q, K, V as [batch, heads, length, size], whatever its layout.
typedef struct layout {
  gcut_dim batch, heads, length, size;
} layout;

static gcut_status read_layout(gcut_infer *c, uint32_t i, int64_t heads, layout *out,
                               gcut_error *err) {
  const gcut_dim *dims = gcut_infer_dims(c, i);
  if (gcut_infer_rank(c, i) == 4) {
    *out = (layout){dims[0], dims[1], dims[2], dims[3]};
    return GCUT_OK;
  }
  *out = (layout){dims[0], heads, dims[1], 0};
  if (heads <= 0) // before it is taken for a dim
    return GCUT_NODE_FAIL(c, err, "3-D inputs need q_num_heads and kv_num_heads of 1 or more");
  return gcut__divide_dim(c, dims[2], heads, "number of heads", &out->size, err);
}

static gcut_status expect_agreement(gcut_infer *c, const layout *q, const layout *k,
                                    const layout *v, gcut_error *err) {
  gcut_dim group;
  GCUT_TRY(gcut__divide_dim(c, q->heads, k->heads, "key/value heads", &group, err));
  struct {
    gcut_dim a, b;
    const char *what;
  } pairs[] = {
      {q->batch, k->batch, "batch sizes of Q and K"},
      {q->batch, v->batch, "batch sizes of Q and V"},
      {q->size, k->size, "head sizes of Q and K"},
      {k->heads, v->heads, "heads of K and V"},
      {k->length, v->length, "sequence lengths of K and V"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
    if (pairs[i].a != pairs[i].b && gcut_dim_known(pairs[i].a) && gcut_dim_known(pairs[i].b))
      return GCUT_NODE_FAIL(c, err, "%s differ: %" PRId64 " and %" PRId64, pairs[i].what,
                            pairs[i].a, pairs[i].b);
  return GCUT_OK;
}

static gcut_status read_qkv(gcut_infer *c, int64_t q_heads, int64_t kv_heads, layout *q, layout *k,
                            layout *v, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  for (uint32_t i = 0; i < 3; i++)
    GCUT_TRY(gcut_infer_expect_rank(c, i, i ? rank : 3, i ? rank : 4, err));
  GCUT_TRY(read_layout(c, 0, q_heads, q, err));
  GCUT_TRY(read_layout(c, 1, kv_heads, k, err));
  GCUT_TRY(read_layout(c, 2, kv_heads, v, err));
  return expect_agreement(c, q, k, v, err);
}

// past_key and past_value: [batch, kv heads, past length, size].
static gcut_status expect_past(gcut_infer *c, const layout *k, const layout *v, gcut_dim *out_past,
                               gcut_error *err) {
  *out_past = 0;
  bool has_key = gcut_infer_has(c, 4), has_value = gcut_infer_has(c, 5);
  if (has_key != has_value)
    return GCUT_NODE_FAIL(c, err, "past_key and past_value must be given together");
  if (!has_key) return GCUT_OK;
  gcut_dim key[] = {k->batch, k->heads, GCUT_DIM_INVALID, k->size};
  GCUT_TRY(gcut__expect_shape(c, 4, 4, key, "past_key", err));
  *out_past = gcut_infer_dims(c, 4)[2];
  gcut_dim value[] = {v->batch, v->heads, *out_past, v->size};
  return gcut__expect_shape(c, 5, 4, value, "past_value", err);
}

// Broadcastable to [batch, q heads, q length, total]; the last dim may fall short of total.
static gcut_status expect_mask(gcut_infer *c, const layout *q, gcut_dim total, gcut_error *err) {
  if (!gcut_infer_has(c, 3)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, 3, 1, 4, err));
  int rank = gcut_infer_rank(c, 3);
  const gcut_dim *dims = gcut_infer_dims(c, 3);
  gcut_dim full[4] = {q->batch, q->heads, q->length, total};
  for (int axis = 0; axis < rank - 1; axis++)
    if (dims[axis] != 1)
      GCUT_TRY(gcut__expect_dim(c, 3, axis, full[4 - rank + axis], "attn_mask", err));
  if (gcut_dim_known(total) && gcut_dim_known(dims[rank - 1]) && dims[rank - 1] > total)
    return GCUT_NODE_FAIL(c, err, "attn_mask covers %" PRId64 " keys; there are %" PRId64,
                          dims[rank - 1], total);
  return GCUT_OK;
}

// nonpad_kv_seqlen: for each sample the number of keys that count.
static gcut_status expect_lengths(gcut_infer *c, const layout *q, gcut_dim total, gcut_error *err) {
  if (!gcut_infer_has(c, 6)) return GCUT_OK;
  if (gcut_infer_has(c, 4))
    return GCUT_NODE_FAIL(c, err, "nonpad_kv_seqlen cannot be combined with past_key");
  GCUT_TRY(gcut__expect_shape(c, 6, 1, &q->batch, "batch", err));
  const int64_t *lengths;
  uint32_t n;
  if (!gcut_dim_known(total) || !gcut_infer_ints(c, 6, &lengths, &n)) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++)
    if (lengths[i] < 0 || lengths[i] > total)
      return GCUT_NODE_FAIL(c, err, "nonpad_kv_seqlen[%u] is %" PRId64 "; expected 0 to %" PRId64,
                            i, lengths[i], total);
  return GCUT_OK;
}

static gcut_status expect_precision(const gcut_infer *c, int64_t type, gcut_error *err) {
  if (type == 0 || type == GCUT_FLOAT || type == GCUT_FLOAT16 || type == GCUT_DOUBLE ||
      type == GCUT_BFLOAT16)
    return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "softmax_precision %" PRId64 " is no floating-point type", type);
}

static gcut_status attention_attrs_check(const gcut_infer *c, gcut_error *err) {
  const gcut__attention_attrs *attrs = c->attrs;
  if (attrs->qk_matmul_output_mode < 0 || attrs->qk_matmul_output_mode > 3)
    return GCUT_NODE_FAIL(c, err, "qk_matmul_output_mode is %" PRId64 "; expected 0 to 3",
                          attrs->qk_matmul_output_mode);
  if (attrs->left_window_size < -1 || attrs->right_window_size < -1)
    return GCUT_NODE_FAIL(c, err, "window sizes must be -1 or more");
  return expect_precision(c, attrs->softmax_precision, err);
}

static gcut_status set_attended(gcut_infer *c, const layout *q, const layout *v, gcut_error *err) {
  if (gcut_infer_rank(c, 0) == 4) {
    gcut_dim dims[] = {q->batch, q->heads, q->length, v->size};
    return gcut_infer_set(c, 0, 0, 4, dims, err);
  }
  gcut_dim dims[] = {q->batch, q->length, gcut_dim_mul(c->dims, q->heads, v->size)};
  return gcut_infer_set(c, 0, 0, 3, dims, err);
}

static gcut_status attention_infer(gcut_infer *c, gcut_error *err) {
  const gcut__attention_attrs *attrs = c->attrs;
  layout q, k, v;
  gcut_dim past;
  GCUT_TRY(attention_attrs_check(c, err));
  GCUT_TRY(read_qkv(c, attrs->q_num_heads, attrs->kv_num_heads, &q, &k, &v, err));
  GCUT_TRY(expect_past(c, &k, &v, &past, err));
  gcut_dim total = gcut_dim_add(c->dims, past, k.length);
  GCUT_TRY(expect_mask(c, &q, total, err));
  GCUT_TRY(expect_lengths(c, &q, total, err));
  GCUT_TRY(set_attended(c, &q, &v, err));
  gcut_dim key[] = {k.batch, k.heads, total, k.size}, value[] = {v.batch, v.heads, total, v.size};
  gcut_dim scores[] = {q.batch, q.heads, q.length, total};
  GCUT_TRY(gcut_infer_set(c, 1, 0, 4, key, err));
  GCUT_TRY(gcut_infer_set(c, 2, 0, 4, value, err));
  return gcut_infer_set(c, 3, 0, 4, scores, err);
}

// Both products, and nothing else.
static double attended_flops(const gcut_infer *c, double kv_heads, double past) {
  const gcut_dim *k = gcut_infer_dims(c, 1), *v = gcut_infer_dims(c, 2);
  int last = gcut_infer_rank(c, 0) - 1;
  double length = gcut__dim_double(k[last - 1]) + past;
  double v_size = gcut__dim_double(v[last]) / (last == 3 || kv_heads <= 0 ? 1 : kv_heads);
  double q_count = gcut_fact_count(c->inputs[0]), y_count = 0;
  double k_size = gcut__dim_double(k[last]) / (last == 3 || kv_heads <= 0 ? 1 : kv_heads);
  if (k_size > 0) y_count = q_count / k_size * v_size;
  return 2 * length * (q_count + y_count);
}

static double attention_flops(const gcut_infer *c) {
  const gcut__attention_attrs *attrs = c->attrs;
  double past = gcut_infer_has(c, 4) ? gcut__dim_double(gcut_infer_dims(c, 4)[2]) : 0;
  return attended_flops(c, (double)attrs->kv_num_heads, past);
}

static const gcut_attr_row attention_rows[] = {
    GCUT_ATTR_INT(gcut__attention_attrs, is_causal, 0),
    GCUT_ATTR_INT(gcut__attention_attrs, q_num_heads, 0),
    GCUT_ATTR_INT(gcut__attention_attrs, kv_num_heads, 0),
    GCUT_ATTR_INT(gcut__attention_attrs, qk_matmul_output_mode, 0),
    GCUT_ATTR_INT(gcut__attention_attrs, softmax_precision, 0),
    GCUT_ATTR_INT(gcut__attention_attrs, left_window_size, -1),
    GCUT_ATTR_INT(gcut__attention_attrs, right_window_size, -1),
    GCUT_ATTR_FLOAT(gcut__attention_attrs, scale, NAN),
    GCUT_ATTR_FLOAT(gcut__attention_attrs, softcap, 0),
    {0},
};

const gcut_op gcut__op_attention = {
    .inputs = "TTUV?T?U?i?",
    .outputs = "TT?U?T?",
    .T = GCUT_FLOATS_STANDARD,
    .U = GCUT_FLOATS_STANDARD,
    .V = GCUT_NUMERIC | GCUT_TYPE(BOOL),
    .attrs = attention_rows,
    .attrs_size = sizeof(gcut__attention_attrs),
    .infer = attention_infer,
    .flops = attention_flops,
};

// ---- FlexAttention ----------------------------------------------------------------------------

static gcut_status flex_body(gcut_infer *c, uint32_t body, const gcut_fact *scores,
                             const char *name, gcut_error *err) {
  gcut_fact out = {.type = {.rank = -1}};
  if (body == GCUT_NONE || !c->infer_body) return GCUT_OK;
  GCUT_TRY(c->infer_body(c, body, scores, 1, &out, 1, err));
  if (out.type.type != GCUT_UNDEFINED && out.type.type != scores->type.type)
    return GCUT_NODE_FAIL(c, err, "%s changes the element type", name);
  bool same = out.type.rank < 0 || out.type.rank == 4;
  for (int d = 0; same && d < 4 && out.type.rank == 4; d++)
    same = out.type.dims[d] == scores->type.dims[d] || !gcut_dim_known(out.type.dims[d]) ||
           !gcut_dim_known(scores->type.dims[d]);
  return same ? GCUT_OK : GCUT_NODE_FAIL(c, err, "%s changes the shape", name);
}

gcut_dtype gcut__flex_type(const gcut__flex_attention_attrs *attrs, gcut_dtype type) {
  if (attrs->softmax_precision) return (gcut_dtype)attrs->softmax_precision;
  return type == GCUT_DOUBLE ? GCUT_DOUBLE : GCUT_FLOAT;
}

static gcut_status flex_infer(gcut_infer *c, gcut_error *err) {
  const gcut__flex_attention_attrs *attrs = c->attrs;
  layout q, k, v;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 4, 4, err));
  GCUT_TRY(expect_precision(c, attrs->softmax_precision, err));
  GCUT_TRY(read_qkv(c, 0, 0, &q, &k, &v, err));
  gcut_dim dims[] = {q.batch, q.heads, q.length, k.length};
  gcut_fact scores = {.type = {.kind = GCUT_KIND_TENSOR,
                               .type = (uint8_t)gcut__flex_type(attrs, gcut_infer_dtype(c, 0)),
                               .rank = 4,
                               .dims = gcut_arena_copy(c->arena, dims, sizeof dims)}};
  if (!scores.type.dims) return GCUT_NO_MEMORY(err);
  GCUT_TRY(flex_body(c, attrs->score_mod, &scores, "score_mod", err));
  GCUT_TRY(flex_body(c, attrs->prob_mod, &scores, "prob_mod", err));
  return set_attended(c, &q, &v, err);
}

static double flex_flops(const gcut_infer *c) {
  return attended_flops(c, 0, 0);
}

static const gcut_attr_row flex_rows[] = {
    {.name = "score_mod",
     .kind = GCUT_ATTRIBUTE_GRAPH,
     .offset = offsetof(gcut__flex_attention_attrs, score_mod)},
    {.name = "prob_mod",
     .kind = GCUT_ATTRIBUTE_GRAPH,
     .offset = offsetof(gcut__flex_attention_attrs, prob_mod)},
    GCUT_ATTR_INT(gcut__flex_attention_attrs, softmax_precision, 0),
    GCUT_ATTR_FLOAT(gcut__flex_attention_attrs, scale, NAN),
    {0},
};

const gcut_op gcut__op_flex_attention = {
    .inputs = "TTT",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .flags = GCUT_OP_CONTROL,
    .attrs = flex_rows,
    .attrs_size = sizeof(gcut__flex_attention_attrs),
    .infer = flex_infer,
    .flops = flex_flops,
};
