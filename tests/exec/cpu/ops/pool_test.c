// Pools beyond the official cases: windows that meet nothing or are wider than the input,
// infinities and NaN, places of maxima, indices out of range; oneDNN's against the plain ones.
#include <math.h>
#include <stdlib.h>

#include "exec/cpu/dnnl.h"
#include "tests/support/onenode.h"
#include "tests/support/random_graph.h"

// kernel, stride, padding at the beginning and at the end; they must outlive the node
static onenode pool(const char *op_type, const int64_t *window) {
  onenode n = onenode_make(op_type, 22);
  onenode_ints(&n, "kernel_shape", 1, window);
  onenode_ints(&n, "strides", 1, window + 1);
  onenode_ints(&n, "pads", 2, window + 2);
  return n;
}

static void row(onenode *n, int64_t size, const float *x) {
  onenode_input(n, GCUT_FLOAT, 3, (const int64_t[]){1, 1, size}, x);
}

static const float four[] = {1, 2, 3, 4};

static void windows_in_the_padding(void **unused) {
  (void)unused;
  onenode n = pool("MaxPool", (const int64_t[]){2, 2, 2, 0});
  row(&n, 4, four);
  GIVES(&n, GCUT_FLOAT, float, -INFINITY, 2, 4);
  n.op_type = "AveragePool";
  GIVES(&n, GCUT_FLOAT, float, 0, 1.5f, 3.5f);
  onenode_free(&n);
}

static void wide_windows(void **unused) {
  (void)unused;
  onenode n = pool("AveragePool",
                   (const int64_t[]){100, 1, 99, 99}); // output by output, clipped to the input
  row(&n, 4, four);
  assert_ok(onenode_run(&n, err));
  const float *y = n.outputs[0]->data;
  assert_int_equal(n.outputs[0]->count, 103);
  assert_true(y[0] == 1 && y[1] == 1.5f && y[3] == 2.5f && y[50] == 2.5f && y[102] == 4);
  onenode_free(&n);
  n = pool("MaxPool", (const int64_t[]){INT32_MAX, INT32_MAX - 1, INT32_MAX - 1, INT32_MAX - 1});
  row(&n, 1, four);
  GIVES(&n, GCUT_FLOAT, float, 1, 1);
  onenode_free(&n);
}

static void infinities_and_nan(void **unused) {
  (void)unused;
  const float x[] = {-INFINITY, -INFINITY, NAN, 5};
  onenode n = pool("MaxPool", (const int64_t[]){2, 1, 0, 0});
  row(&n, 4, x);
  assert_ok(onenode_run(&n, err));
  const float *y = n.outputs[0]->data;
  assert_true(isinf(y[0]) && isnan(y[1]) && isnan(y[2]));
  onenode_free(&n);
}

static void places_of_maxima(void **unused) {
  (void)unused;
  const float x[] = {1, 7, 7, 0, -INFINITY, -INFINITY};
  onenode n = pool("MaxPool", (const int64_t[]){2, 2, 0, 0});
  n.n_outputs = 2;
  row(&n, 6, x);
  assert_ok(onenode_run(&n, err));
  onenode_expect(&n, 1, GCUT_INT64, 3, (const int64_t[]){1, 2, 4}); // the first of equal ones
  onenode_free(&n);
}

static void rounded_up_windows_leave_the_padding_out(void **unused) {
  (void)unused;
  onenode n = pool("AveragePool",
                   (const int64_t[]){3, 2, 1, 0}); // the last of its windows ends beyond the input
  onenode_int(&n, "ceil_mode", 1);
  onenode_int(&n, "count_include_pad", 1);
  row(&n, 5, (const float[]){1, 2, 3, 4, 5});
  GIVES(&n, GCUT_FLOAT, float, 1, 3, 4.5f);
  onenode_free(&n);
}

static void indices_are_checked(void **unused) {
  (void)unused;
  onenode n = onenode_make("MaxUnpool", 22);
  onenode_ints(&n, "kernel_shape", 1, (const int64_t[]){2});
  row(&n, 1, four);
  onenode_input(&n, GCUT_INT64, 3, (const int64_t[]){1, 1, 1}, (const int64_t[]){2});
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index 2 of 2 elements");
  onenode_free(&n);
}

static void bytes(void **unused) {
  (void)unused;
  onenode n = pool("MaxPool", (const int64_t[]){2, 1, 0, 0});
  onenode_input(&n, GCUT_INT8, 3, (const int64_t[]){1, 1, 3}, (const int8_t[]){-128, -3, 100});
  GIVES(&n, GCUT_INT8, int8_t, -3, 100);
  onenode_free(&n);
}

// ---- oneDNN against the plain loops, which doubles go to ---------------------------------------

