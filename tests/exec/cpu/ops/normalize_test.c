// oneDNN's layer normalisation against the plain one, over random rows: far from zero, constant,
// tiny, huge, with NaN and infinities.
#include "exec/cpu/ops/normalize.h"

#include <math.h>
#include <stdlib.h>

#include "exec/cpu/dnnl.h"
#include "tests/support/check.h"
#include "tests/support/random_graph.h"

typedef struct rows {
  uint64_t n_rows, n;
  float *x;             // [n_rows, n]
  double *scale, *bias; // [n]
} rows;

static float unit(uint64_t *state) {
  return (float)random_below(state, 2001) / 1000 - 1;
}

// Row by row another kind; what lies next to the row in question must not suffer.
static void fill_row(uint64_t *state, float *x, uint64_t n) {
  static const float offsets[] = {0, 0, 0, 0.3f, 5, 1000, -1e6f};
  static const float factors[] = {1, 1, 1, 1, 1e-3f, 1e-22f, 1e22f};
  float offset = offsets[random_below(state, 7)], factor = factors[random_below(state, 7)];
  for (uint64_t i = 0; i < n; i++) x[i] = (offset + unit(state)) * factor;
  if (random_below(state, 5) == 0) x[random_below(state, (uint32_t)n)] = NAN;
  if (random_below(state, 5) == 0) x[random_below(state, (uint32_t)n)] = INFINITY;
  if (random_below(state, 5) == 0)
    for (uint64_t i = 1; i < n; i++) x[i] = x[0];
}

static rows random_rows(uint64_t *state) {
  rows r = {.n_rows = 20 + random_below(state, 30), .n = 1 + random_below(state, 1500)};
  if (r.n_rows * r.n < 1 << 13) r.n_rows = (1 << 13) / r.n + 1; // fewer are not oneDNN's
  r.x = malloc(r.n_rows * r.n * sizeof *r.x);
  r.scale = malloc(r.n * sizeof *r.scale);
  r.bias = malloc(r.n * sizeof *r.bias);
  for (uint64_t i = 0; i < r.n_rows; i++) fill_row(state, r.x + i * r.n, r.n);
  for (uint64_t i = 0; i < r.n; i++)
    r.scale[i] = (double)unit(state), r.bias[i] = (double)unit(state);
  return r;
}

static gcut__normalization describe(const rows *r, float *y, double *mean, double *inverse) {
  return (gcut__normalization){.type = GCUT_FLOAT,
                               .out_type = GCUT_FLOAT,
                               .x = r->x,
                               .y = y,
                               .n_rows = r->n_rows,
                               .n = r->n,
                               .scale = r->scale,
                               .bias = r->bias,
                               .period = 1,
                               .step = r->n,
                               .span = 1,
                               .epsilon = (double)1e-5f,
                               .center = true,
                               .mean = mean,
                               .inverse = inverse};
}

static bool close_to(double have, double want, double tolerance) {
  return isnan(want) ? isnan(have)
                     : have == want || fabs(have - want) <= tolerance * (1 + fabs(want));
}

static void compare(uint64_t seed, bool with_scale, bool with_bias) {
  uint64_t state = seed;
  rows r = random_rows(&state);
  gcut__cpu_call call = {.scratch = gcut_arena_create()};
  uint64_t count = r.n_rows * r.n;
  float *have = malloc(count * sizeof *have), *want = malloc(count * sizeof *want);
  double *statistics = malloc(4 * r.n_rows * sizeof *statistics);
  gcut__normalization p = describe(&r, have, statistics, statistics + r.n_rows);
  gcut__normalization plain =
      describe(&r, want, statistics + 2 * r.n_rows, statistics + 3 * r.n_rows);
  if (!with_scale) p.scale = plain.scale = NULL;
  if (!with_bias) p.bias = plain.bias = NULL;
  assert_ok(gcut__normalize(&call, &p, err));
  assert_ok(gcut__normalize_plain(&call, &plain, err));
  for (uint64_t i = 0; i < count; i++) // a mean eight deviations off costs three bits
    if (!close_to((double)have[i], (double)want[i], 4e-6))
      fail_msg("seed %llu, row %llu: %g, expected %g", (unsigned long long)seed,
               (unsigned long long)(i / r.n), (double)have[i], (double)want[i]);
  for (uint64_t i = 0; i < r.n_rows; i++) {
    assert_true(close_to(p.mean[i], plain.mean[i], 1e-6 * (1 + 1 / plain.inverse[i])));
    assert_true(close_to(p.inverse[i], plain.inverse[i], 1e-6));
  }
  free(r.x), free(r.scale), free(r.bias), free(have), free(want), free(statistics);
  gcut_arena_destroy(call.scratch);
}

static void layer_norms_agree(void **unused) {
  (void)unused;
  for (uint64_t seed = 0; seed < 60; seed++) compare(seed, seed % 3 != 0, seed % 4 != 0);
}

// The comparison is worth nothing where oneDNN declines.
static void dnnl_serves(void **unused) {
  (void)unused;
  float x[] = {1, 2, 3, 6}, y[4], mean, variance;
  gcut__float_rows r = {
      .n_rows = 1, .n = 4, .epsilon = 0, .x = x, .y = y, .mean = &mean, .variance = &variance};
  bool done;
  assert_ok(gcut__dnnl_normalize(&r, &done, err));
  assert_true(done && mean == 3 && variance == 3.5f);
  assert_true(close_to((double)y[3], 3 / sqrt(3.5), 1e-6));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layer_norms_agree),
                                     cmocka_unit_test(dnnl_serves)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
