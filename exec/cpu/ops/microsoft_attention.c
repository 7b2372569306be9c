// MultiHeadAttention, Attention and QAttention of com.microsoft: projections, biases and caches
// brought to the strided form of attend.h, in float.
#include "tracer/ops/microsoft_attention.h"

#include <math.h>

#include "exec/cpu/ops/gemm.h"
#include "exec/cpu/ops/heads.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/quantize.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/widen.h"

typedef struct multi_head {
  int64_t batch, heads, queries, keys, past, head, v_head;
  gcut__strided4 q, k, v;                          // fresh ones
  const float *q_bias, *k_bias, *v_bias;           // [heads * size] or NULL
  const float *past_key, *past_value;              // or NULL
  float *y, *present_key, *present_value, *scores; // wanted outputs; scores: probabilities
} multi_head;

// ---- masks ------------------------------------------------------------------------------------

typedef struct mask {
  const int32_t *keys; // the mask's elements, or NULL
  int rank;
  int64_t size[4];   // of the mask
  const float *bias; // [1 or batch, 1 or heads, queries, total], or NULL
  int64_t bias_batch, bias_head;
  int64_t batch, queries, past, total;
  double filter; // added to the scores of masked keys
  bool causal;
} mask;

// Which keys of a sample count is given by lengths, or by ends and starts.
static void mask_by_ends(const mask *m, int64_t b, double *row) {
  int64_t end = m->keys[b], start = m->size[0] == 2 * m->batch ? m->keys[m->batch + b] : 0;
  for (int64_t j = 0; j < m->total; j++)
    if (j < start || j >= end) row[j] = m->filter;
}

static void mask_by_keys(const mask *m, int64_t b, int64_t i, double *row) {
  int64_t at = b * m->total;
  if (m->rank == 3) at = (b * m->queries + i) * m->total;
  if (m->rank == 4) at = (b * m->size[2] + m->past + i) * m->size[3];
  for (int64_t j = 0; j < m->total; j++)
    if (m->keys[at + j] <= 0) row[j] = m->filter;
}

static void masked_bias(const void *context, int64_t b, int64_t head, int64_t i, double *row,
                        int64_t *low, int64_t *high) {
  const mask *m = context;
  (void)low;
  if (m->causal && m->past + i + 1 < *high) *high = m->past + i + 1;
  for (int64_t j = 0; j < m->total; j++) row[j] = 0;
  if (m->keys && m->rank == 1) mask_by_ends(m, b, row);
  if (m->keys && m->rank > 1) mask_by_keys(m, b, i, row);
  const float *bias = m->bias;
  if (!bias) return;
  bias += b * m->bias_batch + head * m->bias_head + i * m->total;
  for (int64_t j = 0; j < m->total; j++) row[j] += (double)bias[j];
}

// keys, bias: inputs, or GCUT_NONE.
static gcut_status read_mask(gcut__cpu_call *c, const multi_head *h, uint32_t keys, uint32_t bias,
                             mask *m, gcut_error *err) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  *m = (mask){.batch = h->batch,
              .queries = h->queries,
              .past = h->past,
              .total = h->past + h->keys,
              .filter = (double)attrs->mask_filter_value,
              .causal = attrs->unidirectional != 0};
  if (gcut__cpu_has(c, keys)) {
    const gcut_tensor *t = c->inputs[keys];
    m->keys = t->data, m->rank = t->rank;
    for (int d = 0; d < t->rank; d++) m->size[d] = t->dims[d];
  }
  if (bias == GCUT_NONE || !gcut__cpu_has(c, bias)) return GCUT_OK;
  const int64_t *dims = c->inputs[bias]->dims;
  m->bias_head = dims[1] == 1 ? 0 : dims[2] * dims[3];
  m->bias_batch = dims[0] == 1 ? 0 : dims[1] * dims[2] * dims[3];
  return gcut__input_float(c, bias, &m->bias, err);
}

// ---- the common part --------------------------------------------------------------------------