static void fill(uint64_t *state, float *x, double *same, int64_t n, bool odd) {
  for (int64_t i = 0; i < n; i++) {
    x[i] = (float)random_below(state, 2001) / 1000 - 1;
    if (odd && random_below(state, 500) == 0) x[i] = random_below(state, 2) ? INFINITY : NAN;
    if (odd && random_below(state, 500) == 0) x[i] = -INFINITY;
    same[i] = (double)x[i];
  }
}

// A random pool over [2, 24, 32 and more, ...]: large enough for oneDNN. The attributes' arrays are
// static, since the node keeps pointers to them.
static onenode random_pool(uint64_t *state) {
  static int64_t kernel[2], stride[2], dilation[2], pads[4];
  bool max = random_below(state, 2);
  onenode n = onenode_make(max ? "MaxPool" : "AveragePool", 22);
  for (int d = 0; d < 2; d++) {
    kernel[d] = 2 + random_below(state, 3);
    stride[d] = 1 + random_below(state, 3);
    dilation[d] = 1 + random_below(state, 8) / 7;
    pads[d] = random_below(state, (uint32_t)kernel[d] + 1);
    pads[2 + d] = random_below(state, (uint32_t)kernel[d] + 1);
  }
  onenode_ints(&n, "kernel_shape", 2, kernel);
  onenode_ints(&n, "strides", 2, stride);
  onenode_ints(&n, "dilations", 2, dilation);
  onenode_ints(&n, "pads", 4, pads);
  onenode_int(&n, "ceil_mode", random_below(state, 2));
  if (!max) onenode_int(&n, "count_include_pad", random_below(state, 2));
  return n;
}

static void compare(const onenode *have, const onenode *want, uint64_t seed) {
  const float *a = have->outputs[0]->data;
  const double *b = want->outputs[0]->data;
  for (uint64_t i = 0; i < want->outputs[0]->count; i++)
    if (isnan(b[i]) ? !isnan(a[i]) : a[i] != b[i] && !(fabs((double)a[i] - b[i]) <= 1e-6))
      fail_msg("seed %llu: %s: element %llu: %g, expected %g", (unsigned long long)seed,
               have->op_type, (unsigned long long)i, (double)a[i], b[i]);
}

static void pools_agree(void **unused) {
  (void)unused;
  for (uint64_t seed = 0; seed < 300; seed++) {
    uint64_t state = seed;
    onenode n = random_pool(&state), plain = n;
    int64_t dims[] = {2, 24, 32 + random_below(&state, 20), 32 + random_below(&state, 20)};
    int64_t count = dims[0] * dims[1] * dims[2] * dims[3];
    float *x = malloc((size_t)count * sizeof *x);
    double *same = malloc((size_t)count * sizeof *same);
    fill(&state, x, same, count, seed % 4 == 0);
    onenode_input(&n, GCUT_FLOAT, 4, dims, x);
    onenode_input(&plain, GCUT_DOUBLE, 4, dims, same);
    assert_ok(onenode_run(&n, err));
    assert_ok(onenode_run(&plain, err));
    compare(&n, &plain, seed);
    onenode_free(&n), onenode_free(&plain);
    free(x), free(same);
  }
}

// The comparison is worth nothing where oneDNN declines: it has no pools for old processors.
static void dnnl_serves(void **unused) {
  (void)unused;
  enum { CHANNELS = 16, SIDE = 4 };
  static float x[CHANNELS * SIDE * SIDE], y[CHANNELS * SIDE];
  int64_t in[] = {SIDE, SIDE}, out[] = {SIDE / 2, SIDE / 2};
  gcut__window w = {.n = 2, .kernel = {2, 2}, .stride = {2, 2}, .dilation = {1, 1}};
  gcut__pooling p = {.batch = 1, .channels = CHANNELS, .in = in, .out = out, .window = &w};
  bool done;
  for (int i = 0; i < CHANNELS * SIDE * SIDE; i++) x[i] = (float)(i % SIDE);
  assert_ok(gcut__dnnl_pool(&p, x, y, &done, err));
  if (!done) skip();
  for (int i = 0; i < CHANNELS * SIDE; i++) assert_true(y[i] == (i % 2 ? 2.5f : 0.5f));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_in_the_padding),
      cmocka_unit_test(wide_windows),
      cmocka_unit_test(infinities_and_nan),
      cmocka_unit_test(places_of_maxima),
      cmocka_unit_test(rounded_up_windows_leave_the_padding_out),
      cmocka_unit_test(indices_are_checked),
      cmocka_unit_test(bytes),
      cmocka_unit_test(pools_agree),
      cmocka_unit_test(dnnl_serves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
