// How far a strategy must go to fit the budget: how many parts may stay, how many weights must be
// read in place.
//
// Found by bisection: the further a strategy goes, the less it needs. That holds but for rounding
// and for slots that pair up differently; so before a budget is refused every choice is looked at,
// and what is named is the least of all.
#include "exec/offload/offload.h"
#include "tracer/base/error.h"

typedef struct fit {
  const gcut_problem *problem;
  const gcut__policy *policy;
  gcut__choose *choose;
  void *context;
  gcut_arena *arena; // of one attempt
} fit;

// GCUT_BUDGET where the choice does not fit; *out_least is then what it needs.
static gcut_status attempt(fit *f, uint32_t choice, uint64_t *out_least) {
  gcut__arrangement a;
  f->choose(f->context, choice);
  gcut_arena_reset(f->arena);
  gcut_status status = gcut__arrange(f->problem, f->policy, "", f->arena, &a, NULL);
  *out_least = status == GCUT_BUDGET ? a.least : 0;
  return status;
}

static gcut_status find_leanest(fit *f, uint32_t n, uint32_t *out) {
  uint64_t least = UINT64_MAX, needs;
  for (uint32_t i = 0; i <= n; i++) {
    gcut_status status = attempt(f, i, &needs);
    if (status != GCUT_OK && status != GCUT_BUDGET) return status;
    if (needs >= least) continue;
    least = needs;
    *out = i;
  }
  return GCUT_OK;
}

static gcut_status find(fit *f, uint32_t n, uint32_t *out) {
  uint32_t low = 0;
  uint64_t needs;
  *out = n;
  while (low < *out) {
    uint32_t middle = low + (*out - low) / 2;
    gcut_status status = attempt(f, middle, &needs);
    if (status != GCUT_OK && status != GCUT_BUDGET) return status;
    if (status == GCUT_OK)
      *out = middle;
    else
      low = middle + 1;
  }
  gcut_status status = attempt(f, *out, &needs);
  return status == GCUT_BUDGET ? find_leanest(f, n, out) : status;
}

gcut_status gcut__fit(const gcut_problem *problem, const gcut__policy *policy, uint32_t n,
                      gcut__choose *choose, void *context, gcut_error *err) {
  fit f = {problem, policy, choose, context, gcut_arena_create()};
  uint32_t choice = 0;
  gcut_status status = f.arena ? find(&f, n, &choice) : GCUT_NOMEM;
  gcut_arena_destroy(f.arena);
  if (status != GCUT_OK) return GCUT_NO_MEMORY(err);
  choose(context, choice);
  return GCUT_OK;
}