// All keys or values: as they lie, where nothing is added to them; else gathered in `present` or
// scratch.
static gcut_status gather(gcut__cpu_call *c, const multi_head *h, gcut__strided4 fresh,
                          const float *bias, const float *past, int64_t size, float *present,
                          gcut__strided4 *out, gcut_error *err) {
  int64_t total = h->past + h->keys;
  *out = fresh;
  if (!bias && h->past == 0 && !present) return GCUT_OK;
  float *to = present;
  if (!to)
    to = gcut_arena_alloc(c->scratch, (size_t)(h->batch * h->heads * total),
                          (size_t)size * sizeof *to);
  if (!to) return GCUT_NO_MEMORY(err);
  gcut__heads all = {.fresh = fresh,
                     .bias = bias,
                     .past = past,
                     .batch = h->batch,
                     .heads = h->heads,
                     .length = h->keys,
                     .n_past = h->past,
                     .size = size};
  gcut__gather_heads(&all, to);
  *out = gcut__strided_heads(to, h->heads, total, size);
  return GCUT_OK;
}

static gcut_status attend(gcut__cpu_call *c, const multi_head *h, const mask *m, gcut_error *err) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  bool scaled = !isnan(attrs->scale) && attrs->scale != 0;
  gcut__attention a = {.real = GCUT_FLOAT,
                       .batch = h->batch,
                       .heads = h->heads,
                       .kv_heads = h->heads,
                       .q_length = h->queries,
                       .total = h->past + h->keys,
                       .head_size = h->head,
                       .v_size = h->v_head,
                       .scale = scaled ? (double)attrs->scale : 1 / sqrt((double)h->head),
                       .qk = h->scores,
                       .qk_mode = 3,
                       .bias = masked_bias,
                       .context = m};
  a.y = gcut__strided_packed(h->y, h->heads, h->queries, h->v_head);
  a.q = h->q;
  if (h->q_bias) {
    float *q = gcut_arena_alloc(c->scratch, (size_t)(h->batch * h->heads * h->queries),
                                (size_t)h->head * sizeof *q);
    if (!q) return GCUT_NO_MEMORY(err);
    gcut__heads biased = {.fresh = h->q,
                          .bias = h->q_bias,
                          .batch = h->batch,
                          .heads = h->heads,
                          .length = h->queries,
                          .size = h->head};
    gcut__gather_heads(&biased, q);
    a.q = gcut__strided_heads(q, h->heads, h->queries, h->head);
  }
  GCUT_TRY(gather(c, h, h->k, h->k_bias, h->past_key, h->head, h->present_key, &a.k, err));
  GCUT_TRY(gather(c, h, h->v, h->v_bias, h->past_value, h->v_head, h->present_value, &a.v, err));
  return gcut__attend(c, &a, err);
}

// ---- MultiHeadAttention -----------------------------------------------------------------------

// Element `part` of `parts` packed ones: [batch, rows, heads, parts, size].
static gcut__strided4 strided_part(const float *data, int64_t heads, int64_t rows, int64_t parts,
                                   int64_t part, int64_t size) {
  return (gcut__strided4){data + part * size, rows * heads * parts * size, parts * size,
                          heads * parts * size};
}

static void place_operands(const gcut__cpu_call *c, const float *q, const float *k, const float *v,
                           multi_head *h) {
  if (c->inputs[0]->rank == 5) {
    h->q = strided_part(q, h->heads, h->queries, 3, 0, h->head);
    h->k = strided_part(q, h->heads, h->queries, 3, 1, h->head);
    h->v = strided_part(q, h->heads, h->queries, 3, 2, h->head);
    return;
  }
  h->q = gcut__strided_packed(q, h->heads, h->queries, h->head);
  switch (c->inputs[1]->rank) {
  case 5:
    h->k = strided_part(k, h->heads, h->keys, 2, 0, h->head);
    h->v = strided_part(k, h->heads, h->keys, 2, 1, h->head);
    break;
  case 4:
    h->k = gcut__strided_heads(k, h->heads, h->keys, h->head);
    h->v = gcut__strided_heads(v, h->heads, h->keys, h->v_head);
    break;
  default:
    h->k = gcut__strided_packed(k, h->heads, h->keys, h->head);
    h->v = gcut__strided_packed(v, h->heads, h->keys, h->v_head);
  }
}

