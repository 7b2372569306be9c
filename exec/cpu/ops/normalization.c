// InstanceNormalization, GroupNormalization, LayerNormalization, RMSNormalization,
// SimplifiedLayerNormalization, LRN, LpNormalization, MeanVarianceNormalization, ImageScaler.
#include "tracer/ops/normalization.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/normalize.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"

// ---- InstanceNormalization, GroupNormalization ------------------------------------------------

static gcut_status normalize_groups(gcut__cpu_call *c, uint64_t groups, bool by_group,
                                    gcut_error *err) {
  const gcut__group_norm_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  if (x->count == 0) return GCUT_OK;
  uint64_t size = (uint64_t)gcut__product(x->dims, 2, x->rank),
           channels = (uint64_t)x->dims[1] / groups;
  gcut__normalization p = {
      .type = x->type,
      .out_type = x->type,
      .x = x->data,
      .y = c->outputs[0]->data,
      .n_rows = (uint64_t)x->dims[0] * groups,
      .n = channels * size,
      .scale = gcut__tensor_doubles(c, c->inputs[1]),
      .bias = gcut__tensor_doubles(c, c->inputs[2]),
      .period = groups,
      .step = by_group ? 1 : channels,
      .span = by_group ? channels * size : size,
      .epsilon = (double)attrs->epsilon,
      .center = true,
  };
  if (!p.scale || !p.bias) return GCUT_NO_MEMORY(err);
  return gcut__normalize(c, &p, err);
}

gcut_status gcut__cpu_instance_normalization(gcut__cpu_call *c, gcut_error *err) {
  return normalize_groups(c, (uint64_t)c->inputs[0]->dims[1], false, err);
}

gcut_status gcut__cpu_group_normalization(gcut__cpu_call *c, gcut_error *err) {
  const gcut__group_norm_attrs *attrs = c->attrs;
  return normalize_groups(c, (uint64_t)attrs->num_groups, c->node->version < 21, err);
}

// ---- LayerNormalization and its kin -----------------------------------------------------------

// Whether input `i` has the shape of one row: the last dims of input 0, `n` elements in all.
static bool is_row(const gcut__cpu_call *c, uint32_t i, uint64_t n) {
  const gcut_tensor *x = c->inputs[0], *t = c->inputs[i];
  for (int d = 0; d < t->rank; d++)
    if (t->dims[d] != x->dims[x->rank - t->rank + d]) return false;
  return t->count == n;
}

// Input `i` as doubles, broadcast to all of input 0; NULL where memory is out.
static const double *spread(gcut__cpu_call *c, uint32_t i) {
  const gcut_tensor *x = c->inputs[0], *t = c->inputs[i];
  const double *own = gcut__tensor_doubles(c, t);
  double *all = gcut_arena_alloc(c->scratch, x->count, sizeof *all);
  gcut__walk *walk;
  if (!own || !all || gcut__walk_create(c->scratch, x->rank, x->dims, 2, &walk, NULL) != GCUT_OK)
    return NULL;
  gcut__walk_broadcast(walk, 0, x->rank, x->dims);
  gcut__walk_broadcast(walk, 1, t->rank, t->dims);
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t k = 0; k < walk->inner; k++)
      all[walk->offsets[0] + k * walk->steps[0]] = own[walk->offsets[1] + k * walk->steps[1]];
  return all;
}

// Scale and bias: the same for every row as a rule, otherwise broadcast to the whole tensor.
static bool set_affine(gcut__cpu_call *c, gcut__normalization *p) {
  bool has_bias = gcut__cpu_has(c, 2);
  if (is_row(c, 1, p->n) && (!has_bias || is_row(c, 2, p->n))) {
    p->period = 1;
    p->scale = gcut__tensor_doubles(c, c->inputs[1]);
    p->bias = has_bias ? gcut__tensor_doubles(c, c->inputs[2]) : NULL;
  } else {
    p->period = p->n_rows;
    p->scale = spread(c, 1);
    p->bias = has_bias ? spread(c, 2) : NULL;
  }
  return p->scale && (p->bias || !has_bias);
}

