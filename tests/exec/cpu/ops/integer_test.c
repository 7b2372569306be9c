// Integer products beyond the official cases: long sums at the extremes, which must be exact, zero
// points by line, and the blocked path against plain sums.
#include "tests/support/onenode.h"
#include "tests/support/random_graph.h"

// Every product is 255 * 255, and there are more of them than a float counts exactly.
static void long_sums_are_exact(void **unused) {
  (void)unused;
  enum { K = 5000 };
  static uint8_t a[K], b[K];
  memset(a, 255, K), memset(b, 255, K);
  onenode n = onenode_make("MatMulInteger", 10);
  onenode_input(&n, GCUT_UINT8, 2, (const int64_t[]){1, K}, a);
  onenode_input(&n, GCUT_UINT8, 2, (const int64_t[]){K, 1}, b);
  GIVES(&n, GCUT_INT32, int32_t, K * 255 * 255);
  onenode_free(&n);
}

static void sums_wrap_around(void **unused) {
  (void)unused;
  enum { K = 70000 };
  static uint8_t a[K], b[K];
  memset(a, 255, K), memset(b, 255, K);
  onenode n = onenode_make("MatMulInteger", 10);
  onenode_input(&n, GCUT_UINT8, 2, (const int64_t[]){1, K}, a);
  onenode_input(&n, GCUT_UINT8, 2, (const int64_t[]){K, 1}, b);
  GIVES(&n, GCUT_INT32, int32_t, (int32_t)(uint32_t)(UINT64_C(70000) * 255 * 255));
  onenode_free(&n);
}

static void products_agree(void **unused) {
  (void)unused;
  enum { M = 5, K = 300, N = 1100 };
  static uint8_t a[2 * M * K], zero_a[M];
  static int8_t b[K * N], zero_b[N];
  static int32_t want[2 * M * N];
  uint64_t state = 3;
  for (int i = 0; i < 2 * M * K; i++) a[i] = (uint8_t)random_next(&state);
  for (int i = 0; i < K * N; i++) b[i] = (int8_t)random_next(&state);
  for (int i = 0; i < M; i++) zero_a[i] = (uint8_t)random_next(&state);
  for (int i = 0; i < N; i++) zero_b[i] = (int8_t)random_next(&state);
  for (int i = 0; i < 2 * M; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < K; k++)
        want[i * N + j] += (a[i * K + k] - zero_a[i % M]) * (b[k * N + j] - zero_b[j]);
  onenode n = onenode_make("MatMulInteger", 10);
  onenode_input(&n, GCUT_UINT8, 3, (const int64_t[]){2, M, K}, a);
  onenode_input(&n, GCUT_INT8, 2, (const int64_t[]){K, N}, b);
  onenode_input(&n, GCUT_UINT8, 3, (const int64_t[]){1, M, 1}, zero_a);
  onenode_input(&n, GCUT_INT8, 1, (const int64_t[]){N}, zero_b);
  onenode_gives(&n, GCUT_INT32, 2 * M * N, want);
  onenode_free(&n);
}

// Large enough for the float convolution, with more channels than one exact sum takes: by taps of
// 9, 28 at a time.
static void convolutions_agree(void **unused) {
  (void)unused;
  enum { C = 67, H = 12, OUT = 7 };
  static uint8_t x[C * H * H], w[OUT * C * 9], zero_w[OUT];
  static int32_t want[OUT * H * H];
  const uint8_t zero_x = 131;
  uint64_t state = 4;
  for (int i = 0; i < C * H * H; i++) x[i] = (uint8_t)random_next(&state);
  for (int i = 0; i < OUT * C * 9; i++) w[i] = (uint8_t)random_next(&state);
  for (int i = 0; i < OUT; i++) zero_w[i] = (uint8_t)random_next(&state);
  for (int o = 0; o < OUT * H * H; o++)
    for (int t = 0; t < C * 9; t++) {
      int c = t / 9, i = o / H % H + t % 9 / 3 - 1, j = o % H + t % 3 - 1, k = o / (H * H);
      if (i < 0 || i >= H || j < 0 || j >= H) continue;
      want[o] += (x[(c * H + i) * H + j] - zero_x) * (w[k * C * 9 + t] - zero_w[k]);
    }
  onenode n = onenode_make("ConvInteger", 10);
  onenode_ints(&n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
  onenode_input(&n, GCUT_UINT8, 4, (const int64_t[]){1, C, H, H}, x);
  onenode_input(&n, GCUT_UINT8, 4, (const int64_t[]){OUT, C, 3, 3}, w);
  onenode_input(&n, GCUT_UINT8, 0, NULL, &zero_x);
  onenode_input(&n, GCUT_UINT8, 1, (const int64_t[]){OUT}, zero_w);
  onenode_gives(&n, GCUT_INT32, OUT * H * H, want);
  onenode_free(&n);
}

static void float8_products(void **unused) {
  (void)unused;
  // 1 and 2 as float8e4m3fn: the product of (1, 2) with itself is 5, quantised by 2 it is 2.5
  const uint8_t ones[] = {0x38, 0x40}, none = 0;
  const float one = 1, two = 2;
  onenode n = onenode_make("QLinearMatMul", 21);
  onenode_input(&n, GCUT_FLOAT8E4M3FN, 2, (const int64_t[]){1, 2}, ones);
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &one);
  onenode_input(&n, GCUT_FLOAT8E4M3FN, 0, NULL, &none);
  onenode_input(&n, GCUT_FLOAT8E4M3FN, 2, (const int64_t[]){2, 1}, ones);
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &one);
  onenode_input(&n, GCUT_FLOAT8E4M3FN, 0, NULL, &none);
  onenode_input(&n, GCUT_FLOAT, 0, NULL, &two);
  onenode_input(&n, GCUT_FLOAT8E4M3FN, 0, NULL, &none);
  GIVES(&n, GCUT_FLOAT8E4M3FN, uint8_t, 0x42);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(long_sums_are_exact), cmocka_unit_test(sums_wrap_around),
      cmocka_unit_test(products_agree),      cmocka_unit_test(convolutions_agree),
      cmocka_unit_test(float8_products),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