static void read_sizes(const gcut__cpu_call *c, multi_head *h) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  const int64_t *q = c->inputs[0]->dims, *y = c->outputs[0]->dims;
  bool packed = c->inputs[0]->rank == 5;
  const gcut_tensor *key = packed ? c->inputs[0] : c->inputs[1];
  h->heads = attrs->num_heads;
  h->batch = q[0], h->queries = q[1], h->keys = key->dims[key->rank == 4 ? 2 : 1];
  h->head = packed ? q[4] : q[2] / h->heads, h->v_head = y[2] / h->heads;
  h->past = gcut__cpu_has(c, 6) ? c->inputs[6]->dims[2] : 0;
}

gcut_status gcut__cpu_multi_head_attention(gcut__cpu_call *c, gcut_error *err) {
  multi_head h = {0};
  mask m;
  const float *q, *k, *v, *bias;
  read_sizes(c, &h);
  GCUT_TRY(gcut__input_float(c, 0, &q, err));
  GCUT_TRY(gcut__input_float(c, 1, &k, err));
  GCUT_TRY(gcut__input_float(c, 2, &v, err));
  GCUT_TRY(gcut__input_float(c, 3, &bias, err));
  GCUT_TRY(gcut__input_float(c, 6, &h.past_key, err));
  GCUT_TRY(gcut__input_float(c, 7, &h.past_value, err));
  GCUT_TRY(gcut__output_float(c, 0, &h.y, err));
  GCUT_TRY(gcut__output_float(c, 1, &h.present_key, err));
  GCUT_TRY(gcut__output_float(c, 2, &h.present_value, err));
  GCUT_TRY(gcut__output_float(c, 3, &h.scores, err));
  GCUT_TRY(read_mask(c, &h, 4, 5, &m, err));
  place_operands(c, q, k, v, &h);
  bool cached = c->inputs[0]->rank == 3 && c->inputs[1]->rank == 4; // projected elsewhere
  h.q_bias = bias;
  if (bias && !cached) h.k_bias = bias + h.heads * h.head, h.v_bias = bias + 2 * h.heads * h.head;
  GCUT_TRY(attend(c, &h, &m, err));
  gcut__finish_float(c, 0, h.y);
  gcut__finish_float(c, 1, h.present_key);
  gcut__finish_float(c, 2, h.present_value);
  gcut__finish_float(c, 3, h.scores);
  return GCUT_OK;
}

// ---- Attention and QAttention -----------------------------------------------------------------

// x [rows, k] times w [k, columns], plus the bias.
static gcut_status project(gcut__cpu_call *c, const float *x, const float *w, const float *bias,
                           float **out, gcut_error *err) {
  const int64_t *dims = c->inputs[0]->dims, columns = c->inputs[1]->dims[1];
  gcut__gemm g = gcut__gemm_packed(dims[0] * dims[1], columns, dims[2], false, false);
  *out = gcut_arena_alloc(c->scratch, (size_t)g.m, (size_t)g.n * sizeof **out);
  if (!*out) return GCUT_NO_MEMORY(err);
  if (bias) g.d = bias, g.d_column = 1, g.beta = 1;
  return gcut__gemm_run(c, GCUT_FLOAT, &g, x, w, *out, err);
}

