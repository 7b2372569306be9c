#include "exec/cuda/ops/spell_attention.h"

#include <math.h>

#include "exec/cuda/ops/attend.h"
#include "tracer/ops/attention.h"

int gcut__attention_type(int type, int64_t size) {
  return gcut__cuda_attend_has_kernel(type, size) ? type : gcut__spell_wide_type(type);
}

uint32_t gcut__spell_as(gcut__speller *s, uint32_t x, int from, int type) {
  return from == type ? x : gcut__spell_cast(s, x, type);
}

uint32_t gcut__spell_sum(gcut__speller *s, uint32_t a, uint32_t b) {
  return a == GCUT_NONE ? b : b == GCUT_NONE ? a : SPELL(s, "Add", a, b);
}

uint32_t gcut__spell_both(gcut__speller *s, uint32_t a, uint32_t b) {
  return a == GCUT_NONE ? b : b == GCUT_NONE ? a : SPELL(s, "And", a, b);
}

// ---- heads --------------------------------------------------------------------------------------

uint32_t gcut__spell_heads(gcut__speller *s, uint32_t x, int64_t batch, int64_t rows, int64_t heads,
                           int64_t size) {
  x = gcut__spell_reshape(s, x, (int64_t[]){batch, rows, heads, size}, 4);
  return gcut__spell_transpose(s, x, (int64_t[]){0, 2, 1, 3}, 4);
}

uint32_t gcut__spell_join_heads(gcut__speller *s, uint32_t x, int64_t batch, int64_t rows,
                                int64_t width) {
  x = gcut__spell_transpose(s, x, (int64_t[]){0, 2, 1, 3}, 4);
  return gcut__spell_reshape(s, x, (int64_t[]){batch, rows, width}, 3);
}

// Heads of keys or values, each repeated for its group of queries.
static uint32_t repeat_heads(gcut__speller *s, const gcut__spelled_attention *a, uint32_t x,
                             int64_t size) {
  int64_t group = a->heads / a->kv_heads;
  if (group == 1) return x;
  x = gcut__spell_reshape(s, x, (int64_t[]){a->batch, a->kv_heads, 1, a->keys, size}, 5);
  int64_t full[] = {a->batch, a->kv_heads, group, a->keys, size};
  x = SPELL(s, "Expand", x, gcut__spell_numbers(s, full, 5));
  return gcut__spell_reshape(s, x, (int64_t[]){a->batch, a->heads, a->keys, size}, 4);
}

// ---- scores -------------------------------------------------------------------------------------

static uint32_t cap(gcut__speller *s, const gcut__spelled_attention *a, uint32_t scores) {
  if (!(a->softcap > 0)) return scores;
  uint32_t most = gcut__spell_scalar(s, a->type, (double)a->softcap);
  uint32_t x = SPELL(s, "Tanh", SPELL(s, "Div", scores, most));
  return SPELL(s, "Mul", x, most);
}

// A logit more, whose share of the probabilities nobody gets.
static uint32_t softmax_with_sinks(gcut__speller *s, const gcut__spelled_attention *a,
                                   uint32_t scores) {
  uint32_t sinks = gcut__spell_reshape(s, a->sinks, (int64_t[]){a->heads, 1, 1}, 3);
  int64_t full[] = {a->batch, a->heads, a->queries, 1};
  sinks = SPELL(s, "Expand", sinks, gcut__spell_numbers(s, full, 4));
  scores = SPELL(s, "Softmax", gcut__spell_concat(s, scores, sinks, 3));
  return gcut__spell_slice(s, scores, 3, 0, a->keys);
}

static uint32_t softmax(gcut__speller *s, const gcut__spelled_attention *a, uint32_t scores) {
  if (a->sinks != GCUT_NONE) return softmax_with_sinks(s, a, scores);
  gcut__spell_int(s, "axis", -1);
  uint32_t y = SPELL(s, "Softmax", scores);
  if (!a->guard) return y;
  uint32_t none = SPELL(s, "IsNaN", y), zero = gcut__spell_scalar(s, a->type, 0);
  return SPELL(s, "Where", none, zero, y);
}

