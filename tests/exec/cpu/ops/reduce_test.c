// Reductions beyond the official cases: nothing to reduce, NaN, integers at their limits, axes that
// are wrong.
#include <math.h>

#include "tests/support/onenode.h"

static onenode reduce(const char *op_type, gcut_dtype type, int rank, const int64_t *dims,
                      const void *data) {
  onenode n = onenode_make(op_type, 20);
  onenode_input(&n, type, rank, dims, data);
  return n;
}

static void extremes_of_nothing(void **unused) {
  (void)unused;
  const int64_t dims[] = {2, 0};
  onenode n = reduce("ReduceMax", GCUT_INT8, 2, dims, NULL);
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  GIVES(&n, GCUT_INT8, int8_t, INT8_MIN, INT8_MIN);
  n.op_type = "ReduceMin";
  GIVES(&n, GCUT_INT8, int8_t, INT8_MAX, INT8_MAX);
  onenode_free(&n);
  n = reduce("ReduceMin", GCUT_UINT32, 2, dims, NULL);
  VECTOR(&n, GCUT_INT64, int64_t, -1);
  GIVES(&n, GCUT_UINT32, uint32_t, UINT32_MAX, UINT32_MAX);
  onenode_free(&n);
  n = reduce("ReduceMax", GCUT_FLOAT, 2, dims, NULL);
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  GIVES(&n, GCUT_FLOAT, float, -INFINITY, -INFINITY);
  onenode_free(&n);
}

static void mean_of_no_integers(void **unused) {
  (void)unused;
  onenode n = reduce("ReduceMean", GCUT_INT32, 1, (const int64_t[]){0}, NULL);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "mean of no integers");
  onenode_free(&n);
}

static void mean_of_integers_truncates(void **unused) {
  (void)unused;
  onenode n = reduce("ReduceMean", GCUT_INT64, 2, (const int64_t[]){2, 2},
                     (const int64_t[]){-1, -2, INT64_MAX, INT64_MAX});
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  GIVES(&n, GCUT_INT64, int64_t, -1, -1); // the second sum wraps
  onenode_free(&n);
}

static void nan_wins(void **unused) {
  (void)unused;
  float x[20] = {0};
  x[13] = NAN;
  static const char *const operators[] = {"ReduceMax", "ReduceMin", "ReduceSum", "ReduceLogSumExp"};
  for (size_t i = 0; i < 4; i++) {
    onenode n = reduce(operators[i], GCUT_FLOAT, 1, (const int64_t[]){20}, x);
    assert_ok(onenode_run(&n, err));
    assert_true(isnan(*(const float *)n.outputs[0]->data));
    onenode_free(&n);
  }
}

static void log_sum_exp_of_infinities(void **unused) {
  (void)unused;
  onenode n = reduce("ReduceLogSumExp", GCUT_FLOAT, 2, (const int64_t[]){3, 2},
                     (const float[]){INFINITY, 1, -INFINITY, -INFINITY, 1e38f, -1e38f});
  VECTOR(&n, GCUT_INT64, int64_t, 1);
  GIVES(&n, GCUT_FLOAT, float, INFINITY, -INFINITY, 1e38f);
  onenode_free(&n);
}

// 100,001 ones and 2^25: float alone would lose them.
static void sums_are_wide(void **unused) {
  (void)unused;
  enum { N = 100001 };
  static float x[N];
  for (int i = 0; i < N; i++) x[i] = 1;
  x[0] = 0x1p25f;
  onenode n = reduce("ReduceSum", GCUT_FLOAT, 1, (const int64_t[]){N}, x);
  onenode_int(&n, "keepdims", 0);
  GIVES(&n, GCUT_FLOAT, float, 0x1p25f + 100000);
  assert_int_equal(n.outputs[0]->rank, 0);
  onenode_free(&n);
}

static void magnitudes_of_the_lowest(void **unused) {
  (void)unused;
  onenode n = reduce("ReduceL1", GCUT_INT32, 1, (const int64_t[]){2}, (const int32_t[]){-5, 6});
  GIVES(&n, GCUT_INT32, int32_t, 11);
  onenode_free(&n);
  n = reduce("ReduceL1", GCUT_INT64, 1, (const int64_t[]){1}, (const int64_t[]){INT64_MIN});
  GIVES(&n, GCUT_INT64, int64_t, INT64_MIN);
  onenode_free(&n);
}

