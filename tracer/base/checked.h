// Size arithmetic that says when it overflows.
#ifndef GCUT_TRACER_BASE_CHECKED_H
#define GCUT_TRACER_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

static inline GCUT_MUST_USE bool gcut_checked_add(uint64_t a, uint64_t b, uint64_t *out) {
  return !__builtin_add_overflow(a, b, out);
}
static inline GCUT_MUST_USE bool gcut_checked_mul(uint64_t a, uint64_t b, uint64_t *out) {
  return !__builtin_mul_overflow(a, b, out);
}
// Product of dims; false where one is negative or the product passes INT64_MAX.
static inline GCUT_MUST_USE bool gcut_checked_count(int rank, const int64_t *dims, uint64_t *out) {
  uint64_t count = 1, nonzero = 1;
  for (int i = 0; i < rank; i++) {
    if (dims[i] < 0) return false;
    if (dims[i] > 0 && __builtin_mul_overflow(nonzero, (uint64_t)dims[i], &nonzero)) return false;
    count = dims[i] == 0 ? 0 : count * (uint64_t)dims[i];
  }
  *out = count;
  return nonzero <= INT64_MAX;
}

#endif
