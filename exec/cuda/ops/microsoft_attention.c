// MultiHeadAttention, Attention and QAttention of com.microsoft, spelled out: projections, biases
// and caches around attention.
#include "tracer/ops/microsoft_attention.h"

#include <math.h>

#include "exec/cuda/ops/spell_attention.h"

// Keys that the mask (input i) hides get the filter's value.
static bool add_filter(gcut__speller *s, gcut__spelled_attention *a, uint32_t i) {
  const gcut__multi_head_attrs *attrs = s->c->node->attrs;
  const gcut_type *t = gcut__cuda_input_type(s->c, i);
  uint32_t mask = gcut__spell_input(s, i), nought = gcut__spell_scalar(s, GCUT_INT32, 0), seen;
  if (!t) return true;
  if (t->rank == 4) return false; // a square, of which a part counts
  if (t->rank == 1) {
    if (t->dims[0] != a->batch && t->dims[0] != 2 * a->batch) return false;
    uint32_t keys = gcut__spell_cast(s, gcut__spell_range(s, a->keys), GCUT_INT32);
    uint32_t ends = gcut__spell_slice(s, mask, 0, 0, a->batch);
    ends = gcut__spell_reshape(s, ends, (int64_t[]){a->batch, 1, 1, 1}, 4);
    seen = SPELL(s, "Less", keys, ends);
    if (t->dims[0] == 2 * a->batch) {
      uint32_t starts = gcut__spell_slice(s, mask, 0, a->batch, 2 * a->batch);
      starts = gcut__spell_reshape(s, starts, (int64_t[]){a->batch, 1, 1, 1}, 4);
      seen = SPELL(s, "And", seen, SPELL(s, "GreaterOrEqual", keys, starts));
    }
  } else {
    int64_t rows = t->rank == 3 ? a->queries : 1;
    mask = gcut__spell_reshape(s, mask, (int64_t[]){a->batch, 1, rows, a->keys}, 4);
    seen = SPELL(s, "Greater", mask, nought);
  }
  uint32_t filter = SPELL(s, "Where", seen, gcut__spell_scalar(s, a->type, 0),
                          gcut__spell_scalar(s, a->type, (double)attrs->mask_filter_value));
  a->bias = gcut__spell_sum(s, a->bias, filter);
  return true;
}

// masks: inputs that hold which keys count, and a bias (GCUT_NONE: the operator has none).
static bool set_bias(gcut__speller *s, gcut__spelled_attention *a, int64_t past, uint32_t keys,
                     uint32_t bias) {
  const gcut__multi_head_attrs *attrs = s->c->node->attrs;
  a->bias = GCUT_NONE;
  if (!add_filter(s, a, keys)) return false;
  if (bias != GCUT_NONE && gcut__cuda_input_type(s->c, bias)) {
    uint32_t given = gcut__spell_as(s, gcut__spell_input(s, bias),
                                    gcut__cuda_input_type(s->c, bias)->type, a->type);
    a->bias = gcut__spell_sum(s, a->bias, given);
  }
  if (!attrs->unidirectional) return true;
  uint32_t first = gcut__spell_scalar(s, GCUT_INT64, (double)past);
  uint32_t seen = gcut__spell_window(s, gcut__spell_positions(s, a, first),
                                     gcut__spell_range(s, a->keys), -1, 0);
  a->bias = gcut__spell_sum(s, a->bias, gcut__spell_mask(s, a, seen));
  return true;
}

static float scale_of(const gcut__speller *s, int64_t size) {
  const gcut__multi_head_attrs *attrs = s->c->node->attrs;
  bool given = !isnan(attrs->scale) && attrs->scale != 0;
  return given ? attrs->scale : 1 / sqrtf((float)size);
}

// ---- MultiHeadAttention -------------------------------------------------------------------------

typedef struct fresh { // of an operand: [batch, rows, heads * size], or with heads first
  uint32_t value;
  int64_t size;
  bool heads_first;
} fresh;

// Part `part` of [batch, rows, heads, parts, size].
static uint32_t part_of(gcut__speller *s, uint32_t i, int64_t part) {
  const int64_t *d = gcut__cuda_input_type(s->c, i)->dims;
  uint32_t x = gcut__spell_slice(s, gcut__spell_input(s, i), 3, part, part + 1);
  return gcut__spell_reshape(s, x, (int64_t[]){d[0], d[1], d[2] * d[4]}, 3);
}

static void read_fresh(gcut__speller *s, const gcut__spelled_attention *a, fresh *of) {
  const gcut_type *q = gcut__cuda_input_type(s->c, 0), *k = gcut__cuda_input_type(s->c, 1);
  bool packed = q->rank == 5, pairs = !packed && k->rank == 5;
  for (uint32_t i = 0; i < 3; i++) {
    of[i] = (fresh){.size = i == 2 ? a->v_size : a->size};
    of[i].value = packed       ? part_of(s, 0, i)
                  : i && pairs ? part_of(s, 1, i - 1)
                               : gcut__spell_input(s, i);
    of[i].heads_first = !packed && i && k->rank == 4;
  }
}

