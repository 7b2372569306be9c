// Schedules of problems (support/problem.h), under every strategy.
#ifndef GCUT_TESTS_SUPPORT_SCHEDULES_H
#define GCUT_TESTS_SUPPORT_SCHEDULES_H

#include "graphcut/schedule.h"

// Every strategy, with options of all kinds.
extern const char *const every_offload[];
extern const size_t n_offloads;

// The state of a test is an arena.
int set_up_arena(void **state);
int tear_down_arena(void **state);

// These fail where there is no schedule.
gcut_schedule *schedule_for(const gcut_problem *problem, const char *offload);
// The least budget, as refusing one byte names it; 0 where none is needed.
uint64_t least_budget(const gcut_problem *problem, const char *offload);
// Fails where a schedule does not verify, or is beyond the budget.
void verify(const gcut_problem *problem, const char *offload, uint64_t seed);

#endif
