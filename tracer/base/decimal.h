// Floats to decimal text and back, whatever the locale.
#ifndef GCUT_TRACER_BASE_DECIMAL_H
#define GCUT_TRACER_BASE_DECIMAL_H

#include <stddef.h>

#include "graphcut/dtype.h"

enum { GCUT_DECIMAL_SIZE = 40 }; // bytes that any result fits in, the final zero included

// Writes the shortest decimal that reads back as the same value of `type` (GCUT_DOUBLE, GCUT_FLOAT,
// GCUT_FLOAT16 or GCUT_BFLOAT16; any other is treated as GCUT_FLOAT), laid out as numpy and Python
// do: "0.1", "1.0", "1e-05", "1e+16", "nan", "-inf". Returns its length.
size_t gcut_decimal_format(gcut_dtype type, double value, char *buffer);

// Reads a whole text as a number: digits with a point and an exponent, "inf", "infinity" or "nan"
// in any case, with a sign, blanks around it allowed. False for anything else.
GCUT_MUST_USE bool gcut_decimal_parse(const char *text, size_t size, double *out_value);

#endif
