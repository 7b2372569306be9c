// Binary operators beyond the official cases: integers at their limits, divisions by zero, shifts
// out of range, shapes that broadcast oddly or not at all, the attributes of before opset 7.
#include <math.h>

#include "tests/support/onenode.h"

static void division_by_zero(void **unused) {
  (void)unused;
  static const char *const operators[] = {"Div", "Mod"};
  for (size_t i = 0; i < 2; i++) {
    onenode n = onenode_make(operators[i], 14);
    VECTOR(&n, GCUT_INT32, int32_t, 1, 2, 3);
    VECTOR(&n, GCUT_INT32, int32_t, 1, 0, 3);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "division of an integer by zero");
    onenode_free(&n);
    VECTOR(&n, GCUT_UINT64, uint64_t, 1);
    VECTOR(&n, GCUT_UINT64, uint64_t, 0);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "division of an integer by zero");
    onenode_free(&n);
  }
}

static void lowest_by_minus_one(void **unused) {
  (void)unused;
  onenode n = onenode_make("Div", 14);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_MIN, 7, -7);
  VECTOR(&n, GCUT_INT64, int64_t, -1, -2, 2);
  GIVES(&n, GCUT_INT64, int64_t, INT64_MIN, -3, -3);
  n.op_type = "Mod";
  GIVES(&n, GCUT_INT64, int64_t, 0, -1, 1);
  onenode_int(&n, "fmod", 1);
  GIVES(&n, GCUT_INT64, int64_t, 0, 1, -1);
  onenode_free(&n);
  onenode m = onenode_make("Div", 14);
  VECTOR(&m, GCUT_INT8, int8_t, -128);
  VECTOR(&m, GCUT_INT8, int8_t, -1);
  GIVES(&m, GCUT_INT8, int8_t, -128);
  onenode_free(&m);
}

static void sums_wrap(void **unused) {
  (void)unused;
  onenode n = onenode_make("Add", 14);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_MAX, INT64_MIN);
  VECTOR(&n, GCUT_INT64, int64_t, 1, -1);
  GIVES(&n, GCUT_INT64, int64_t, INT64_MIN, INT64_MAX);
  n.op_type = "Mul";
  GIVES(&n, GCUT_INT64, int64_t, INT64_MAX, INT64_MIN);
  onenode_free(&n);
  VECTOR(&n, GCUT_UINT8, uint8_t, 255, 16);
  VECTOR(&n, GCUT_UINT8, uint8_t, 2, 16);
  GIVES(&n, GCUT_UINT8, uint8_t, 254, 0);
  onenode_free(&n);
}

static void shifts_out_of_range(void **unused) {
  (void)unused;
  onenode n = onenode_make("BitShift", 28);
  onenode_string(&n, "direction", "RIGHT");
  VECTOR(&n, GCUT_INT32, int32_t, -8, -8, -8, 8, 8, INT32_MIN);
  VECTOR(&n, GCUT_INT32, int32_t, 1, 40, -1, 32, -1, 31);
  GIVES(&n, GCUT_INT32, int32_t, -4, -1, -1, 0, 0, -1);
  n.attributes[0].s = (gcut_string){"LEFT", 4};
  GIVES(&n, GCUT_INT32, int32_t, -16, 0, 0, 0, 0, 0);
  onenode_free(&n);
  VECTOR(&n, GCUT_UINT8, uint8_t, 255, 255, 255);
  VECTOR(&n, GCUT_UINT8, uint8_t, 4, 8, 255);
  GIVES(&n, GCUT_UINT8, uint8_t, 0xf0, 0, 0);
  n.attributes[0].s = (gcut_string){"UP", 2};
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "direction");
  onenode_free(&n);
}

static void powers_of_integers(void **unused) {
  (void)unused;
  onenode n = onenode_make("Pow", 15);
  VECTOR(&n, GCUT_INT32, int32_t, 2, -3, 1, -1, 2, 3);
  VECTOR(&n, GCUT_INT64, int64_t, 10, 3, -5, -3, -1, 40);
  // 3^40 in 32 bits
  GIVES(&n, GCUT_INT32, int32_t, 1024, -27, 1, -1, 0, 689956897);
  onenode_free(&n);
  VECTOR(&n, GCUT_INT32, int32_t, 0);
  VECTOR(&n, GCUT_INT64, int64_t, -1);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "by zero");
  onenode_free(&n);
}

