// Problems for tests: made by hand or at random.
#ifndef GCUT_TESTS_SUPPORT_PROBLEM_H
#define GCUT_TESTS_SUPPORT_PROBLEM_H

#include "graphcut/schedule.h"
#include "tracer/base/arena.h"

// A small generator of random numbers, the same on every machine.
uint64_t test_random(uint64_t *state);
// In [low, high].
uint64_t test_random_in(uint64_t *state, uint64_t low, uint64_t high);

// A chain of layers: input -> layer -> ... -> output, with sizes the same for each.
gcut_problem test_chain(gcut_arena *arena, uint32_t n_parts, uint32_t n_batches,
                        uint64_t weight_bytes, uint64_t activation_bytes, uint64_t workspace);

// Anything that a plan may look like: side branches, values read much later, inputs read by many
// parts, parts without weights, parts that look up, several shapes of batches, values on the heap,
// constants.
gcut_problem test_random_problem(gcut_arena *arena, uint64_t *state);

#endif