// `inverse`: the output for the inverse deviation; the one for the mean is output 1 where centred.
static gcut_status normalize_layers(gcut__cpu_call *c, bool center, uint32_t inverse,
                                    gcut_error *err) {
  const gcut__layer_norm_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  if (x->count == 0) return GCUT_OK;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  gcut__normalization p = {.type = x->type,
                           .out_type = c->outputs[0]->type,
                           .x = x->data,
                           .y = c->outputs[0]->data,
                           .n_rows = (uint64_t)gcut__product(x->dims, 0, axis),
                           .n = (uint64_t)gcut__product(x->dims, axis, x->rank),
                           .span = 1,
                           .epsilon = (double)attrs->epsilon,
                           .center = center};
  p.step = p.n;
  p.mean = gcut_arena_alloc(c->scratch, p.n_rows, sizeof *p.mean);
  p.inverse = gcut_arena_alloc(c->scratch, p.n_rows, sizeof *p.inverse);
  if (!p.mean || !p.inverse || !set_affine(c, &p)) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__normalize(c, &p, err));
  if (center) gcut__put_doubles(c, 1, p.mean);
  gcut__put_doubles(c, inverse, p.inverse);
  return GCUT_OK;
}

gcut_status gcut__cpu_layer_normalization(gcut__cpu_call *c, gcut_error *err) {
  return normalize_layers(c, true, 2, err);
}

gcut_status gcut__cpu_rms_normalization(gcut__cpu_call *c, gcut_error *err) {
  return normalize_layers(c, false, 1, err);
}

gcut_status gcut__cpu_simplified_layer_normalization(gcut__cpu_call *c, gcut_error *err) {
  return normalize_layers(c, false, 1, err);
}

// ---- LRN --------------------------------------------------------------------------------------

// y = x / (bias + alpha / size * sum of squares over the neighbouring channels) ^ beta.
static void lrn_channel(const gcut__cpu_call *c, uint64_t first, uint64_t channel, double *sums,
                        double *row) {
  const gcut__lrn_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  uint64_t channels = (uint64_t)x->dims[1], size = (uint64_t)gcut__product(x->dims, 2, x->rank);
  uint64_t below = (uint64_t)(attrs->size - 1) / 2, above = (uint64_t)attrs->size / 2;
  uint64_t from = channel > below ? channel - below : 0;
  uint64_t to = above < channels - channel ? channel + above + 1 : channels;
  memset(sums, 0, size * sizeof *sums);
  for (uint64_t k = from; k < to; k++) {
    gcut__load_doubles(x->type, x->data, first + k * size, 1, size, row);
    for (uint64_t j = 0; j < size; j++) sums[j] += row[j] * row[j];
  }
  gcut__load_doubles(x->type, x->data, first + channel * size, 1, size, row);
  double factor = (double)attrs->alpha / (double)attrs->size;
  for (uint64_t j = 0; j < size; j++)
    row[j] /= pow((double)attrs->bias + factor * sums[j], (double)attrs->beta);
  gcut__store_doubles(x->type, c->outputs[0]->data, first + channel * size, 1, size, row);
}

gcut_status gcut__cpu_lrn(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  uint64_t channels = (uint64_t)x->dims[1], size = (uint64_t)gcut__product(x->dims, 2, x->rank);
  if (x->count == 0) return GCUT_OK;
  double *sums = gcut_arena_alloc(c->scratch, size, sizeof *sums);
  double *row = gcut_arena_alloc(c->scratch, size, sizeof *row);
  if (!sums || !row) return GCUT_NO_MEMORY(err);
  for (uint64_t first = 0; first < x->count; first += channels * size)
    for (uint64_t k = 0; k < channels; k++) lrn_channel(c, first, k, sums, row);
  return GCUT_OK;
}

// ---- LpNormalization --------------------------------------------------------------------------

static double norm_of(const double *x, uint64_t n, int64_t p) {
  if (p == 2) return sqrt(gcut__sum_squares(x, n));
  double sum = 0;
  for (uint64_t i = 0; i < n; i++) sum += fabs(x[i]);
  return sum;
}

