// LinearAttention and CausalConvWithState, token by token in float.
#include "tracer/ops/linear_attention.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/widen.h"

typedef struct linear {
  int64_t batch, length, q_heads, kv_heads, dk, dv;
  const float *q, *k, *v, *decay, *beta; // decay and beta may be NULL
  int64_t decay_width, beta_width;       // elements a token
  float scale, *y;
} linear;

// state [dk][dv] fades, each row by its own gate or all by one.
static void fade(const linear *l, int64_t token, int64_t head, float *state) {
  bool each = l->decay_width != l->kv_heads;
  const float *gate = l->decay + token * l->decay_width + head * (each ? l->dk : 1);
  for (int64_t i = 0; i < l->dk; i++) {
    float keep = expf(gate[each ? i : 0]);
    for (int64_t j = 0; j < l->dv; j++) state[i * l->dv + j] *= keep;
  }
}

// out [dv] = x [dk] times the state.
static void read_state(const linear *l, const float *x, const float *state, float *out) {
  for (int64_t j = 0; j < l->dv; j++) out[j] = 0;
  for (int64_t i = 0; i < l->dk; i++)
    for (int64_t j = 0; j < l->dv; j++) out[j] += x[i] * state[i * l->dv + j];
}

// One token of one key/value head, for all query heads that share it. fresh: [dv] to work in.
static void step(const linear *l, int64_t token, int64_t head, float *state, float *fresh) {
  const float *k = l->k + (token * l->kv_heads + head) * l->dk;
  const float *v = l->v + (token * l->kv_heads + head) * l->dv;
  if (l->decay) fade(l, token, head, state);
  if (l->beta) {
    float rate = l->beta[token * l->beta_width + (l->beta_width == 1 ? 0 : head)];
    read_state(l, k, state, fresh);
    for (int64_t j = 0; j < l->dv; j++) fresh[j] = rate * (v[j] - fresh[j]);
  } else {
    for (int64_t j = 0; j < l->dv; j++) fresh[j] = v[j];
  }
  for (int64_t i = 0; i < l->dk; i++)
    for (int64_t j = 0; j < l->dv; j++) state[i * l->dv + j] += k[i] * fresh[j];
  int64_t group = l->q_heads / l->kv_heads;
  for (int64_t h = head * group; h < (head + 1) * group; h++) {
    float *y = l->y + (token * l->q_heads + h) * l->dv;
    read_state(l, l->q + (token * l->q_heads + h) * l->dk, state, y);
    for (int64_t j = 0; j < l->dv; j++) y[j] *= l->scale;
  }
}

static gcut_status read_operands(gcut__cpu_call *c, linear *l, const float **past,
                                 gcut_error *err) {
  GCUT_TRY(gcut__input_float(c, 0, &l->q, err));
  GCUT_TRY(gcut__input_float(c, 1, &l->k, err));
  GCUT_TRY(gcut__input_float(c, 2, &l->v, err));
  GCUT_TRY(gcut__input_float(c, 3, past, err));
  GCUT_TRY(gcut__input_float(c, 4, &l->decay, err));
  GCUT_TRY(gcut__input_float(c, 5, &l->beta, err));
  if (l->decay) l->decay_width = c->inputs[4]->dims[2];
  if (l->beta) l->beta_width = c->inputs[5]->dims[2];
  return gcut__output_float(c, 0, &l->y, err);
}