// With its bias, heads first, after the past (an input); output `present`, where it is wanted.
static uint32_t prepare(gcut__speller *s, const gcut__spelled_attention *a, const fresh *f,
                        int64_t rows, uint32_t bias, uint32_t past, uint32_t present) {
  int type = gcut__cuda_input_type(s->c, 0)->type;
  uint32_t x = gcut__spell_sum(s, f->value, bias);
  if (!f->heads_first) x = gcut__spell_heads(s, x, a->batch, rows, a->heads, f->size);
  uint32_t before = past == GCUT_NONE ? GCUT_NONE : gcut__spell_input(s, past);
  if (before != GCUT_NONE) x = gcut__spell_concat(s, before, x, 2);
  if (present != GCUT_NONE && gcut__cuda_output_type(s->c, present))
    gcut__spell_output(s, present, SPELL(s, "Identity", x));
  return gcut__spell_as(s, x, type, a->type);
}

static bool read_multi_head(const gcut__speller *s, gcut__spelled_attention *a, int64_t *out_past) {
  const gcut__multi_head_attrs *attrs = s->c->node->attrs;
  const gcut_type *q = gcut__cuda_input_type(s->c, 0), *y = gcut__cuda_output_type(s->c, 0),
                  *past = gcut__cuda_input_type(s->c, 6);
  bool packed = q->rank == 5;
  const gcut_type *key = packed ? q : gcut__cuda_input_type(s->c, 1);
  if (!key || !y) return false;
  *out_past = past ? past->dims[2] : 0;
  a->heads = a->kv_heads = attrs->num_heads;
  a->batch = q->dims[0];
  a->queries = q->dims[1];
  a->keys = key->dims[key->rank == 4 ? 2 : 1] + *out_past;
  a->size = packed ? q->dims[4] : q->dims[2] / a->heads;
  a->v_size = y->dims[2] / a->heads;
  a->scale = scale_of(s, a->size);
  a->type = gcut__attention_type(q->type, a->size);
  return a->batch > 0 && a->queries > 0 && a->keys > 0 && a->size > 0 && a->v_size > 0;
}

// The bias's three parts; keys projected elsewhere have none.
static void split_bias(gcut__speller *s, const gcut__spelled_attention *a, bool projected,
                       uint32_t *parts) {
  uint32_t bias = gcut__spell_input(s, 3);
  int64_t hidden = a->heads * a->size;
  for (int i = 0; i < 3; i++) parts[i] = GCUT_NONE;
  if (bias == GCUT_NONE) return;
  gcut__spell_split(s, bias, 0, (int64_t[]){hidden, hidden, a->heads * a->v_size}, 3, parts);
  if (projected) parts[1] = parts[2] = GCUT_NONE;
}

static bool multi_head(gcut__speller *s) {
  gcut__spelled_attention a = {.sinks = GCUT_NONE};
  const gcut_type *scores = gcut__cuda_output_type(s->c, 3);
  int64_t past;
  fresh of[3];
  uint32_t bias[3];
  if (!read_multi_head(s, &a, &past) || !set_bias(s, &a, past, 4, 5)) return false;
  read_fresh(s, &a, of);
  split_bias(s, &a, of[1].heads_first, bias);
  a.q = prepare(s, &a, &of[0], a.queries, bias[0], GCUT_NONE, GCUT_NONE);
  a.k = prepare(s, &a, &of[1], a.keys - past, bias[1], 6, 1);
  a.v = prepare(s, &a, &of[2], a.keys - past, bias[2], 7, 2);
  uint32_t y = gcut__spell_attention(s, &a);
  y = gcut__spell_join_heads(s, y, a.batch, a.queries, a.heads * a.v_size);
  gcut__spell_output(s, 0, gcut__spell_as(s, y, a.type, gcut__cuda_output_type(s->c, 0)->type));
  if (scores) gcut__spell_output(s, 3, gcut__spell_cast(s, a.scores[3], scores->type));
  return true;
}

gcut_status gcut__cuda_compile_multi_head(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, multi_head, err);
}

// ---- Attention, QAttention ----------------------------------------------------------------------

// One of two caches in one tensor [2, batch, heads, past, size].
static uint32_t cache_of(gcut__speller *s, uint32_t past, int64_t which) {
  const gcut_type *t = gcut__cuda_input_type(s->c, past);
  if (!t) return GCUT_NONE;
  uint32_t x = gcut__spell_slice(s, gcut__spell_input(s, past), 0, which, which + 1);
  return gcut__spell_reshape(s, x, t->dims + 1, 4);
}

