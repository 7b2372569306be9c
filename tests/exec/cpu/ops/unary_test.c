// Unary operators beyond the official cases: defaults that changed with the version, bounds that
// cross, infinities and NaN, integers at their limits.
#include <math.h>

#include "tests/support/onenode.h"

static void clip_before_opset_11(void **unused) {
  (void)unused;
  onenode n = onenode_make("Clip", 6);
  VECTOR(&n, GCUT_FLOAT, float, -INFINITY, -3, 3, INFINITY);
  onenode_float(&n, "max", 2);
  GIVES(&n, GCUT_FLOAT, float, -3.402823466e+38f, -3, 2, 2);
  n.version = 1;
  GIVES(&n, GCUT_FLOAT, float, -INFINITY, -3, 2, 2);
  onenode_free(&n);
}

static void bounds_that_cross(void **unused) {
  (void)unused;
  onenode n = onenode_make("Clip", 13);
  VECTOR(&n, GCUT_INT8, int8_t, -128, 0, 5, 127);
  onenode_input(&n, GCUT_INT8, 0, NULL, (const int8_t[]){4});
  onenode_input(&n, GCUT_INT8, 0, NULL, (const int8_t[]){-4});
  GIVES(&n, GCUT_INT8, int8_t, -4, -4, -4, -4);
  onenode_free(&n);
}

static void bounds_have_one_element(void **unused) {
  (void)unused;
  onenode n = onenode_make("Clip", 13);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "input 1 has 2 elements");
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT, float, 1, 2);
  onenode_input(&n, GCUT_FLOAT, 1, (const int64_t[]){0}, NULL);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "input 1 has 0 elements");
  onenode_free(&n);
}

static void constants_of_selu(void **unused) {
  (void)unused;
  onenode n = onenode_make("Selu", 1);
  VECTOR(&n, GCUT_FLOAT, float, 1);
  GIVES(&n, GCUT_FLOAT, float, 1.0507f);
  n.version = 6;
  GIVES(&n, GCUT_FLOAT, float, 1.05070102214813232421875f);
  onenode_float(&n, "gamma", 2);
  GIVES(&n, GCUT_FLOAT, float, 2);
  onenode_free(&n);
}

// What all activations of a NaN are, and what far inputs give without overflowing on the way.
static void far_inputs(void **unused) {
  (void)unused;
  static const struct {
    const char *op_type;
    float low, high; // of -1e30 and 1e30
  } cases[] = {{"Sigmoid", 0, 1},      {"Tanh", -1, 1},         {"Erf", -1, 1},
               {"Softplus", 0, 1e30f}, {"Mish", 0, 1e30f},      {"Softsign", -1, 1},
               {"HardSigmoid", 0, 1},  {"HardSwish", 0, 1e30f}, {"Elu", -1, 1e30f},
               {"Relu", 0, 1e30f},     {"Gelu", 0, 1e30f},      {"Swish", 0, 1e30f}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    onenode n = onenode_make(cases[i].op_type, 24);
    VECTOR(&n, GCUT_FLOAT, float, -1e30f, 1e30f, NAN);
    assert_ok(onenode_run(&n, err));
    const float *y = n.outputs[0]->data;
    if (!(y[0] == cases[i].low && y[1] == cases[i].high && isnan(y[2])))
      fail_msg("%s: %g, %g, %g", cases[i].op_type, (double)y[0], (double)y[1], (double)y[2]);
    onenode_free(&n);
  }
}

// Rows of floats that are computed without the C library are as near to the function.
static double units_off(float got, double wanted) {
  int exponent;
  (void)frexp(wanted, &exponent);
  return fabs((double)got - wanted) / ldexp(1, exponent - 24);
}

static void exponentials_are_near(void **unused) {
  (void)unused;
  enum { N = 20001 };
  static float x[N];
  for (int i = 0; i < N; i++) x[i] = (float)(i - N / 2) * 0.0017f;
  onenode n = onenode_make("Tanh", 13);
  onenode_input(&n, GCUT_FLOAT, 1, (const int64_t[]){N}, x);
  assert_ok(onenode_run(&n, err));
  const float *y = n.outputs[0]->data;
  for (int i = 0; i < N; i++) assert_true(units_off(y[i], tanh((double)x[i])) <= 4);
  n.op_type = "Sigmoid";
  assert_ok(onenode_run(&n, err));
  y = n.outputs[0]->data;
  for (int i = 0; i < N; i++) assert_true(units_off(y[i], 1 / (1 + exp(-(double)x[i]))) <= 4);
  onenode_free(&n);
}

