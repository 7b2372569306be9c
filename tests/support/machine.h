// A machine whose times can be told by hand, and its clock.
#ifndef GCUT_TESTS_SUPPORT_MACHINE_H
#define GCUT_TESTS_SUPPORT_MACHINE_H

#include "graphcut/simulate.h"
#include "tracer/base/arena.h"

// 1 GB/s both ways, 1 TFLOP/s, nothing else costs anything.
gcut_profile plain_machine(void);
// A chain whose parts load in `copy` seconds and compute a batch in `compute` on the plain machine.
gcut_problem make_chain(gcut_arena *arena, uint32_t parts, uint32_t batches, double copy,
                        double compute);
// Verifies and simulates a schedule, and destroys it.
gcut_summary clock_schedule(const gcut_problem *p, gcut_schedule *s, const gcut_profile *m);

#endif
