// exp(x) = 2^k * exp(r) with k = round(x / ln 2) and |r| <= ln(2) / 2: r by two parts of ln 2
// (Cody and Waite), exp(r) by its Taylor polynomial to r^7, 2^k in two factors made of exponent
// bits. There is no branch and no call, so compilers vectorise the loop; as nothing is fused or
// reordered, every vector width gives the same bits.
#include "exec/cpu/ops/exponent.h"

#include <math.h>

#include "exec/cpu/ops/wide.h"
#include "tracer/base/narrow.h"

static inline float exp_one(float x) {
  const float magic = 0x1.8p23f; // adding it rounds to an integer, held in the low bits
  float bounded = x > -87.33654f ? x : -87.33654f;
  bounded = bounded < 88.72f ? bounded : 88.72f;
  float shifted = bounded * 0x1.715476p+0f + magic, k = shifted - magic;
  float r = (bounded - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  int32_t whole = (int32_t)k, half = whole >> 1;
  p *= gcut_bits_float((uint32_t)(half + 127) << 23);
  p *= gcut_bits_float((uint32_t)(whole - half + 127) << 23);
  p = x > -87.33654f ? p : 0;
  p = x > 88.72f ? INFINITY : p;
  return x == x ? p : x;
}

enum { LANES = 8 };

GCUT__WIDE double gcut__exp_floats(float *x, int64_t n, float less) {
  double sums[LANES] = {0}, sum = 0;
  int64_t whole = n - n % LANES;
  for (int64_t i = 0; i < n; i++) x[i] = exp_one(x[i] - less);
  for (int64_t i = 0; i < whole; i += LANES)
    for (int k = 0; k < LANES; k++) sums[k] += (double)x[i + k];
  for (int64_t i = whole; i < n; i++) sum += (double)x[i];
  for (int k = 0; k < LANES; k++) sum += sums[k];
  return sum;
}

GCUT__WIDE void gcut__sigmoid_floats(float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = 1 / (1 + exp_one(-x[i]));
}

// Near zero x + x^3 p(x^2), p of least relative error up to 0.6; beyond, what exp gives.
static inline float tanh_one(float x) {
  float z = x * x, far = 1 - 2 / (exp_one(2 * fabsf(x)) + 1);
  float p = -0x1.8258560p-8f;
  p = p * z + 0x1.54b8a00p-6f;
  p = p * z - 0x1.b898de0p-5f;
  p = p * z + 0x1.1109ae0p-3f;
  p = p * z - 0x1.55553e0p-2f;
  return fabsf(x) > 0.6f ? copysignf(far, x) : x + x * z * p;
}

GCUT__WIDE void gcut__tanh_floats(float *x, int64_t n) {
  for (int64_t i = 0; i < n; i++) x[i] = tanh_one(x[i]);
}