static void remainders_of_floats(void **unused) {
  (void)unused;
  onenode n = onenode_make("Mod", 28);
  VECTOR(&n, GCUT_FLOAT, float, -5, 5, 5.5f, 1, -1, -0.0f, 0);
  VECTOR(&n, GCUT_FLOAT, float, 3, -3, 2, INFINITY, INFINITY, 2, -2);
  GIVES(&n, GCUT_FLOAT, float, 1, -1, 1.5f, 1, INFINITY, 0, -0.0f);
  onenode_free(&n);
}

static void odd_broadcasts(void **unused) {
  (void)unused;
  onenode n = onenode_make("Sub", 14);
  const int64_t column[] = {2, 1, 1}, row[] = {3}, none[] = {0, 1};
  onenode_input(&n, GCUT_INT16, 3, column, (const int16_t[]){10, 20});
  onenode_input(&n, GCUT_INT16, 1, row, (const int16_t[]){1, 2, 3});
  GIVES(&n, GCUT_INT16, int16_t, 9, 8, 7, 19, 18, 17);
  assert_int_equal(n.outputs[0]->rank, 3);
  onenode_free(&n);
  onenode_input(&n, GCUT_FLOAT, 2, none, NULL);
  onenode_input(&n, GCUT_FLOAT, 1, row, (const float[]){1, 2, 3});
  onenode_gives(&n, GCUT_FLOAT, 0, NULL);
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2, 3);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "does not broadcast");
  onenode_free(&n);
}

// A block boundary within a broadcast row must not show.
static void long_rows(void **unused) {
  (void)unused;
  enum { N = 1500 };
  static float x[2 * N], y[2 * N];
  for (int i = 0; i < 2 * N; i++) x[i] = (float)i, y[i] = (float)(i + (i < N ? 1 : 2));
  onenode n = onenode_make("Add", 14);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, N}, x);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 1}, (const float[]){1, 2});
  onenode_gives(&n, GCUT_FLOAT, 2 * N, y);
  onenode_free(&n);
}

static void broadcast_before_opset_7(void **unused) {
  (void)unused;
  onenode n = onenode_make("Mul", 6);
  onenode_int(&n, "broadcast", 1);
  onenode_int(&n, "axis", 0);
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 3}, (const float[]){1, 2, 3, 4, 5, 6});
  VECTOR(&n, GCUT_FLOAT, float, 10, 100);
  GIVES(&n, GCUT_FLOAT, float, 10, 20, 30, 400, 500, 600);
  static const int64_t wrong[] = {1, 2, -3, INT64_MAX, INT64_MIN + 1};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    n.attributes[1].i = wrong[i];
    assert_int_equal(onenode_run(&n, NULL), GCUT_FORMAT);
  }
  n.n_attributes = 0;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "differ in shape");
  onenode_free(&n);
}

static void slope_of_a_channel_before_opset_7(void **unused) {
  (void)unused;
  onenode n = onenode_make("PRelu", 6);
  onenode_input(&n, GCUT_FLOAT, 3, (const int64_t[]){1, 2, 2}, (const float[]){-1, 1, -1, 1});
  VECTOR(&n, GCUT_FLOAT, float, 2, 3);
  GIVES(&n, GCUT_FLOAT, float, -2, 1, -3, 1);
  n.version = 16; // aligned at the last axis now, which is as long here
  GIVES(&n, GCUT_FLOAT, float, -2, 1, -2, 1);
  onenode_free(&n);
}

static void strings_compare(void **unused) {
  (void)unused;
  onenode n = onenode_make("Equal", 19);
  VECTOR(&n, GCUT_STRING, char *, "a", "", "abc");
  VECTOR(&n, GCUT_STRING, char *, "a", "", "abd");
  GIVES(&n, GCUT_BOOL, uint8_t, 1, 1, 0);
  onenode_free(&n);
}

static void gates_must_agree(void **unused) {
  (void)unused;
  onenode n = onenode_make("SwiGLU", 28);
  VECTOR(&n, GCUT_FLOAT, float, 0, 0);
  VECTOR(&n, GCUT_FLOAT, float, 1);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "differ in shape");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(division_by_zero),
      cmocka_unit_test(lowest_by_minus_one),
      cmocka_unit_test(sums_wrap),
      cmocka_unit_test(shifts_out_of_range),
      cmocka_unit_test(powers_of_integers),
      cmocka_unit_test(remainders_of_floats),
      cmocka_unit_test(odd_broadcasts),
      cmocka_unit_test(long_rows),
      cmocka_unit_test(broadcast_before_opset_7),
      cmocka_unit_test(slope_of_a_channel_before_opset_7),
      cmocka_unit_test(strings_compare),
      cmocka_unit_test(gates_must_agree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
