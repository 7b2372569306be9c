// The blocked and oneDNN products against the plain loops, over random shapes.
#include "exec/cpu/ops/gemm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/cpu/ops/real.h"
#include "tests/support/random_graph.h"

static void fill(uint64_t *r, float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = (float)(random_next(r) % 2001) / 1000.0f - 1.0f;
}

static gcut__gemm random_product(uint64_t *r) {
  gcut__gemm g = gcut__gemm_packed(1 + random_next(r) % 70, 1 + random_next(r) % 150,
                                   1 + random_next(r) % 90, random_next(r) % 2, random_next(r) % 2);
  g.alpha = random_next(r) % 2 ? 1.0f : 0.5f;
  g.beta = 2.0f;
  g.d_row = random_next(r) % 2 ? g.n : 0;
  g.d_column = random_next(r) % 2;
  return g;
}

// alpha * plain product + beta * D, in doubles, stored as `type`.
static void reference(const gcut__gemm *g, const float *a, const float *b, const float *d,
                      double *out) {
  float *sum = malloc((size_t)(g->m * g->n) * sizeof *sum);
  gcut__gemm_plain(GCUT_FLOAT, g, a, b, sum);
  for (int64_t i = 0; i < g->m; i++)
    for (int64_t j = 0; j < g->n; j++)
      out[i * g->n + j] = (double)g->alpha * (double)sum[i * g->n + j] +
                          (double)g->beta * (double)d[i * g->d_row + j * g->d_column];
  free(sum);
}

// Rounds to the type and back, so that the reference sees what the kernel sees.
static void *as_type(gcut_dtype type, float *x, int64_t n) {
  void *stored = malloc((size_t)n * gcut_dtype_bits(type) / 8);
  gcut__store_floats(type, stored, 0, (uint64_t)n, x);
  gcut__load_floats(type, stored, 0, (uint64_t)n, x);
  return stored;
}

static void compare(gcut_dtype type, double tolerance, uint64_t seed) {
  uint64_t r = seed;
  gcut__gemm g = random_product(&r);
  gcut__cpu_call call = {.scratch = gcut_arena_create()};
  float *a = malloc((size_t)(g.m * g.k) * 4), *b = malloc((size_t)(g.k * g.n) * 4);
  float *d = malloc((size_t)(g.m * g.n) * 4);
  fill(&r, a, g.m * g.k), fill(&r, b, g.k * g.n), fill(&r, d, g.m * g.n);
  void *ta = as_type(type, a, g.m * g.k), *tb = as_type(type, b, g.k * g.n);
  void *td = as_type(type, d, g.m * g.n);
  double *want = malloc((size_t)(g.m * g.n) * 8), *have = malloc((size_t)(g.m * g.n) * 8);
  void *out = malloc((size_t)(g.m * g.n) * gcut_dtype_bits(type) / 8);
  reference(&g, a, b, d, want);
  g.d = td;
  assert_int_equal(gcut__gemm_run(&call, type, &g, ta, tb, out, NULL), GCUT_OK);
  gcut__load_doubles(type, out, 0, 1, (uint64_t)(g.m * g.n), have);
  for (int64_t i = 0; i < g.m * g.n; i++)
    if (!(fabs(have[i] - want[i]) <= tolerance * (1 + fabs(want[i]))))
      fail_msg("seed %llu, element %lld: %g, expected %g", (unsigned long long)seed, (long long)i,
               have[i], want[i]);
  free(a), free(b), free(d), free(ta), free(tb), free(td), free(want), free(have), free(out);
  gcut_arena_destroy(call.scratch);
}

static void float_products_agree(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 60; seed++) compare(GCUT_FLOAT, 1e-5, seed);
}

static void narrow_products_agree(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 60; seed++) {
    compare(GCUT_FLOAT16, 1e-3, seed);
    compare(GCUT_BFLOAT16, 8e-3, seed);
  }
}

