// sequential: one part's weights at a time, every batch passes through them, the next part follows
// (llm-compressor's sequential onloading). Copies of weights do not overlap computing; that is what
// prefetch adds.
#include "exec/offload/offload.h"

gcut_status gcut__sequential_decide(const gcut_problem *problem, const gcut__options *options,
                                    const gcut_profile *profile, gcut__policy *policy,
                                    gcut_error *err) {
  (void)problem, (void)options, (void)profile, (void)err;
  policy->ahead = 0;
  return GCUT_OK;
}
