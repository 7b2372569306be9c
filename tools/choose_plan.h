// The plan to run where the options leave it open: the one that fits the budget, or, for auto, the
// one that is fastest in simulation.
#ifndef GRAPHCUT_TOOLS_CHOOSE_PLAN_H
#define GRAPHCUT_TOOLS_CHOOSE_PLAN_H

#include "graphcut/schedule.h"
#include "options.h"

typedef struct tool_choice {
  const tool_common *common;
  const gcut_trace *trace;  // tells which values are known whatever the batch
  const gcut_trace *shaped; // the same graph at the shapes of a batch, or NULL: not known
  const char *plan;         // a plan file, or NULL
  const tool_cut *cut;
  const tool_list *fetch;
  const char *offload;         // NULL: sequential
  const gcut_profile *profile; // NULL: a default
  gcut_problem_options sizes;
  uint32_t micro_batch; // as asked for: tool_load's
  char *note; // [TOOL_CUT_NOTE] of cuts tried for auto: which one, and the next best; else ""
} tool_choice;

enum { TOOL_CUT_NOTE = 320 };

// Cuts are made at the shapes of a batch, where they are known. A plan file, targets or a number of
// parts are taken as they are; else the repeated block is cut one, two and four to a part, and to
// budgets. GCUT_BUDGET where no cut fits, naming the least that would do for the finest.
gcut_status tool_choose_plan(const tool_choice *choice, gcut_plan **out_plan, gcut_error *err);
// Whether the options leave anything open.
bool tool_choice_is_open(const tool_choice *choice);

#endif
