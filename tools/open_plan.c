#include "open_plan.h"

#include <stdlib.h>
#include <string.h>

gcut_status tool_plan_open(const gcut_trace *trace, const char *path, const tool_cut *cut,
                           const tool_list *fetch, gcut_plan **out_plan, gcut_error *err) {
  gcut_cut_options options = tool_cut_options(cut);
  options.fetch = fetch->items;
  options.n_fetch = fetch->n;
  // The budget bounds what runs; it cuts only where nothing else says how.
  if (options.n_targets > 0 || options.n_parts > 0) options.budget = 0;
  if (!path) return gcut_plan_create(trace, &options, out_plan, err);
  gcut_status status = gcut_plan_read(trace, path, out_plan, err);
  if (status != GCUT_OK || fetch->n == 0) return status;
  gcut_plan_destroy(*out_plan);
  *out_plan = NULL;
  snprintf(err->message, sizeof err->message, "'%.600s' says what is fetched: leave out --fetch",
           path);
  return GCUT_ARGUMENT;
}

gcut_status tool_plan_whole(const gcut_trace *trace, const gcut_plan *plan, gcut_plan **out_plan,
                            gcut_error *err) {
  const char **names = calloc(plan->n_fetches + 1u, sizeof *names);
  *out_plan = NULL;
  if (!names) return GCUT_NOMEM;
  for (uint32_t i = 0; i < plan->n_fetches; i++)
    names[i] = trace->graph->values[plan->fetches[i]].name;
  gcut_cut_options options = {.fetch = names, .n_fetch = plan->n_fetches};
  gcut_status status = gcut_plan_whole(trace, &options, out_plan, err);
  free(names);
  return status;
}
