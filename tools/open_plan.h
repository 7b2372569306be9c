// The plan that a verb's options ask for: from a file, or cut now.
#ifndef GRAPHCUT_TOOLS_OPEN_PLAN_H
#define GRAPHCUT_TOOLS_OPEN_PLAN_H

#include "options.h"

// Cuts, and tells how far it is.
gcut_status tool_plan_cut(const tool_common *common, const gcut_trace *trace,
                          gcut_cut_options options, gcut_plan **out_plan, gcut_error *err);
// The plan to look at: from the file, or, `path` NULL, cut as `cut` says, all parts within its
// budget.
gcut_status tool_plan_of(const tool_common *common, const gcut_trace *trace, const char *path,
                         const tool_cut *cut, gcut_plan **out_plan, gcut_error *err);
// The plan to run. `path` NULL: cut as `cut` says. `fetch` names the values to compute; none: the
// model's outputs.
gcut_status tool_plan_open(const tool_common *common, const gcut_trace *trace, const char *path,
                           const tool_cut *cut, const tool_list *fetch, gcut_plan **out_plan,
                           gcut_error *err);
// The whole graph as one part, fetching the same.
gcut_status tool_plan_whole(const gcut_trace *trace, const gcut_plan *plan, gcut_plan **out_plan,
                            gcut_error *err);

#endif
