// Elements of every type of numbers: floats of 8 bits and 4, integers of 4 and 2, which share bytes, lower bits first.
#ifndef GCUT_EXEC_CUDA_OPS_NARROW_CUH
#define GCUT_EXEC_CUDA_OPS_NARROW_CUH

#include "types.cuh"

enum {
  T_E4M3FN = 17, T_E4M3FNUZ = 18, T_E5M2 = 19, T_E5M2FNUZ = 20, T_UINT4 = 21, T_INT4 = 22, T_E2M1 = 23, T_E8M0 = 24,
  T_UINT2 = 25, T_INT2 = 26
};

// As in tracer/base/minifloat.c.
struct Minifloat {
  int mantissa_bits, bias, max, infinity, nan, sign; // codes of magnitudes; infinity 0: none
  bool negative_zero;                                // false: the code of -0 is the one NaN
};

__device__ inline Minifloat minifloat_of(int type) {
  switch (type) {
  case T_E4M3FN: return {3, 7, 0x7e, 0, 0x7f, 0x80, true};
  case T_E4M3FNUZ: return {3, 8, 0x7f, 0, 0x80, 0x80, false};
  case T_E5M2: return {2, 15, 0x7b, 0x7c, 0x7e, 0x80, true};
  case T_E5M2FNUZ: return {2, 16, 0x7f, 0, 0x80, 0x80, false};
  default: return {1, 1, 0x7, 0, 0x8, 0x8, true}; // E2M1
  }
}

__device__ inline bool is_minifloat(int type) { return (type >= T_E4M3FN && type <= T_E5M2FNUZ) || type == T_E2M1 || type == T_E8M0; }
__device__ inline int narrow_bits(int type) {
  return type == T_UINT2 || type == T_INT2 ? 2 : type == T_UINT4 || type == T_INT4 || type == T_E2M1 ? 4 : 8;
}

__device__ inline double minifloat_value(int type, int code) {
  if (type == T_E8M0) return code == 0xff ? (double)NAN : ldexp(1.0, code - 127);
  Minifloat f = minifloat_of(type);
  int magnitude = code & (f.sign - 1), exponent = magnitude >> f.mantissa_bits, mantissa = magnitude & ((1 << f.mantissa_bits) - 1);
  if (type != T_E2M1 && (f.negative_zero ? magnitude > (f.infinity ? f.infinity : f.max) : code == f.nan)) return (double)NAN;
  double value = INFINITY;
  if (!f.infinity || magnitude < f.infinity)
    value = ldexp((double)(mantissa + (exponent > 0 ? 1 << f.mantissa_bits : 0)), (exponent > 0 ? exponent : 1) - f.bias - f.mantissa_bits);
  return code & f.sign ? -value : value;
}

// The code of a finite magnitude, perhaps beyond the largest.
__device__ inline int minifloat_magnitude(const Minifloat &f, double magnitude) {
  int exponent;
  if (magnitude == 0) return 0;
  frexp(magnitude, &exponent);
  int biased = exponent - 1 + f.bias < 1 ? 1 : exponent - 1 + f.bias;
  if (biased > 255) return INT32_MAX;
  return (int)rint(ldexp(magnitude, f.mantissa_bits + f.bias - biased)) + ((biased - 1) << f.mantissa_bits);
}

__device__ inline int minifloat_code(int type, double value, bool saturate) {
  Minifloat f = minifloat_of(type);
  bool finite = type == T_E2M1;
  int sign = signbit(value) ? f.sign : 0;
  if (value != value) return f.negative_zero && !finite ? f.nan | sign : f.nan;
  int code = isinf(value) ? INT32_MAX : minifloat_magnitude(f, fabs(value));
  if (code > f.max) {
    if (saturate || finite) return f.max | sign;
    return f.negative_zero ? (f.infinity ? f.infinity : f.nan) | sign : f.nan;
  }
  return code == 0 && !f.negative_zero ? 0 : code | sign;
}

// A power of two above (round 0: up), below (1), or the nearest.
__device__ inline int power_code(float value, int round, bool saturate) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  uint32_t exponent = bits >> 23 & 0xff, mantissa = bits & 0x7fffff;
  bool up = round == 0 ? mantissa != 0 : round == 1 ? false : mantissa > 0x400000 || (mantissa == 0x400000 && exponent > 0);
  if (exponent == 0xff || !up) return (int)exponent;
  return (int)(exponent == 0xfe && saturate ? exponent : exponent + 1);
}

__device__ inline int narrow_code(const void *data, int64_t i, int bits) {
  uint64_t bit = (uint64_t)i * (uint64_t)bits;
  return ((const uint8_t *)data)[bit / 8] >> (bit % 8) & ((1 << bits) - 1);
}

// An integer of any width; uint64 by its bits.
__device__ inline int64_t load_integer(const void *data, int64_t i, int type) {
  int bits = narrow_bits(type);
  if (type < T_E4M3FN) return load_as<int64_t>(data, i, type);
  int code = narrow_code(data, i, bits);
  return (type == T_INT4 || type == T_INT2) && code >> (bits - 1) ? code - (1 << bits) : code;
}

__device__ inline bool is_floating(int type) {
  return type == T_FLOAT || type == T_FLOAT16 || type == T_BFLOAT16 || type == T_DOUBLE || is_minifloat(type);
}

template <typename C> __device__ inline C load_number(const void *data, int64_t i, int type) {
  if (is_minifloat(type)) return (C)minifloat_value(type, narrow_code(data, i, narrow_bits(type)));
  if (is_floating(type)) return load_as<C>(data, i, type);
  return type == T_UINT64 ? (C)((const uint64_t *)data)[i] : (C)load_integer(data, i, type);
}

#endif
