// ai.onnx.ml beyond the official cases: classes of old versions, keys that are NaN, trees that lead
// nowhere or in circles.
#include <math.h>

#include "tests/support/onenode.h"

static onenode make(const char *op_type, int64_t version) {
  onenode n = onenode_make(op_type, version);
  n.domain = "ai.onnx.ml";
  return n;
}

static void set_strings(onenode *n, const char *name, size_t count, const gcut_string *strings) {
  n->attributes[n->n_attributes++] = (gcut_attribute){
      .name = name, .kind = GCUT_ATTRIBUTE_STRINGS, .n = count, .strings = strings};
}

static void set_floats(onenode *n, const char *name, size_t count, const float *floats) {
  n->attributes[n->n_attributes++] =
      (gcut_attribute){.name = name, .kind = GCUT_ATTRIBUTE_FLOATS, .n = count, .floats = floats};
}

static void labels_of_classes(void **unused) {
  (void)unused;
  const gcut_string classes[] = {{"cat", 3}, {"dog", 3}};
  onenode n = make("LabelEncoder", 1);
  set_strings(&n, "classes_strings", 2, classes);
  VECTOR(&n, GCUT_STRING, char *, "dog", "cow", "cat");
  GIVES(&n, GCUT_INT64, int64_t, 1, -1, 0);
  onenode_free(&n);
  VECTOR(&n, GCUT_INT64, int64_t, 1, 2, -1, 0);
  GIVES(&n, GCUT_STRING, char *, "dog", "_Unused", "_Unused", "cat");
  onenode_free(&n);
}

static void labels_of_floats(void **unused) {
  (void)unused;
  const float keys[] = {NAN, 1, -0.0f, 1};
  const int64_t values[] = {7, 8, 9, 10};
  onenode n = make("LabelEncoder", 2);
  set_floats(&n, "keys_floats", 4, keys);
  onenode_ints(&n, "values_int64s", 4, values);
  VECTOR(&n, GCUT_FLOAT, float, 0, NAN, 1, 2);
  GIVES(&n, GCUT_INT64, int64_t, 9, 7, 8, -1); // of equal keys the first
  n.attributes[1].n = 3;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "no table");
  onenode_free(&n);
  n.attributes[1].n = 4;
  VECTOR(&n, GCUT_DOUBLE, double, 0);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "no table");
  onenode_free(&n);
}

static void rows_of_features(void **unused) {
  (void)unused;
  onenode n = make("ArrayFeatureExtractor", 1);
  onenode_input(&n, GCUT_INT32, 2, (int64_t[]){2, 2}, (const int32_t[]){1, 2, 3, 4});
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  GIVES(&n, GCUT_INT32, int32_t, 2, 4);
  *(int64_t *)n.inputs[1]->data = 2;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index 2");
  onenode_free(&n);
  n = make("Scaler", 1);
  set_floats(&n, "offset", 2, (const float[]){1, 2});
  set_floats(&n, "scale", 1, (const float[]){2});
  onenode_input(&n, GCUT_INT64, 2, (int64_t[]){1, 2}, (const int64_t[]){3, 4});
  GIVES(&n, GCUT_FLOAT, float, 4, 4);
  onenode_free(&n);
  VECTOR(&n, GCUT_INT64, int64_t, 1, 2, 3);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "for 3 features");
  onenode_free(&n);
  n = make("Imputer", 1);
  onenode_ints(&n, "imputed_value_int64s", 1, (const int64_t[]){INT64_MAX});
  onenode_int(&n, "replaced_value_int64", INT64_C(1) << 60);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_C(1) << 60, (INT64_C(1) << 60) + 1);
  GIVES(&n, GCUT_INT64, int64_t, INT64_MAX, (INT64_C(1) << 60) + 1);
  onenode_free(&n);
}

// One tree: node 0 asks whether feature 0 is at most 5; nodes 1 and 2 are leaves.
typedef struct tree {
  int64_t trees[3], ids[3], features[3], yes[3], no[3], leaf_trees[2], leaves[2], targets[2];
  float values[3], weights[2];
  gcut_string modes[3];
} tree;

static onenode plant(const tree *t) {
  onenode n = make("TreeEnsembleRegressor", 3);
  onenode_int(&n, "n_targets", 2);
  onenode_ints(&n, "nodes_treeids", 3, t->trees);
  onenode_ints(&n, "nodes_nodeids", 3, t->ids);
  onenode_ints(&n, "nodes_featureids", 3, t->features);
  onenode_ints(&n, "nodes_truenodeids", 3, t->yes);
  onenode_ints(&n, "nodes_falsenodeids", 3, t->no);
  onenode_ints(&n, "target_treeids", 2, t->leaf_trees);
  onenode_ints(&n, "target_nodeids", 2, t->leaves);
  onenode_ints(&n, "target_ids", 2, t->targets);
  set_floats(&n, "nodes_values", 3, t->values);
  set_floats(&n, "target_weights", 2, t->weights);
  set_strings(&n, "nodes_modes", 3, t->modes);
  onenode_input(&n, GCUT_FLOAT, 2, (int64_t[]){3, 1}, (const float[]){5, 6, NAN});
  return n;
}

