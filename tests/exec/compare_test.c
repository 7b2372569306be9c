// Comparing results with references, and digests.
#include <math.h>

#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tracer/base/narrow.h"

static gcut_tensor *floats(int n, const float *values) {
  gcut_tensor *t;
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 1, (int64_t[]){n}, &t, err));
  memcpy(t->data, values, (size_t)n * sizeof *values);
  return t;
}

static gcut_comparison compare(const float *a, const float *b, int n, double rtol, double atol) {
  gcut_tensor *x = floats(n, a), *y = floats(n, b);
  gcut_comparison c;
  assert_ok(gcut_compare("y", x, y, rtol, atol, &c, err));
  gcut_tensor_unref(x);
  gcut_tensor_unref(y);
  return c;
}

static void test_tolerance(void **state) {
  (void)state;
  const float a[] = {1.0f, 100.5f}, b[] = {1.0f, 100.0f};
  assert_true(compare(a, b, 2, 0.01, 0).ok);
  assert_false(compare(a, b, 2, 0.001, 0).ok);
  assert_true(compare(a, b, 2, 0, 0.5).ok);
  assert_true(fabs(compare(a, b, 2, 0, 0).max_abs_error - 0.5) < 1e-6);
  assert_true(fabs(compare(a, b, 2, 0, 0).max_rel_error - 0.005) < 1e-6);
}

static void test_nan_and_infinity(void **state) {
  (void)state;
  const float nan_a[] = {NAN}, one[] = {1}, inf[] = {INFINITY}, minus[] = {-INFINITY};
  assert_true(compare(nan_a, nan_a, 1, 0, 0).ok);
  assert_false(compare(nan_a, one, 1, 1, 1).ok);
  assert_false(compare(one, nan_a, 1, 1, 1).ok);
  assert_true(isnan(compare(nan_a, one, 1, 1, 1).max_abs_error));
  assert_true(compare(inf, inf, 1, 0, 0).ok);
  assert_false(compare(inf, minus, 1, 1, 1).ok);
  assert_false(compare(inf, one, 1, 1, 1).ok);
  assert_false(compare(one, inf, 1, 1, 1).ok); // however large what is expected
}

static void test_types_that_agree(void **state) {
  (void)state;
  const float values[] = {1.5f};
  gcut_tensor *narrow, *wide = floats(1, values), *whole;
  gcut_comparison c;
  assert_ok(gcut_tensor_create(GCUT_BFLOAT16, 1, (int64_t[]){1}, &narrow, err));
  assert_ok(gcut_tensor_create(GCUT_INT32, 1, (int64_t[]){1}, &whole, err));
  *(uint16_t *)narrow->data = gcut_to_bfloat16(1.5f);
  assert_ok(gcut_compare("y", narrow, wide, 0, 0, &c, err));
  assert_true(c.ok);
  assert_fails(gcut_compare("y", wide, narrow, 0, 0, &c, err), GCUT_MISMATCH,
               "output 'y' is float");
  assert_fails(gcut_compare("y", whole, wide, 0, 0, &c, err), GCUT_MISMATCH, "expected float[1]");
  gcut_tensor_unref(narrow);
  gcut_tensor_unref(wide);
  gcut_tensor_unref(whole);
}

static void test_shapes_must_be_equal(void **state) {
  (void)state;
  const float values[] = {1, 2};
  gcut_tensor *a = floats(2, values), *b;
  gcut_comparison c;
  assert_ok(gcut_tensor_view(a, GCUT_FLOAT, 2, (int64_t[]){1, 2}, &b, err));
  assert_fails(gcut_compare("y", a, b, 1, 1, &c, err), GCUT_MISMATCH, "expected float[1,2]");
  gcut_tensor_unref(b);
  gcut_tensor_unref(a);
}

static void test_integers_and_sequences_exactly(void **state) {
  (void)state;
  gcut_tensor *a, *b, *pair, *single, *other;
  gcut_comparison c;
  assert_ok(gcut_tensor_create(GCUT_INT64, 1, (int64_t[]){2}, &a, err));
  assert_ok(gcut_tensor_create(GCUT_INT64, 1, (int64_t[]){2}, &b, err));
  ((int64_t *)b->data)[1] = 1;
  assert_ok(gcut_compare("y", a, b, 1, 10, &c, err));
  assert_false(c.ok);
  assert_ok(gcut_tensor_sequence(GCUT_INT64, (gcut_tensor *[]){a, b}, 2, &pair, err));
  assert_ok(gcut_tensor_sequence(GCUT_INT64, (gcut_tensor *[]){a}, 1, &single, err));
  assert_ok(gcut_compare("y", pair, pair, 0, 0, &c, err));
  assert_true(c.ok);
  assert_ok(gcut_tensor_sequence(GCUT_INT64, (gcut_tensor *[]){b, b}, 2, &other, err));
  assert_ok(gcut_compare("y", pair, other, 0, 0, &c, err));
  assert_false(c.ok);
  assert_true(isnan(c.max_abs_error)); // as of the first items, though the second are equal
  assert_fails(gcut_compare("y", pair, single, 0, 0, &c, err), GCUT_MISMATCH,
               "2 items, expected 1");
  assert_fails(gcut_compare("y", pair, a, 0, 0, &c, err), GCUT_MISMATCH, "another kind");
  gcut_tensor_unref(other);
  gcut_tensor_unref(single);
  gcut_tensor_unref(pair);
  gcut_tensor_unref(a);
  gcut_tensor_unref(b);
}

static bool same_digest(const gcut_tensor *a, const gcut_tensor *b) {
  gcut_digest x = gcut_tensor_digest(a), y = gcut_tensor_digest(b);
  return memcmp(&x, &y, sizeof x) == 0;
}

static void test_digests_tell_tensors_apart(void **state) {
  (void)state;
  const float values[] = {0, 0, 0, 0, 0};
  gcut_tensor *a = floats(5, values), *b = floats(5, values), *shorter = floats(4, values), *square;
  assert_true(same_digest(a, b));
  for (int bit = 0; bit < 160; bit++) {
    ((uint8_t *)b->data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
    assert_false(same_digest(a, b));
    ((uint8_t *)b->data)[bit / 8] ^= (uint8_t)(1 << bit % 8);
  }
  assert_false(same_digest(a, shorter));
  assert_ok(gcut_tensor_view(shorter, GCUT_FLOAT, 2, (int64_t[]){2, 2}, &square, err));
  assert_false(same_digest(shorter, square));
  gcut_tensor_unref(square);
  gcut_tensor_unref(shorter);
  gcut_tensor_unref(a);
  gcut_tensor_unref(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tolerance),
      cmocka_unit_test(test_nan_and_infinity),
      cmocka_unit_test(test_types_that_agree),
      cmocka_unit_test(test_shapes_must_be_equal),
      cmocka_unit_test(test_integers_and_sequences_exactly),
      cmocka_unit_test(test_digests_tell_tensors_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
