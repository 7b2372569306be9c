// Attention beyond the official cases: rows of exponentials, rows that see nothing, keys that hold
// NaN where nobody looks, and that blocks of queries change no bits.
#include <math.h>
#include <stdlib.h>

#include "exec/cpu/ops/exponent.h"
#include "tests/support/onenode.h"

static void exponentials(void **unused) {
  (void)unused;
  float x[1027], y[1027];
  double sum = 0, wrong = 0;
  for (int i = 0; i < 1027; i++) x[i] = y[i] = -87.0f + (float)i * 0.17f;
  double total = gcut__exp_floats(y, 1027, 0.5f);
  for (int i = 0; i < 1027; i++) {
    double right = exp((double)(x[i] - 0.5f));
    if (right < 0x1p-126)
      assert_true(y[i] == 0);
    else
      wrong = fmax(wrong, fabs((double)y[i] - right) / right);
    sum += (double)y[i];
  }
  assert_true(wrong < 0x1p-22); // two units in the last place
  assert_true(fabs(total - sum) <= 1e-12 * sum);
  float odd[] = {-INFINITY, INFINITY, NAN, -1000, 0, 100};
  gcut__exp_floats(odd, 6, 0);
  assert_true(odd[0] == 0 && isinf(odd[1]) && isnan(odd[2]) && odd[3] == 0 && odd[4] == 1);
  assert_true(isinf(odd[5]));
}

static float *random_floats(int64_t n, unsigned seed) {
  float *x = malloc((size_t)n * sizeof *x);
  for (int64_t i = 0; i < n; i++)
    seed = seed * 1664525u + 1013904223u, x[i] = (float)(seed >> 8) * 0x1p-23f - 1;
  return x;
}

// Adds [1, heads, length, size] of floats.
static void add(onenode *n, int64_t heads, int64_t length, int64_t size, const float *x) {
  onenode_input(n, GCUT_FLOAT, 4, (const int64_t[]){1, heads, length, size}, x);
}

static void rows_that_see_nothing(void **unused) {
  (void)unused;
  const float q[] = {1, 2}, k[] = {3, 4, 5}, v[] = {6, 7, NAN};
  const uint8_t mask[] = {1, 0, 0, 0, 0, 0};
  onenode n = onenode_make("Attention", 23);
  add(&n, 1, 2, 1, q);
  add(&n, 1, 3, 1, k);
  add(&n, 1, 3, 1, v);
  onenode_input(&n, GCUT_BOOL, 2, (const int64_t[]){2, 3}, mask);
  assert_ok(onenode_run(&n, err));
  const float *y = n.outputs[0]->data;
  assert_true(isnan(y[0])); // zero times NaN, as the standard's reference has it
  onenode_free(&n);
  n = onenode_make("Attention", 24); // keys past the length are not read at all
  add(&n, 1, 2, 1, q);
  add(&n, 1, 3, 1, k);
  add(&n, 1, 3, 1, v);
  onenode_absent(&n), onenode_absent(&n), onenode_absent(&n);
  onenode_input(&n, GCUT_INT64, 1, (const int64_t[]){1}, (const int64_t[]){1});
  onenode_int(&n, "is_causal", 1);
  GIVES(&n, GCUT_FLOAT, float, 0, 6); // offset -1: the first query sees nothing
  onenode_free(&n);
}

// Queries one at a time, with the keys before them as the past, must give the rows of all at once.
static void one_at_a_time(void **unused) {
  (void)unused;
  enum { HEADS = 2, LENGTH = 70, SIZE = 8 };
  float *q = random_floats(HEADS * LENGTH * SIZE, 1), *k = random_floats(HEADS * LENGTH * SIZE, 2);
  onenode all = onenode_make("Attention", 23);
  onenode_int(&all, "is_causal", 1);
  add(&all, HEADS, LENGTH, SIZE, q);
  add(&all, HEADS, LENGTH, SIZE, k);
  add(&all, HEADS, LENGTH, SIZE, k);
  assert_ok(onenode_run(&all, err));
  const float *expected = all.outputs[0]->data;
  for (int64_t i = 1; i < LENGTH; i += 23) {
    float one[HEADS * SIZE], fresh[HEADS * SIZE], past[HEADS * LENGTH * SIZE];
    for (int64_t h = 0; h < HEADS; h++) {
      memcpy(one + h * SIZE, q + (h * LENGTH + i) * SIZE, SIZE * sizeof *one);
      memcpy(fresh + h * SIZE, k + (h * LENGTH + i) * SIZE, SIZE * sizeof *fresh);
      memcpy(past + h * i * SIZE, k + h * LENGTH * SIZE, (size_t)i * SIZE * sizeof *past);
    }
    onenode step = onenode_make("Attention", 23);
    onenode_int(&step, "is_causal", 1);
    add(&step, HEADS, 1, SIZE, one);
    add(&step, HEADS, 1, SIZE, fresh);
    add(&step, HEADS, 1, SIZE, fresh);
    onenode_absent(&step);
    add(&step, HEADS, i, SIZE, past);
    add(&step, HEADS, i, SIZE, past);
    step.n_outputs = 3;
    assert_ok(onenode_run(&step, err));
    const float *y = step.outputs[0]->data, *present = step.outputs[1]->data;
    for (int64_t h = 0; h < HEADS; h++)
      for (int64_t d = 0; d < SIZE; d++)
        assert_true(fabsf(y[h * SIZE + d] - expected[(h * LENGTH + i) * SIZE + d]) < 1e-6f);
    for (int64_t h = 0; h < HEADS; h++)
      assert_memory_equal(present + h * (i + 1) * SIZE, k + h * LENGTH * SIZE,
                          (size_t)(i + 1) * SIZE * sizeof *k);
    onenode_free(&step);
  }
  onenode_free(&all);
  free(q);
  free(k);
}

// Double operands are computed in double: the sums of a float would lose the small term.
static void doubles(void **unused) {
  (void)unused;
  const double q[] = {1}, k[] = {0, 0}, v[] = {1, 1 + 0x1p-40};
  onenode n = onenode_make("Attention", 23);
  for (int i = 0; i < 3; i++)
    onenode_input(&n, GCUT_DOUBLE, 4, (const int64_t[]){1, 1, i ? 2 : 1, 1},
                  i == 0   ? q
                  : i == 1 ? k
                           : v);
  GIVES(&n, GCUT_DOUBLE, double, 1 + 0x1p-41);
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exponentials),
      cmocka_unit_test(rows_that_see_nothing),
      cmocka_unit_test(one_at_a_time),
      cmocka_unit_test(doubles),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
