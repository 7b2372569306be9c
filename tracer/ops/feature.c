// ai.onnx.ml: operators on features: ArrayFeatureExtractor, FeatureVectorizer, Binarizer, Scaler,
// Normalizer, Imputer, LinearRegressor. A row of features is a tensor's last axis.
#include "tracer/ops/feature.h"

#include "tracer/ops/carry.h"

#define FEATURES (GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE) | GCUT_INDICES)

// Fails unless a list has one entry, or one a feature of input 0.
static gcut_status expect_per_feature(const gcut_infer *c, size_t n, const char *what,
                                      gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  gcut_dim features = rank > 0 ? gcut_infer_dims(c, 0)[rank - 1] : 1;
  if (n == 1 || !gcut_dim_known(features) || (int64_t)n == features) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "%zu entries of %s for %lld features", n, what,
                        (long long)features);
}

// ---- ArrayFeatureExtractor --------------------------------------------------------------------

static gcut_status infer_array_feature_extractor(gcut_infer *c, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK + 1] = {1};
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, GCUT_MAX_RANK, err));
  if (rank > 1) memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  if (rank == 1) rank = 2; // a vector counts as one row
  dims[rank - 1] =
      gcut__or_fresh(c, gcut_infer_product(c, gcut_infer_dims(c, 1), 0, gcut_infer_rank(c, 1)));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

const gcut_op gcut__op_array_feature_extractor = {.inputs = "Ti",
                                                  .outputs = "T",
                                                  .T = FEATURES | GCUT_TYPE(STRING),
                                                  .infer = infer_array_feature_extractor,
                                                  .flops = gcut__no_flops};

// ---- FeatureVectorizer --------------------------------------------------------------------------

static const gcut_attr_row vectorizer_rows[] = {
    GCUT_ATTR_INTS_REQUIRED(gcut__vectorizer_attrs, inputdimensions), {0}};

// A row is all of one index of the first axis: converters leave what OneHotEncoder makes, [rows, 1,
// categories], as it is.
static gcut_status infer_feature_vectorizer(gcut_infer *c, gcut_error *err) {
  gcut_ints sizes = ((const gcut__vectorizer_attrs *)c->attrs)->inputdimensions;
  gcut_dim dims[2] = {1, 0};
  if (sizes.n != c->n_inputs)
    return GCUT_NODE_FAIL(c, err, "%zu sizes for %u inputs", sizes.n, c->n_inputs);
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    GCUT_TRY(gcut_infer_expect_rank(c, i, 1, GCUT_MAX_RANK, err));
    gcut_dim rows = gcut_infer_rank(c, i) > 1 ? gcut_infer_dims(c, i)[0] : 1;
    if (i > 0 && gcut_dim_known(rows) && gcut_dim_known(dims[0]) && rows != dims[0])
      return GCUT_NODE_FAIL(c, err, "input %u has %lld rows, others %lld", i, (long long)rows,
                            (long long)dims[0]);
    if (i == 0 || gcut_dim_known(rows)) dims[0] = rows;
    if (sizes.data[i] < 0 || __builtin_add_overflow(dims[1], sizes.data[i], &dims[1]))
      return GCUT_NODE_FAIL(c, err, "the size of input %u is %lld", i, (long long)sizes.data[i]);
  }
  return gcut_infer_set(c, 0, GCUT_FLOAT, 2, dims, err);
}

const gcut_op gcut__op_feature_vectorizer = {.inputs = "T...",
                                             .outputs = "f",
                                             .T = FEATURES,
                                             .attrs = vectorizer_rows,
                                             .attrs_size = sizeof(gcut__vectorizer_attrs),
                                             .infer = infer_feature_vectorizer,
                                             .flops = gcut__no_flops};

// ---- Binarizer, Scaler, Normalizer, Imputer ---------------------------------------------------

static const gcut_attr_row binarizer_rows[] = {GCUT_ATTR_FLOAT(gcut__binarizer_attrs, threshold, 0),
                                               {0}};

const gcut_op gcut__op_binarizer = {.inputs = "T",
                                    .outputs = "T",
                                    .T = FEATURES,
                                    .attrs = binarizer_rows,
                                    .attrs_size = sizeof(gcut__binarizer_attrs),
                                    .infer = gcut_infer_same};

