// Random numbers: the same as numpy's from the same seed, the same twice without one; Dropout's
// ratios; losses and optimizers given what makes no sense.
#include "exec/cpu/ops/mersenne.h"

#include <math.h>

#include "tests/support/onenode.h"

// numpy.random.RandomState(0).rand(3), .randn(3)
static void as_numpy_draws(void **unused) {
  (void)unused;
  gcut__mersenne m;
  gcut__mersenne_seed(&m, 0);
  assert_true(gcut__mersenne_uniform(&m) == 0.5488135039273248);
  assert_true(gcut__mersenne_uniform(&m) == 0.7151893663724195);
  for (int i = 2; i < 999; i++) gcut__mersenne_uniform(&m);
  assert_true(gcut__mersenne_uniform(&m) == 0.6771411441114241);
  gcut__mersenne_seed(&m, 0);
  assert_true(fabs(gcut__mersenne_normal(&m) - 1.764052345967664) < 1e-14);
  assert_true(fabs(gcut__mersenne_normal(&m) - 0.4001572083672233) < 1e-14);
  assert_true(fabs(gcut__mersenne_normal(&m) - 0.9787379841057392) < 1e-14);
}

static void same_without_a_seed(void **unused) {
  (void)unused;
  static const int64_t shape[] = {1000};
  onenode n = onenode_make("RandomNormal", 22);
  onenode_ints(&n, "shape", 1, shape);
  onenode_float(&n, "mean", 3);
  assert_ok(onenode_run(&n, err));
  gcut_tensor *first = gcut_tensor_ref(n.outputs[0]);
  assert_ok(onenode_run(&n, err));
  assert_true(gcut_tensor_equal(first, n.outputs[0]));
  double sum = 0;
  for (int i = 0; i < 1000; i++) sum += (double)((const float *)first->data)[i];
  assert_true(fabs(sum / 1000 - 3) < 0.2);
  gcut_tensor_unref(first);
  onenode_free(&n);
}

static void shapes_that_make_no_sense(void **unused) {
  (void)unused;
  static const int64_t negative[] = {2, -1}, huge[] = {INT64_MAX, 4}, deep[33] = {0};
  onenode n = onenode_make("RandomUniform", 22);
  onenode_ints(&n, "shape", 2, negative);
  assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT);
  n.attributes[0].ints = huge;
  assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT);
  n.attributes[0].ints = deep;
  n.attributes[0].n = 33;
  assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT);
  n.attributes[0].n = 0;
  onenode_int(&n, "dtype", GCUT_STRING);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "string");
  onenode_free(&n);
}

static void classes_by_their_weight(void **unused) {
  (void)unused;
  onenode n = onenode_make("Multinomial", 22);
  onenode_input(&n, GCUT_DOUBLE, 2, (const int64_t[]){1, 3},
                (const double[]){-(double)INFINITY, log(3), 0});
  onenode_int(&n, "sample_size", 10000);
  assert_ok(onenode_run(&n, err));
  const int32_t *drawn = n.outputs[0]->data;
  int counts[3] = {0};
  for (int i = 0; i < 10000; i++) counts[drawn[i]]++;
  assert_int_equal(counts[0], 0);
  assert_in_range(counts[1], 7300, 7700);
  onenode_free(&n);
}

static void ratios_of_dropout(void **unused) {
  (void)unused;
  static const float wrong[] = {1, -0.1f, 2, NAN};
  for (size_t i = 0; i < 4; i++) {
    onenode n = onenode_make("Dropout", 13);
    VECTOR(&n, GCUT_FLOAT, float, 1, 2);
    onenode_input(&n, GCUT_FLOAT, 0, NULL, &wrong[i]);
    onenode_input(&n, GCUT_BOOL, 0, NULL, (const uint8_t[]){1});
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "ratio");
    *(uint8_t *)n.inputs[2]->data = 0; // does not matter but in training
    GIVES(&n, GCUT_FLOAT, float, 1, 2);
    onenode_free(&n);
  }
}

static void masks_had_the_type_of_the_data(void **unused) {
  (void)unused;
  onenode n = onenode_make("Dropout", 7);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_FLOAT, float, 5, 6);
  GIVES(&n, GCUT_FLOAT, float, 5, 6);
  onenode_expect(&n, 1, GCUT_FLOAT, 2, (const float[]){1, 1});
  onenode_free(&n);
}

static void classes_out_of_range(void **unused) {
  (void)unused;
  static const int64_t wrong[] = {3, -1, INT64_MIN, INT64_MAX};
  for (size_t i = 0; i < 4; i++) {
    onenode n = onenode_make("NegativeLogLikelihoodLoss", 13);
    onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){1, 3}, (const float[]){-1, -2, -3});
    onenode_input(&n, GCUT_INT64, 1, (const int64_t[]){1}, &wrong[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "class");
    onenode_int(&n, "ignore_index", wrong[i] == INT64_MIN ? 7 : wrong[i]);
    onenode_string(&n, "reduction", "sum");
    if (wrong[i] != INT64_MIN) GIVES(&n, GCUT_FLOAT, float, 0);
    onenode_free(&n);
  }
}

static void losses_of_other_shapes(void **unused) {
  (void)unused;
  onenode n = onenode_make("SoftmaxCrossEntropyLoss", 13);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 3}, (const float[6]){0});
  VECTOR(&n, GCUT_INT32, int32_t, 0, 1, 2);
  assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT);
  onenode_free(&n);
  onenode_input(&n, GCUT_FLOAT, 1, (const int64_t[]){3}, (const float[3]){0});
  onenode_input(&n, GCUT_INT32, 0, NULL, (const int32_t[]){1});
  assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT);
  onenode_free(&n);
}

static void optimizers_of_other_shapes(void **unused) {
  (void)unused;
  onenode n = onenode_make("Adagrad", 1);
  n.domain = "ai.onnx.preview.training";
  n.n_outputs = 2;
  VECTOR(&n, GCUT_FLOAT, float, 0.1f);
  VECTOR(&n, GCUT_INT64, int64_t, 0);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT); // no state
  VECTOR(&n, GCUT_FLOAT, float, 1);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "differ in shape");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_numpy_draws),
      cmocka_unit_test(same_without_a_seed),
      cmocka_unit_test(shapes_that_make_no_sense),
      cmocka_unit_test(classes_by_their_weight),
      cmocka_unit_test(ratios_of_dropout),
      cmocka_unit_test(masks_had_the_type_of_the_data),
      cmocka_unit_test(classes_out_of_range),
      cmocka_unit_test(losses_of_other_shapes),
      cmocka_unit_test(optimizers_of_other_shapes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
