// Rows of 8-bit integers, to and from floats.
#ifndef GCUT_EXEC_CPU_OPS_BYTES_H
#define GCUT_EXEC_CPU_OPS_BYTES_H

#include <stddef.h>
#include <stdint.h>

void gcut__widen_uint8(size_t n, const uint8_t *x, float *y);
void gcut__widen_int8(size_t n, const int8_t *x, float *y);

// y = x rounded to nearest even, plus zero, within [low, high]; NaN becomes 0. zero is a byte's.
void gcut__narrow_bytes(size_t n, const float *x, float zero, float low, float high, uint8_t *y);

// y = (x - zero) * scale and y = x / scale.
void gcut__scale_floats(size_t n, const float *x, float zero, float scale, float *y);
void gcut__divide_floats(size_t n, const float *x, float scale, float *y);
// What gcut__narrow_bytes makes of (sum + add + more) * scale + shift, for NaN `low`; the sum of
// three fits.
void gcut__round_sums(size_t n, const int32_t *sums, int32_t more, const int32_t *add,
                      const float *scale, const float *shift, float zero, float low, float high,
                      uint8_t *y);
// sums[i] += x[i] for i < n, and the sum of x.
void gcut__add_uint8(size_t n, const uint8_t *x, int32_t *sums);
void gcut__add_int8(size_t n, const int8_t *x, int32_t *sums);
int32_t gcut__sum_uint8(size_t n, const uint8_t *x);
int32_t gcut__sum_int8(size_t n, const int8_t *x);

#endif
