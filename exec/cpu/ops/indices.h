// Integer inputs as int64_t.
#ifndef GCUT_EXEC_CPU_OPS_INDICES_H
#define GCUT_EXEC_CPU_OPS_INDICES_H

#include "exec/cpu/kernel.h"

// The elements of an int32 or int64 input: its own memory or scratch. An absent one has none.
GCUT_MUST_USE gcut_status gcut__indices(gcut__cpu_call *c, uint32_t i, const int64_t **out_values,
                                        uint64_t *out_n, gcut_error *err);
// The same with every index checked to be in [-size, size), and made non-negative.
GCUT_MUST_USE gcut_status gcut__indices_within(gcut__cpu_call *c, uint32_t i, int64_t size,
                                               const int64_t **out_values, uint64_t *out_n,
                                               gcut_error *err);
// The row-major place of a tuple of coordinates, each in [-dim, dim), within those dims.
GCUT_MUST_USE gcut_status gcut__place_of(const gcut__cpu_call *c, const int64_t *tuple, int n,
                                         const int64_t *dims, int64_t *out, gcut_error *err);

#endif
