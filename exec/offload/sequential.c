// sequential: one part's weights at a time, every batch passes through them, the next part follows
// (llm-compressor's sequential onloading). Copies of weights do not overlap computing; that is what
// prefetch adds. Without a budget it takes the least that it can: what the plan says that its
// largest part needs, with parts that look up on the device as the plan has them.
#include <string.h>

#include "exec/offload/offload.h"

gcut_status gcut__sequential_decide(const gcut_problem *problem, const gcut__options *options,
                                    const gcut_profile *profile, gcut__policy *policy,
                                    gcut_error *err) {
  (void)profile, (void)err;
  policy->ahead = 0;
  policy->least = problem->budget == 0;
  if (policy->least) memset(policy->host, 0, problem->n_parts * sizeof *policy->host);
  if (policy->least && !gcut__option_find(options, "place")) policy->park = false;
  return GCUT_OK;
}
