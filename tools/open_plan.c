#include "open_plan.h"

#include <stdlib.h>

#include "progress.h"
#include "tool.h"

gcut_status tool_plan_cut(const tool_common *common, const gcut_trace *trace,
                          gcut_cut_options options, gcut_plan **out_plan, gcut_error *err) {
  tool_progress progress;
  tool_progress_start(&progress, common, "cutting", "steps");
  options.progress = tool_progress_of(&progress);
  gcut_status status = gcut_plan_create(trace, &options, out_plan, err);
  tool_progress_end(&progress);
  return status;
}

gcut_status tool_plan_open(const tool_common *common, const gcut_trace *trace, const char *path,
                           const tool_cut *cut, const tool_list *fetch, gcut_plan **out_plan,
                           gcut_error *err) {
  gcut_cut_options options = tool_cut_options(cut);
  gcut_status status = tool_cut_check(cut, path, err);
  *out_plan = NULL;
  if (status != GCUT_OK) return status;
  options.fetch = fetch->items;
  options.n_fetch = fetch->n;
  // The budget bounds what runs; it cuts only where nothing else says how.
  if (options.n_targets > 0 || options.n_parts > 0) options.budget = 0;
  if (!path) return tool_plan_cut(common, trace, options, out_plan, err);
  gcut_plan *plan;
  status = gcut_plan_read(trace, path, &plan, err);
  *out_plan = plan;
  if (status != GCUT_OK || fetch->n == 0) return status;
  status = gcut_plan_rebase(trace, plan, options.fetch, options.n_fetch, out_plan, err);
  gcut_plan_destroy(plan);
  return status;
}

gcut_status tool_plan_whole(const gcut_trace *trace, const gcut_plan *plan, gcut_plan **out_plan,
                            gcut_error *err) {
  const char **names = tool_alloc(plan->n_fetches, sizeof *names);
  for (uint32_t i = 0; i < plan->n_fetches; i++)
    names[i] = trace->graph->values[plan->fetches[i]].name;
  gcut_cut_options options = {.fetch = names, .n_fetch = plan->n_fetches, .unfused = plan->unfused};
  gcut_status status = gcut_plan_whole(trace, &options, out_plan, err);
  free(names);
  return status;
}
