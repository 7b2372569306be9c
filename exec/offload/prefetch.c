// prefetch: in every group of parts the last ones stream, a few ahead of the one that computes,
// through as many slots and one (vLLM's group_size, num_in_group and prefetch_step; there the slots
// are one fewer, so that the first step of consecutive streamed parts hides nothing). The loads of
// the next pass begin while this one ends.
#include "exec/offload/offload.h"
#include "tracer/base/error.h"

gcut_status gcut__prefetch_decide(const gcut_problem *problem, const gcut__options *options,
                                  const gcut_profile *profile, gcut__policy *policy,
                                  gcut_error *err) {
  (void)profile;
  uint64_t group, stream, ahead;
  GCUT_TRY(gcut__option_number(options, "group", 1, UINT32_MAX, 1, &group, err));
  GCUT_TRY(gcut__option_number(options, "stream", 0, group, group, &stream, err));
  GCUT_TRY(gcut__option_number(options, "ahead", 0, GCUT__MOST_AHEAD, 1, &ahead, err));
  for (uint32_t i = 0; i < problem->n_parts; i++) policy->keep[i] = i % group < group - stream;
  policy->ahead = (uint32_t)ahead;
  return GCUT_OK;
}
