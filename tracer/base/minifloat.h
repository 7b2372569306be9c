// Floats of 8, 6 and 4 bits, to and from double: float8e4m3fn, float8e4m3fnuz, float8e5m2,
// float8e5m2fnuz, float8e8m0, float6e2m3, float6e3m2 and float4e2m1.
#ifndef GCUT_TRACER_BASE_MINIFLOAT_H
#define GCUT_TRACER_BASE_MINIFLOAT_H

#include "graphcut/dtype.h"

// How float8e8m0 rounds a mantissa away.
typedef enum gcut_round { GCUT_ROUND_UP, GCUT_ROUND_DOWN, GCUT_ROUND_NEAREST } gcut_round;

// The value of a code of one of those types. A code of fewer than 8 bits is in the lowest.
double gcut_minifloat_decode(gcut_dtype type, uint8_t code);
// The nearest code, ties to even. Beyond the largest finite value: that value where `saturate`,
// else infinity or NaN, whichever the type has (float6 and float4 have neither: they always
// saturate, and a NaN becomes -0).
uint8_t gcut_minifloat_encode(gcut_dtype type, double value, bool saturate);
// float8e8m0 holds only an exponent: the sign is dropped.
uint8_t gcut_float8e8m0_encode(float value, gcut_round round, bool saturate);

#endif
