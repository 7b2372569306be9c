// Operands of a kernel as float or double, whatever floating-point type they have: the smaller
// types are computed in float. Operands that have the type already are used in place; others pass
// through the call's scratch arena. The conversions are real.h's.
#ifndef GCUT_EXEC_CPU_OPS_WIDEN_H
#define GCUT_EXEC_CPU_OPS_WIDEN_H

#include "exec/cpu/kernel.h"

// Input `i`; NULL where it is absent. To float: float, float16, bfloat16. To double: any number.
GCUT_MUST_USE gcut_status gcut__input_float(gcut__cpu_call *c, uint32_t i, const float **out,
                                            gcut_error *err);
GCUT_MUST_USE gcut_status gcut__input_double(gcut__cpu_call *c, uint32_t i, const double **out,
                                             gcut_error *err);
// Where to write output `i`: its own memory, or scratch. NULL where the node names no such output.
// gcut__finish_* then narrows what was written into the output (and does nothing for NULL).
GCUT_MUST_USE gcut_status gcut__output_float(gcut__cpu_call *c, uint32_t i, float **out,
                                             gcut_error *err);
GCUT_MUST_USE gcut_status gcut__output_double(gcut__cpu_call *c, uint32_t i, double **out,
                                              gcut_error *err);
void gcut__finish_float(gcut__cpu_call *c, uint32_t i, const float *written);
void gcut__finish_double(gcut__cpu_call *c, uint32_t i, const double *written);

// The same for kernels that compute in `real`, GCUT_FLOAT or GCUT_DOUBLE.
GCUT_MUST_USE gcut_status gcut__input_real(gcut__cpu_call *c, gcut_dtype real, uint32_t i,
                                           const void **out, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__output_real(gcut__cpu_call *c, gcut_dtype real, uint32_t i,
                                            void **out, gcut_error *err);
void gcut__finish_real(gcut__cpu_call *c, gcut_dtype real, uint32_t i, const void *written);

// Rounds to the nearest value of a narrower floating-point type, in place; other types leave it.
void gcut__round_float(gcut_dtype type, float *x, int64_t n);
void gcut__round_double(gcut_dtype type, double *x, int64_t n);

#endif
