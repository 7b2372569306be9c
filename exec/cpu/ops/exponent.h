// Exponentials of whole rows of floats.
#ifndef GCUT_EXEC_CPU_OPS_EXPONENT_H
#define GCUT_EXEC_CPU_OPS_EXPONENT_H

#include <stdint.h>

// x[i] = exp(x[i] - less), within 2 units in the last place; results under 2^-126 are 0. Returns
// their sum, made in double in an order that depends on n alone.
double gcut__exp_floats(float *x, int64_t n, float less);

#endif