static const tree stump = {.ids = {0, 1, 2},
                           .yes = {1},
                           .no = {2},
                           .leaves = {1, 2},
                           .targets = {0, 1},
                           .values = {5},
                           .weights = {10, 20},
                           .modes = {{"BRANCH_LEQ", 10}, {"LEAF", 4}, {"LEAF", 4}}};

static void fails(const tree *t, const char *message) {
  onenode n = plant(t);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, message);
  onenode_free(&n);
}

static void trees_decide(void **unused) {
  (void)unused;
  onenode n = plant(&stump);
  GIVES(&n, GCUT_FLOAT, float, 10, 0, 0, 20, 0, 20);
  onenode_ints(&n, "nodes_missing_value_tracks_true", 1, (const int64_t[]){1});
  GIVES(&n, GCUT_FLOAT, float, 10, 0, 0, 20, 10, 0);
  onenode_free(&n);
}

static void malformed_trees(void **unused) {
  (void)unused;
  tree t = stump;
  t.yes[0] = 0; // leads to itself
  fails(&t, "circles");
  t = stump;
  t.features[0] = 1;
  fails(&t, "feature beyond 1");
  t.features[0] = -1;
  fails(&t, "a feature's id");
  t = stump;
  t.no[0] = 3;
  fails(&t, "a child's id");
  t = stump;
  t.targets[1] = 2;
  fails(&t, "a target's id");
  t = stump;
  t.modes[0] = (gcut_string){"BRANCH", 6};
  fails(&t, "a node's mode");
  onenode n = plant(&stump);
  n.attributes[9].n = 2;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "different lengths");
  onenode_free(&n);
}

static void rejects(onenode *n, const char *message) {
  assert_fails(onenode_run(n, err), GCUT_FORMAT, message);
}

static void malformed_classifiers(void **unused) {
  (void)unused;
  static const float numbers[6] = {1, 2, 3, 4, 5, 6};
  onenode n = make("LinearClassifier", 1);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
  set_floats(&n, "coefficients", 6, numbers);
  set_floats(&n, "intercepts", 2, numbers);
  rejects(&n, "for 0 classes");
  onenode_ints(&n, "classlabels_ints", 2, (const int64_t[]){5, 7});
  GIVES(&n, GCUT_INT64, int64_t, 7);
  n.attributes[0].n = 4;
  rejects(&n, "3 features, expected 2");
  n.attributes[0].n = 5;
  rejects(&n, "5 coefficients");
  onenode_free(&n);
  n = make("SVMClassifier", 1);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  set_floats(&n, "support_vectors", 4, numbers);
  set_floats(&n, "coefficients", 2, numbers);
  onenode_ints(&n, "vectors_per_class", 2, (const int64_t[]){1, 1});
  onenode_ints(&n, "classlabels_ints", 2, (const int64_t[]){5, 7});
  rejects(&n, "rho");
  set_floats(&n, "rho", 1, (const float[]){-16});
  GIVES(&n, GCUT_INT64, int64_t, 5); // 1 (1 + 4) + 2 (3 + 8) - 16
  n.attributes[2].ints = (const int64_t[]){INT64_MAX, INT64_MAX};
  rejects(&n, "lists");
  n.attributes[2].ints = (const int64_t[]){-1, 3};
  rejects(&n, "lists");
  n.attributes[2].ints = (const int64_t[]){1, 2};
  rejects(&n, "lists");
  onenode_free(&n);
}

static void strange_categories(void **unused) {
  (void)unused;
  onenode n = make("OneHotEncoder", 1);
  VECTOR(&n, GCUT_FLOAT, float, 2.7f, NAN, 9);
  rejects(&n, "0 categories");
  onenode_ints(&n, "cats_int64s", 2, (const int64_t[]){9, 2});
  GIVES(&n, GCUT_FLOAT, float, 0, 1, 0, 0, 1, 0);
  onenode_int(&n, "zeros", 0);
  rejects(&n, "element 1 is of no category");
  onenode_free(&n);
  n = make("CategoryMapper", 1);
  onenode_ints(&n, "cats_int64s", 2, (const int64_t[]){9, 2});
  VECTOR(&n, GCUT_INT64, int64_t, 9);
  rejects(&n, "different lengths");
  onenode_free(&n);
  n = make("FeatureVectorizer", 1);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  onenode_ints(&n, "inputdimensions", 1, (const int64_t[]){-1});
  rejects(&n, "size of input 0");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(labels_of_classes),  cmocka_unit_test(labels_of_floats),
      cmocka_unit_test(rows_of_features),   cmocka_unit_test(trees_decide),
      cmocka_unit_test(malformed_trees),    cmocka_unit_test(malformed_classifiers),
      cmocka_unit_test(strange_categories),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
