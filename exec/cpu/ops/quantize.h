// Rounding real numbers to quantised types.
#ifndef GCUT_EXEC_CPU_OPS_QUANTIZE_H
#define GCUT_EXEC_CPU_OPS_QUANTIZE_H

#include "exec/cpu/kernel.h"

// out[first + i] = saturate(round(x[i]) + zero[i * zero_step]) for n elements, to nearest even; of
// floating types x + zero, saturated only where `saturate`. Elements under 8 bits must lie in
// zeroed memory.
void gcut__quantize_store(gcut_dtype type, void *out, int64_t first, int64_t n, const float *x,
                          const float *zero, int64_t zero_step, bool saturate);

// Neighbouring elements of any quantised or scale type as floats.
void gcut__load_quantized(gcut_dtype type, const void *data, int64_t first, int64_t n, float *out);
// All elements of a tensor of any quantised or scale type as floats; NULL where memory is out.
const float *gcut__dequantized(gcut__cpu_call *c, const gcut_tensor *tensor);

// out [n] becomes x as uint8 values less their zero point, the range chosen to hold all elements
// and 0. The scale.
float gcut__quantize_range(const float *x, uint64_t n, float *out);
// The same with the bytes as they are, and their zero point.
float gcut__quantize_bytes(const float *x, uint64_t n, uint8_t *out, float *out_zero);

#endif
