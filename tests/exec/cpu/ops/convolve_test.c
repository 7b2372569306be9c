// oneDNN's convolutions against the plain loops, over random shapes of one to three axes.
#include "exec/cpu/ops/convolve.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "exec/cpu/dnnl.h"
#include "tests/support/random_graph.h"

// Random geometry; `far` are the sizes of the larger side (a transposed convolution's output).
static gcut__convolution random_geometry(uint64_t *state, int64_t *far, int64_t *near) {
  gcut__convolution g = {.transposed = random_next(state) % 2,
                         .batch = 1 + random_next(state) % 2,
                         .groups = 1 + random_next(state) % 3,
                         .in_channels = 1 + random_next(state) % 9,
                         .out_channels = 1 + random_next(state) % 9,
                         .window = {.n = 1 + (int)(random_next(state) % 3)}};
  gcut__window *w = &g.window;
  for (int i = 0; i < w->n; i++) {
    w->kernel[i] = 1 + random_next(state) % 4;
    w->stride[i] = 1 + random_next(state) % 3;
    w->dilation[i] = 1 + random_next(state) % 2;
    w->begin[i] = random_next(state) % w->kernel[i];
    w->end[i] = random_next(state) % w->kernel[i];
    int64_t span = (w->kernel[i] - 1) * w->dilation[i] + 1;
    far[i] = span + random_next(state) % 12;
    near[i] = (far[i] + w->begin[i] + w->end[i] - span) / w->stride[i] + 1;
  }
  g.in = g.transposed ? near : far;
  g.out = g.transposed ? far : near;
  return g;
}

static int64_t count(int64_t channels, int n, const int64_t *dims) {
  for (int i = 0; i < n; i++) channels *= dims[i];
  return channels;
}

static void fill(uint64_t *state, int64_t n, float *x, double *same) {
  for (int64_t i = 0; i < n; i++)
    same[i] = (double)(x[i] = (float)(random_next(state) % 200) / 100 - 1);
}

static void compare(uint64_t seed) {
  uint64_t state = seed;
  int64_t far[3], near[3];
  gcut__convolution g = random_geometry(&state, far, near);
  int n = g.window.n;
  int64_t nx = count(g.batch * g.groups * g.in_channels, n, g.in);
  int64_t nw = count(g.groups * g.in_channels * g.out_channels, n, g.window.kernel);
  int64_t ny = count(g.batch * g.groups * g.out_channels, n, g.out), size = count(1, n, g.out);
  float *x = malloc((size_t)nx * 4), *w = malloc((size_t)nw * 4), *y = malloc((size_t)ny * 4);
  double *dx = malloc((size_t)nx * 8), *dw = malloc((size_t)nw * 8), *dy = malloc((size_t)ny * 8);
  float bias[27];
  double dbias[27];
  fill(&state, nx, x, dx), fill(&state, nw, w, dw), fill(&state, 27, bias, dbias);
  for (int64_t i = 0; i < ny; i++) dy[i] = dbias[i / size % (g.groups * g.out_channels)];
  gcut__convolve_plain(&g, dx, dw, dy);
  bool done;
  assert_int_equal(gcut__dnnl_convolve(&g, x, w, bias, y, &done, NULL), GCUT_OK);
  assert_true(done);
  for (int64_t i = 0; i < ny; i++)
    if (!(fabs((double)y[i] - dy[i]) <= 1e-4))
      fail_msg("seed %llu, element %lld: %g, expected %g", (unsigned long long)seed, (long long)i,
               (double)y[i], dy[i]);
  free(x), free(w), free(y), free(dx), free(dw), free(dy);
}

static void convolutions_agree(void **unused) {
  (void)unused;
  for (uint64_t seed = 0; seed < 200; seed++) compare(seed);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(convolutions_agree)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
