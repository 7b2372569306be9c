// ai.onnx.ml on features: every kernel walks rows of numbers, computed in double.
#include "tracer/ops/feature.h"

#include <math.h>

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/features.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/post_transform.h"

static void store(gcut_tensor *y, uint64_t i, double value) {
  switch (y->type) {
  case GCUT_FLOAT: ((float *)y->data)[i] = (float)value; break;
  case GCUT_DOUBLE: ((double *)y->data)[i] = value; break;
  case GCUT_INT64: ((int64_t *)y->data)[i] = (int64_t)value; break;
  default: ((int32_t *)y->data)[i] = (int32_t)value; break;
  }
}

gcut_status gcut__cpu_array_feature_extractor(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  const int64_t *indices;
  uint64_t n, row = gcut__n_features(x);
  GCUT_TRY(gcut__indices_within(c, 1, (int64_t)row, &indices, &n, err));
  if (y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  for (uint64_t r = 0; r < x->count / row; r++)
    gcut__pick(to.size, to.data + r * n * to.size, from.data + r * row * to.size, indices, n);
  return gcut__elements_store(c, &to, y, err);
}

// A row is the inputs' rows one after the other, each cut or filled up with zeros to its size.
gcut_status gcut__cpu_feature_vectorizer(gcut__cpu_call *c, gcut_error *err) {
  gcut_ints sizes = ((const gcut__vectorizer_attrs *)c->attrs)->inputdimensions;
  float *to = c->outputs[0]->data;
  int64_t rows = c->outputs[0]->dims[0];
  (void)err;
  for (int64_t r = 0; r < rows; r++)
    for (uint32_t i = 0; i < c->n_inputs; i++) {
      uint64_t n = c->inputs[i]->count / (uint64_t)rows;
      for (uint64_t k = 0; k < (uint64_t)sizes.data[i]; k++)
        *to++ = k < n ? (float)gcut__feature(c->inputs[i], (uint64_t)r * n + k) : 0;
    }
  return GCUT_OK;
}

gcut_status gcut__cpu_binarizer(gcut__cpu_call *c, gcut_error *err) {
  const gcut__binarizer_attrs *attrs = c->attrs;
  (void)err;
  for (uint64_t i = 0; i < c->inputs[0]->count; i++)
    store(c->outputs[0], i, gcut__feature(c->inputs[0], i) > (double)attrs->threshold);
  return GCUT_OK;
}

// Entry of a list for feature `k`: the only one, or its own.
static double entry(gcut_floats list, uint64_t k) {
  return (double)list.data[list.n == 1 ? 0 : k];
}

gcut_status gcut__cpu_scaler(gcut__cpu_call *c, gcut_error *err) {
  const gcut__scaler_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  uint64_t row = gcut__n_features(x);
  (void)err;
  for (uint64_t i = 0; i < x->count; i++)
    store(c->outputs[0], i,
          (gcut__feature(x, i) - entry(attrs->offset, i % row)) * entry(attrs->scale, i % row));
  return GCUT_OK;
}

// What a row is divided by. The largest element is taken as it is, not by its magnitude.
static double norm_of(gcut__feature_norm norm, const gcut_tensor *x, uint64_t at, uint64_t n) {
  double largest = gcut__feature(x, at), sum = 0;
  for (uint64_t i = at; i < at + n; i++) {
    double value = gcut__feature(x, i);
    if (value > largest) largest = value;
    sum += norm == GCUT__NORM_L1 ? fabs(value) : value * value;
  }
  return norm == GCUT__NORM_MAX ? largest : norm == GCUT__NORM_L1 ? sum : sqrt(sum);
}

gcut_status gcut__cpu_normalizer(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut__feature_norm norm = gcut__feature_norm_of(c->attrs);
  uint64_t row = gcut__n_features(x);
  (void)err;
  for (uint64_t at = 0; at < x->count; at += row) {
    double by = norm_of(norm, x, at, row);
    for (uint64_t i = at; i < at + row; i++)
      store(c->outputs[0], i, by != 0 ? gcut__feature(x, i) / by : gcut__feature(x, i));
  }
  return GCUT_OK;
}

// Integers are compared and replaced as they are: a double would not hold them all.
static void impute_integers(const gcut__imputer_attrs *attrs, const gcut_tensor *x,
                            gcut_tensor *y) {
  gcut_ints by = attrs->imputed_value_int64s;
  uint64_t row = gcut__n_features(x);
  for (uint64_t i = 0; i < x->count; i++) {
    int64_t value =
        x->type == GCUT_INT64 ? ((const int64_t *)x->data)[i] : ((const int32_t *)x->data)[i];
    if (value == attrs->replaced_value_int64) value = by.data[by.n == 1 ? 0 : i % row];
    if (y->type == GCUT_INT64)
      ((int64_t *)y->data)[i] = value;
    else
      ((int32_t *)y->data)[i] = (int32_t)value;
  }
}

gcut_status gcut__cpu_imputer(gcut__cpu_call *c, gcut_error *err) {
  const gcut__imputer_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  double replaced = (double)attrs->replaced_value_float;
  uint64_t row = gcut__n_features(x);
  (void)err;
  if (x->type != GCUT_FLOAT && x->type != GCUT_DOUBLE) {
    impute_integers(attrs, x, c->outputs[0]);
    return GCUT_OK;
  }
  for (uint64_t i = 0; i < x->count; i++) {
    double value = gcut__feature(x, i);
    bool missing = value == replaced || (isnan(value) && isnan(replaced));
    store(c->outputs[0], i, missing ? entry(attrs->imputed_value_floats, i % row) : value);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_linear_regressor(gcut__cpu_call *c, gcut_error *err) {
  const gcut__linear_regressor_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  size_t targets = (size_t)attrs->targets, row = gcut__n_features(x);
  double *scores = GCUT_NEW_ARRAY(c->scratch, double, targets);
  if (!scores) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  for (uint64_t r = 0; r < y->count / targets; r++) {
    for (size_t t = 0; t < targets; t++) {
      scores[t] = attrs->intercepts.n > 0 ? (double)attrs->intercepts.data[t] : 0;
      for (size_t k = 0; k < row; k++)
        scores[t] += gcut__feature(x, r * row + k) * (double)attrs->coefficients.data[t * row + k];
    }
    gcut__post_transform_row(gcut__post_transform_of(attrs->post_transform), targets, scores);
    for (size_t t = 0; t < targets; t++) store(y, r * targets + t, scores[t]);
  }
  return GCUT_OK;
}
