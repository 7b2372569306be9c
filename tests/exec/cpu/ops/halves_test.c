// Every float16 is widened to its value and narrowed back, at every place of a row; halfway values
// go to the even neighbour.
#include "exec/cpu/ops/halves.h"

#include "tests/support/check.h"
#include "tracer/base/narrow.h"

enum { N = 1 << 16, ROW = 21 };

static int is_nan(uint16_t x) {
  return (x & 0x7fff) > 0x7c00;
}

static void there_and_back(void **unused) {
  (void)unused;
  uint16_t x[ROW], back[ROW];
  float wide[ROW];
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < ROW; k++) x[k] = (uint16_t)(i + k);
    gcut__widen_float16(ROW, x, wide);
    gcut__narrow_float16(ROW, wide, back);
    for (int k = 0; k < ROW; k++) {
      if (is_nan(x[k])) {
        assert_true(is_nan(back[k]) && wide[k] != wide[k]);
        continue;
      }
      assert_int_equal(back[k], x[k]);
      assert_int_equal(gcut_float_bits(wide[k]), gcut_float_bits(gcut_from_float16(x[k])));
    }
  }
}

static void halfway_to_even(void **unused) {
  (void)unused;
  static const float x[] = {1 + 0x1p-11f, 1 + 0x3p-11f, 2049,     2051,        65519.996f,
                            65520,        0x1p-25f,     0x3p-25f, -0x1.8p-24f, 0x1.000002p-25f};
  static const uint16_t expected[] = {0x3c00, 0x3c02, 0x6800, 0x6802, 0x7bff,
                                      0x7c00, 0,      2,      0x8002, 1};
  uint16_t y[sizeof x / sizeof *x];
  gcut__narrow_float16(sizeof x / sizeof *x, x, y);
  assert_memory_equal(y, expected, sizeof expected);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(there_and_back),
                                     cmocka_unit_test(halfway_to_even)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
