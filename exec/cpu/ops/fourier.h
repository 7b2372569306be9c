// Discrete Fourier transforms of any length, in double.
#ifndef GCUT_EXEC_CPU_OPS_FOURIER_H
#define GCUT_EXEC_CPU_OPS_FOURIER_H

#include <stdbool.h>

#include "tracer/base/arena.h"
#include "tracer/base/error.h"

typedef struct gcut__complex {
  double re, im;
} gcut__complex;

typedef struct gcut__fourier gcut__fourier;

// A plan for transforms of length n >= 1, in the arena: forward (exponent -) or backward (+).
// Neither is scaled.
GCUT_MUST_USE gcut_status gcut__fourier_create(gcut_arena *arena, int64_t n, bool backward,
                                               gcut__fourier **out, gcut_error *err);
// Transforms x[n] in place.
void gcut__fourier_run(gcut__fourier *f, gcut__complex *x);

#endif