static uint32_t with_cache(gcut__speller *s, const gcut__spelled_attention *a, uint32_t rows,
                           int64_t size, uint32_t past, int64_t which) {
  uint32_t x = gcut__spell_heads(s, rows, a->batch, a->queries, a->heads, size),
           before = which < 0 ? GCUT_NONE : cache_of(s, past, which);
  return before == GCUT_NONE ? x : gcut__spell_concat(s, before, x, 2);
}

static void spell_present(gcut__speller *s, const gcut__spelled_attention *a, uint32_t k,
                          uint32_t v) {
  int64_t one[] = {1, a->batch, a->heads, a->keys, a->size};
  if (!gcut__cuda_output_type(s->c, 1)) return;
  k = gcut__spell_reshape(s, k, one, 5);
  v = gcut__spell_reshape(s, v, one, 5);
  gcut__spell_output(s, 1, gcut__spell_concat(s, k, v, 0));
}

// From projected rows [batch, queries, hidden of q, k and v] of the node's type.
static bool attend_projected(gcut__speller *s, uint32_t rows, uint32_t mask, uint32_t past,
                             uint32_t bias) {
  const gcut__multi_head_attrs *attrs = s->c->node->attrs;
  const gcut_type *x = gcut__cuda_input_type(s->c, 0), *w = gcut__cuda_input_type(s->c, 1),
                  *y = gcut__cuda_output_type(s->c, 0), *before = gcut__cuda_input_type(s->c, past);
  int64_t n_past = before ? before->dims[3] : 0, heads = attrs->num_heads;
  gcut__spelled_attention a = {.batch = x->dims[0],
                               .heads = heads,
                               .kv_heads = heads,
                               .queries = x->dims[1],
                               .keys = x->dims[1] + n_past,
                               .v_size = y->dims[2] / heads,
                               .sinks = GCUT_NONE};
  uint32_t parts[3];
  a.size = (w->dims[1] / heads - a.v_size) / 2;
  a.scale = scale_of(s, a.size);
  a.type = gcut__attention_type(y->type, a.size);
  if (gcut__cuda_count(y) == 0 || a.size == 0 || !set_bias(s, &a, n_past, mask, bias)) return false;
  int64_t hidden = heads * a.size;
  gcut__spell_split(s, rows, 2, (int64_t[]){hidden, hidden, heads * a.v_size}, 3, parts);
  uint32_t k = with_cache(s, &a, parts[1], a.size, past, 0),
           v = with_cache(s, &a, parts[2], a.v_size, past, 1);
  spell_present(s, &a, k, v);
  a.q = gcut__spell_as(s, with_cache(s, &a, parts[0], a.size, past, -1), y->type, a.type);
  a.k = gcut__spell_as(s, k, y->type, a.type);
  a.v = gcut__spell_as(s, v, y->type, a.type);
  uint32_t result = gcut__spell_attention(s, &a);
  result = gcut__spell_join_heads(s, result, a.batch, a.queries, y->dims[2]);
  gcut__spell_output(s, 0, gcut__spell_as(s, result, a.type, y->type));
  return true;
}

static bool projected_attention(gcut__speller *s) {
  uint32_t rows = SPELL(s, "MatMul", gcut__spell_input(s, 0), gcut__spell_input(s, 1));
  return attend_projected(s, gcut__spell_sum(s, rows, gcut__spell_input(s, 2)), 3, 4, 5);
}

// Input i less its zero point, times its scale: one number, or one a column.
static uint32_t dequantized(gcut__speller *s, uint32_t i, uint32_t scale, uint32_t zero) {
  uint32_t x = gcut__spell_cast(s, gcut__spell_input(s, i), GCUT_FLOAT),
           point = gcut__spell_cast(s, gcut__spell_input(s, zero), GCUT_FLOAT);
  if (point != GCUT_NONE) x = SPELL(s, "Sub", x, point);
  return SPELL(s, "Mul", x, gcut__spell_wide(s, scale));
}

static bool quantized_attention(gcut__speller *s) {
  int type = gcut__cuda_output_type(s->c, 0)->type;
  uint32_t x = dequantized(s, 0, 3, 6), w = dequantized(s, 1, 4, 7);
  uint32_t rows = SPELL(s, "Add", SPELL(s, "MatMul", x, w), gcut__spell_wide(s, 2));
  return attend_projected(s, gcut__spell_as(s, rows, GCUT_FLOAT, type), 5, 8, GCUT_NONE);
}

gcut_status gcut__cuda_compile_projected_attention(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, projected_attention, err);
}
gcut_status gcut__cuda_compile_quantized_attention(const gcut__cuda_compile *c, gcut_error *err) {
  return gcut__spell(c, quantized_attention, err);
}
