// Rows of float16 and bfloat16, to and from floats.
#ifndef GCUT_EXEC_CPU_OPS_HALVES_H
#define GCUT_EXEC_CPU_OPS_HALVES_H

#include <stddef.h>
#include <stdint.h>

void gcut__widen_float16(size_t n, const uint16_t *x, float *y);
void gcut__widen_bfloat16(size_t n, const uint16_t *x, float *y);
void gcut__narrow_float16(size_t n, const float *x, uint16_t *y);
void gcut__narrow_bfloat16(size_t n, const float *x, uint16_t *y);

#endif
