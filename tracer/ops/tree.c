// ai.onnx.ml: TreeEnsemble, TreeEnsembleRegressor and TreeEnsembleClassifier. The trees themselves
// are read, and checked, by the kernel.
#include "tracer/ops/tree.h"

#include "tracer/ops/carry.h"

#define FEATURES (GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE) | GCUT_INDICES)

gcut__aggregate gcut__aggregate_of(gcut_string name) {
  static const char *const names[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  return (gcut__aggregate)gcut__find_text(name, names, GCUT__AGGREGATE_N);
}

gcut__tree_mode gcut__tree_mode_of(gcut_string name) {
  static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE",    "BRANCH_GT",
                                      "BRANCH_EQ",  "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF"};
  return (gcut__tree_mode)gcut__find_text(name, names, GCUT__TREE_N);
}

// Output 0: a row of targets for every row of features.
static gcut_status set_targets(gcut_infer *c, gcut_dtype type, int64_t targets, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  if (targets < 1) return GCUT_NODE_FAIL(c, err, "%lld targets", (long long)targets);
  gcut_dim dims[2] = {gcut_infer_rank(c, 0) == 2 ? gcut_infer_dims(c, 0)[0] : 1, targets};
  return gcut_infer_set(c, 0, type, 2, dims, err);
}

static const gcut_attr_row tree_rows[] = {
    GCUT_ATTR_INT(gcut__tree_attrs, aggregate_function, GCUT__SUM),
    GCUT_ATTR_INT(gcut__tree_attrs, post_transform, GCUT__POST_NONE),
    GCUT_ATTR_INT(gcut__tree_attrs, n_targets, 1),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, tree_roots),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, nodes_featureids),
    GCUT_ATTR_INTS(gcut__tree_attrs, nodes_missing_value_tracks_true),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, nodes_truenodeids),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, nodes_falsenodeids),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, nodes_trueleafs),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, nodes_falseleafs),
    GCUT_ATTR_INTS_REQUIRED(gcut__tree_attrs, leaf_targetids),
    GCUT_ATTR_TENSOR(gcut__tree_attrs, nodes_splits),
    GCUT_ATTR_TENSOR(gcut__tree_attrs, nodes_modes),
    GCUT_ATTR_TENSOR(gcut__tree_attrs, leaf_weights),
    GCUT_ATTR_TENSOR(gcut__tree_attrs, membership_values),
    {0}};

static gcut_status infer_tree_ensemble(gcut_infer *c, gcut_error *err) {
  const gcut__tree_attrs *attrs = c->attrs;
  if (attrs->nodes_splits == GCUT_NONE || attrs->nodes_modes == GCUT_NONE ||
      attrs->leaf_weights == GCUT_NONE)
    return GCUT_NODE_FAIL(c, err, "splits, modes or weights are missing");
  if (attrs->aggregate_function < 0 || attrs->aggregate_function >= GCUT__AGGREGATE_N ||
      attrs->post_transform < 0 || attrs->post_transform >= GCUT__POST_N)
    return GCUT_NODE_FAIL(c, err, "unknown aggregate_function or post_transform");
  return set_targets(c, GCUT_UNDEFINED, attrs->n_targets, err);
}

const gcut_op gcut__op_tree_ensemble = {.inputs = "T",
                                        .outputs = "T",
                                        .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE) |
                                             GCUT_TYPE(FLOAT16),
                                        .attrs = tree_rows,
                                        .attrs_size = sizeof(gcut__tree_attrs),
                                        .infer = infer_tree_ensemble};

// Rows that the two operators on named nodes share.
#define NAMED_TREES                                                                                \
  GCUT_ATTR_STRING(gcut__tree_regressor_attrs, post_transform, "NONE"),                            \
      GCUT_ATTR_INTS(gcut__tree_regressor_attrs, nodes_treeids),                                   \
      GCUT_ATTR_INTS(gcut__tree_regressor_attrs, nodes_nodeids),                                   \
      GCUT_ATTR_INTS(gcut__tree_regressor_attrs, nodes_featureids),                                \
      GCUT_ATTR_INTS(gcut__tree_regressor_attrs, nodes_truenodeids),                               \
      GCUT_ATTR_INTS(gcut__tree_regressor_attrs, nodes_falsenodeids),                              \
      GCUT_ATTR_INTS(gcut__tree_regressor_attrs, nodes_missing_value_tracks_true),                 \
      GCUT_ATTR_STRINGS(gcut__tree_regressor_attrs, nodes_modes),                                  \
      GCUT_ATTR_FLOATS(gcut__tree_regressor_attrs, nodes_values),                                  \
      GCUT_ATTR_FLOATS(gcut__tree_regressor_attrs, base_values),                                   \
      GCUT_ATTR_TENSOR(gcut__tree_regressor_attrs, nodes_values_as_tensor),                        \
      GCUT_ATTR_TENSOR(gcut__tree_regressor_attrs, base_values_as_tensor)