static void axes_that_are_wrong(void **unused) {
  (void)unused;
  static const int64_t axes[][2] = {{2, 0},  {-3, 0},        {0, 0},
                                    {1, -1}, {INT64_MAX, 0}, {INT64_MIN, 0}};
  const float x[4] = {1, 2, 3, 4};
  for (size_t i = 0; i < sizeof axes / sizeof *axes; i++) {
    onenode n = reduce("ReduceSum", GCUT_FLOAT, 2, (const int64_t[]){2, 2}, x);
    onenode_input(&n, GCUT_INT64, 1, (const int64_t[]){2}, axes[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "axis");
    onenode_free(&n);
    n = reduce("ReduceMax", GCUT_FLOAT, 2, (const int64_t[]){2, 2}, x);
    n.version = 11;
    onenode_ints(&n, "axes", 2, axes[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "axis");
    onenode_free(&n);
  }
}

static void arg_of_ties_and_nan(void **unused) {
  (void)unused;
  onenode n = onenode_make("ArgMax", 13);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){3, 3},
                (const float[]){1, 3, 3, NAN, 9, NAN, -1, -1, -1});
  onenode_int(&n, "axis", 1);
  GIVES(&n, GCUT_INT64, int64_t, 1, 0, 0);
  n.op_type = "ArgMin";
  onenode_int(&n, "select_last_index", 1);
  GIVES(&n, GCUT_INT64, int64_t, 0, 0, 2);
  onenode_free(&n);
}

static void arg_of_nothing(void **unused) {
  (void)unused;
  onenode n = onenode_make("ArgMax", 13);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){0, 3}, NULL);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "no elements");
  onenode_int(&n, "axis", 1);
  onenode_gives(&n, GCUT_INT64, 0, NULL);
  onenode_free(&n);
}

static void cumulative_axis(void **unused) {
  (void)unused;
  static const int32_t axes[] = {1, -2, INT32_MIN};
  for (size_t i = 0; i < 3; i++) {
    onenode n = onenode_make("CumSum", 14);
    VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
    onenode_input(&n, GCUT_INT32, 0, NULL, &axes[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "axis");
    onenode_free(&n);
  }
  onenode n = onenode_make("CumSum", 14);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
  VECTOR(&n, GCUT_INT64, int64_t, 0, 0);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "one axis");
  onenode_free(&n);
}

static void topk_of_ties_and_nan(void **unused) {
  (void)unused;
  onenode n = onenode_make("TopK", 24);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_FLOAT, float, 1, INFINITY, 2, 2, -INFINITY, 2);
  VECTOR(&n, GCUT_INT64, int64_t, 4);
  GIVES(&n, GCUT_FLOAT, float, INFINITY, 2, 2, 2);
  onenode_expect(&n, 1, GCUT_INT64, 4, (const int64_t[]){1, 2, 3, 5});
  onenode_int(&n, "largest", 0);
  GIVES(&n, GCUT_FLOAT, float, -INFINITY, 1, 2, 2);
  onenode_expect(&n, 1, GCUT_INT64, 4, (const int64_t[]){4, 0, 2, 3});
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT, float, 1, NAN, 2);
  VECTOR(&n, GCUT_INT64, int64_t, 2);
  n.n_attributes = 0;
  assert_ok(onenode_run(&n, err));
  onenode_expect(&n, 1, GCUT_INT64, 2, (const int64_t[]){1, 2});
  onenode_free(&n);
}

static void topk_of_too_many(void **unused) {
  (void)unused;
  static const int64_t wrong[] = {4, -1, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < 4; i++) {
    onenode n = onenode_make("TopK", 11);
    n.n_outputs = 2;
    VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
    VECTOR(&n, GCUT_INT64, int64_t, wrong[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "k is");
    onenode_free(&n);
  }
  onenode n = onenode_make("TopK", 11);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
  VECTOR(&n, GCUT_INT64, int64_t, 0);
  onenode_gives(&n, GCUT_FLOAT, 0, NULL);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extremes_of_nothing),
      cmocka_unit_test(mean_of_no_integers),
      cmocka_unit_test(mean_of_integers_truncates),
      cmocka_unit_test(nan_wins),
      cmocka_unit_test(log_sum_exp_of_infinities),
      cmocka_unit_test(sums_are_wide),
      cmocka_unit_test(magnitudes_of_the_lowest),
      cmocka_unit_test(axes_that_are_wrong),
      cmocka_unit_test(arg_of_ties_and_nan),
      cmocka_unit_test(arg_of_nothing),
      cmocka_unit_test(cumulative_axis),
      cmocka_unit_test(topk_of_ties_and_nan),
      cmocka_unit_test(topk_of_too_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