gcut_status gcut__cpu_linear_attention(gcut__cpu_call *c, gcut_error *err) {
  const gcut__linear_attention_attrs *attrs = c->attrs;
  const int64_t *q = c->inputs[0]->dims, *v = c->inputs[2]->dims;
  linear l = {.batch = q[0],
              .length = q[1],
              .q_heads = attrs->q_num_heads,
              .kv_heads = attrs->kv_num_heads,
              .dk = q[2] / attrs->q_num_heads,
              .dv = v[2] / attrs->kv_num_heads};
  const float *past;
  float *present;
  GCUT_TRY(read_operands(c, &l, &past, err));
  GCUT_TRY(gcut__output_float(c, 1, &present, err));
  l.scale = attrs->scale != 0 ? attrs->scale : (float)(1 / sqrt((double)l.dk));
  if (c->outputs[0]->count == 0 && (!present || c->outputs[1]->count == 0)) return GCUT_OK;
  int64_t size = l.dk * l.dv;
  float *state = GCUT_NEW_ARRAY(c->scratch, float, (size_t)size);
  float *fresh = GCUT_NEW_ARRAY(c->scratch, float, (size_t)l.dv);
  if (!state || !fresh) return GCUT_NO_MEMORY(err);
  for (int64_t head = 0; head < l.batch * l.kv_heads; head++) {
    int64_t b = head / l.kv_heads;
    memset(state, 0, (size_t)size * sizeof *state);
    if (past && size > 0) memcpy(state, past + head * size, (size_t)size * sizeof *state);
    for (int64_t t = 0; t < l.length; t++)
      step(&l, b * l.length + t, head % l.kv_heads, state, fresh);
    if (present && size > 0) memcpy(present + head * size, state, (size_t)size * sizeof *state);
  }
  gcut__finish_float(c, 0, l.y);
  gcut__finish_float(c, 1, present);
  return GCUT_OK;
}

// ---- CausalConvWithState ----------------------------------------------------------------------

// One channel: padded [(k-1) * dilation + length] is what the past left and then the input.
static void convolve(const float *padded, const float *weight, float bias, int64_t k,
                     int64_t dilation, int64_t length, float *y) {
  for (int64_t t = 0; t < length; t++) y[t] = 0;
  for (int64_t i = 0; i < k; i++)
    for (int64_t t = 0; t < length; t++) y[t] += weight[i] * padded[t + i * dilation];
  for (int64_t t = 0; t < length; t++) y[t] += bias;
}

gcut_status gcut__cpu_causal_conv(gcut__cpu_call *c, gcut_error *err) {
  const gcut__causal_conv_attrs *attrs = c->attrs;
  const int64_t *dims = c->inputs[0]->dims;
  int64_t channels = dims[1], length = dims[2], k = c->inputs[1]->dims[2];
  int64_t kept = (k - 1) * attrs->dilation;
  const float *x, *weight, *bias, *past;
  float *y, *present;
  GCUT_TRY(gcut__input_float(c, 0, &x, err));
  GCUT_TRY(gcut__input_float(c, 1, &weight, err));
  GCUT_TRY(gcut__input_float(c, 2, &bias, err));
  GCUT_TRY(gcut__input_float(c, 3, &past, err));
  GCUT_TRY(gcut__output_float(c, 0, &y, err));
  GCUT_TRY(gcut__output_float(c, 1, &present, err));
  if (c->inputs[0]->count == 0 && (!present || c->outputs[1]->count == 0)) return GCUT_OK;
  float *padded = GCUT_NEW_ARRAY(c->scratch, float, (size_t)(kept + length));
  if (!padded) return GCUT_NO_MEMORY(err);
  for (int64_t row = 0; row < dims[0] * channels; row++) {
    int64_t channel = row % channels;
    for (int64_t i = 0; i < kept; i++) padded[i] = past ? past[row * kept + i] : 0;
    for (int64_t t = 0; t < length; t++) padded[kept + t] = x[row * length + t];
    convolve(padded, weight + channel * k, bias ? bias[channel] : 0, k, attrs->dilation, length,
             y + row * length);
    for (int64_t i = 0; present && i < kept; i++) present[row * kept + i] = padded[length + i];
  }
  if (gcut__causal_activation(attrs->activation) == 1) {
    int64_t n = dims[0] * channels * length;
    gcut__round_float(c->outputs[0]->type, y, n); // the activation follows the stored sum
    for (int64_t i = 0; i < n; i++) y[i] *= 1 / (1 + expf(-y[i]));
  }
  gcut__finish_float(c, 0, y);
  gcut__finish_float(c, 1, present);
  return GCUT_OK;
}