// The rest, from projected rows [batch, queries, 2 * heads * head + heads * v_head].
static gcut_status attend_projected(gcut__cpu_call *c, const float *rows, uint32_t keys,
                                    uint32_t past, uint32_t bias, gcut_error *err) {
  const gcut__multi_head_attrs *attrs = c->attrs;
  const int64_t *x = c->inputs[0]->dims, width = c->inputs[1]->dims[1];
  multi_head h = {.batch = x[0], .heads = attrs->num_heads, .queries = x[1], .keys = x[1]};
  mask m;
  h.v_head = c->outputs[0]->dims[2] / h.heads, h.head = (width / h.heads - h.v_head) / 2;
  int64_t hidden = h.heads * h.head, batch = h.queries * width;
  h.q = (gcut__strided4){rows, batch, h.head, width};
  h.k = (gcut__strided4){rows + hidden, batch, h.head, width};
  h.v = (gcut__strided4){rows + 2 * hidden, batch, h.v_head, width};
  GCUT_TRY(gcut__input_float(c, past, &h.past_key, err));
  GCUT_TRY(gcut__output_float(c, 0, &h.y, err));
  GCUT_TRY(gcut__output_float(c, 1, &h.present_key, err));
  if (h.past_key) {
    h.past = c->inputs[past]->dims[3];
    h.past_value = h.past_key + h.batch * h.heads * h.past * h.head;
  }
  if (h.present_key)
    h.present_value = h.present_key + h.batch * h.heads * (h.past + h.keys) * h.head;
  GCUT_TRY(read_mask(c, &h, keys, bias, &m, err));
  GCUT_TRY(attend(c, &h, &m, err));
  gcut__finish_float(c, 0, h.y);
  gcut__finish_float(c, 1, h.present_key);
  return GCUT_OK;
}

gcut_status gcut__cpu_microsoft_attention(gcut__cpu_call *c, gcut_error *err) {
  const float *x, *w, *bias;
  float *rows;
  GCUT_TRY(gcut__input_float(c, 0, &x, err));
  GCUT_TRY(gcut__input_float(c, 1, &w, err));
  GCUT_TRY(gcut__input_float(c, 2, &bias, err));
  GCUT_TRY(project(c, x, w, bias, &rows, err));
  return attend_projected(c, rows, 3, 4, 5, err);
}

// Input `i` as floats less its zero point (input `zero`) times its scale (input `scale`), each one
// number or one a column.
static gcut_status dequantize(gcut__cpu_call *c, uint32_t i, uint32_t scale, uint32_t zero,
                              float **out, gcut_error *err) {
  const gcut_tensor *t = c->inputs[i];
  const float *x = gcut__dequantized(c, t), *factor, *zeros = NULL;
  uint64_t columns = (uint64_t)t->dims[t->rank - 1];
  GCUT_TRY(gcut__input_float(c, scale, &factor, err));
  if (gcut__cpu_has(c, zero) && !(zeros = gcut__dequantized(c, c->inputs[zero])))
    return GCUT_NO_MEMORY(err);
  float *y = *out = GCUT_NEW_ARRAY(c->scratch, float, t->count);
  if (!x || !y) return GCUT_NO_MEMORY(err);
  bool many = c->inputs[scale]->count > 1, many_zeros = zeros && c->inputs[zero]->count > 1;
  for (uint64_t e = 0; e < t->count; e++) {
    uint64_t column = e % columns;
    y[e] = (x[e] - (zeros ? zeros[many_zeros ? column : 0] : 0)) * factor[many ? column : 0];
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_quantized_attention(gcut__cpu_call *c, gcut_error *err) {
  float *x, *w, *rows;
  const float *bias;
  for (uint32_t i = 0; i < 2; i++)
    if (!((GCUT_TYPE(INT8) | GCUT_TYPE(UINT8)) >> c->inputs[i]->type & 1))
      return gcut__cpu_type_unsupported(c, c->inputs[i]->type, err);
  GCUT_TRY(dequantize(c, 0, 3, 6, &x, err));
  GCUT_TRY(dequantize(c, 1, 4, 7, &w, err));
  GCUT_TRY(gcut__input_float(c, 2, &bias, err));
  GCUT_TRY(project(c, x, w, bias, &rows, err));
  return attend_projected(c, rows, 5, 8, GCUT_NONE, err);
}
