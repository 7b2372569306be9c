// resident: all weights are loaded once and stay. The plain run that everything else is compared
// with; it fails where the model does not fit.
#include <string.h>

#include "exec/offload/offload.h"

gcut_status gcut__resident_decide(const gcut_problem *problem, const gcut__options *options,
                                  const gcut_profile *profile, gcut__policy *policy,
                                  gcut_error *err) {
  (void)options, (void)profile, (void)err;
  memset(policy->keep, true, problem->n_parts);
  return GCUT_OK;
}
