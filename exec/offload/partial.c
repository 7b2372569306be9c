// partial: some parts stay, the rest stream (asked for in diffusers #12749). Spread over the model
// (strided) each stay gives the wire time to catch up; a prefix lets it idle and then fall behind
// (SGLang #34534 moved from one to the other). Without `keep` as many stay as the budget allows.
#include "exec/offload/offload.h"
#include "tracer/base/error.h"

// Of n parts, k evenly spread: the i-th stays where the line k/n rises past a whole number.
static bool stays(uint32_t i, uint32_t n, uint64_t k, bool prefix) {
  return prefix ? i < k : (i + 1) * k / n > i * k / n;
}

static bool may_stay(const gcut_problem *p, const gcut__policy *policy, uint32_t part) {
  return p->parts[part].n_weights > 0 && !policy->host[part];
}

static void keep_some(const gcut_problem *p, uint64_t k, bool prefix, gcut__policy *policy) {
  uint32_t n = 0, i = 0;
  for (uint32_t part = 0; part < p->n_parts; part++) n += may_stay(p, policy, part);
  for (uint32_t part = 0; part < p->n_parts; part++)
    policy->keep[part] = may_stay(p, policy, part) && stays(i++, n, k < n ? k : n, prefix);
}

typedef struct residents {
  const gcut_problem *problem;
  gcut__policy *policy;
  bool prefix;
} residents;

static void keep_all_but(void *context, uint32_t n) {
  residents *r = context;
  keep_some(r->problem, r->problem->n_parts - n, r->prefix, r->policy);
}

gcut_status gcut__partial_decide(const gcut_problem *problem, const gcut__options *options,
                                 const gcut_profile *profile, gcut__policy *policy,
                                 gcut_error *err) {
  (void)profile;
  static const char *const orders[] = {"strided", "prefix", NULL};
  uint32_t prefix;
  uint64_t keep, ahead;
  GCUT_TRY(gcut__option_choice(options, "order", orders, 0, &prefix, err));
  GCUT_TRY(gcut__option_number(options, "ahead", 0, GCUT__MOST_AHEAD, 1, &ahead, err));
  GCUT_TRY(gcut__option_number(options, "keep", 0, UINT32_MAX, 0, &keep, err));
  policy->ahead = (uint32_t)ahead;
  if (gcut__option_find(options, "keep")) {
    keep_some(problem, keep, prefix, policy);
    return GCUT_OK;
  }
  residents r = {problem, policy, prefix};
  return gcut__fit(problem, policy, problem->n_parts, keep_all_but, &r, err);
}
