// Every code of every small float: read, written back, and the middle between neighbours.
#include "tracer/base/minifloat.h"

#include <math.h>

#include "tests/support/check.h"

static const struct {
  gcut_dtype type;
  double largest, smallest; // finite, and above 0
  int n_nan;
} types[] = {
    {GCUT_FLOAT8E4M3FN, 448, 0x1p-9, 2},  {GCUT_FLOAT8E4M3FNUZ, 240, 0x1p-10, 1},
    {GCUT_FLOAT8E5M2, 57344, 0x1p-16, 6}, {GCUT_FLOAT8E5M2FNUZ, 57344, 0x1p-17, 1},
    {GCUT_FLOAT6E2M3, 7.5, 0.125, 0},     {GCUT_FLOAT6E3M2, 28, 0x1p-4, 0},
    {GCUT_FLOAT4E2M1, 6, 0.5, 0},
};
enum { N_TYPES = sizeof types / sizeof *types };

static int n_codes(gcut_dtype type) {
  return 1 << gcut_dtype_bits(type);
}

static void codes_come_back(void **unused) {
  (void)unused;
  for (int t = 0; t < N_TYPES; t++) {
    double largest = 0, smallest = 1;
    int n_nan = 0;
    for (int code = 0; code < n_codes(types[t].type); code++) {
      double value = gcut_minifloat_decode(types[t].type, (uint8_t)code);
      if (isnan(value)) {
        n_nan++;
        continue;
      }
      assert_int_equal(gcut_minifloat_encode(types[t].type, value, false), code);
      if (isfinite(value)) largest = fmax(largest, value);
      if (value > 0) smallest = fmin(smallest, value);
    }
    assert_true(largest == types[t].largest);
    assert_true(smallest == types[t].smallest);
    assert_int_equal(n_nan, types[t].n_nan);
  }
}

// Between two neighbours: to the nearer one, in the middle to the even code.
static void middles_go_to_even(void **unused) {
  (void)unused;
  for (int t = 0; t < N_TYPES; t++) {
    gcut_dtype type = types[t].type;
    for (int code = 0; code + 1 < n_codes(type) / 2; code++) {
      double low = gcut_minifloat_decode(type, (uint8_t)code);
      double high = gcut_minifloat_decode(type, (uint8_t)(code + 1)), middle = (low + high) / 2;
      if (!isfinite(middle)) continue;
      int even = code % 2 == 0 ? code : code + 1;
      assert_int_equal(gcut_minifloat_encode(type, middle, true), even);
      assert_int_equal(gcut_minifloat_encode(type, nextafter(middle, 0), true), code);
      assert_int_equal(gcut_minifloat_encode(type, nextafter(middle, 1e9), true), code + 1);
    }
  }
}

static void exponents_round_as_asked(void **unused) {
  (void)unused;
  static const struct {
    float value;
    uint8_t up, down, nearest;
  } cases[] = {{1, 127, 127, 127},
               {1.5f, 128, 127, 128},
               {1.25f, 128, 127, 127},
               {1.75f, 128, 127, 128},
               {0, 0, 0, 0},
               {INFINITY, 255, 255, 255},
               {0x1p127f, 254, 254, 254},
               {0x1.8p127f, 254, 254, 254},
               {NAN, 255, 255, 255},
               {0x1p-126f, 1, 1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    float x = cases[i].value;
    assert_int_equal(gcut_float8e8m0_encode(x, GCUT_ROUND_UP, true), cases[i].up);
    assert_int_equal(gcut_float8e8m0_encode(x, GCUT_ROUND_DOWN, true), cases[i].down);
    assert_int_equal(gcut_float8e8m0_encode(x, GCUT_ROUND_NEAREST, true), cases[i].nearest);
  }
  assert_int_equal(gcut_float8e8m0_encode(0x1.8p127f, GCUT_ROUND_UP, false), 255);
  assert_true(gcut_minifloat_decode(GCUT_FLOAT8E8M0, 0) == 0x1p-127);
  assert_true(isnan(gcut_minifloat_decode(GCUT_FLOAT8E8M0, 255)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(codes_come_back),
      cmocka_unit_test(middles_go_to_even),
      cmocka_unit_test(exponents_round_as_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