static gcut_status set_floats(gcut_infer *c, gcut_error *err) {
  return gcut_infer_set(c, 0, GCUT_FLOAT, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

static const gcut_attr_row scaler_rows[] = {
    GCUT_ATTR_FLOATS(gcut__scaler_attrs, offset), GCUT_ATTR_FLOATS(gcut__scaler_attrs, scale), {0}};

static gcut_status infer_scaler(gcut_infer *c, gcut_error *err) {
  const gcut__scaler_attrs *attrs = c->attrs;
  GCUT_TRY(expect_per_feature(c, attrs->offset.n, "offset", err));
  GCUT_TRY(expect_per_feature(c, attrs->scale.n, "scale", err));
  return set_floats(c, err);
}

const gcut_op gcut__op_scaler = {.inputs = "T",
                                 .outputs = "f",
                                 .T = FEATURES,
                                 .attrs = scaler_rows,
                                 .attrs_size = sizeof(gcut__scaler_attrs),
                                 .infer = infer_scaler};

static const gcut_attr_row normalizer_rows[] = {
    GCUT_ATTR_STRING(gcut__normalizer_features_attrs, norm, "MAX"), {0}};

gcut__feature_norm gcut__feature_norm_of(const gcut__normalizer_features_attrs *attrs) {
  static const char *const names[] = {"MAX", "L1", "L2"};
  return (gcut__feature_norm)gcut__find_text(attrs->norm, names, GCUT__NORM_N);
}

static gcut_status infer_normalizer(gcut_infer *c, gcut_error *err) {
  if (gcut__feature_norm_of(c->attrs) == GCUT__NORM_N)
    return GCUT_NODE_FAIL(c, err, "norm is none of MAX, L1, L2");
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  return set_floats(c, err);
}

const gcut_op gcut__op_normalizer = {.inputs = "T",
                                     .outputs = "f",
                                     .T = FEATURES,
                                     .attrs = normalizer_rows,
                                     .attrs_size = sizeof(gcut__normalizer_features_attrs),
                                     .infer = infer_normalizer};

static const gcut_attr_row imputer_rows[] = {
    GCUT_ATTR_FLOATS(gcut__imputer_attrs, imputed_value_floats),
    GCUT_ATTR_INTS(gcut__imputer_attrs, imputed_value_int64s),
    GCUT_ATTR_FLOAT(gcut__imputer_attrs, replaced_value_float, 0),
    GCUT_ATTR_INT(gcut__imputer_attrs, replaced_value_int64, 0),
    {0}};

static gcut_status infer_imputer(gcut_infer *c, gcut_error *err) {
  const gcut__imputer_attrs *attrs = c->attrs;
  bool is_float = GCUT_FLOATS_STANDARD >> gcut_infer_dtype(c, 0) & 1;
  size_t n = is_float ? attrs->imputed_value_floats.n : attrs->imputed_value_int64s.n;
  GCUT_TRY(expect_per_feature(c, n, "imputed values", err));
  return gcut_infer_same(c, err);
}

const gcut_op gcut__op_imputer = {.inputs = "T",
                                  .outputs = "T",
                                  .T = FEATURES,
                                  .attrs = imputer_rows,
                                  .attrs_size = sizeof(gcut__imputer_attrs),
                                  .infer = infer_imputer};

// ---- LinearRegressor --------------------------------------------------------------------------

gcut__post_transform gcut__post_transform_of(gcut_string name) {
  static const char *const names[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  return (gcut__post_transform)gcut__find_text(name, names, GCUT__POST_N);
}

static const gcut_attr_row linear_rows[] = {
    GCUT_ATTR_FLOATS(gcut__linear_regressor_attrs, coefficients),
    GCUT_ATTR_FLOATS(gcut__linear_regressor_attrs, intercepts),
    GCUT_ATTR_INT(gcut__linear_regressor_attrs, targets, 1),
    GCUT_ATTR_STRING(gcut__linear_regressor_attrs, post_transform, "NONE"),
    {0}};

static gcut_status infer_linear_regressor(gcut_infer *c, gcut_error *err) {
  const gcut__linear_regressor_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  gcut_dim features = gcut_infer_dims(c, 0)[rank - 1];
  int64_t targets = attrs->targets;
  if (gcut__post_transform_of(attrs->post_transform) == GCUT__POST_N)
    return GCUT_NODE_FAIL(c, err, "unknown post_transform");
  if (targets < 1 || attrs->coefficients.n % (uint64_t)targets != 0 ||
      (gcut_dim_known(features) &&
       (uint64_t)features != attrs->coefficients.n / (uint64_t)targets) ||
      (attrs->intercepts.n > 0 && attrs->intercepts.n != (uint64_t)targets))
    return GCUT_NODE_FAIL(c, err, "%zu coefficients and %zu intercepts for %lld targets",
                          attrs->coefficients.n, attrs->intercepts.n, (long long)targets);
  gcut_dim dims[2] = {rank == 2 ? gcut_infer_dims(c, 0)[0] : 1, targets};
  return gcut_infer_set(c, 0, GCUT_FLOAT, 2, dims, err);
}

const gcut_op gcut__op_linear_regressor = {.inputs = "T",
                                           .outputs = "f",
                                           .T = FEATURES,
                                           .attrs = linear_rows,
                                           .attrs_size = sizeof(gcut__linear_regressor_attrs),
                                           .infer = infer_linear_regressor};
