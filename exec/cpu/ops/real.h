// Runs of elements as float or double, whatever type they are stored in. Kernels that are not worth
// one instance a type load a run, compute wide and store it, rounding once.
//
// Types: the four standard floating types, and the integers of 8 to 64 bits, into which a
// store truncates and clamps.
#ifndef GCUT_EXEC_CPU_OPS_REAL_H
#define GCUT_EXEC_CPU_OPS_REAL_H

#include "exec/cpu/kernel.h"

// Elements `first`, `first + stride`, ... of `data`: `n` of them. Strides are in elements.
void gcut__load_doubles(gcut_dtype type, const void *data, uint64_t first, uint64_t stride,
                        uint64_t n, double *out);
void gcut__store_doubles(gcut_dtype type, void *data, uint64_t first, uint64_t stride, uint64_t n,
                         const double *in);

// All of output `i`, where it is wanted.
void gcut__put_doubles(gcut__cpu_call *c, uint32_t i, const double *values);

// Neighbouring elements of float, float16 or bfloat16 as floats.
void gcut__load_floats(gcut_dtype type, const void *data, uint64_t first, uint64_t n, float *out);
void gcut__store_floats(gcut_dtype type, void *data, uint64_t first, uint64_t n, const float *in);

// A tensor's elements as doubles or floats: the tensor's own where they are that already, otherwise
// widened into scratch; NULL where memory is out.
const double *gcut__tensor_doubles(gcut__cpu_call *c, const gcut_tensor *tensor);
const float *gcut__tensor_floats(gcut__cpu_call *c, const gcut_tensor *tensor);

// Where a kernel writes floats that shall become the tensor's elements: the tensor's own memory, or
// scratch that gcut__finish_floats then narrows. NULL where memory is out.
float *gcut__begin_floats(gcut__cpu_call *c, gcut_tensor *tensor);
void gcut__finish_floats(gcut_tensor *tensor, const float *floats);

// Sums in a fixed order of eight lanes: fast, and the same bits everywhere.
double gcut__sum(const double *x, uint64_t n);
double gcut__sum_squares(const double *x, uint64_t n);

#endif
