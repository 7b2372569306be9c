// com.microsoft's normalisations: the sum in float, then normalize.h's rows.
#include "tracer/ops/microsoft_norm.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/normalize.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/widen.h"

// ---- SkipLayerNormalization -------------------------------------------------------------------

// x + skip + bias, the latter two repeating. sum: [n].
static void add_rows(const float *x, const float *skip, uint64_t n_skip, const float *bias,
                     uint64_t n_bias, uint64_t n, float *sum) {
  for (uint64_t i = 0, s = 0; i < n; i++, s = s + 1 == n_skip ? 0 : s + 1) sum[i] = x[i] + skip[s];
  for (uint64_t i = 0, b = 0; bias && i < n; i++, b = b + 1 == n_bias ? 0 : b + 1)
    sum[i] += bias[b];
}

// Rows of floats, p->x [n_rows][p->n], normalised into output 0; beta may be NULL.
static gcut_status normalize_sum(gcut__cpu_call *c, gcut__normalization *p,
                                 const gcut_tensor *gamma, const gcut_tensor *beta,
                                 gcut_error *err) {
  const gcut__skip_norm_attrs *attrs = c->attrs;
  gcut_tensor *out = c->outputs[0];
  p->type = GCUT_FLOAT;
  p->out_type = out->type;
  p->y = out->data;
  p->n_rows = out->count / p->n;
  p->scale = gcut__tensor_doubles(c, gamma);
  p->bias = beta ? gcut__tensor_doubles(c, beta) : NULL;
  p->period = p->span = 1;
  p->epsilon = (double)attrs->epsilon;
  if (!p->scale || (beta && !p->bias)) return GCUT_NO_MEMORY(err);
  return gcut__normalize(c, p, err);
}

// beta and bias: inputs, or GCUT_NONE where the operator has none.
static gcut_status skip_norm(gcut__cpu_call *c, uint32_t beta, uint32_t bias, bool center,
                             gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  uint64_t width = (uint64_t)x->dims[x->rank - 1];
  const float *a, *skip, *b = NULL;
  float *sum, *kept;
  if (x->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__input_float(c, 0, &a, err));
  GCUT_TRY(gcut__input_float(c, 1, &skip, err));
  if (bias != GCUT_NONE) GCUT_TRY(gcut__input_float(c, bias, &b, err));
  GCUT_TRY(gcut__output_float(c, 3, &kept, err));
  sum = kept ? kept : GCUT_NEW_ARRAY(c->scratch, float, x->count);
  double *stats = gcut_arena_alloc(c->scratch, x->count / width, 2 * sizeof *stats);
  if (!sum || !stats) return GCUT_NO_MEMORY(err);
  add_rows(a, skip, c->inputs[1]->count, b, width, x->count, sum);
  gcut__finish_float(c, 3, kept);
  const gcut_tensor *shift = beta != GCUT_NONE && gcut__cpu_has(c, beta) ? c->inputs[beta] : NULL;
  uint64_t rows = x->count / width;
  gcut__normalization p = {
      .x = sum, .n = width, .center = center, .mean = stats, .inverse = stats + rows};
  GCUT_TRY(normalize_sum(c, &p, c->inputs[2], shift, err));
  gcut__put_doubles(c, 1, stats);
  gcut__put_doubles(c, 2, stats + rows);
  return GCUT_OK;
}

gcut_status gcut__cpu_skip_layer_norm(gcut__cpu_call *c, gcut_error *err) {
  return skip_norm(c, 3, 4, true, err);
}
gcut_status gcut__cpu_skip_simplified_layer_norm(gcut__cpu_call *c, gcut_error *err) {
  return skip_norm(c, GCUT_NONE, 3, false, err);
}

// ---- EmbedLayerNormalization ------------------------------------------------------------------

// Adds row ids[i] of a table to row i of sum; ids NULL: row i % length.
static gcut_status add_embedding(gcut__cpu_call *c, uint32_t table, const int32_t *ids,
                                 uint64_t n_ids, uint64_t rows, uint64_t length, float *sum,
                                 gcut_error *err) {
  const float *from;
  int64_t n = c->inputs[table]->dims[0], width = c->inputs[table]->dims[1];
  GCUT_TRY(gcut__input_float(c, table, &from, err));
  for (uint64_t i = 0; i < rows; i++) {
    int64_t id = ids ? ids[i % n_ids] : (int64_t)(i % length);
    if (id < 0 || id >= n)
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "id %lld of the %lld rows of input %u",
                            (long long)id, (long long)n, table);
    for (int64_t j = 0; j < width; j++)
      sum[i * (uint64_t)width + (uint64_t)j] += from[id * width + j];
  }
  return GCUT_OK;
}

// Words of each sample that the mask keeps; 0 without a mask.
static void count_mask(gcut__cpu_call *c, uint64_t batch, uint64_t length) {
  if (!gcut__cpu_wants(c, 1)) return;
  int32_t *counts = c->outputs[1]->data;
  const int32_t *mask = gcut__cpu_has(c, 7) ? c->inputs[7]->data : NULL;
  for (uint64_t b = 0; b < batch; b++) {
    counts[b] = 0;
    for (uint64_t i = 0; mask && i < length; i++) counts[b] += mask[b * length + i] == 1;
  }
}

