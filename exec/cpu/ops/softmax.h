// The plain kernels of softmax.c, for the test that compares oneDNN's with them.
#ifndef GCUT_EXEC_CPU_OPS_SOFTMAX_H
#define GCUT_EXEC_CPU_OPS_SOFTMAX_H

#include <stdint.h>

// One row in place, in doubles: a maximum is taken off first, so nothing overflows.
void gcut__softmax_row(uint64_t n, double *x);

#endif
