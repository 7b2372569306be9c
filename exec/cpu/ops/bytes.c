// Branch-free loops that compilers vectorise.
#include "exec/cpu/ops/bytes.h"

#include <string.h>

#include "exec/cpu/ops/wide.h"

enum { BLOCK = 256 };

GCUT__WIDE void gcut__widen_uint8(size_t n, const uint8_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = (float)(int32_t)x[i];
}

GCUT__WIDE void gcut__widen_int8(size_t n, const int8_t *restrict x, float *restrict y) {
  for (size_t i = 0; i < n; i++) y[i] = (float)(int32_t)x[i];
}

// Between bounds, which are integers: adding `magic` rounds, and leaves the integer in the low
// bits.
static inline uint32_t rounded(float x, float low, float high) {
  const float magic = 0x1.8p23f;
  float value = x > low ? x : low;
  value = (value < high ? value : high) + magic;
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Elements are computed as wide as they are, then narrowed: vectors are full either way.
GCUT__WIDE void gcut__narrow_bytes(size_t n, const float *restrict x, float zero, float low,
                                   float high, uint8_t *restrict y) {
  uint32_t row[BLOCK], z = (uint32_t)(int32_t)zero;
  low -= zero, high -= zero;
  for (size_t at = 0; at < n; at += BLOCK) {
    size_t m = n - at < BLOCK ? n - at : BLOCK;
    for (size_t i = 0; i < m; i++)
      row[i] = x[at + i] == x[at + i] ? rounded(x[at + i], low, high) + z : 0;
    for (size_t i = 0; i < m; i++) y[at + i] = (uint8_t)row[i];
  }
}

GCUT__WIDE void gcut__scale_floats(size_t n, const float *x, float zero, float scale, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = (x[i] - zero) * scale;
}

GCUT__WIDE void gcut__round_sums(size_t n, const int32_t *restrict sums, int32_t more,
                                 const int32_t *restrict add, const float *restrict scale,
                                 const float *restrict shift, float zero, float low, float high,
                                 uint8_t *restrict y) {
  uint32_t row[BLOCK], z = (uint32_t)(int32_t)zero;
  low -= zero, high -= zero;
  for (size_t at = 0; at < n; at += BLOCK) {
    size_t m = n - at < BLOCK ? n - at : BLOCK;
    for (size_t i = 0, k = at; i < m; i++, k++) {
      int32_t sum = (int32_t)((uint32_t)sums[k] + (uint32_t)add[k] + (uint32_t)more);
      row[i] = rounded((float)sum * scale[k] + shift[k], low, high) + z;
    }
    for (size_t i = 0; i < m; i++) y[at + i] = (uint8_t)row[i];
  }
}

GCUT__WIDE void gcut__divide_floats(size_t n, const float *x, float scale, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = x[i] / scale;
}

#define SUMS(T, name)                                                                              \
  GCUT__WIDE void gcut__add_##name(size_t n, const T *restrict x, int32_t *restrict sums) {        \
    for (size_t i = 0; i < n; i++) sums[i] += x[i];                                                \
  }                                                                                                \
  GCUT__WIDE int32_t gcut__sum_##name(size_t n, const T *x) {                                      \
    int32_t sum = 0;                                                                               \
    for (size_t i = 0; i < n; i++) sum += x[i];                                                    \
    return sum;                                                                                    \
  }
SUMS(uint8_t, uint8)
SUMS(int8_t, int8)
