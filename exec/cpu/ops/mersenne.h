// The Mersenne Twister MT19937, seeded and read as numpy.random.RandomState does: the standard's
// reference draws its random numbers from it.
#ifndef GCUT_EXEC_CPU_OPS_MERSENNE_H
#define GCUT_EXEC_CPU_OPS_MERSENNE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct gcut__mersenne {
  uint32_t state[624];
  int next;        // of state
  bool has_normal; // normals come in pairs: the second of the last pair
  double normal;
} gcut__mersenne;

void gcut__mersenne_seed(gcut__mersenne *m, uint32_t seed);
// Uniform in [0, 1), 53 bits.
double gcut__mersenne_uniform(gcut__mersenne *m);
// Normal with mean 0 and deviation 1.
double gcut__mersenne_normal(gcut__mersenne *m);

#endif