uint32_t gcut__spell_attention(gcut__speller *s, gcut__spelled_attention *a) {
  uint32_t k = repeat_heads(s, a, a->k, a->size), v = repeat_heads(s, a, a->v, a->v_size);
  k = gcut__spell_transpose(s, k, (int64_t[]){0, 1, 3, 2}, 4);
  uint32_t products = SPELL(s, "MatMul", a->q, k),
           scale = gcut__spell_scalar(s, a->type, (double)a->scale);
  a->scores[0] = SPELL(s, "Mul", products, scale);
  a->scores[1] = cap(s, a, a->scores[0]);
  a->scores[2] = gcut__spell_sum(s, a->scores[1], a->bias);
  a->scores[3] = softmax(s, a, a->scores[2]);
  return SPELL(s, "MatMul", a->scores[3], v);
}

// ---- masks --------------------------------------------------------------------------------------

uint32_t gcut__spell_mask(gcut__speller *s, const gcut__spelled_attention *a, uint32_t seen) {
  if (seen == GCUT_NONE) return GCUT_NONE;
  uint32_t zero = gcut__spell_scalar(s, a->type, 0),
           hidden = gcut__spell_scalar(s, a->type, -INFINITY);
  return SPELL(s, "Where", seen, zero, hidden);
}

uint32_t gcut__spell_range(gcut__speller *s, int64_t n) {
  return SPELL(s, "Range", gcut__spell_scalar(s, GCUT_INT64, 0),
               gcut__spell_scalar(s, GCUT_INT64, (double)n), gcut__spell_scalar(s, GCUT_INT64, 1));
}

uint32_t gcut__spell_positions(gcut__speller *s, const gcut__spelled_attention *a, uint32_t first) {
  uint32_t rows = gcut__spell_range(s, a->queries);
  rows = gcut__spell_reshape(s, rows, (int64_t[]){a->queries, 1}, 2);
  return first == GCUT_NONE ? rows : SPELL(s, "Add", rows, first);
}

uint32_t gcut__spell_window(gcut__speller *s, uint32_t positions, uint32_t keys, int64_t left,
                            int64_t right) {
  uint32_t seen = GCUT_NONE;
  if (right >= 0) {
    uint32_t last =
        right ? SPELL(s, "Add", positions, gcut__spell_scalar(s, GCUT_INT64, (double)right))
              : positions;
    seen = SPELL(s, "LessOrEqual", keys, last);
  }
  if (left < 0) return seen;
  uint32_t first = SPELL(s, "Sub", positions, gcut__spell_scalar(s, GCUT_INT64, (double)left));
  return gcut__spell_both(s, seen, SPELL(s, "GreaterOrEqual", keys, first));
}

// ---- Attention of ai.onnx -----------------------------------------------------------------------

static void read_sizes(const gcut__speller *s, const gcut__attention_attrs *attrs, int64_t past,
                       gcut__spelled_attention *a) {
  const gcut_type *q = gcut__cuda_input_type(s->c, 0), *k = gcut__cuda_input_type(s->c, 1),
                  *v = gcut__cuda_input_type(s->c, 2);
  bool split = q->rank == 4;
  a->batch = q->dims[0];
  a->heads = split ? q->dims[1] : attrs->q_num_heads;
  a->kv_heads = split ? k->dims[1] : attrs->kv_num_heads;
  a->queries = q->dims[q->rank - 2];
  a->keys = k->dims[k->rank - 2] + past;
  a->size = split ? q->dims[3] : q->dims[2] / a->heads;
  a->v_size = split ? v->dims[3] : v->dims[2] / a->kv_heads;
  a->scale = isnan(attrs->scale) ? 1 / sqrtf((float)a->size) : attrs->scale;
  a->softcap = attrs->softcap;
}

static uint32_t heads_of(gcut__speller *s, uint32_t i, int64_t batch, int64_t heads) {
  const gcut_type *t = gcut__cuda_input_type(s->c, i);
  uint32_t x = gcut__spell_input(s, i);
  if (t->rank == 4) return x;
  return gcut__spell_heads(s, x, batch, t->dims[1], heads, t->dims[2] / heads);
}

// Input i after input `past`: output i, and what is attended to.
static uint32_t with_past(gcut__speller *s, const gcut__spelled_attention *a, uint32_t i,
                          uint32_t past) {
  uint32_t x = heads_of(s, i, a->batch, a->kv_heads), before = gcut__spell_input(s, past);
  if (before != GCUT_NONE) x = gcut__spell_concat(s, before, x, 2);
  if (gcut__cuda_output_type(s->c, i))
    gcut__spell_output(s, i, before == GCUT_NONE ? SPELL(s, "Identity", x) : x);
  return gcut__spell_as(s, x, gcut__cuda_input_type(s->c, i)->type, a->type);
}

