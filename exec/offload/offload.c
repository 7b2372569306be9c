// The table of strategies, and the way from an --offload text to a schedule.
#include "exec/offload/offload.h"

#include <string.h>

#include "tracer/base/error.h"

#define X(name, stays, options, summary) {#name, summary, options},
static const gcut_strategy strategies[] = {GCUT__STRATEGY_LIST(X)};
#undef X

typedef gcut_status (*decide)(const gcut_problem *, const gcut__options *, const gcut_profile *,
                              gcut__policy *, gcut_error *);
#define X(name, stays, options, summary) {gcut__##name##_decide, stays},
static const struct {
  decide decide;
  bool stays;
} deciders[] = {GCUT__STRATEGY_LIST(X)};
#undef X

enum { N_STRATEGIES = sizeof strategies / sizeof *strategies };

const gcut_strategy *gcut_strategies(size_t *out_n) {
  *out_n = N_STRATEGIES;
  return strategies;
}

static size_t find_strategy(const char *name) {
  size_t i = 0;
  while (i < N_STRATEGIES && strcmp(strategies[i].name, name) != 0) i++;
  return i;
}

const gcut_strategy *gcut__strategy_find(const char *name) {
  size_t i = find_strategy(name);
  return i < N_STRATEGIES ? &strategies[i] : NULL;
}

gcut_status gcut_offload_check(const char *offload, gcut_error *err) {
  gcut__options options;
  gcut_arena *arena = gcut_arena_create();
  gcut_status status =
      arena ? gcut__options_parse(offload, arena, &options, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(arena);
  return status;
}

gcut_status gcut__policy_parse(const gcut_problem *problem, const char *offload,
                               const gcut_profile *profile, gcut_arena *arena, gcut__policy *out,
                               gcut_error *err) {
  gcut__options options;
  GCUT_TRY(gcut__options_parse(offload, arena, &options, err));
  size_t strategy = find_strategy(options.strategy);
  GCUT_TRY(gcut__policy_init(problem, &options, deciders[strategy].stays, arena, out, err));
  return deciders[strategy].decide(problem, &options, profile, out, err);
}

static gcut_status create(const gcut_problem *problem, const char *offload,
                          const gcut_profile *profile, gcut_arena *arena,
                          gcut_schedule **out_schedule, gcut_error *err) {
  gcut__policy policy;
  GCUT_TRY(gcut__policy_parse(problem, offload, profile, arena, &policy, err));
  return gcut__schedule_policy(problem, &policy, policy.chosen ? policy.chosen : offload,
                               policy.note ? policy.note : "", out_schedule, NULL, err);
}

gcut_status gcut_schedule_create(const gcut_problem *problem, const char *offload,
                                 const gcut_profile *profile, gcut_schedule **out_schedule,
                                 gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  *out_schedule = NULL;
  gcut_status status =
      arena ? create(problem, offload, profile, arena, out_schedule, err) : GCUT_NO_MEMORY(err);
  gcut_arena_destroy(arena);
  return status;
}
