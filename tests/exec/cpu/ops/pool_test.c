// Pools beyond the official cases: windows that meet nothing or are wider than the input,
// infinities and NaN, places of maxima, indices out of range.
#include <math.h>

#include "tests/support/onenode.h"

// kernel, stride, padding at the beginning and at the end; they must outlive the node
static onenode pool(const char *op_type, const int64_t *window) {
  onenode n = onenode_make(op_type, 22);
  onenode_ints(&n, "kernel_shape", 1, window);
  onenode_ints(&n, "strides", 1, window + 1);
  onenode_ints(&n, "pads", 2, window + 2);
  return n;
}

static void row(onenode *n, int64_t size, const float *x) {
  onenode_input(n, GCUT_FLOAT, 3, (const int64_t[]){1, 1, size}, x);
}

static const float four[] = {1, 2, 3, 4};

static void windows_in_the_padding(void **unused) {
  (void)unused;
  onenode n = pool("MaxPool", (const int64_t[]){2, 2, 2, 0});
  row(&n, 4, four);
  GIVES(&n, GCUT_FLOAT, float, -INFINITY, 2, 4);
  n.op_type = "AveragePool";
  GIVES(&n, GCUT_FLOAT, float, 0, 1.5f, 3.5f);
  onenode_free(&n);
}

static void wide_windows(void **unused) {
  (void)unused;
  onenode n = pool("AveragePool",
                   (const int64_t[]){100, 1, 99, 99}); // output by output, clipped to the input
  row(&n, 4, four);
  assert_ok(onenode_run(&n, err));
  const float *y = n.outputs[0]->data;
  assert_int_equal(n.outputs[0]->count, 103);
  assert_true(y[0] == 1 && y[1] == 1.5f && y[3] == 2.5f && y[50] == 2.5f && y[102] == 4);
  onenode_free(&n);
  n = pool("MaxPool", (const int64_t[]){INT32_MAX, INT32_MAX - 1, INT32_MAX - 1, INT32_MAX - 1});
  row(&n, 1, four);
  GIVES(&n, GCUT_FLOAT, float, 1, 1);
  onenode_free(&n);
}

static void infinities_and_nan(void **unused) {
  (void)unused;
  const float x[] = {-INFINITY, -INFINITY, NAN, 5};
  onenode n = pool("MaxPool", (const int64_t[]){2, 1, 0, 0});
  row(&n, 4, x);
  assert_ok(onenode_run(&n, err));
  const float *y = n.outputs[0]->data;
  assert_true(isinf(y[0]) && isnan(y[1]) && isnan(y[2]));
  onenode_free(&n);
}

static void places_of_maxima(void **unused) {
  (void)unused;
  const float x[] = {1, 7, 7, 0, -INFINITY, -INFINITY};
  onenode n = pool("MaxPool", (const int64_t[]){2, 2, 0, 0});
  n.n_outputs = 2;
  row(&n, 6, x);
  assert_ok(onenode_run(&n, err));
  onenode_expect(&n, 1, GCUT_INT64, 3, (const int64_t[]){1, 2, 4}); // the first of equal ones
  onenode_free(&n);
}

static void rounded_up_windows_leave_the_padding_out(void **unused) {
  (void)unused;
  onenode n = pool("AveragePool",
                   (const int64_t[]){3, 2, 1, 0}); // the last of its windows ends beyond the input
  onenode_int(&n, "ceil_mode", 1);
  onenode_int(&n, "count_include_pad", 1);
  row(&n, 5, (const float[]){1, 2, 3, 4, 5});
  GIVES(&n, GCUT_FLOAT, float, 1, 3, 4.5f);
  onenode_free(&n);
}

static void indices_are_checked(void **unused) {
  (void)unused;
  onenode n = onenode_make("MaxUnpool", 22);
  onenode_ints(&n, "kernel_shape", 1, (const int64_t[]){2});
  row(&n, 1, four);
  onenode_input(&n, GCUT_INT64, 3, (const int64_t[]){1, 1, 1}, (const int64_t[]){2});
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index 2 of 2 elements");
  onenode_free(&n);
}

static void bytes(void **unused) {
  (void)unused;
  onenode n = pool("MaxPool", (const int64_t[]){2, 1, 0, 0});
  onenode_input(&n, GCUT_INT8, 3, (const int64_t[]){1, 1, 3}, (const int8_t[]){-128, -3, 100});
  GIVES(&n, GCUT_INT8, int8_t, -3, 100);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_in_the_padding),
      cmocka_unit_test(wide_windows),
      cmocka_unit_test(infinities_and_nan),
      cmocka_unit_test(places_of_maxima),
      cmocka_unit_test(rounded_up_windows_leave_the_padding_out),
      cmocka_unit_test(indices_are_checked),
      cmocka_unit_test(bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
