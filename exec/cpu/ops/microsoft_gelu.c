// com.microsoft's activations: a block of elements at a time in double, rounded once.
#include "tracer/ops/microsoft_gelu.h"

#include <math.h>

#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"

enum { BLOCK = 512 };

typedef double (*function)(double x, double alpha);

static double gelu(double x, double alpha) {
  (void)alpha;
  return 0.5 * x * erfc(-x * M_SQRT1_2);
}
static double fast_gelu(double x, double alpha) {
  (void)alpha;
  return 0.5 * x * (1 + tanh(x * (0.7978845608028654 + 0.035677408136300125 * x * x)));
}
static double quick_gelu(double x, double alpha) {
  return x / (1 + exp(-alpha * x));
}

// y[first, n) = f(x + bias), the bias repeating along the last dim.
static gcut_status map(gcut__cpu_call *c, function f, double alpha, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  const double *bias = gcut__cpu_has(c, 1) ? gcut__tensor_doubles(c, c->inputs[1]) : NULL;
  uint64_t width = bias ? c->inputs[1]->count : 1;
  double block[BLOCK];
  if (gcut__cpu_has(c, 1) && !bias) return GCUT_NO_MEMORY(err);
  for (uint64_t at = 0; at < x->count; at += BLOCK) {
    uint64_t n = x->count - at < BLOCK ? x->count - at : BLOCK;
    gcut__load_doubles(x->type, x->data, at, 1, n, block);
    for (uint64_t i = 0, j = at % width; bias && i < n; i++, j = j + 1 == width ? 0 : j + 1)
      block[i] += bias[j];
    for (uint64_t i = 0; i < n; i++) block[i] = f(block[i], alpha);
    gcut__store_doubles(y->type, y->data, at, 1, n, block);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_microsoft_gelu(gcut__cpu_call *c, gcut_error *err) {
  return map(c, gelu, 0, err);
}
gcut_status gcut__cpu_bias_gelu(gcut__cpu_call *c, gcut_error *err) {
  return map(c, gelu, 0, err);
}
gcut_status gcut__cpu_fast_gelu(gcut__cpu_call *c, gcut_error *err) {
  return map(c, fast_gelu, 0, err);
}
gcut_status gcut__cpu_quick_gelu(gcut__cpu_call *c, gcut_error *err) {
  const gcut__quick_gelu_attrs *attrs = c->attrs;
  return map(c, quick_gelu, (double)attrs->alpha, err);
}

// The left half times gelu of the right.
gcut_status gcut__cpu_bias_split_gelu(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const double *x = gcut__tensor_doubles(c, c->inputs[0]);
  const double *bias = gcut__tensor_doubles(c, c->inputs[1]);
  uint64_t half = c->inputs[1]->count / 2;
  double *y = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!x || !bias || !y) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < out->count; i++) {
    uint64_t row = i / half, j = i % half;
    const double *from = x + row * 2 * half;
    y[i] = (from[j] + bias[j]) * gelu(from[half + j] + bias[half + j], 0);
  }
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}

gcut_status gcut__cpu_bias_add(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *out = c->outputs[0];
  const double *x = gcut__tensor_doubles(c, c->inputs[0]);
  const double *bias = gcut__tensor_doubles(c, c->inputs[1]);
  const double *skip = gcut__tensor_doubles(c, c->inputs[2]);
  double *y = GCUT_NEW_ARRAY(c->scratch, double, out->count);
  if (!x || !bias || !skip || !y) return GCUT_NO_MEMORY(err);
  for (uint64_t i = 0; i < out->count; i++) y[i] = x[i] + bias[i % c->inputs[1]->count] + skip[i];
  gcut__store_doubles(out->type, out->data, 0, 1, out->count, y);
  return GCUT_OK;
}
