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

// Parts made at targets or in balance may be larger than the budget that was given, too.
static gcut_status check_budget(const gcut_plan *plan, uint64_t budget, gcut_error *err) {
  const gcut_part *worst = &plan->parts[0];
  for (uint32_t i = 1; i < plan->n_parts; i++)
    if (plan->parts[i].peak_bytes > worst->peak_bytes) worst = &plan->parts[i];
  if (budget == 0 || (plan->sized && worst->peak_bytes <= budget)) return GCUT_OK;
  if (!plan->sized) {
    snprintf(err->message, sizeof err->message,
             "budget: what parts take depends on symbolic dimensions; give them sizes (--set)");
    return GCUT_ARGUMENT;
  }
  snprintf(err->message, sizeof err->message,
           "budget: part '%.200s' takes %llu bytes; without --targets and --parts, --budget alone "
           "decides where to cut",
           worst->name, (unsigned long long)worst->peak_bytes);
  return GCUT_BUDGET;
}

gcut_status tool_plan_of(const tool_common *common, const gcut_trace *trace, const char *path,
                         const tool_cut *cut, gcut_plan **out_plan, gcut_error *err) {
  if (path) return gcut_plan_read(trace, path, out_plan, err);
  gcut_status status = tool_plan_cut(common, trace, tool_cut_options(cut), out_plan, err);
  return status == GCUT_OK ? check_budget(*out_plan, cut->budget, err) : status;
}

gcut_status tool_plan_open(const tool_common *common, const gcut_trace *trace, const char *path,
                           const tool_cut *cut, const tool_list *fetch, gcut_plan **out_plan,
                           gcut_error *err) {
  gcut_cut_options options = tool_cut_options(cut);
  *out_plan = NULL;
  options.fetch = fetch->items;
  options.n_fetch = fetch->n;
  // The budget bounds what runs; it cuts only where nothing else says how.
  if (options.n_targets > 0 || options.n_parts > 0) options.budget = 0;
  if (!path) return tool_plan_cut(common, trace, options, out_plan, err);
  gcut_plan *plan;
  gcut_status status = gcut_plan_read(trace, path, &plan, err);
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
