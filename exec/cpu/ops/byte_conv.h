// Convolutions of 8-bit integers channels last.
#ifndef GCUT_EXEC_CPU_OPS_BYTE_CONV_H
#define GCUT_EXEC_CPU_OPS_BYTE_CONV_H

#include "exec/cpu/kernel.h"
#include "exec/cpu/ops/convolve.h"

typedef struct gcut__byte_conv {
  uint32_t x, w, zero_x, zero_w; // inputs
} gcut__byte_conv;

// What the convolution adds up to, less what the zero point of x does, is sums + corrections.
typedef struct gcut__byte_sums {
  const int32_t *sums;       // [batch, space..., channels]
  const int32_t *correction; // [channels]
} gcut__byte_sums;

// out->sums is NULL where the case is not for this: then nothing was done. Input x may lie channels
// last.
GCUT_MUST_USE gcut_status gcut__convolve_bytes(gcut__cpu_call *c, const gcut__convolution *g,
                                               gcut__byte_conv inputs, gcut__byte_sums *out,
                                               gcut_error *err);

#endif
