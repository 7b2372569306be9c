// float16 and bfloat16 as they lie in memory, to and from float. To narrow: nearest, ties to even;
// NaN stays NaN.
#ifndef GCUT_TRACER_BASE_NARROW_H
#define GCUT_TRACER_BASE_NARROW_H

#include <stdint.h>
#include <string.h>

static inline float gcut_bits_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
static inline uint32_t gcut_float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float gcut_from_bfloat16(uint16_t x) {
  return gcut_bits_float((uint32_t)x << 16);
}

static inline uint16_t gcut_to_bfloat16(float value) {
  uint32_t bits = gcut_float_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40); // quiet NaN
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1)) >> 16);
}

static inline float gcut_from_float16(uint16_t x) {
  uint32_t sign = (uint32_t)(x & 0x8000u) << 16, exponent = (x >> 10) & 0x1fu,
           mantissa = x & 0x3ffu;
  if (exponent == 0x1f) return gcut_bits_float(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0) return gcut_bits_float(sign | ((exponent + 112) << 23) | (mantissa << 13));
  float magnitude = (float)mantissa * 0x1p-24f; // zero and subnormals, exact
  return sign ? -magnitude : magnitude;
}

static inline uint16_t gcut_to_float16(float value) {
  uint32_t bits = gcut_float_bits(value), sign = (bits >> 16) & 0x8000u,
           magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return (uint16_t)(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu)); // NaN
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);    // overflow
  if (magnitude < 0x38800000u) { // subnormal: adding 0.5 aligns the mantissa and rounds it
    float shifted = gcut_bits_float(magnitude) + 0.5f;
    return (uint16_t)(sign | (gcut_float_bits(shifted) - 0x3f000000u));
  }
  uint32_t odd = (magnitude >> 13) & 1;
  return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

#endif
