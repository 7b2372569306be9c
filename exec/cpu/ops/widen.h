// Operands of a kernel as float or double, whatever their element type: the smaller floating-point
// types are computed in float, and a kernel is written once for float and once for double.
//
// Float inputs are used in place; others are converted into the call's scratch arena.
#ifndef GCUT_EXEC_CPU_OPS_WIDEN_H
#define GCUT_EXEC_CPU_OPS_WIDEN_H

#include "exec/cpu/kernel.h"

// Elements of any numeric or bool tensor as float or double.
GCUT_MUST_USE gcut_status gcut__widen_float(gcut_cpu_call *c, const gcut_tensor *tensor,
                                            const float **out, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__widen_double(gcut_cpu_call *c, const gcut_tensor *tensor,
                                             const double **out, gcut_error *err);
// n elements from `first` on, as double; types that gcut__widen_double refuses give zeros.
void gcut__widen_row(const gcut_tensor *tensor, int64_t first, int64_t n, double *to);
// Input `i` likewise; NULL where it is absent.
GCUT_MUST_USE gcut_status gcut__input_float(gcut_cpu_call *c, uint32_t i, const float **out,
                                            gcut_error *err);
GCUT_MUST_USE gcut_status gcut__input_double(gcut_cpu_call *c, uint32_t i, const double **out,
                                             gcut_error *err);
// Where to write output `i`: its own memory, or scratch. NULL where the node names no such output.
// gcut__finish_* then narrows what was written into the output (and does nothing for NULL).
GCUT_MUST_USE gcut_status gcut__output_float(gcut_cpu_call *c, uint32_t i, float **out,
                                             gcut_error *err);
GCUT_MUST_USE gcut_status gcut__output_double(gcut_cpu_call *c, uint32_t i, double **out,
                                              gcut_error *err);
void gcut__finish_float(gcut_cpu_call *c, uint32_t i, const float *written);
void gcut__finish_double(gcut_cpu_call *c, uint32_t i, const double *written);

// Rounds to the nearest value of a narrower floating-point type, in place; other types leave it.
void gcut__round_float(gcut_dtype type, float *x, int64_t n);
void gcut__round_double(gcut_dtype type, double *x, int64_t n);

#endif
