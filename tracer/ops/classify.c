// ai.onnx.ml: LinearClassifier, SVMClassifier, SVMRegressor. Every list is checked against every
// other here, so that kernels index freely.
#include "tracer/ops/classify.h"

#include "tracer/ops/carry.h"

#define FEATURES (GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE) | GCUT_INDICES)

// ---- rows and classes ---------------------------------------------------------------------------

// Rows of input 0 [N, features], or of [features] one.
static gcut_dim n_rows(const gcut_infer *c) {
  return gcut_infer_rank(c, 0) == 2 ? gcut_infer_dims(c, 0)[0] : 1;
}

gcut_status gcut__set_classes(gcut_infer *c, gcut__classes classes, size_t scores,
                              gcut_error *err) {
  gcut_dim dims[2] = {n_rows(c), (gcut_dim)scores};
  if ((classes.ints.n > 0) == (classes.strings.n > 0))
    return GCUT_NODE_FAIL(c, err, "there must be one list of class labels");
  GCUT_TRY(gcut_infer_set(c, 0, classes.strings.n > 0 ? GCUT_STRING : GCUT_INT64, 1, dims, err));
  return gcut_infer_set(c, 1, GCUT_FLOAT, 2, dims, err);
}

// Fails unless input 0 has that many features, as far as that is known.
static gcut_status expect_features(const gcut_infer *c, size_t features, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  gcut_dim have = gcut_infer_dims(c, 0)[rank - 1];
  if (!gcut_dim_known(have) || (uint64_t)have == features) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "%lld features, expected %zu", (long long)have, features);
}

static gcut_status expect_post_transform(const gcut_infer *c, gcut_string name, gcut_error *err) {
  if (gcut__post_transform_of(name) != GCUT__POST_N) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "unknown post_transform");
}

// ---- LinearClassifier ---------------------------------------------------------------------------

gcut__classes gcut__linear_classes(const gcut__linear_classifier_attrs *attrs) {
  return (gcut__classes){attrs->classlabels_ints, attrs->classlabels_strings};
}

size_t gcut__linear_functions(const gcut__linear_classifier_attrs *attrs) {
  return attrs->intercepts.n > 0 ? attrs->intercepts.n
                                 : gcut__n_classes(gcut__linear_classes(attrs));
}

static const gcut_attr_row linear_rows[] = {
    GCUT_ATTR_FLOATS(gcut__linear_classifier_attrs, coefficients),
    GCUT_ATTR_FLOATS(gcut__linear_classifier_attrs, intercepts),
    GCUT_ATTR_INTS(gcut__linear_classifier_attrs, classlabels_ints),
    GCUT_ATTR_STRINGS(gcut__linear_classifier_attrs, classlabels_strings),
    GCUT_ATTR_STRING(gcut__linear_classifier_attrs, post_transform, "NONE"),
    {0}};

static gcut_status infer_linear_classifier(gcut_infer *c, gcut_error *err) {
  const gcut__linear_classifier_attrs *attrs = c->attrs;
  size_t n = gcut__n_classes(gcut__linear_classes(attrs)), rows = gcut__linear_functions(attrs);
  bool lone = rows == 1 && n == 2;
  GCUT_TRY(expect_post_transform(c, attrs->post_transform, err));
  if (rows == 0 || (rows != n && !lone) || attrs->coefficients.n % rows != 0)
    return GCUT_NODE_FAIL(c, err, "%zu coefficients and %zu intercepts for %zu classes",
                          attrs->coefficients.n, attrs->intercepts.n, n);
  GCUT_TRY(expect_features(c, attrs->coefficients.n / rows, err));
  return gcut__set_classes(c, gcut__linear_classes(attrs), n, err);
}

const gcut_op gcut__op_linear_classifier = {.inputs = "T",
                                            .outputs = "*f",
                                            .T = FEATURES,
                                            .attrs = linear_rows,
                                            .attrs_size = sizeof(gcut__linear_classifier_attrs),
                                            .infer = infer_linear_classifier};

// ---- support vector machines --------------------------------------------------------------------

