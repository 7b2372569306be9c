// Transforms of every way to compute them (direct, radix 2, Bluestein's) against the definition.
#include <math.h>

#include "exec/cpu/ops/fourier.h"
#include "tests/support/check.h"

// The largest error of a transform of n pseudorandom numbers.
static double error_at(int64_t n, bool backward) {
  gcut_arena *arena = gcut_arena_create();
  gcut__complex *x = GCUT_NEW_ARRAY(arena, gcut__complex, (size_t)n);
  gcut__complex *y = GCUT_NEW_ARRAY(arena, gcut__complex, (size_t)n);
  gcut__fourier *f;
  unsigned seed = (unsigned)n;
  double worst = 0;
  for (int64_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    x[i] = y[i] = (gcut__complex){(double)(seed >> 16) * 0x1p-16, (double)(seed & 0xff) * 0x1p-8};
  }
  assert_ok(gcut__fourier_create(arena, n, backward, &f, err));
  gcut__fourier_run(f, y);
  for (int64_t k = 0; k < n; k += 1 + n / 37) {
    long double re = 0, im = 0;
    for (int64_t j = 0; j < n; j++) {
      long double angle = (backward ? 2 : -2) * 3.14159265358979323846264338327950288L *
                          (long double)(j * k % n) / (long double)n;
      long double c = cosl(angle), s = sinl(angle);
      re += x[j].re * c - x[j].im * s, im += x[j].re * s + x[j].im * c;
    }
    worst = fmax(worst, (double)fmaxl(fabsl(re - y[k].re), fabsl(im - y[k].im)));
  }
  gcut_arena_destroy(arena);
  return worst;
}

static void lengths(void **unused) {
  (void)unused;
  static const int64_t sizes[] = {1, 2, 3, 5, 7, 16, 47, 48, 49, 64, 97, 100, 128, 400, 1000, 1023};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_true(error_at(sizes[i], false) < 1e-11);
    assert_true(error_at(sizes[i], true) < 1e-11);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(lengths)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
