// Shortest decimals: what they look like, and that they read back.
#include "tracer/base/decimal.h"

#include <locale.h>
#include <math.h>

#include "tests/support/check.h"
#include "tracer/base/narrow.h"

static void expect(gcut_dtype type, double value, const char *text) {
  char buffer[GCUT_DECIMAL_SIZE];
  assert_int_equal(gcut_decimal_format(type, value, buffer), strlen(text));
  assert_string_equal(buffer, text);
}

static void layouts(void **unused) {
  (void)unused;
  expect(GCUT_FLOAT, 0, "0.0");
  expect(GCUT_FLOAT, -0.0, "-0.0");
  expect(GCUT_FLOAT, (double)0.1f, "0.1");
  expect(GCUT_DOUBLE, (double)0.1f, "0.10000000149011612");
  expect(GCUT_DOUBLE, 1e15, "1000000000000000.0");
  expect(GCUT_DOUBLE, 1e16, "1e+16");
  expect(GCUT_DOUBLE, 1e-4, "0.0001");
  expect(GCUT_DOUBLE, 9.9e-5, "9.9e-05");
  expect(GCUT_DOUBLE, -1.7976931348623157e308, "-1.7976931348623157e+308");
  expect(GCUT_DOUBLE, 2.2250738585072014e-308, "2.2250738585072014e-308");
  expect(GCUT_DOUBLE, 5e-324, "5e-324");
  expect(GCUT_FLOAT16, 0.0999755859375, "0.1");
  expect(GCUT_FLOAT16, 65504, "65500.0");
  expect(GCUT_BFLOAT16, 0.10009765625, "0.1");
  expect(GCUT_FLOAT, (double)NAN, "nan");
  expect(GCUT_FLOAT, -(double)INFINITY, "-inf");
}

static void floats_read_back(void **unused) {
  (void)unused;
  char text[GCUT_DECIMAL_SIZE];
  uint32_t bits = 12345;
  for (int i = 0; i < 20000; i++) {
    bits = bits * 1664525u + 1013904223u;
    float value = gcut_bits_float(bits);
    double read;
    if (!isfinite(value)) continue;
    size_t size = gcut_decimal_format(GCUT_FLOAT, (double)value, text);
    assert_true(gcut_decimal_parse(text, size, &read));
    assert_true((float)read == value);
  }
}

static void every_float16_reads_back(void **unused) {
  (void)unused;
  char text[GCUT_DECIMAL_SIZE];
  for (uint32_t bits = 0; bits < 0x7c00; bits++) {
    float value = gcut_from_float16((uint16_t)bits);
    double read;
    size_t size = gcut_decimal_format(GCUT_FLOAT16, (double)value, text);
    assert_true(gcut_decimal_parse(text, size, &read));
    assert_int_equal(gcut_to_float16((float)read), bits);
  }
}

// Where there is a locale with a decimal comma, it must make no difference.
static void locales_do_not_matter(void **unused) {
  (void)unused;
  if (!setlocale(LC_ALL, "de_DE.UTF-8")) setlocale(LC_ALL, "");
  double value;
  expect(GCUT_DOUBLE, 0.5, "0.5");
  assert_true(gcut_decimal_parse("2.5", 3, &value) && value == 2.5);
  setlocale(LC_ALL, "C");
}

static void texts_that_are_no_numbers(void **unused) {
  (void)unused;
  static char huge[5000];
  double value;
  memset(huge, '1', sizeof huge);
  assert_false(gcut_decimal_parse("", 0, &value));
  assert_false(gcut_decimal_parse("1\0", 2, &value));
  assert_false(gcut_decimal_parse("0x1p3", 5, &value));
  assert_false(gcut_decimal_parse("infinit", 7, &value));
  assert_false(gcut_decimal_parse("1 2", 3, &value));
  assert_false(gcut_decimal_parse(huge, sizeof huge, &value));
  assert_true(gcut_decimal_parse("1e999", 5, &value) && isinf(value));
  assert_true(gcut_decimal_parse("12", 1, &value) && value == 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(layouts),
      cmocka_unit_test(floats_read_back),
      cmocka_unit_test(every_float16_reads_back),
      cmocka_unit_test(locales_do_not_matter),
      cmocka_unit_test(texts_that_are_no_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