gcut__svm_kernel gcut__svm_kernel_of(gcut_string name) {
  static const char *const names[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
  return (gcut__svm_kernel)gcut__find_text(name, names, GCUT__SVM_N);
}

gcut__classes gcut__svm_classes(const gcut__svm_attrs *attrs) {
  return (gcut__classes){attrs->classlabels_ints, attrs->classlabels_strings};
}

static gcut_status expect_kernel(const gcut_infer *c, gcut_error *err) {
  const gcut__svm_attrs *attrs = c->attrs;
  gcut__svm_kernel kernel = gcut__svm_kernel_of(attrs->kernel_type);
  GCUT_TRY(expect_post_transform(c, attrs->post_transform, err));
  if (kernel == GCUT__SVM_N) return GCUT_NODE_FAIL(c, err, "unknown kernel_type");
  if (kernel != GCUT__SVM_LINEAR && attrs->kernel_params.n != 3)
    return GCUT_NODE_FAIL(c, err, "%zu kernel_params, expected 3", attrs->kernel_params.n);
  if (attrs->rho.n == 0) return GCUT_NODE_FAIL(c, err, "rho is missing");
  return GCUT_OK;
}

static gcut_status wrong_lists(const gcut_infer *c, gcut_error *err) {
  const gcut__svm_attrs *attrs = c->attrs;
  return GCUT_NODE_FAIL(
      c, err, "its lists do not fit: %zu numbers of support vectors, %zu coefficients, %zu of rho",
      attrs->support_vectors.n, attrs->coefficients.n, attrs->rho.n);
}

// Support vectors of all classes; 0 where the list makes no sense.
static size_t count_vectors(gcut_ints per_class, size_t limit) {
  size_t n = 0;
  for (size_t i = 0; i < per_class.n; i++) {
    if (per_class.data[i] < 0 || (uint64_t)per_class.data[i] > limit - n) return 0;
    n += (size_t)per_class.data[i];
  }
  return n;
}

// One function for each pair of the n classes.
static gcut_status infer_pairs(gcut_infer *c, size_t n, gcut_error *err) {
  const gcut__svm_attrs *attrs = c->attrs;
  size_t pairs = n * (n - 1) / 2, probable = attrs->prob_a.n;
  size_t vectors = count_vectors(attrs->vectors_per_class, attrs->support_vectors.n);
  if (n < 2 || attrs->vectors_per_class.n != n || vectors == 0 ||
      attrs->support_vectors.n % vectors != 0 || attrs->coefficients.n != (n - 1) * vectors ||
      attrs->rho.n != pairs || attrs->prob_b.n != probable || (probable > 0 && probable != pairs))
    return wrong_lists(c, err);
  GCUT_TRY(expect_features(c, attrs->support_vectors.n / vectors, err));
  size_t scores = probable > 0 || n == 2 ? n : pairs;
  return gcut__set_classes(c, gcut__svm_classes(attrs), scores, err);
}

static gcut_status infer_svm_classifier(gcut_infer *c, gcut_error *err) {
  const gcut__svm_attrs *attrs = c->attrs;
  size_t n = gcut__n_classes(gcut__svm_classes(attrs));
  GCUT_TRY(expect_kernel(c, err));
  if (attrs->vectors_per_class.n > 0) return infer_pairs(c, n, err);
  if (n == 0 || attrs->coefficients.n % n != 0) return wrong_lists(c, err);
  GCUT_TRY(expect_features(c, attrs->coefficients.n / n, err));
  return gcut__set_classes(c, gcut__svm_classes(attrs), n, err);
}

static gcut_status infer_svm_regressor(gcut_infer *c, gcut_error *err) {
  const gcut__svm_attrs *attrs = c->attrs;
  uint64_t vectors = attrs->n_supports > 0 ? (uint64_t)attrs->n_supports : 0;
  GCUT_TRY(expect_kernel(c, err));
  if (attrs->n_supports < 0 || (vectors > 0 && (attrs->support_vectors.n % vectors != 0 ||
                                                attrs->coefficients.n != vectors)))
    return wrong_lists(c, err);
  size_t features = vectors > 0 ? attrs->support_vectors.n / vectors : attrs->coefficients.n;
  GCUT_TRY(expect_features(c, features, err));
  return gcut_infer_set(c, 0, GCUT_FLOAT, 2, (gcut_dim[]){n_rows(c), 1}, err);
}

#define SVM_ROWS                                                                                   \
  GCUT_ATTR_STRING(gcut__svm_attrs, kernel_type, "LINEAR"),                                        \
      GCUT_ATTR_STRING(gcut__svm_attrs, post_transform, "NONE"),                                   \
      GCUT_ATTR_FLOATS(gcut__svm_attrs, kernel_params),                                            \
      GCUT_ATTR_FLOATS(gcut__svm_attrs, support_vectors),                                          \
      GCUT_ATTR_FLOATS(gcut__svm_attrs, coefficients), GCUT_ATTR_FLOATS(gcut__svm_attrs, rho)

static const gcut_attr_row classifier_rows[] = {
    SVM_ROWS,
    GCUT_ATTR_FLOATS(gcut__svm_attrs, prob_a),
    GCUT_ATTR_FLOATS(gcut__svm_attrs, prob_b),
    GCUT_ATTR_INTS(gcut__svm_attrs, vectors_per_class),
    GCUT_ATTR_INTS(gcut__svm_attrs, classlabels_ints),
    GCUT_ATTR_STRINGS(gcut__svm_attrs, classlabels_strings),
    {0}};
static const gcut_attr_row regressor_rows[] = {SVM_ROWS,
                                               GCUT_ATTR_INT(gcut__svm_attrs, n_supports, 0),
                                               GCUT_ATTR_INT(gcut__svm_attrs, one_class, 0),
                                               {0}};

const gcut_op gcut__op_svm_classifier = {.inputs = "T",
                                         .outputs = "*f",
                                         .T = FEATURES,
                                         .attrs = classifier_rows,
                                         .attrs_size = sizeof(gcut__svm_attrs),
                                         .infer = infer_svm_classifier};
const gcut_op gcut__op_svm_regressor = {.inputs = "T",
                                        .outputs = "f",
                                        .T = FEATURES,
                                        .attrs = regressor_rows,
                                        .attrs_size = sizeof(gcut__svm_attrs),
                                        .infer = infer_svm_regressor};
