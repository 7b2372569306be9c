// Matsumoto and Nishimura, "Mersenne Twister", ACM TOMACS 1998; normals by Marsaglia's polar
// method.
#include "exec/cpu/ops/mersenne.h"

#include <math.h>

enum { N = 624, M = 397 };

void gcut__mersenne_seed(gcut__mersenne *m, uint32_t seed) {
  m->state[0] = seed;
  for (uint32_t i = 1; i < N; i++)
    m->state[i] = 1812433253u * (m->state[i - 1] ^ m->state[i - 1] >> 30) + i;
  m->next = N;
  m->has_normal = false;
}

static void refill(gcut__mersenne *m) {
  for (int i = 0; i < N; i++) {
    uint32_t y = (m->state[i] & 0x80000000u) | (m->state[(i + 1) % N] & 0x7fffffffu);
    m->state[i] = m->state[(i + M) % N] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
  }
  m->next = 0;
}

static uint32_t draw(gcut__mersenne *m) {
  if (m->next == N) refill(m);
  uint32_t y = m->state[m->next++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

double gcut__mersenne_uniform(gcut__mersenne *m) {
  uint32_t high = draw(m) >> 5, low = draw(m) >> 6;
  return (high * 67108864.0 + low) / 9007199254740992.0;
}

double gcut__mersenne_normal(gcut__mersenne *m) {
  if (m->has_normal) {
    m->has_normal = false;
    return m->normal;
  }
  double a, b, square;
  do {
    a = 2 * gcut__mersenne_uniform(m) - 1;
    b = 2 * gcut__mersenne_uniform(m) - 1;
    square = a * a + b * b;
  } while (square >= 1 || square == 0);
  double factor = sqrt(-2 * log(square) / square);
  m->has_normal = true;
  m->normal = factor * a;
  return factor * b;
}
