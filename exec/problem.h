// From a plan and the shapes of batches to the problem that strategies see: sizes, order, budgets.
#ifndef GCUT_EXEC_PROBLEM_H
#define GCUT_EXEC_PROBLEM_H

#include "graphcut/plan.h"
#include "graphcut/schedule.h"
#include "tracer/base/arena.h"

typedef struct gcut__problem_spec {
  const gcut_plan *plan;
  const gcut_trace *const *traces; // [n_classes], n_classes at least 1
  uint32_t n_classes;
  const uint32_t *classes; // [n_batches]
  uint32_t n_batches, n_passes;
  const gcut_work *work; // [n_parts * n_classes], a part's classes together: what a device compiled
  uint64_t budget, host_budget;
  bool early;
} gcut__problem_spec;

// Lives in `arena`; borrows names from the graph and the plan, and classes.
GCUT_MUST_USE gcut_status gcut__problem_create(const gcut__problem_spec *spec, gcut_arena *arena,
                                               gcut_problem *out, gcut_error *err);

// The constant that a value is known to be in a trace, or NULL.
const gcut_constant *gcut__constant_of(const gcut_trace *trace, uint32_t value);
// Whether a constant (may be NULL) is moved with its part: one with elements that are plain bytes.
bool gcut__is_weight(const gcut_constant *constant);
// Whether the part does no more than pick rows of its weights, move what it picked, and compute on
// integers and bools element by element: so that the host's bits are any device's.
bool gcut__looks_up(const gcut_trace *trace, const gcut_part *part);
// Rows of a part's largest input: its elements over its last dimension.
uint64_t gcut__count_tokens(const gcut_trace *trace, const gcut_part *part);

#endif
