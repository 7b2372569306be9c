// oneDNN's softmax against the plain one, over random shapes, masked rows included.
#include "exec/cpu/ops/softmax.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/cpu/dnnl.h"
#include "tests/support/random_graph.h"

// Logits from -10 to 10, a fifth masked by -infinity, a few far below.
static void fill(uint64_t *state, float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    x[i] = (float)(random_next(state) % 2001) / 100.0f - 10.0f;
    if (random_next(state) % 5 == 0) x[i] = -INFINITY;
    if (random_next(state) % 50 == 0) x[i] = -3.4e38f;
  }
}

static void compare(int64_t outer, int64_t n, int64_t inner, const float *x, const float *have) {
  double *row = malloc((size_t)n * sizeof *row);
  for (int64_t i = 0; i < outer; i++)
    for (int64_t j = 0; j < inner; j++) {
      for (int64_t k = 0; k < n; k++) row[k] = (double)x[(i * n + k) * inner + j];
      gcut__softmax_row((uint64_t)n, row);
      for (int64_t k = 0; k < n; k++) {
        double got = (double)have[(i * n + k) * inner + j];
        if (isnan(row[k]) ? !isnan(got) : !(fabs(got - row[k]) <= 1e-9 + 1e-5 * row[k]))
          fail_msg("[%lld, %lld, %lld]: %g, expected %g", (long long)outer, (long long)n,
                   (long long)inner, got, row[k]);
      }
    }
  free(row);
}

static void softmax_agrees(void **unused) {
  (void)unused;
  for (uint64_t seed = 0; seed < 40; seed++) {
    uint64_t state = seed;
    int64_t outer = 1 + random_next(&state) % 40, n = 1 + random_next(&state) % 300, inner = 1;
    if (seed % 3 == 0) inner = 1 + random_next(&state) % 20;
    size_t bytes = (size_t)(outer * n * inner) * sizeof(float);
    float *x = malloc(bytes), *y = malloc(bytes);
    fill(&state, x, outer * n * inner);
    for (int64_t k = 0; k < n; k++) x[k * inner] = -INFINITY; // a row without anything: NaN
    bool done;
    assert_int_equal(gcut__dnnl_softmax(outer, n, inner, x, y, &done, NULL), GCUT_OK);
    assert_true(done);
    compare(outer, n, inner, x, y);
    free(x), free(y);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(softmax_agrees)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
