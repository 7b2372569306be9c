// float16 by the processor's own conversions where it has them, eight at a time; else, and for
// bfloat16, branch-free loops that compilers vectorise. Both round to nearest even.
#include "exec/cpu/ops/halves.h"

#include <stdbool.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

static void widen_all(size_t n, const uint16_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = widen_float16(x[i]);
}

static void narrow_all(size_t n, const float *restrict x, uint16_t *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = gcut_to_float16(x[i]);
}

#if defined(__x86_64__)

enum { EIGHT = 8 };

// Processors with AVX2 all have the conversions; clang does not know them by name.
static bool converts(void) {
  return __builtin_cpu_supports("avx2");
}

// Both convert whole eights and return how many that were.
__attribute__((target("avx,f16c"))) static size_t widen_eights(size_t n, const uint16_t *x,
                                                               float *y) {
  size_t whole = n - n % EIGHT;
  for (size_t i = 0; i < whole; i += EIGHT)
    _mm256_storeu_ps(y + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i_u *)(x + i))));
  return whole;
}

__attribute__((target("avx,f16c"))) static size_t narrow_eights(size_t n, const float *x,
                                                                uint16_t *y) {
  size_t whole = n - n % EIGHT;
  for (size_t i = 0; i < whole; i += EIGHT)
    _mm_storeu_si128((__m128i_u *)(y + i),
                     _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT));
  return whole;
}

#else

static bool converts(void) {
  return false;
}
static size_t widen_eights(size_t n, const uint16_t *x, float *y) {
  return (void)n, (void)x, (void)y, 0;
}
static size_t narrow_eights(size_t n, const float *x, uint16_t *y) {
  return (void)n, (void)x, (void)y, 0;
}

#endif

void gcut__widen_float16(size_t n, const uint16_t *x, float *y) {
  size_t done = converts() ? widen_eights(n, x, y) : 0;
  widen_all(n - done, x + done, y + done);
}

void gcut__narrow_float16(size_t n, const float *x, uint16_t *y) {
  size_t done = converts() ? narrow_eights(n, x, y) : 0;
  narrow_all(n - done, x + done, y + done);
}

GCUT__WIDE void gcut__widen_bfloat16(size_t n, const uint16_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = gcut_from_bfloat16(x[i]);
}

GCUT__WIDE void gcut__narrow_bfloat16(size_t n, const float *restrict x, uint16_t *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = gcut_to_bfloat16(x[i]);
}
