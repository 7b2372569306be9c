// Exponentials of whole rows of floats, and what is made of them.
#ifndef GCUT_EXEC_CPU_OPS_EXPONENT_H
#define GCUT_EXEC_CPU_OPS_EXPONENT_H

#include <stdint.h>

// x[i] = exp(x[i] - less), within 2 units in the last place; results under 2^-126 are 0. Returns
// their sum, made in double in an order that depends on n alone.
double gcut__exp_floats(float *x, int64_t n, float less);

// x[i] = 1 / (1 + exp(-x[i])) and tanh(x[i]), within 4 units in the last place.
void gcut__sigmoid_floats(float *x, int64_t n);
void gcut__tanh_floats(float *x, int64_t n);

#endif
