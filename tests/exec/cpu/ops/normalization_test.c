// Normalisations beyond the official cases: old forms of BatchNormalization, statistics, scales
// that broadcast, precision of sums.
#include <math.h>

#include "tests/support/onenode.h"

static void near(const onenode *n, uint32_t output, uint64_t count, const double *want) {
  const gcut_tensor *t = n->outputs[output];
  assert_int_equal(t->count, count);
  for (uint64_t i = 0; i < count; i++) {
    double have = (double)((const float *)t->data)[i];
    if (!(fabs(have - want[i]) <= 1e-5 * (1 + fabs(want[i]))))
      fail_msg("element %llu: %g, expected %g", (unsigned long long)i, have, want[i]);
  }
}

#define NEAR(n, output, ...)                                                                       \
  near((n), (output), sizeof(const double[]){__VA_ARGS__} / sizeof(double),                        \
       (const double[]){__VA_ARGS__})

static onenode batch_norm(int64_t version) {
  onenode n = onenode_make("BatchNormalization", version);
  onenode_float(&n, "epsilon", 0);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 2}, (const float[]){1, 2, 3, 6});
  VECTOR(&n, GCUT_FLOAT, float, 2, 1);
  VECTOR(&n, GCUT_FLOAT, float, 0, 1);
  VECTOR(&n, GCUT_FLOAT, float, 10, 20);
  VECTOR(&n, GCUT_FLOAT, float, 4, 1);
  return n;
}

static void old_forms(void **unused) {
  (void)unused;
  onenode n = batch_norm(6); // without is_test it trains
  assert_ok(onenode_run(&n, err));
  NEAR(&n, 0, -2, 0, 2, 2);
  onenode_int(&n, "is_test", 1);
  assert_ok(onenode_run(&n, err));
  NEAR(&n, 0, -9, -17, -7, -13);
  onenode_int(&n, "spatial", 0);
  assert_ok(onenode_run(&n, err));
  NEAR(&n, 0, -9, -17, -7, -13);
  onenode_free(&n);
}

static void training_gives_statistics(void **unused) {
  (void)unused;
  onenode n = batch_norm(9);
  n.n_outputs = 5;
  assert_ok(onenode_run(&n, err));
  NEAR(&n, 0, -2, 0, 2, 2);
  NEAR(&n, 1, 0.9 * 10 + 0.1 * 2, 0.9 * 20 + 0.1 * 4);
  NEAR(&n, 2, 0.9 * 4 + 0.1 * 1, 0.9 * 1 + 0.1 * 4);
  NEAR(&n, 3, 2, 4);
  NEAR(&n, 4, 1, 4);
  onenode_free(&n);
}

static void scales_broadcast(void **unused) {
  (void)unused;
  onenode n = onenode_make("LayerNormalization", 17);
  onenode_float(&n, "epsilon", 0);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 2}, (const float[]){1, 3, 5, 9});
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 1}, (const float[]){1, 10});
  onenode_input(&n, GCUT_FLOAT, 0, NULL, (const float[]){7});
  n.n_outputs = 3;
  assert_ok(onenode_run(&n, err));
  NEAR(&n, 0, 6, 8, -3, 17);
  NEAR(&n, 1, 2, 7);
  NEAR(&n, 2, 1, 0.5);
  onenode_free(&n);
}

// Means far from zero cancel in one pass over floats.
static void offsets_do_not_cancel(void **unused) {
  (void)unused;
  onenode n = onenode_make("LayerNormalization", 17);
  onenode_float(&n, "epsilon", 0);
  VECTOR(&n, GCUT_FLOAT, float, 1e6f, 1e6f + 1, 1e6f + 2, 1e6f + 3);
  VECTOR(&n, GCUT_FLOAT, float, 1, 1, 1, 1);
  assert_ok(onenode_run(&n, err));
  NEAR(&n, 0, -1.341641, -0.447214, 0.447214, 1.341641);
  onenode_free(&n);
}

static void rows_of_zeros(void **unused) {
  (void)unused;
  onenode n = onenode_make("LpNormalization", 22);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 2}, (const float[]){0, 0, 3, -4});
  GIVES(&n, GCUT_FLOAT, float, 0, 0, 0.6f, -0.8f);
  onenode_free(&n);
}

static void softmax_flattened_before_13(void **unused) {
  (void)unused;
  onenode n = onenode_make("Softmax", 11);
  onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){1, 2, 2}, (const float[]){5, 5, 5, 5});
  GIVES(&n, GCUT_FLOAT, float, 0.25f, 0.25f, 0.25f, 0.25f);
  n.version = 13;
  GIVES(&n, GCUT_FLOAT, float, 0.5f, 0.5f, 0.5f, 0.5f);
  n.version = 11;
  n.op_type = "Hardmax";
  GIVES(&n, GCUT_FLOAT, float, 1, 0, 0, 0);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(old_forms),        cmocka_unit_test(training_gives_statistics),
      cmocka_unit_test(scales_broadcast), cmocka_unit_test(offsets_do_not_cancel),
      cmocka_unit_test(rows_of_zeros),    cmocka_unit_test(softmax_flattened_before_13),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