// More rows, columns and depth than a block holds: A picks rows of B, so the product is B's.
static void pick_rows(gcut_dtype type, bool transposed) {
  enum { M = 1030, N = 1100, K = 5000 };
  gcut__gemm g = gcut__gemm_packed(M, N, K, transposed, transposed);
  gcut__cpu_call call = {.scratch = gcut_arena_create()};
  float *a = calloc((size_t)M * K, 4), *b = calloc((size_t)K * N, 4);
  for (size_t i = 0; i < M; i++) a[transposed ? (K - 1 - i) * M + i : i * K + K - 1 - i] = 1;
  for (size_t i = 0; i < (size_t)K * N; i++) b[i] = (float)(i % 251);
  void *ta = as_type(type, a, M * K), *tb = as_type(type, b, K * N);
  void *out = calloc((size_t)M * N, gcut_dtype_bits(type) / 8);
  assert_int_equal(gcut__gemm_run(&call, type, &g, ta, tb, out, NULL), GCUT_OK);
  gcut__load_floats(type, out, 0, (uint64_t)M * N, a);
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < N; j++)
      assert_true(a[i * N + j] == b[transposed ? j * K + K - 1 - i : (K - 1 - i) * N + j]);
  free(a), free(b), free(ta), free(tb), free(out);
  gcut_arena_destroy(call.scratch);
}

static void blocks_agree(void **state) {
  (void)state;
  for (int transposed = 0; transposed < 2; transposed++) {
    pick_rows(GCUT_FLOAT16, transposed);
    pick_rows(GCUT_BFLOAT16, transposed);
  }
}

// The same product with its operands moved by an element: 2 or 4 bytes off.
static void move_operands(gcut_dtype type, bool transposed) {
  enum { M = 37, N = 529, K = 83 };
  size_t size = gcut_dtype_bits(type) / 8;
  uint64_t r = 7;
  static float a[M * K], b[K * N];
  static char ta[M * K * 4 + 64], tb[K * N * 4 + 64], first[M * N * 4], second[M * N * 4];
  gcut__gemm g = gcut__gemm_packed(M, N, K, false, transposed);
  gcut__cpu_call call = {.scratch = gcut_arena_create()};
  fill(&r, a, M * K), fill(&r, b, K * N);
  gcut__store_floats(type, ta, 0, M * K, a), gcut__store_floats(type, tb, 0, K * N, b);
  assert_int_equal(gcut__gemm_run(&call, type, &g, ta, tb, first, NULL), GCUT_OK);
  memmove(ta + 3 * size, ta, size * M * K), memmove(tb + size, tb, size * K * N);
  assert_int_equal(gcut__gemm_run(&call, type, &g, ta + 3 * size, tb + size, second, NULL),
                   GCUT_OK);
  assert_memory_equal(first, second, size * M * N);
  gcut_arena_destroy(call.scratch);
}

static void alignment_leaves_the_bits(void **state) {
  (void)state;
  for (int transposed = 0; transposed < 2; transposed++) {
    move_operands(GCUT_FLOAT, transposed);
    move_operands(GCUT_FLOAT16, transposed);
    move_operands(GCUT_BFLOAT16, transposed);
  }
}

static void integers_wrap(void **state) {
  (void)state;
  gcut__cpu_call call = {.scratch = gcut_arena_create()};
  gcut__gemm g = gcut__gemm_packed(1, 1, 2, false, false);
  int32_t a[] = {INT32_MAX, 1}, b[] = {2, 3}, out = 0;
  assert_int_equal(gcut__gemm_run(&call, GCUT_INT32, &g, a, b, &out, NULL), GCUT_OK);
  assert_int_equal(out, 1);
  gcut_arena_destroy(call.scratch);
}

static void empty_sums_are_zero(void **state) {
  (void)state;
  gcut__cpu_call call = {.scratch = gcut_arena_create()};
  gcut__gemm g = gcut__gemm_packed(2, 2, 0, false, false);
  float out[] = {1, 2, 3, 4}, d[] = {5, 6}, want[] = {5, 6, 5, 6}, zero[4] = {0};
  assert_int_equal(gcut__gemm_run(&call, GCUT_FLOAT, &g, NULL, NULL, out, NULL), GCUT_OK);
  assert_memory_equal(out, zero, sizeof zero);
  g.d = d, g.beta = 1, g.d_row = 0, g.d_column = 1;
  assert_int_equal(gcut__gemm_run(&call, GCUT_FLOAT, &g, NULL, NULL, out, NULL), GCUT_OK);
  assert_memory_equal(out, want, sizeof want);
  gcut_arena_destroy(call.scratch);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(float_products_agree), cmocka_unit_test(narrow_products_agree),
      cmocka_unit_test(blocks_agree),         cmocka_unit_test(alignment_leaves_the_bits),
      cmocka_unit_test(integers_wrap),        cmocka_unit_test(empty_sums_are_zero),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