// A row whose norm is zero stays zero.
gcut_status gcut__cpu_lp_normalization(gcut__cpu_call *c, gcut_error *err) {
  const gcut__lp_normalization_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  if (x->count == 0) return GCUT_OK;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  uint64_t n = (uint64_t)x->dims[axis], inner = (uint64_t)gcut__product(x->dims, axis + 1, x->rank);
  double *row = gcut_arena_alloc(c->scratch, n, sizeof *row);
  if (!row) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < x->count / n; i++) {
    uint64_t first = i / inner * n * inner + i % inner;
    gcut__load_doubles(x->type, x->data, first, inner, n, row);
    double norm = norm_of(row, n, attrs->p);
    for (uint64_t j = 0; j < n; j++) row[j] = norm == 0 ? 0 : row[j] / norm;
    gcut__store_doubles(x->type, c->outputs[0]->data, first, inner, n, row);
  }
  return GCUT_OK;
}

// ---- MeanVarianceNormalization ----------------------------------------------------------------

// Walks the tensor with the reduced axes last; *out_n is their product.
static gcut_status walk_reduced_last(gcut__cpu_call *c, gcut__walk **out_walk, uint64_t *out_n,
                                     gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_ints axes = gcut__mvn_axes(c->attrs);
  bool reduced[GCUT_MAX_RANK] = {false};
  for (size_t k = 0; k < axes.n; k++)
    reduced[axes.data[k] < 0 ? axes.data[k] + x->rank : axes.data[k]] = true;
  int64_t packed[GCUT_MAX_RANK], dims[GCUT_MAX_RANK], strides[GCUT_MAX_RANK];
  gcut__packed_strides(x->rank, x->dims, packed);
  int rank = 0;
  *out_n = 1;
  for (int pass = 0; pass < 2; pass++)
    for (int d = 0; d < x->rank; d++) {
      if (reduced[d] != (pass == 1)) continue;
      if (pass == 1) *out_n *= (uint64_t)x->dims[d];
      dims[rank] = x->dims[d];
      strides[rank++] = packed[d];
    }
  GCUT_TRY(gcut__walk_create(c->scratch, rank, dims, 1, out_walk, err));
  gcut__walk_strides(*out_walk, 0, strides);
  return GCUT_OK;
}

// The standard's function adds this to the deviation, where others add to the variance.
static const double MVN_EPSILON = 1e-9;

static void mvn_row(double *x, uint64_t n) {
  double mean, variance;
  gcut__mean_variance(x, n, &mean, &variance);
  double factor = 1 / (sqrt(variance) + MVN_EPSILON);
  for (uint64_t i = 0; i < n; i++) x[i] = (x[i] - mean) * factor;
}

gcut_status gcut__cpu_mean_variance_normalization(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut__walk *there, *back;
  uint64_t n;
  if (x->count == 0) return GCUT_OK;
  GCUT_TRY(walk_reduced_last(c, &there, &n, err));
  GCUT_TRY(walk_reduced_last(c, &back, &n, err));
  double *all = gcut_arena_alloc(c->scratch, x->count, sizeof *all), *at = all;
  if (!all) return GCUT_NO_MEMORY(err);
  for (bool more = gcut__walk_start(there); more; more = gcut__walk_next(there)) {
    gcut__load_doubles(x->type, x->data, (uint64_t)there->offsets[0], (uint64_t)there->steps[0],
                       (uint64_t)there->inner, at);
    at += there->inner;
  }
  for (uint64_t i = 0; i < x->count; i += n) mvn_row(all + i, n);
  at = all;
  for (bool more = gcut__walk_start(back); more; more = gcut__walk_next(back)) {
    gcut__store_doubles(x->type, c->outputs[0]->data, (uint64_t)back->offsets[0],
                        (uint64_t)back->steps[0], (uint64_t)back->inner, at);
    at += back->inner;
  }
  return GCUT_OK;
}

// ---- ImageScaler ------------------------------------------------------------------------------

gcut_status gcut__cpu_image_scaler(gcut__cpu_call *c, gcut_error *err) {
  const gcut__image_scaler_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  uint64_t n = (uint64_t)gcut__product(x->dims, 2, x->rank);
  double *row = gcut_arena_alloc(c->scratch, n, sizeof *row);
  if (!row) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < (uint64_t)gcut__product(x->dims, 0, 2); i++) {
    double bias = (double)attrs->bias.data[i % attrs->bias.n];
    gcut__load_doubles(x->type, x->data, i * n, 1, n, row);
    for (uint64_t k = 0; k < n; k++) row[k] = row[k] * (double)attrs->scale + bias;
    gcut__store_doubles(y->type, y->data, i * n, 1, n, row);
  }
  return GCUT_OK;
}
