// Convolutions of 8-bit integers, rounded to such again.
#ifndef GCUT_EXEC_CPU_OPS_INTEGER_CONV_H
#define GCUT_EXEC_CPU_OPS_INTEGER_CONV_H

#include "exec/cpu/ops/byte_conv.h"

// From an exact sum to a byte: (sum + add) * scale + shift in floats, rounded to nearest even, plus
// zero, within bounds. `add` is at most 2^29 in magnitude.
typedef struct gcut__rounding {
  int32_t *add;         // [channels]
  float *scale, *shift; // [channels]
  float zero, low, high;
} gcut__rounding;

// Arrays of zeros, bounds of the type.
GCUT_MUST_USE gcut_status gcut__rounding_create(gcut_arena *arena, gcut_dtype type, float zero,
                                                int64_t channels, gcut__rounding *out,
                                                gcut_error *err);

// Output 0, of uint8 or int8, of a call whose attributes are a convolution's. Input 0 may lie
// channels last.
GCUT_MUST_USE gcut_status gcut__convolve_rounded(gcut__cpu_call *c, gcut__byte_conv inputs,
                                                 const gcut__rounding *rounding, gcut_error *err);

#endif
