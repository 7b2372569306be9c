// hybrid: a part that few tokens pass through computes on the host, where its weights are; one with
// many is onloaded (ik_llama.cpp #255 and #520). Without `min-tokens` each part goes where the
// profile says it is done sooner: on the host, or loaded while others compute.
#include <math.h>

#include "exec/offload/offload.h"
#include "exec/rates.h"
#include "tracer/base/error.h"

// Tokens of all batches that pass through a part while its weights are there.
static uint64_t tokens_a_load(const gcut_problem *p, const gcut__policy *policy, uint32_t part) {
  uint64_t tokens = 0, loads = (p->n_batches + policy->chunk - 1) / policy->chunk;
  for (uint32_t b = 0; b < p->n_batches; b++) tokens += p->parts[part].work[p->classes[b]].tokens;
  return loads ? tokens / loads : 0;
}

static double seconds_on(const gcut__rates *r, uint32_t part, bool on_host) {
  double seconds = 0;
  for (uint32_t b = 0; b < r->problem->n_batches; b++)
    seconds += gcut__run_seconds(r, NULL, part, r->problem->classes[b], on_host, false);
  return seconds;
}

static double load_seconds(const gcut__rates *r, const gcut__policy *policy, uint32_t part) {
  double bytes = (double)gcut_stage_bytes(&r->problem->parts[part], NULL);
  double rate = fmin(gcut__copy_rate(&r->profile->up, bytes), r->load_cap);
  uint32_t loads = (r->problem->n_batches + policy->chunk - 1) / policy->chunk;
  return bytes > 0 ? loads * bytes / rate : 0;
}

gcut_status gcut__hybrid_decide(const gcut_problem *problem, const gcut__options *options,
                                const gcut_profile *profile, gcut__policy *policy,
                                gcut_error *err) {
  uint64_t least, ahead;
  gcut__rates rates;
  gcut__rates_init(&rates, problem, profile ? profile : &gcut__default_profile);
  GCUT_TRY(gcut__option_number(options, "min-tokens", 0, UINT64_MAX, 0, &least, err));
  GCUT_TRY(gcut__option_number(options, "ahead", 0, GCUT__MOST_AHEAD, 1, &ahead, err));
  policy->ahead = (uint32_t)ahead;
  bool given = gcut__option_find(options, "min-tokens") != NULL;
  for (uint32_t i = 0; i < problem->n_parts; i++)
    if (!policy->host[i])
      policy->host[i] = given ? tokens_a_load(problem, policy, i) < least
                              : seconds_on(&rates, i, true) < fmax(seconds_on(&rates, i, false),
                                                                   load_seconds(&rates, policy, i));
  return GCUT_OK;
}
