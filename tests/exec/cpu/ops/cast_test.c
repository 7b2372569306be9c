// Cast beyond the official cases: NaN and infinity to integers, double rounding, packed elements at
// odd offsets, texts of every kind, hostile attributes.
#include <math.h>

#include "tests/support/onenode.h"

static onenode cast_to(gcut_dtype type) {
  onenode n = onenode_make("Cast", 25);
  onenode_int(&n, "to", type);
  return n;
}

static void floats_out_of_range(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_INT32);
  VECTOR(&n, GCUT_FLOAT, float, NAN, INFINITY, -INFINITY, 3e9f, -1.9f, 2147483520.0f);
  GIVES(&n, GCUT_INT32, int32_t, INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN, -1, 2147483520);
  n.attributes[0].i = GCUT_INT64;
  GIVES(&n, GCUT_INT64, int64_t, INT64_MIN, INT64_MIN, INT64_MIN, INT64_C(3000000000), -1,
        2147483520);
  n.attributes[0].i = GCUT_UINT8;
  GIVES(&n, GCUT_UINT8, uint8_t, 0, 0, 0, 0, 255, 128);
  n.attributes[0].i = GCUT_BOOL;
  GIVES(&n, GCUT_BOOL, uint8_t, 1, 1, 1, 1, 1, 1);
  onenode_free(&n);
}

static void integers_lose_high_bits(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_INT8);
  VECTOR(&n, GCUT_INT64, int64_t, 200, -129, INT64_MIN, 127);
  GIVES(&n, GCUT_INT8, int8_t, -56, 127, 0, 127);
  n.attributes[0].i = GCUT_UINT32;
  GIVES(&n, GCUT_UINT32, uint32_t, 200, 0xffffff7fu, 0, 127);
  onenode_free(&n);
}

// 1 + 2^-11 + 2^-40 lies above the middle of two float16, but its float lies on it.
static void doubles_round_once(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_FLOAT16);
  VECTOR(&n, GCUT_DOUBLE, double, 1 + 0x1p-11 + 0x1p-40, 1 + 0x1p-11, 1 + 0x1p-11 - 0x1p-40, 1e300,
         -(1 + 0x1p-11 + 0x1p-40));
  GIVES(&n, GCUT_FLOAT16, uint16_t, 0x3c01, 0x3c00, 0x3c00, 0x7c00, 0xbc01);
  onenode_free(&n);
}

static void float8_codes(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_FLOAT8E4M3FN);
  VECTOR(&n, GCUT_FLOAT, float, 0.0f, -0.0f, 448, 464, 465, INFINITY, NAN, 0x1p-9f, 0x1p-10f,
         0x1.8p-10f);
  GIVES(&n, GCUT_FLOAT8E4M3FN, uint8_t, 0, 0x80, 0x7e, 0x7e, 0x7e, 0x7e, 0x7f, 1, 0, 1);
  onenode_int(&n, "saturate", 0);
  GIVES(&n, GCUT_FLOAT8E4M3FN, uint8_t, 0, 0x80, 0x7e, 0x7e, 0x7f, 0x7f, 0x7f, 1, 0, 1);
  n.attributes[0].i = GCUT_FLOAT8E4M3FNUZ;
  GIVES(&n, GCUT_FLOAT8E4M3FNUZ, uint8_t, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 2, 1, 2);
  n.attributes[0].i = GCUT_FLOAT8E5M2;
  GIVES(&n, GCUT_FLOAT8E5M2, uint8_t, 0, 0x80, 0x5f, 0x5f, 0x5f, 0x7c, 0x7e, 0x18, 0x14, 0x16);
  onenode_free(&n);
}

// Three elements of 4 bits: the last byte holds one, and zeros.
static void packed_elements(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_INT4);
  VECTOR(&n, GCUT_FLOAT, float, -1, 7, -8);
  assert_ok(onenode_run(&n, err));
  const uint8_t packed[] = {0x7f, 0x08};
  onenode_expect(&n, 0, GCUT_INT4, 3, packed);
  onenode m = cast_to(GCUT_INT16);
  onenode_input(&m, GCUT_INT4, 1, (const int64_t[]){3}, packed);
  GIVES(&m, GCUT_INT16, int16_t, -1, 7, -8);
  onenode_free(&n), onenode_free(&m);
}

