// Attention: brings the operator's layouts, past and masks to the strided form of attend.h.
#include "tracer/ops/attention.h"

#include <math.h>

#include "exec/cpu/ops/attend.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/widen.h"

// float, unless an operand or the softmax asks for double.
static gcut_dtype real_type(const gcut__cpu_call *c, int64_t precision) {
  for (uint32_t i = 0; i < 3; i++)
    if (c->inputs[i]->type == GCUT_DOUBLE) return GCUT_DOUBLE;
  return precision == GCUT_DOUBLE ? GCUT_DOUBLE : GCUT_FLOAT;
}

// An operand as [batch][head][row][size]: 4-D as it lies, 3-D with its heads side by side.
static gcut__strided4 strided(const gcut_tensor *t, const void *data, int64_t heads) {
  if (t->rank == 4) return gcut__strided_heads(data, t->dims[1], t->dims[2], t->dims[3]);
  return gcut__strided_packed(data, heads, t->dims[1], t->dims[2] / heads);
}

// ---- past and present -------------------------------------------------------------------------

// Writes past followed by `fresh` along the length: [batch, heads, past + length, size].
static void append(size_t element, const char *past, int64_t n_past, gcut__strided4 fresh,
                   int64_t batch, int64_t heads, int64_t length, int64_t size, char *to) {
  size_t row = (size_t)size * element;
  for (int64_t b = 0; b < batch; b++)
    for (int64_t h = 0; h < heads; h++) {
      if (n_past > 0) memcpy(to, past, (size_t)n_past * row);
      past += (size_t)n_past * row, to += (size_t)n_past * row;
      const char *from =
          (const char *)fresh.data + (b * fresh.batch + h * fresh.head) * (int64_t)element;
      for (int64_t j = 0; j < length; j++, to += row)
        if (row > 0) memcpy(to, from + j * fresh.row * (int64_t)element, row);
    }
}

// Output `present` (1 or 2) in the elements' own type: the past, then input `fresh` (1 or 2).
static void write_present(gcut__cpu_call *c, uint32_t fresh, uint32_t past, int64_t heads) {
  if (!gcut__cpu_wants(c, fresh) || c->outputs[fresh]->count == 0) return;
  const gcut_tensor *in = c->inputs[fresh], *out = c->outputs[fresh];
  size_t element = gcut_dtype_bits(in->type) / 8;
  bool has_past = gcut__cpu_has(c, past);
  append(element, has_past ? c->inputs[past]->data : NULL, has_past ? c->inputs[past]->dims[2] : 0,
         strided(in, in->data, heads), out->dims[0], out->dims[1], in->dims[in->rank - 2],
         out->dims[3], out->data);
}

// All keys or values (input `fresh` after input `past`), as attend.h takes them.
static gcut_status gather_cache(gcut__cpu_call *c, gcut_dtype real, uint32_t fresh, uint32_t past,
                                int64_t heads, gcut__strided4 *out, gcut_error *err) {
  const gcut_tensor *in = c->inputs[fresh];
  const void *data, *old;
  GCUT_TRY(gcut__input_real(c, real, fresh, &data, err));
  *out = strided(in, data, heads);
  if (!gcut__cpu_has(c, past)) return GCUT_OK;
  GCUT_TRY(gcut__input_real(c, real, past, &old, err));
  const gcut_tensor *before = c->inputs[past];
  int64_t length = in->dims[in->rank - 2], total = before->dims[2] + length;
  size_t element = real == GCUT_DOUBLE ? sizeof(double) : sizeof(float);
  char *all = gcut_arena_alloc(c->scratch, before->count + in->count, element);
  if (!all) return GCUT_NO_MEMORY(err);
  append(element, old, before->dims[2], *out, before->dims[0], before->dims[1], length,
         before->dims[3], all);
  *out = gcut__strided_heads(all, before->dims[1], total, before->dims[3]);
  return GCUT_OK;
}

// ---- bias -------------------------------------------------------------------------------------

typedef struct bias_source {
  const gcut__attention_attrs *attrs;
  const gcut_tensor *mask;   // or NULL
  int64_t stride[3], length; // of the mask: batch, head, query row (0: broadcast); keys it covers
  const int64_t *lengths;    // nonpad_kv_seqlen, or NULL
  int64_t q_length, past, total;
} bias_source;

static void mask_strides(bias_source *s) {
  int rank = s->mask->rank;
  s->length = s->mask->dims[rank - 1];
  int64_t step = s->length;
  for (int axis = rank - 2; axis >= 0; axis--) {
    s->stride[axis + 4 - rank] = s->mask->dims[axis] == 1 ? 0 : step;
    step *= s->mask->dims[axis];
  }
}

