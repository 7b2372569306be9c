// Activations of fused operators: a block of elements at a time in double.
#include "exec/cpu/ops/fused.h"

#include <math.h>

#include "exec/cpu/ops/real.h"

enum { BLOCK = 512 };

static double limit(double x, double low, double high) {
  return x < low ? low : x > high ? high : x;
}

static void apply(const gcut__fused_activation *f, double *x, uint64_t n) {
  double a = (double)f->alpha, b = (double)f->beta;
#define CASE(name, expression)                                                                     \
  case GCUT__ACTIVATION_##name:                                                                    \
    for (uint64_t i = 0; i < n; i++) x[i] = (expression);                                          \
    break;
  switch (f->function) {
    CASE(RELU, x[i] < 0 ? 0 : x[i])
    CASE(SIGMOID, 1 / (1 + exp(-x[i])))
    CASE(TANH, tanh(x[i]))
    CASE(LEAKY_RELU, x[i] < 0 ? a * x[i] : x[i])
    CASE(CLIP, limit(x[i], a, b))
    CASE(HARD_SIGMOID, limit(a * x[i] + b, 0, 1))
    CASE(ELU, x[i] < 0 ? a * expm1(x[i]) : x[i])
    CASE(SOFTPLUS, x[i] > 0 ? x[i] + log1p(exp(-x[i])) : log1p(exp(x[i])))
    CASE(SOFTSIGN, x[i] / (1 + fabs(x[i])))
    CASE(THRESHOLDED_RELU, x[i] > a ? x[i] : 0)
    CASE(GELU, 0.5 * x[i] * erfc(-x[i] * M_SQRT1_2))
    CASE(SILU, x[i] / (1 + exp(-x[i])))
    CASE(HARD_SWISH, x[i] * limit(x[i] / 6 + 0.5, 0, 1))
  case GCUT__ACTIVATION_NONE: break;
  }
#undef CASE
}

void gcut__fused_apply(const gcut__fused_activation *f, gcut_tensor *t) {
  double block[BLOCK];
  if (f->function == GCUT__ACTIVATION_NONE) return;
  for (uint64_t at = 0; at < t->count; at += BLOCK) {
    uint64_t n = t->count - at < BLOCK ? t->count - at : BLOCK;
    gcut__load_doubles(t->type, t->data, at, 1, n, block);
    apply(f, block, n);
    gcut__store_doubles(t->type, t->data, at, 1, n, block);
  }
}