// Elements of 6 bits lie across bytes; what comes out is what the onnx package and ml_dtypes give.
static void floats_of_6_bits(void **unused) {
  (void)unused;
  static const struct {
    gcut_dtype type;
    uint8_t packed[10];
    float values[13];
  } types[] = {
      {GCUT_FLOAT6E2M3,
       {0x00, 0xf2, 0x07, 0xe0, 0xf7, 0x03, 0x41, 0x05, 0x7e, 0x02},
       {0, 1, -7.5f, 0.125f, -0.0f, 7.5f, -7.5f, 0, 0.125f, 3.25f, -0.0f, 7.5f, 0.25f}},
      {GCUT_FLOAT6E3M2,
       {0x00, 0x83, 0x0b, 0xe0, 0xf7, 0x07, 0xc2, 0x04, 0x72, 0x05},
       {0, 1, -8, 0.125f, -0.0f, 28, -28, 0.0625f, 0.125f, 3.5f, -0.0f, 16, 0.3125f}},
  };
  for (int k = 0; k < 2; k++) {
    onenode n = cast_to(types[k].type);
    VECTOR(&n, GCUT_FLOAT, float, 0, 1, -7.5f, 0.125f, NAN, INFINITY, -30, 0.0625f, 0.1f, 3.3f,
           -0.0f, 17.2f, 0.3f);
    assert_ok(onenode_run(&n, err));
    onenode_expect(&n, 0, types[k].type, 13, types[k].packed);
    onenode m = cast_to(GCUT_FLOAT);
    onenode_input(&m, types[k].type, 1, (const int64_t[]){13}, types[k].packed);
    onenode_gives(&m, GCUT_FLOAT, 13, types[k].values);
    onenode_free(&n), onenode_free(&m);
  }
}

static void numbers_to_texts(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_STRING);
  VECTOR(&n, GCUT_FLOAT, float, 0.1f, 1, -0.0f, 1e-5f, 16777216, 1e16f, NAN, -INFINITY,
         3.4028235e38f, 1e-45f);
  GIVES(&n, GCUT_STRING, char *, "0.1", "1.0", "-0.0", "1e-05", "16777216.0", "1e+16", "nan",
        "-inf", "3.4028235e+38", "1e-45");
  onenode_free(&n);
  VECTOR(&n, GCUT_DOUBLE, double, 0.1, 1.0 / 3, 5e-324, 123456789012345680.0);
  GIVES(&n, GCUT_STRING, char *, "0.1", "0.3333333333333333", "5e-324", "1.2345678901234568e+17");
  onenode_free(&n);
  VECTOR(&n, GCUT_UINT64, uint64_t, 0, UINT64_MAX);
  GIVES(&n, GCUT_STRING, char *, "0", "18446744073709551615");
  onenode_free(&n);
}

static void texts_to_numbers(void **unused) {
  (void)unused;
  onenode n = cast_to(GCUT_FLOAT);
  VECTOR(&n, GCUT_STRING, char *, "1.5", " -2e3 ", "+INF", "-infinity");
  GIVES(&n, GCUT_FLOAT, float, 1.5f, -2000, INFINITY, -INFINITY);
  n.attributes[0].i = GCUT_INT64;
  GIVES(&n, GCUT_INT64, int64_t, 1, -2000, INT64_MIN, INT64_MIN);
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, "9223372036854775807", "-9223372036854775808");
  GIVES(&n, GCUT_INT64, int64_t, INT64_MAX, INT64_MIN);
  onenode_free(&n);
}

static void texts_that_are_no_numbers(void **unused) {
  (void)unused;
  static const char *const wrong[] = {"", " ", "x", "0x10", "1e", "nan(1)", "1,5", "--1", "1\t2"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    onenode n = cast_to(GCUT_DOUBLE);
    VECTOR(&n, GCUT_STRING, char *, wrong[i]);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "node 'node' (Cast): element 0 is no number");
    onenode_free(&n);
  }
}

static void hostile_attributes(void **unused) {
  (void)unused;
  static const int64_t wrong[] = {0, -1, 14, 15, 29, INT64_MAX, INT64_MIN};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    onenode n = cast_to((gcut_dtype)1);
    n.attributes[0].i = wrong[i];
    VECTOR(&n, GCUT_FLOAT, float, 1);
    assert_fails(onenode_run(&n, err), GCUT_FORMAT, "'to'");
    onenode_free(&n);
  }
  onenode n = cast_to(GCUT_FLOAT8E8M0);
  onenode_string(&n, "round_mode", "sideways");
  VECTOR(&n, GCUT_FLOAT, float, 1);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "round_mode");
  onenode_free(&n);
}

static void names_of_types_before_opset_6(void **unused) {
  (void)unused;
  onenode n = onenode_make("Cast", 1);
  onenode_string(&n, "to", "INT32");
  VECTOR(&n, GCUT_FLOAT, float, 1.5f, -1.5f);
  GIVES(&n, GCUT_INT32, int32_t, 1, -1);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(floats_out_of_range),
      cmocka_unit_test(integers_lose_high_bits),
      cmocka_unit_test(doubles_round_once),
      cmocka_unit_test(float8_codes),
      cmocka_unit_test(packed_elements),
      cmocka_unit_test(floats_of_6_bits),
      cmocka_unit_test(numbers_to_texts),
      cmocka_unit_test(texts_to_numbers),
      cmocka_unit_test(texts_that_are_no_numbers),
      cmocka_unit_test(hostile_attributes),
      cmocka_unit_test(names_of_types_before_opset_6),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