// Keys that count by lengths [batch], causality and window; GCUT_NONE: all.
static uint32_t seen_keys(gcut__speller *s, const gcut__spelled_attention *a,
                          const gcut__attention_attrs *attrs, int64_t past) {
  uint32_t lengths = gcut__spell_input(s, 6), seen = GCUT_NONE;
  uint32_t keys = gcut__spell_range(s, a->keys),
           first = gcut__spell_scalar(s, GCUT_INT64, (double)past);
  if (lengths != GCUT_NONE) {
    lengths = gcut__spell_reshape(s, lengths, (int64_t[]){a->batch, 1, 1, 1}, 4);
    seen = SPELL(s, "Less", keys, lengths);
    first = SPELL(s, "Sub", lengths, gcut__spell_scalar(s, GCUT_INT64, (double)a->queries));
  }
  int64_t right = attrs->is_causal ? 0 : attrs->right_window_size;
  if (right < 0 && attrs->left_window_size < 0) return seen;
  uint32_t window = gcut__spell_window(s, gcut__spell_positions(s, a, first), keys,
                                       attrs->left_window_size, right);
  return gcut__spell_both(s, seen, window);
}

// False where the mask covers only some of the keys.
static bool set_bias(gcut__speller *s, gcut__spelled_attention *a,
                     const gcut__attention_attrs *attrs, int64_t past) {
  const gcut_type *mask = gcut__cuda_input_type(s->c, 3);
  uint32_t seen = seen_keys(s, a, attrs, past), added = GCUT_NONE;
  if (mask && mask->dims[mask->rank - 1] != a->keys) return false;
  if (mask && mask->type == GCUT_BOOL)
    seen = gcut__spell_both(s, seen, gcut__spell_input(s, 3));
  else if (mask)
    added = gcut__spell_as(s, gcut__spell_input(s, 3), mask->type, a->type);
  a->guard = seen != GCUT_NONE || added != GCUT_NONE;
  a->bias = gcut__spell_sum(s, gcut__spell_mask(s, a, seen), added);
  return true;
}

static bool attention_spelled(gcut__speller *s) {
  const gcut__attention_attrs *attrs = s->c->node->attrs;
  const gcut_type *q = gcut__cuda_input_type(s->c, 0), *past = gcut__cuda_input_type(s->c, 4),
                  *shown = gcut__cuda_output_type(s->c, 3);
  gcut__spelled_attention a = {.sinks = GCUT_NONE};
  int64_t n_past = past ? past->dims[2] : 0;
  read_sizes(s, attrs, n_past, &a);
  if (a.batch == 0 || a.queries == 0 || a.keys == 0 || a.size == 0 || a.v_size == 0) return false;
  a.type = gcut__attention_type(q->type, a.size);
  if (attrs->softmax_precision == GCUT_DOUBLE) a.type = GCUT_DOUBLE;
  if (attrs->softmax_precision == GCUT_FLOAT) a.type = gcut__spell_wide_type(q->type);
  if (attrs->softmax_precision == GCUT_FLOAT16 || attrs->softmax_precision == GCUT_BFLOAT16)
    return false;
  if (!set_bias(s, &a, attrs, n_past)) return false;
  a.q = gcut__spell_as(s, heads_of(s, 0, a.batch, a.heads), q->type, a.type);
  a.k = with_past(s, &a, 1, 4);
  a.v = with_past(s, &a, 2, 5);
  uint32_t y = gcut__spell_attention(s, &a);
  if (q->rank == 3) y = gcut__spell_join_heads(s, y, a.batch, a.queries, a.heads * a.v_size);
  gcut__spell_output(s, 0, gcut__spell_as(s, y, a.type, gcut__cuda_output_type(s->c, 0)->type));
  if (shown)
    gcut__spell_output(
        s, 3, gcut__spell_cast(s, a.scores[attrs->qk_matmul_output_mode & 3], shown->type));
  return true;
}

gcut_status gcut__cuda_compile_attention_spelled(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, attention_spelled, err);
}
