// BatchNormalization, as in inference by statistics that are given, and as in training by those of
// the batch.
#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"
#include "tracer/ops/normalization.h"

// The input as [samples, channels, size].
typedef struct channels {
  uint64_t samples, channels, size;
} channels;

static channels split_channels(const gcut__cpu_call *c) {
  const gcut__batch_norm_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  if (x->rank == 1) return (channels){(uint64_t)x->dims[0], 1, 1};
  if (!attrs->spatial && c->node->version < 9)
    return (channels){(uint64_t)x->dims[0], (uint64_t)gcut__product(x->dims, 1, x->rank), 1};
  return (channels){(uint64_t)x->dims[0], (uint64_t)x->dims[1],
                    (uint64_t)gcut__product(x->dims, 2, x->rank)};
}

// Mean and variance of each channel over samples and elements, in two passes.
static gcut_status batch_statistics(gcut__cpu_call *c, const channels *k, double *mean,
                                    double *variance, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  double *row = gcut_arena_alloc(c->scratch, k->size, sizeof *row);
  if (!row) return GCUT_NO_MEMORY(err);
  double n = (double)k->samples * (double)k->size;
  for (uint64_t channel = 0; channel < k->channels; channel++) {
    double sum = 0, squares = 0;
    for (uint64_t i = 0; i < k->samples; i++) {
      gcut__load_doubles(x->type, x->data, (i * k->channels + channel) * k->size, 1, k->size, row);
      sum += gcut__sum(row, k->size);
    }
    mean[channel] = sum / n;
    for (uint64_t i = 0; i < k->samples; i++) {
      gcut__load_doubles(x->type, x->data, (i * k->channels + channel) * k->size, 1, k->size, row);
      for (uint64_t j = 0; j < k->size; j++) row[j] -= mean[channel];
      squares += gcut__sum_squares(row, k->size);
    }
    variance[channel] = squares / n;
  }
  return GCUT_OK;
}

// The running statistics that training puts out: old ones blended with the batch's.
static gcut_status blend(gcut__cpu_call *c, uint32_t out, uint32_t old, const double *batch,
                         gcut_error *err) {
  const gcut__batch_norm_attrs *attrs = c->attrs;
  if (!gcut__cpu_wants(c, out)) return GCUT_OK;
  uint64_t n = c->outputs[out]->count;
  const double *before = gcut__tensor_doubles(c, c->inputs[old]);
  double *blended = gcut_arena_alloc(c->scratch, n, sizeof *blended);
  if (!before || !blended) return GCUT_NO_MEMORY(err);
  double momentum = (double)attrs->momentum;
  for (uint64_t i = 0; i < n; i++) blended[i] = before[i] * momentum + batch[i] * (1 - momentum);
  gcut__put_doubles(c, out, blended);
  return GCUT_OK;
}

static gcut_status train(gcut__cpu_call *c, const channels *k, const double **out_mean,
                         const double **out_variance, gcut_error *err) {
  double *mean = gcut_arena_alloc(c->scratch, k->channels, sizeof *mean);
  double *variance = gcut_arena_alloc(c->scratch, k->channels, sizeof *variance);
  if (!mean || !variance) return GCUT_NO_MEMORY(err);
  GCUT_TRY(batch_statistics(c, k, mean, variance, err));
  GCUT_TRY(blend(c, 1, 3, mean, err));
  GCUT_TRY(blend(c, 2, 4, variance, err));
  gcut__put_doubles(c, 3, mean);
  gcut__put_doubles(c, 4, variance);
  *out_mean = mean;
  *out_variance = variance;
  return GCUT_OK;
}

enum { ROW = 256 };

// Row by row of some pixels, for an input that lies channels last: the same formula as plane by
// plane.
static gcut_status normalize_pixels(gcut__cpu_call *c, const channels *k, const double *scale,
                                    const double *bias, const double *mean, const double *variance,
                                    gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  double epsilon = (double)((const gcut__batch_norm_attrs *)c->attrs)->epsilon;
  uint64_t n = k->channels < ROW ? ROW / k->channels * k->channels : k->channels;
  double *row = gcut_arena_alloc(c->scratch, n, sizeof *row);
  double *factor = gcut_arena_alloc(c->scratch, n, sizeof *factor);
  double *less = gcut_arena_alloc(c->scratch, n, sizeof *less);
  double *more = gcut_arena_alloc(c->scratch, n, sizeof *more);
  if (!row || !factor || !less || !more) return GCUT_NO_MEMORY(err);
  for (uint64_t j = 0; j < n; j++) {
    uint64_t i = j % k->channels;
    factor[j] = scale[i] / sqrt(variance[i] + epsilon);
    less[j] = mean[i], more[j] = bias[i];
  }
  for (uint64_t i = 0; i < x->count; i += n) {
    uint64_t m = x->count - i < n ? x->count - i : n;
    gcut__load_doubles(x->type, x->data, i, 1, m, row);
    for (uint64_t j = 0; j < m; j++) row[j] = (row[j] - less[j]) * factor[j] + more[j];
    gcut__store_doubles(y->type, y->data, i, 1, m, row);
  }
  c->order->output = true;
  return GCUT_OK;
}

gcut_status gcut__cpu_batch_normalization(gcut__cpu_call *c, gcut_error *err) {
  const gcut__batch_norm_attrs *attrs = c->attrs;
  bool trains = gcut__batch_norm_trains(c->node, attrs);
  if (trains) GCUT_TRY(gcut__cpu_straighten_input(c, err));
  channels k = split_channels(c);
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  const double *scale = gcut__tensor_doubles(c, c->inputs[1]);
  const double *bias = gcut__tensor_doubles(c, c->inputs[2]);
  const double *mean = gcut__tensor_doubles(c, c->inputs[3]);
  const double *variance = gcut__tensor_doubles(c, c->inputs[4]);
  double *row = gcut_arena_alloc(c->scratch, k.size, sizeof *row);
  if (!scale || !bias || !mean || !variance || !row) return GCUT_NO_MEMORY(err);
  if (c->order && c->order->input) return normalize_pixels(c, &k, scale, bias, mean, variance, err);
  if (trains) GCUT_TRY(train(c, &k, &mean, &variance, err));
  for (uint64_t i = 0; i < k.samples * k.channels; i++) {
    uint64_t channel = i % k.channels;
    double factor = scale[channel] / sqrt(variance[channel] + (double)attrs->epsilon);
    gcut__load_doubles(x->type, x->data, i * k.size, 1, k.size, row);
    for (uint64_t j = 0; j < k.size; j++)
      row[j] = (row[j] - mean[channel]) * factor + bias[channel];
    gcut__store_doubles(y->type, y->data, i * k.size, 1, k.size, row);
  }
  return GCUT_OK;
}
