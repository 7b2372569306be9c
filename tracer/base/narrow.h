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

// Without branches, so that loops become vector code: every case is computed, one is chosen.
static inline float gcut_from_float16(uint16_t x) {
  uint32_t sign = (uint32_t)(x & 0x8000u) << 16, magnitude = (uint32_t)(x & 0x7fffu) << 13;
  uint32_t normal = magnitude + 0x38000000u, special = magnitude | 0x7f800000u;
  uint32_t subnormal = gcut_float_bits(gcut_bits_float(magnitude + 0x38800000u) - 0x1p-14f);
  uint32_t finite = magnitude < 0x00800000u ? subnormal : normal;
  return gcut_bits_float(sign | (magnitude >= 0x0f800000u ? special : finite));
}

static inline uint16_t gcut_to_float16(float value) {
  uint32_t bits = gcut_float_bits(value), magnitude = bits & 0x7fffffffu;
  uint32_t normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1)) >> 13;
  // Adding 0.5 aligns the mantissa of a subnormal and rounds it.
  uint32_t subnormal = gcut_float_bits(gcut_bits_float(magnitude) + 0.5f) - 0x3f000000u;
  uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  uint32_t large = magnitude > 0x7f800000u ? nan : 0x7c00u;
  return (uint16_t)((bits >> 16 & 0x8000u) | (magnitude >= 0x477ff000u ? large : finite));
}

#endif
