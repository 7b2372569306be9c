// Runs of elements in and out of doubles and floats.
#include "exec/cpu/ops/real.h"

#include <math.h>

#include "tests/support/check.h"
#include "tracer/base/narrow.h"

static void every_float16_widens(void **unused) {
  (void)unused;
  static uint16_t codes[1 << 16];
  static float wide[1 << 16];
  for (int i = 0; i < 1 << 16; i++) codes[i] = (uint16_t)i;
  gcut__load_floats(GCUT_FLOAT16, codes, 0, 1 << 16, wide);
  for (int i = 0; i < 1 << 16; i++) {
    float want = gcut_from_float16((uint16_t)i);
    if (isnan(want) ? !isnan(wide[i]) : gcut_float_bits(want) != gcut_float_bits(wide[i]))
      fail_msg("code %04x: %g, expected %g", i, (double)wide[i], (double)want);
  }
}

static void integers_clamp(void **unused) {
  (void)unused;
  const double x[] = {-1e30, -129, -3.7, 3.7, 300, 1e30, NAN};
  int8_t bytes[7];
  uint64_t words[7];
  int64_t longs[7];
  gcut__store_doubles(GCUT_INT8, bytes, 0, 1, 7, x);
  gcut__store_doubles(GCUT_UINT64, words, 0, 1, 7, x);
  gcut__store_doubles(GCUT_INT64, longs, 0, 1, 7, x);
  assert_memory_equal(bytes, ((int8_t[]){-128, -128, -3, 3, 127, 127, 0}), sizeof bytes);
  assert_memory_equal(words, ((uint64_t[]){0, 0, 0, 3, 300, UINT64_MAX, 0}), sizeof words);
  assert_memory_equal(longs, ((int64_t[]){INT64_MIN, -129, -3, 3, 300, INT64_MAX, 0}),
                      sizeof longs);
}

static void strides_skip(void **unused) {
  (void)unused;
  float x[] = {0, 1, 2, 3, 4, 5, 6, 7};
  double three[3];
  gcut__load_doubles(GCUT_FLOAT, x, 1, 3, 3, three);
  assert_true(three[0] == 1 && three[1] == 4 && three[2] == 7);
  gcut__store_doubles(GCUT_FLOAT, x, 0, 2, 3, three);
  assert_memory_equal(x, ((float[]){1, 1, 4, 3, 7, 5, 6, 7}), sizeof x);
}

// Sums are the same whatever their length is a multiple of.
static void sums_are_exact_on_integers(void **unused) {
  (void)unused;
  double x[100];
  for (int n = 0; n < 100; n++) {
    x[n] = n + 1;
    assert_true(gcut__sum(x, (uint64_t)n + 1) == (n + 1) * (n + 2) / 2);
    assert_true(gcut__sum_squares(x, (uint64_t)n + 1) ==
                (n + 1.0) * (n + 2) * (2 * (n + 1) + 1) / 6);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_float16_widens),
      cmocka_unit_test(integers_clamp),
      cmocka_unit_test(strides_skip),
      cmocka_unit_test(sums_are_exact_on_integers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
