// Whether a plan is what plans say they are, found by brute force.
#ifndef GCUT_TESTS_SUPPORT_PLAN_CHECK_H
#define GCUT_TESTS_SUPPORT_PLAN_CHECK_H

#include "graphcut/plan.h"

// Frees a trace and its graph.
void plan_release(gcut_trace *trace);
bool plan_holds(const uint32_t *list, uint32_t n, uint32_t item);
// Each part lists as inputs, constants, outputs and consumed values what its nodes and those after
// it make necessary.
void plan_check_lists(const gcut_trace *trace, const gcut_plan *plan);
// The plan can be run part by part: each sees nothing but what it lists.
void plan_check_run(const gcut_trace *trace, const gcut_plan *plan);
// Both, what crosses, and the library's own verifier; shapes must be static.
void plan_check(const gcut_trace *trace, const gcut_plan *plan);

#endif
