// Unsigned values of 2, 4 or 8 bits packed into bytes, the first in the lowest bits: weights of
// com.microsoft's quantised operators.
#ifndef GCUT_EXEC_CPU_OPS_PACKED_H
#define GCUT_EXEC_CPU_OPS_PACKED_H

#include <stdint.h>

// Value `index` of data.
float gcut__packed_value(const uint8_t *data, int64_t index, int64_t bits);
// The first n values less `zero`, times `scale`.
void gcut__packed_expand(const uint8_t *data, int64_t bits, int64_t n, float zero, float scale,
                         float *out);

#endif
