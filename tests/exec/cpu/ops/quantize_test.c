// Quantisation beyond the official cases: packed types of odd length, ties, saturation, blocks that
// do not divide, the precision of the division.
#include <math.h>

#include "tests/support/onenode.h"

static onenode quantize(int64_t output_dtype, size_t n, const float *x, float scale) {
  onenode q = onenode_make("QuantizeLinear", 25);
  onenode_int(&q, "output_dtype", output_dtype);
  onenode_input(&q, GCUT_FLOAT, 1, (const int64_t[]){(int64_t)n}, x);
  onenode_input(&q, GCUT_FLOAT, 0, NULL, &scale);
  return q;
}

static void packed(void **unused) {
  (void)unused;
  const float x[] = {-9, -1, 7.6f, 3, -2};
  onenode n = quantize(GCUT_INT4, 5, x, 1);
  onenode_gives(&n, GCUT_INT4, 5, ((const uint8_t[]){0xf8, 0x37, 0x0e}));
  onenode_free(&n);
  n = quantize(GCUT_INT2, 5, x, 1);
  onenode_gives(&n, GCUT_INT2, 5, ((const uint8_t[]){0x5e, 0x02}));
  onenode_free(&n);
  n = quantize(GCUT_UINT2, 5, x, 1);
  onenode_gives(&n, GCUT_UINT2, 5, ((const uint8_t[]){0xf0, 0x00}));
  onenode_free(&n);
}

static void ties_go_to_even(void **unused) {
  (void)unused;
  const float x[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, NAN, INFINITY, -INFINITY};
  onenode n = quantize(GCUT_INT8, 8, x, 1);
  GIVES(&n, GCUT_INT8, int8_t, 0, 2, 2, 0, -2, 0, 127, -128);
  onenode_free(&n);
}

static void float8_saturates_on_demand(void **unused) {
  (void)unused;
  const float x[] = {1000, -1000, 1};
  onenode n = quantize(GCUT_FLOAT8E4M3FN, 3, x, 1);
  GIVES(&n, GCUT_FLOAT8E4M3FN, uint8_t, 0x7e, 0xfe, 0x38);
  onenode_int(&n, "saturate", 0);
  GIVES(&n, GCUT_FLOAT8E4M3FN, uint8_t, 0x7f, 0xff, 0x38);
  onenode_free(&n);
}

// Along the first axis in blocks of 2 of 3 rows; the second block is shorter.
static void blocks_that_do_not_divide(void **unused) {
  (void)unused;
  onenode n = onenode_make("DequantizeLinear", 21);
  onenode_int(&n, "axis", 0);
  onenode_int(&n, "block_size", 2);
  onenode_input(&n, GCUT_INT8, 2, (const int64_t[]){3, 2}, (const int8_t[]){1, 2, 3, 4, 5, 6});
  onenode_input(&n, GCUT_FLOAT, 2, (const int64_t[]){2, 2}, (const float[]){1, 10, 100, 1000});
  onenode_input(&n, GCUT_INT8, 2, (const int64_t[]){2, 2}, (const int8_t[]){0, 1, 2, 3});
  GIVES(&n, GCUT_FLOAT, float, 1, 10, 3, 30, 300, 3000);
  onenode_free(&n);
}

static void division_in_the_precision_asked_for(void **unused) {
  (void)unused;
  const float x[] = {2.502f};
  onenode n = quantize(GCUT_INT8, 1, x, 1);
  GIVES(&n, GCUT_INT8, int8_t, 3);
  onenode_int(&n, "precision", GCUT_BFLOAT16);
  GIVES(&n, GCUT_INT8, int8_t, 2); // 2.502 is 2.5 there, a tie
  onenode_free(&n);
}

static void zeros_have_a_scale(void **unused) {
  (void)unused;
  onenode n = onenode_make("DynamicQuantizeLinear", 11);
  n.n_outputs = 3;
  VECTOR(&n, GCUT_FLOAT, float, 0, 0);
  assert_ok(onenode_run(&n, err));
  onenode_expect(&n, 0, GCUT_UINT8, 2, (const uint8_t[]){0, 0});
  onenode_expect(&n, 1, GCUT_FLOAT, 1, (const float[]){1});
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(packed),
      cmocka_unit_test(ties_go_to_even),
      cmocka_unit_test(float8_saturates_on_demand),
      cmocka_unit_test(blocks_that_do_not_divide),
      cmocka_unit_test(division_in_the_precision_asked_for),
      cmocka_unit_test(zeros_have_a_scale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