// The keys that a query at `position` sees by causality and window, intersected with [low, high).
static void clip_window(const gcut__attention_attrs *attrs, int64_t position, int64_t *low,
                        int64_t *high) {
  int64_t left = attrs->left_window_size, right = attrs->right_window_size;
  if (attrs->is_causal) right = 0;
  if (left >= 0 && left <= position && position - left > *low) *low = position - left;
  if (right >= 0 && right < *high && position + right + 1 < *high) *high = position + right + 1;
  if (*high < 0) *high = 0;
  if (*low > *high) *low = *high;
}

static void attention_bias(const void *context, int64_t batch, int64_t head, int64_t i, double *row,
                           int64_t *low, int64_t *high) {
  const bias_source *s = context;
  int64_t position = i + s->past;
  if (s->lengths) {
    *high = s->lengths[batch];
    position = i + s->lengths[batch] - s->q_length;
  }
  if (s->mask && s->length < *high) *high = s->length;
  clip_window(s->attrs, position, low, high);
  if (!s->mask) {
    memset(row + *low, 0, (size_t)(*high - *low) * sizeof *row);
    return;
  }
  int64_t first = batch * s->stride[0] + head * s->stride[1] + i * s->stride[2];
  const uint8_t *seen = s->mask->data;
  if (s->mask->type == GCUT_BOOL)
    for (int64_t j = *low; j < *high; j++) row[j] = seen[first + j] ? 0 : -INFINITY;
  else
    gcut__load_doubles(s->mask->type, s->mask->data, (uint64_t)(first + *low), 1,
                       (uint64_t)(*high - *low), row + *low);
}

// ---- the kernel -------------------------------------------------------------------------------

static void set_sizes(gcut__attention *a, const gcut__cpu_call *c, int64_t past) {
  const gcut__attention_attrs *attrs = c->attrs;
  const gcut_tensor *q = c->inputs[0], *k = c->inputs[1], *v = c->inputs[2];
  bool split = q->rank == 4;
  a->batch = q->dims[0];
  a->heads = split ? q->dims[1] : attrs->q_num_heads;
  a->kv_heads = split ? k->dims[1] : attrs->kv_num_heads;
  a->q_length = q->dims[q->rank - 2];
  a->total = k->dims[k->rank - 2] + past;
  a->head_size = split ? q->dims[3] : q->dims[2] / a->heads;
  a->v_size = split ? v->dims[3] : v->dims[2] / a->kv_heads;
  a->scale = isnan(attrs->scale) ? 1 / sqrt((double)a->head_size) : (double)attrs->scale;
}

static gcut_status attention_operands(gcut__cpu_call *c, gcut__attention *a, gcut_error *err) {
  const void *q;
  void *y, *qk;
  GCUT_TRY(gcut__input_real(c, a->real, 0, &q, err));
  GCUT_TRY(gather_cache(c, a->real, 1, 4, a->kv_heads, &a->k, err));
  GCUT_TRY(gather_cache(c, a->real, 2, 5, a->kv_heads, &a->v, err));
  GCUT_TRY(gcut__output_real(c, a->real, 0, &y, err));
  GCUT_TRY(gcut__output_real(c, a->real, 3, &qk, err));
  a->q = strided(c->inputs[0], q, a->heads);
  a->y = strided(c->outputs[0], y, a->heads);
  a->qk = qk;
  return GCUT_OK;
}

gcut_status gcut__cpu_attention(gcut__cpu_call *c, gcut_error *err) {
  const gcut__attention_attrs *attrs = c->attrs;
  bias_source source = {.attrs = attrs};
  gcut_dtype precision = (gcut_dtype)attrs->softmax_precision;
  gcut__attention a = {.real = real_type(c, precision), .precision = precision};
  source.past = gcut__cpu_has(c, 4) ? c->inputs[4]->dims[2] : 0;
  set_sizes(&a, c, source.past);
  GCUT_TRY(attention_operands(c, &a, err));
  source.total = a.total, source.q_length = a.q_length;
  source.mask = gcut__cpu_has(c, 3) ? c->inputs[3] : NULL;
  source.lengths = gcut__cpu_has(c, 6) ? c->inputs[6]->data : NULL;
  if (source.mask) mask_strides(&source);
  a.softcap = (double)attrs->softcap, a.qk_mode = (int)attrs->qk_matmul_output_mode;
  a.bias = attention_bias, a.context = &source;
  GCUT_TRY(gcut__attend(c, &a, err));
  gcut__finish_real(c, a.real, 0, a.y.data);
  gcut__finish_real(c, a.real, 3, a.qk);
  write_present(c, 1, 4, a.kv_heads);
  write_present(c, 2, 5, a.kv_heads);
  return GCUT_OK;
}