static void lowest_integers(void **unused) {
  (void)unused;
  onenode n = onenode_make("Neg", 13);
  VECTOR(&n, GCUT_INT64, int64_t, INT64_MIN, 5);
  GIVES(&n, GCUT_INT64, int64_t, INT64_MIN, -5);
  n.op_type = "Abs";
  GIVES(&n, GCUT_INT64, int64_t, INT64_MIN, 5);
  n.op_type = "Sign";
  GIVES(&n, GCUT_INT64, int64_t, -1, 1);
  onenode_free(&n);
}

static void halves_round_to_even(void **unused) {
  (void)unused;
  onenode n = onenode_make("Round", 22);
  VECTOR(&n, GCUT_DOUBLE, double, 0.5, 1.5, 2.5, -0.5, -1.5, 1e300);
  GIVES(&n, GCUT_DOUBLE, double, 0, 2, 2, -0.0, -2, 1e300);
  onenode_free(&n);
}

static void either_infinity(void **unused) {
  (void)unused;
  onenode n = onenode_make("IsInf", 20);
  VECTOR(&n, GCUT_FLOAT16, uint16_t, 0x7c00, 0xfc00, 0x7e00, 0x7bff);
  GIVES(&n, GCUT_BOOL, uint8_t, 1, 1, 0, 0);
  onenode_int(&n, "detect_negative", 0);
  GIVES(&n, GCUT_BOOL, uint8_t, 1, 0, 0, 0);
  onenode_int(&n, "detect_positive", 0);
  GIVES(&n, GCUT_BOOL, uint8_t, 0, 0, 0, 0);
  onenode_free(&n);
  VECTOR(&n, GCUT_FLOAT8E5M2, uint8_t, 0x7c, 0x7d);
  n.n_attributes = 0;
  GIVES(&n, GCUT_BOOL, uint8_t, 1, 0);
  n.op_type = "IsNaN";
  GIVES(&n, GCUT_BOOL, uint8_t, 0, 1);
  onenode_free(&n);
}

static void shrinking_beyond_the_type(void **unused) {
  (void)unused;
  onenode n = onenode_make("Shrink", 9);
  onenode_float(&n, "lambd", 0);
  onenode_float(&n, "bias", -1e30f);
  VECTOR(&n, GCUT_INT32, int32_t, 1, -1, 0);
  GIVES(&n, GCUT_INT32, int32_t, 0, 0, 0); // the lowest 64-bit integer, its high bits lost
  n.attributes[1].f = NAN;
  GIVES(&n, GCUT_INT32, int32_t, 0, 0, 0);
  onenode_free(&n);
}

static void ways_to_approximate(void **unused) {
  (void)unused;
  static const char *const wrong[] = {"", "tan", "tanhh", "NONE"};
  for (size_t i = 0; i < 4; i++) {
    onenode n = onenode_make("Gelu", 20);
    onenode_string(&n, "approximate", wrong[i]);
    VECTOR(&n, GCUT_FLOAT, float, 1);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "approximate");
    onenode_free(&n);
  }
}

static void many_inputs(void **unused) {
  (void)unused;
  onenode n = onenode_make("Mean", 13);
  for (uint16_t i = 0; i < 7; i++) VECTOR(&n, GCUT_FLOAT16, uint16_t, 0x3c00, 0x6bff); // 1, 4094
  GIVES(&n, GCUT_FLOAT16, uint16_t, 0x3c00, 0x6bff);
  n.op_type = "Max";
  n.inputs[3]->type = GCUT_BFLOAT16;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "must agree");
  n.inputs[3]->type = GCUT_FLOAT16;
  onenode_free(&n);
}

static void strings_are_chosen(void **unused) {
  (void)unused;
  onenode n = onenode_make("Where", 16);
  VECTOR(&n, GCUT_BOOL, uint8_t, 1, 0, 2);
  VECTOR(&n, GCUT_STRING, char *, "a", "b", "c");
  VECTOR(&n, GCUT_STRING, char *, "other");
  GIVES(&n, GCUT_STRING, char *, "a", "other", "c");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(clip_before_opset_11),    cmocka_unit_test(bounds_that_cross),
      cmocka_unit_test(bounds_have_one_element), cmocka_unit_test(constants_of_selu),
      cmocka_unit_test(exponentials_are_near),   cmocka_unit_test(far_inputs),
      cmocka_unit_test(lowest_integers),         cmocka_unit_test(halves_round_to_even),
      cmocka_unit_test(either_infinity),         cmocka_unit_test(shrinking_beyond_the_type),
      cmocka_unit_test(ways_to_approximate),     cmocka_unit_test(many_inputs),
      cmocka_unit_test(strings_are_chosen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
