// Branch-free loops that compilers vectorise.
#include "exec/cpu/ops/halves.h"

#include "exec/cpu/ops/wide.h"
#include "tracer/base/narrow.h"

// float16 without branches: shift exponent and mantissa into place and scale by 2^112, which also
// normalises subnormals; infinities and NaNs come out at 2^16 and above and get the full exponent.
static inline float widen_float16(uint16_t x) {
  uint32_t magnitude = (uint32_t)(x & 0x7fffu) << 13;
  float scaled = gcut_bits_float(magnitude) * 0x1p112f;
  uint32_t bits = gcut_float_bits(scaled) | (scaled >= 65536.0f ? 0x7f800000u : 0);
  return gcut_bits_float(bits | ((uint32_t)(x & 0x8000u) << 16));
}

GCUT_WIDE void gcut__widen_float16(size_t n, const uint16_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = widen_float16(x[i]);
}

GCUT_WIDE void gcut__widen_bfloat16(size_t n, const uint16_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = gcut_from_bfloat16(x[i]);
}

GCUT_WIDE void gcut__narrow_float16(size_t n, const float *restrict x, uint16_t *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = gcut_to_float16(x[i]);
}

GCUT_WIDE void gcut__narrow_bfloat16(size_t n, const float *restrict x, uint16_t *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = gcut_to_bfloat16(x[i]);
}
