// What pools with windows (pool.c) and global ones (global_pool.c) share.
#ifndef GCUT_EXEC_CPU_OPS_POOL_H
#define GCUT_EXEC_CPU_OPS_POOL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

// NaN is greater than anything and stays.
static inline bool gcut__pool_greater(double x, double than) {
  return x > than || x != x;
}

// What an Lp norm adds up of each, and its root of the sum.
static inline void gcut__pool_raise(double *x, int64_t n, double p) {
  if (p == 1)
    for (int64_t i = 0; i < n; i++) x[i] = fabs(x[i]);
  else if (p == 2)
    for (int64_t i = 0; i < n; i++) x[i] *= x[i];
  else
    for (int64_t i = 0; i < n; i++) x[i] = pow(fabs(x[i]), p);
}

static inline double gcut__pool_root(double x, double p) {
  return p == 1 ? x : p == 2 ? sqrt(x) : pow(x, 1 / p);
}

#endif