static const gcut_attr_row regressor_rows[] = {
    NAMED_TREES,
    GCUT_ATTR_STRING(gcut__tree_regressor_attrs, aggregate_function, "SUM"),
    GCUT_ATTR_INT(gcut__tree_regressor_attrs, n_targets, 1),
    GCUT_ATTR_INTS(gcut__tree_regressor_attrs, target_treeids),
    GCUT_ATTR_INTS(gcut__tree_regressor_attrs, target_nodeids),
    GCUT_ATTR_INTS(gcut__tree_regressor_attrs, target_ids),
    GCUT_ATTR_FLOATS(gcut__tree_regressor_attrs, target_weights),
    GCUT_ATTR_TENSOR(gcut__tree_regressor_attrs, target_weights_as_tensor),
    {0}};

static gcut_status infer_tree_regressor(gcut_infer *c, gcut_error *err) {
  const gcut__tree_regressor_attrs *attrs = c->attrs;
  if (gcut__aggregate_of(attrs->aggregate_function) == GCUT__AGGREGATE_N ||
      gcut__post_transform_of(attrs->post_transform) == GCUT__POST_N)
    return GCUT_NODE_FAIL(c, err, "unknown aggregate_function or post_transform");
  return set_targets(c, GCUT_FLOAT, attrs->n_targets, err);
}

const gcut_op gcut__op_tree_ensemble_regressor = {.inputs = "T",
                                                  .outputs = "f",
                                                  .T = FEATURES,
                                                  .attrs = regressor_rows,
                                                  .attrs_size = sizeof(gcut__tree_regressor_attrs),
                                                  .infer = infer_tree_regressor};

// What the classifier calls differently.
#define VOTE(kind_, name_, field)                                                                  \
  { .name = name_, .kind = kind_, .offset = offsetof(gcut__tree_regressor_attrs, field) }

static const gcut_attr_row classifier_rows[] = {
    NAMED_TREES,
    VOTE(GCUT_ATTRIBUTE_INTS, "class_treeids", target_treeids),
    VOTE(GCUT_ATTRIBUTE_INTS, "class_nodeids", target_nodeids),
    VOTE(GCUT_ATTRIBUTE_INTS, "class_ids", target_ids),
    VOTE(GCUT_ATTRIBUTE_FLOATS, "class_weights", target_weights),
    VOTE(GCUT_ATTRIBUTE_TENSOR, "class_weights_as_tensor", target_weights_as_tensor),
    GCUT_ATTR_INTS(gcut__tree_classifier_attrs, classlabels_int64s),
    GCUT_ATTR_STRINGS(gcut__tree_classifier_attrs, classlabels_strings),
    {0}};

gcut__classes gcut__tree_classes(const gcut__tree_classifier_attrs *attrs) {
  return (gcut__classes){attrs->classlabels_int64s, attrs->classlabels_strings};
}

static gcut_status infer_tree_classifier(gcut_infer *c, gcut_error *err) {
  const gcut__tree_classifier_attrs *attrs = c->attrs;
  gcut__classes classes = gcut__tree_classes(attrs);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  if (gcut__post_transform_of(attrs->trees.post_transform) == GCUT__POST_N)
    return GCUT_NODE_FAIL(c, err, "unknown post_transform");
  return gcut__set_classes(c, classes, gcut__n_classes(classes), err);
}

const gcut_op gcut__op_tree_ensemble_classifier = {.inputs = "T",
                                                   .outputs = "*f",
                                                   .T = FEATURES,
                                                   .attrs = classifier_rows,
                                                   .attrs_size =
                                                       sizeof(gcut__tree_classifier_attrs),
                                                   .infer = infer_tree_classifier};
