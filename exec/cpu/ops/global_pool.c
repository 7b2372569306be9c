// GlobalAveragePool, GlobalMaxPool, GlobalLpPool: planes as doubles, channels last a few of them at
// a time. oneDNN gains nothing here.
#include <math.h>

#include "exec/cpu/ops/convolve.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/pool.h"
#include "exec/cpu/ops/real.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"
#include "tracer/ops/pool.h"

typedef double (*reduction)(double *x, int64_t n, double p);

static double mean_of(double *x, int64_t n, double p) {
  (void)p;
  return gcut__sum(x, (uint64_t)n) / (double)n;
}

static double greatest_of(double *x, int64_t n, double p) {
  (void)p;
  double most = -INFINITY;
  for (int64_t i = 0; i < n; i++)
    if (gcut__pool_greater(x[i], most)) most = x[i];
  return most;
}

static double norm_of(double *x, int64_t n, double p) {
  gcut__pool_raise(x, n, p);
  return gcut__pool_root(gcut__sum(x, (uint64_t)n), p);
}

static gcut_status reduce_planes(gcut__cpu_call *c, reduction reduce, double p, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *y = c->outputs[0];
  int64_t size = gcut__product(x->dims, 2, x->rank);
  double *plane = gcut_arena_alloc(c->scratch, (size_t)size, sizeof *plane);
  if (!plane) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < y->count; i++) {
    gcut__load_doubles(x->type, x->data, i * (uint64_t)size, 1, (uint64_t)size, plane);
    double value = reduce(plane, size, p);
    gcut__store_doubles(y->type, y->data, i, 1, 1, &value);
  }
  return GCUT_OK;
}

enum { LANES = 8, AT_ONCE = 64 };

// Means of `n` neighbouring channels of [size, channels], added up in the order of gcut__sum.
static void mean_channels(gcut_dtype type, const void *x, uint64_t first, uint64_t size,
                          uint64_t channels, uint64_t n, double *mean) {
  double lanes[LANES + 1][AT_ONCE] = {{0}}, row[AT_ONCE];
  uint64_t whole = size - size % LANES;
  for (uint64_t i = 0; i < size; i++) {
    double *lane = lanes[i < whole ? i % LANES : LANES];
    gcut__load_doubles(type, x, first + i * channels, 1, n, row);
    for (uint64_t j = 0; j < n; j++) lane[j] += row[j];
  }
  for (uint64_t j = 0; j < n; j++)
    mean[j] = (((lanes[0][j] + lanes[4][j]) + (lanes[1][j] + lanes[5][j])) +
               ((lanes[2][j] + lanes[6][j]) + (lanes[3][j] + lanes[7][j])) + lanes[LANES][j]) /
              (double)size;
}

static void mean_pixels(const gcut_tensor *x, gcut_tensor *y) {
  uint64_t size = (uint64_t)gcut__product(x->dims, 2, x->rank);
  uint64_t batch = (uint64_t)x->dims[0], channels = (uint64_t)x->dims[1];
  double mean[AT_ONCE];
  for (uint64_t b = 0; b < batch; b++)
    for (uint64_t j = 0; j < channels; j += AT_ONCE) {
      uint64_t n = channels - j < AT_ONCE ? channels - j : AT_ONCE;
      mean_channels(x->type, x->data, b * size * channels + j, size, channels, n, mean);
      gcut__store_doubles(y->type, y->data, b * channels + j, 1, n, mean);
    }
}

gcut_status gcut__cpu_global_average_pool(gcut__cpu_call *c, gcut_error *err) {
  if (c->order && c->order->input) {
    mean_pixels(c->inputs[0], c->outputs[0]);
    return GCUT_OK;
  }
  return reduce_planes(c, mean_of, 0, err);
}

gcut_status gcut__cpu_global_max_pool(gcut__cpu_call *c, gcut_error *err) {
  return reduce_planes(c, greatest_of, 0, err);
}

gcut_status gcut__cpu_global_lp_pool(gcut__cpu_call *c, gcut_error *err) {
  const gcut__global_pool_attrs *attrs = c->attrs;
  return reduce_planes(c, norm_of, (double)attrs->p, err);
}