gcut_status gcut__cpu_embed_layer_norm(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *ids = c->inputs[0];
  uint64_t batch = (uint64_t)ids->dims[0], length = (uint64_t)ids->dims[1];
  float *sum;
  count_mask(c, batch, length);
  if (c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__output_float(c, 2, &sum, err));
  float *kept = sum;
  if (!sum && !(sum = GCUT_NEW_ARRAY(c->scratch, float, c->outputs[0]->count)))
    return GCUT_NO_MEMORY(err);
  memset(sum, 0, c->outputs[0]->count * sizeof *sum);
  const gcut_tensor *positions = gcut__cpu_has(c, 8) ? c->inputs[8] : NULL;
  GCUT_TRY(add_embedding(c, 2, ids->data, ids->count, ids->count, length, sum, err));
  GCUT_TRY(add_embedding(c, 3, positions ? positions->data : NULL, positions ? positions->count : 1,
                         ids->count, length, sum, err));
  if (gcut__cpu_has(c, 4))
    GCUT_TRY(add_embedding(c, 4, c->inputs[1]->data, ids->count, ids->count, length, sum, err));
  gcut__finish_float(c, 2, kept);
  gcut__normalization p = {.x = sum, .n = (uint64_t)c->inputs[2]->dims[1], .center = true};
  return normalize_sum(c, &p, c->inputs[5], c->inputs[6], err);
}

// ---- GroupNorm --------------------------------------------------------------------------------

typedef struct groups {
  uint64_t batch, channels, points, size; // points: of a plane; size: channels of a group
  bool channels_last, silu;
  const double *gamma, *beta; // [channels]
  double epsilon;
} groups;

// Where channel ch at point p of sample b lies.
static uint64_t at(const groups *g, uint64_t b, uint64_t ch, uint64_t p) {
  return g->channels_last ? (b * g->points + p) * g->channels + ch
                          : (b * g->channels + ch) * g->points + p;
}

static void add_skip(const groups *g, const gcut_tensor *skip, const double *s, const double *bias,
                     double *x) {
  bool whole = skip && skip->count == g->batch * g->channels * g->points && g->points > 0;
  for (uint64_t b = 0; b < g->batch; b++)
    for (uint64_t ch = 0; ch < g->channels; ch++)
      for (uint64_t p = 0; p < g->points; p++) {
        uint64_t i = at(g, b, ch, p);
        x[i] += (skip ? s[whole ? i : b * g->channels + ch] : 0) + (bias ? bias[ch] : 0);
      }
}

// row: [size * points]
static void normalize_group(const groups *g, uint64_t b, uint64_t group, const double *x,
                            double *row, double *y) {
  double mean, variance;
  uint64_t n = g->size * g->points;
  for (uint64_t i = 0; i < n; i++)
    row[i] = x[at(g, b, group * g->size + i / g->points, i % g->points)];
  gcut__mean_variance(row, n, &mean, &variance);
  double inverse = 1 / sqrt(variance + g->epsilon);
  for (uint64_t i = 0; i < n; i++) {
    uint64_t ch = group * g->size + i / g->points;
    double value = (row[i] - mean) * inverse * g->gamma[ch] + g->beta[ch];
    y[at(g, b, ch, i % g->points)] = g->silu ? value / (1 + exp(-value)) : value;
  }
}

static gcut_status group_norm(gcut__cpu_call *c, bool with_skip, gcut_error *err) {
  const gcut__channel_norm_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *out = c->outputs[0];
  bool last = attrs->channels_last != 0;
  if (x->count == 0) return GCUT_OK;
  groups g = {.batch = (uint64_t)x->dims[0],
              .channels = (uint64_t)x->dims[last ? 3 : 1],
              .channels_last = last,
              .silu = attrs->activation == 1,
              .gamma = gcut__tensor_doubles(c, c->inputs[1]),
              .beta = gcut__tensor_doubles(c, c->inputs[2]),
              .epsilon = (double)attrs->epsilon};
  g.points = (uint64_t)(last ? x->dims[1] * x->dims[2] : x->dims[2] * x->dims[3]);
  g.size = g.channels / (uint64_t)attrs->groups;
  const double *skip = NULL, *bias = NULL;
  bool has_bias = with_skip && gcut__cpu_has(c, 4);
  double *sum = GCUT_NEW_ARRAY(c->scratch, double, x->count);
  double *y = GCUT_NEW_ARRAY(c->scratch, double, x->count);
  double *row = GCUT_NEW_ARRAY(c->scratch, double, g.size *g.points);
  if (with_skip) skip = gcut__tensor_doubles(c, c->inputs[3]);
  if (has_bias) bias = gcut__tensor_doubles(c, c->inputs[4]);
  if (!g.gamma || !g.beta || !sum || !y || !row || (with_skip && !skip) || (has_bias && !bias))
    return GCUT_NO_MEMORY(err);
  gcut__load_doubles(x->type, x->data, 0, 1, x->count, sum);
  if (with_skip) add_skip(&g, c->inputs[3], skip, bias, sum);
  gcut__put_doubles(c, 1, sum);
  for (uint64_t b = 0; b < g.batch; b++)
    for (uint64_t k = 0; k < (uint64_t)attrs->groups; k++) normalize_group(&g, b, k, sum, row, y);
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}

gcut_status gcut__cpu_microsoft_group_norm(gcut__cpu_call *c, gcut_error *err) {
  return group_norm(c, false, err);
}
gcut_status gcut__cpu_skip_group_norm(gcut__cpu_call *c, gcut_error *err) {
  return group_norm(c, true, err);
}
