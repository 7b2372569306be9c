// How far a strategy must go to fit the budget: how many parts may stay, how many weights must be
// read in place.
//
// Found by bisection: the further a strategy goes, the less it needs. That holds but for rounding
// and for slots that pair up differently; so before a budget is refused every choice is looked at,
// and what is named is the least of all.
#include <string.h>

#include "exec/offload/offload.h"
#include "tracer/base/error.h"

typedef struct fit {
  const gcut_problem *problem;
  const gcut__policy *policy;
  gcut__choose *choose;
  void *context;
  gcut_arena *arena;       // of one attempt
  gcut__measures measures; // of the last attempt
  bool *mapped;            // [n_weights] then
} fit;

// Every round of all parts takes the same loads: in so many each load has met the one behind it and
// every slot, and more rounds need no more.
static gcut_problem shorten(const gcut_problem *problem, const gcut__policy *policy) {
  gcut_problem p = *problem;
  uint32_t rounds = policy->ahead + 2;
  uint64_t batches = (uint64_t)rounds * policy->chunk;
  if (p.n_batches > batches) p.n_batches = (uint32_t)batches;
  if (p.n_passes > rounds) p.n_passes = rounds;
  return p;
}

// Weights of the parts of which others are read in place than in the last attempt.
static void measure_again(fit *f) {
  for (uint32_t i = 0; i < f->problem->n_parts; i++) {
    const gcut_stage *part = &f->problem->parts[i];
    const bool *now = f->policy->mapped + part->first_weight;
    bool *then = f->mapped + part->first_weight;
    if (memcmp(now, then, part->n_weights * sizeof *now) == 0) continue;
    memcpy(then, now, part->n_weights * sizeof *now);
    f->measures.weight_bytes[i] = gcut_stage_bytes(part, f->policy->mapped);
  }
}

// GCUT_BUDGET where the choice does not fit; *out_least is then what it needs.
static gcut_status attempt(fit *f, uint32_t choice, uint64_t *out_least) {
  gcut__arrangement a;
  f->choose(f->context, choice);
  measure_again(f);
  gcut_arena_reset(f->arena);
  gcut_status status = gcut__arrange(f->problem, f->policy, &f->measures, "", f->arena, &a, NULL);
  *out_least = status == GCUT_BUDGET ? a.least : 0;
  return status;
}

static gcut_status open(fit *f, gcut_arena *kept) {
  size_t bytes = f->problem->n_weights * sizeof *f->mapped;
  f->mapped = gcut_arena_copy(kept, f->policy->mapped, bytes);
  return f->mapped ? gcut__measure(f->problem, f->policy, kept, &f->measures, NULL) : GCUT_NOMEM;
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
  const gcut_problem rounds = shorten(problem, policy);
  fit f = {&rounds, policy, choose, context, gcut_arena_create(), {0}, NULL};
  gcut_arena *kept = gcut_arena_create();
  uint32_t choice = 0;
  gcut_status status = f.arena && kept ? open(&f, kept) : GCUT_NOMEM;
  if (status == GCUT_OK) status = find(&f, n, &choice);
  gcut_arena_destroy(f.arena);
  gcut_arena_destroy(kept);
  if (status != GCUT_OK) return GCUT_NO_MEMORY(err);
  choose(context, choice);
  return GCUT_OK;
}
