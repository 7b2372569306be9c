// auto: makes the schedules of the other strategies, simulates them, and takes the fastest.
//
// Candidates are --offload texts, so what it chose can be asked for by name. Each strategy has axes
// (slots, residents, thresholds, micro-batch, place of activations). Where all combinations are
// affordable all are tried; else each strategy is improved one axis at a time from its defaults, on
// as few batches as keep that quick, and the best of each, with all defaults, are simulated in
// full.
//
// Of times that differ little the one that copies less is better: a copy behind computing still
// takes of the memory that computing reads, and what waits for it may wait longer than a simulation
// without noise knows (activations of a decoder that went through the host for a predicted 0.3 %
// took 13 % longer on an H100). So a second of copying counts as a twentieth of a second.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/offload/axes.h"
#include "exec/offload/offload.h"
#include "exec/rates.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"
#include "tracer/base/vector.h"

enum {
  SWEEPS = 3,
  ALL_COMMANDS = 1000000, // simulated for all combinations together
  TRIAL_COMMANDS = 20000, // of one trial otherwise
  COMMANDS_A_RUN = 6,     // of a part on a batch, about
};

static const double TIE = 1e-9, COPYING = 0.05;

typedef struct candidate {
  char text[GCUT__MOST_TEXT];
  double seconds;  // infinite where it does not fit
  double cost;     // what is compared: seconds, and a little for copying
  uint64_t bytes;  // of device memory
  uint32_t policy; // into search.known: what it asks for
} candidate;

static const candidate nothing = {
    .seconds = INFINITY, .cost = INFINITY, .bytes = UINT64_MAX, .policy = GCUT_NONE};

typedef struct family { // candidates of one strategy
  const gcut__axes *axes;
  uint32_t best[GCUT__MOST_AXES]; // value of each axis
  candidate found;                // what that gives
} family;

// A policy that was simulated: texts of different strategies often ask for the same.
typedef struct known {
  uint64_t keep, host, mapped; // hashes
  uint32_t ahead, chunk, n_batches;
  bool park, least;
  double seconds, cost, computing; // of these
  uint64_t bytes;
} known;

typedef struct search {
  const gcut_problem *problem;
  const gcut_profile *profile;
  gcut_arena *arena, *scratch; // scratch: of one candidate
  known *known;                // [n_known]
  uint32_t n_tried, n_known, known_capacity;
  uint64_t n_trials; // that there will be, about
  candidate best, second;
  gcut_error *err;
  char leanest[GCUT__MOST_TEXT]; // of those refused for host memory, what needs least of it
  uint64_t least_host;
} search;

// ---- one candidate ----------------------------------------------------------------------------

static known describe(const gcut_problem *p, const gcut__policy *policy) {
  return (known){.keep = gcut_hash(policy->keep, p->n_parts),
                 .host = gcut_hash(policy->host, p->n_parts),
                 .mapped = gcut_hash(policy->mapped, p->n_weights),
                 .ahead = policy->ahead,
                 .chunk = policy->chunk,
                 .n_batches = p->n_batches,
                 .park = policy->park,
                 .least = policy->least};
}

// Its place, or n_known.
static uint32_t find_known(const search *s, const known *k) {
  uint32_t i = 0;
  for (; i < s->n_known; i++) {
    const known *o = &s->known[i];
    if (o->keep == k->keep && o->host == k->host && o->mapped == k->mapped &&
        o->ahead == k->ahead && o->chunk == k->chunk && o->n_batches == k->n_batches &&
        o->park == k->park && o->least == k->least)
      break;
  }
  return i;
}

// Of trials those count that have all batches: no other of the same policy may follow them.
static void note_refusal(search *s, const gcut_problem *problem, const char *text,
                         uint64_t least_host) {
  if (problem->n_batches < s->problem->n_batches || least_host == 0 || least_host >= s->least_host)
    return;
  s->least_host = least_host;
  snprintf(s->leanest, sizeof s->leanest, "%s", text);
}

static gcut_status clock_policy(search *s, const gcut_problem *problem, const gcut__policy *policy,
                                const char *text, known *out) {
  gcut_schedule *schedule;
  gcut_timeline timeline;
  gcut_summary sum;
  out->seconds = out->cost = INFINITY;
  out->bytes = UINT64_MAX;
  uint64_t least = 0;
  gcut_status status = gcut__schedule_policy(problem, policy, text, "", &schedule, &least, NULL);
  if (status == GCUT_BUDGET) note_refusal(s, problem, text, least);
  if (status == GCUT_BUDGET) return GCUT_OK;
  if (status != GCUT_OK) return status;
  status = gcut_simulate(problem, schedule, s->profile, &timeline, NULL);
  if (status == GCUT_OK) {
    status = gcut_timeline_summarise(problem, schedule, &timeline, &sum, NULL);
    gcut_timeline_free(&timeline);
    out->seconds = sum.seconds;
    out->cost = sum.seconds + COPYING * sum.copy_seconds;
    out->computing = sum.compute_seconds;
    out->bytes = schedule->extent[GCUT_SPACE_DEVICE];
  }
  gcut_schedule_destroy(schedule);
  return status;
}

// What the candidate's schedule takes; infinite seconds where it does not fit.
static gcut_status simulate(search *s, const gcut_problem *problem, candidate *c) {
  gcut__policy policy;
  const gcut_progress *progress = &s->problem->progress;
  gcut_arena_reset(s->scratch);
  GCUT_TRY(gcut__tell(progress, s->n_tried, s->n_trials, s->err));
  s->n_tried++;
  GCUT_TRY(gcut__policy_parse(problem, c->text, s->profile, s->scratch, &policy, NULL));
  known new = describe(problem, &policy);
  c->policy = find_known(s, &new);
  if (c->policy == s->n_known) {
    if (!gcut_vector_reserve((void **)&s->known, &s->known_capacity, s->n_known, 1, sizeof new))
      return GCUT_NOMEM;
    GCUT_TRY(clock_policy(s, problem, &policy, c->text, &new));
    s->known[s->n_known++] = new;
  }
  c->seconds = s->known[c->policy].seconds;
  c->cost = s->known[c->policy].cost;
  c->bytes = s->known[c->policy].bytes;
  return GCUT_OK;
}

static bool is_same_strategy(const char *a, const char *b) {
  size_t n = strcspn(a, ":");
  return n == strcspn(b, ":") && strncmp(a, b, n) == 0;
}

// Equal costs go to the one that takes less memory.
static bool is_better(const candidate *a, const candidate *b) {
  double share = a->cost / b->cost;
  if (share > 1 - TIE && share < 1 + TIE) return a->bytes < b->bytes;
  return a->cost < b->cost;
}

// Remembers the best, and the best of another strategy that does not come to the same.
static void consider(search *s, const candidate *c) {
  bool same = is_same_strategy(s->best.text, c->text) || s->best.policy == c->policy;
  if (is_better(c, &s->best)) {
    if (!same) s->second = s->best;
    s->best = *c;
  } else if (!same && is_better(c, &s->second)) {
    s->second = *c;
  }
}

// ---- searching --------------------------------------------------------------------------------

static gcut_status try_at(search *s, family *f, const gcut_problem *problem, const uint32_t *at) {
  candidate c;
  gcut__axes_text(f->axes, at, c.text);
  GCUT_TRY(simulate(s, problem, &c));
  if (is_better(&c, &f->found)) {
    f->found = c;
    memcpy(f->best, at, sizeof f->best);
  }
  return GCUT_OK;
}

static gcut_status try_all(search *s, family *f) {
  uint64_t n = gcut__axes_combinations(f->axes);
  for (uint64_t i = 0; i < n; i++) {
    uint32_t at[GCUT__MOST_AXES] = {0};
    uint64_t rest = i;
    for (uint32_t k = 0; k < f->axes->n; k++) {
      at[k] = (uint32_t)(rest % f->axes->items[k].n);
      rest /= f->axes->items[k].n;
    }
    GCUT_TRY(try_at(s, f, s->problem, at));
  }
  return GCUT_OK;
}

// One axis at a time, until nothing gets better.
static gcut_status climb(search *s, family *f, const gcut_problem *problem) {
  uint32_t start[GCUT__MOST_AXES] = {0};
  GCUT_TRY(try_at(s, f, problem, start));
  for (int sweep = 0; sweep < SWEEPS; sweep++) {
    double before = f->found.cost;
    for (uint32_t k = 0; k < f->axes->n; k++)
      for (uint32_t value = 0; value < f->axes->items[k].n; value++) {
        uint32_t at[GCUT__MOST_AXES];
        memcpy(at, f->best, sizeof at);
        at[k] = value;
        if (value != f->best[k]) GCUT_TRY(try_at(s, f, problem, at));
      }
    if (!(f->found.cost < before)) break;
  }
  return GCUT_OK;
}

static gcut_status confirm(search *s, const family *f, const uint32_t *at) {
  candidate c;
  gcut__axes_text(f->axes, at, c.text);
  GCUT_TRY(simulate(s, s->problem, &c));
  consider(s, &c);
  return GCUT_OK;
}

static uint64_t commands_of(const gcut_problem *p) {
  return (uint64_t)p->n_parts * p->n_batches * p->n_passes * COMMANDS_A_RUN;
}

// The same with as many batches as a trial may have.
static gcut_problem trial_problem(const gcut_problem *p) {
  gcut_problem trial = *p;
  uint64_t a_batch = commands_of(p) / p->n_batches, n = TRIAL_COMMANDS / (a_batch ? a_batch : 1);
  trial.n_batches = n < 2 ? 2 : (uint32_t)n;
  if (trial.n_batches > p->n_batches) trial.n_batches = p->n_batches;
  return trial;
}

// One batch at a time, left on the device or on the host: what takes least of either memory.
static gcut_status try_leanest(search *s, const family *f) {
  uint32_t at[GCUT__MOST_AXES] = {0}, place = 0;
  for (uint32_t k = 0; k < f->axes->n; k++) {
    if (!strcmp(f->axes->items[k].key, "place")) place = k;
    if (!strcmp(f->axes->items[k].key, "batches")) at[k] = 1;
    if (!strcmp(f->axes->items[k].key, "min-tokens")) at[k] = f->axes->items[k].n - 1;
  }
  for (at[place] = 0; at[place] < f->axes->items[place].n; at[place]++) GCUT_TRY(confirm(s, f, at));
  return GCUT_OK;
}

// Climbs mostly end after the second sweep.
static uint64_t count_climbs(const gcut__axes *axes, uint32_t n) {
  uint64_t trials = 2 * n; // where they start, and defaults in full
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t k = 0; k < axes[i].n; k++) trials += 2 * (axes[i].items[k].n - 1u);
  return trials;
}

static gcut_status search_all(search *s) {
  static const uint32_t defaults[GCUT__MOST_AXES] = {0};
  gcut__axes axes[GCUT__MOST_FAMILIES];
  family families[GCUT__MOST_FAMILIES];
  uint32_t n = gcut__axes_list(s->problem, axes);
  for (uint32_t i = 0; i < n; i++) families[i] = (family){.axes = &axes[i], .found = nothing};
  uint64_t combinations = 0;
  for (uint32_t i = 0; i < n; i++) combinations += gcut__axes_combinations(families[i].axes);
  bool all = combinations * commands_of(s->problem) <= ALL_COMMANDS;
  s->n_trials = n + (all ? combinations : count_climbs(axes, n));
  gcut_problem trial = trial_problem(s->problem);
  for (uint32_t i = 0; i < n; i++) {
    family *f = &families[i];
    GCUT_TRY(all ? try_all(s, f) : climb(s, f, &trial));
    GCUT_TRY(confirm(s, f, f->best));
    if (!all && memcmp(f->best, defaults, sizeof defaults)) GCUT_TRY(confirm(s, f, defaults));
  }
  for (uint32_t i = 0; i < n && isinf(s->best.seconds); i++) GCUT_TRY(try_leanest(s, &families[i]));
  return GCUT_OK;
}

// What was chosen, how much of its time something computes, and what the runner-up would cost.
static const char *explain(const search *s) {
  const candidate *a = &s->best, *b = &s->second;
  if (isinf(a->seconds)) return "";
  double busy = a->seconds > 0 ? 100 * s->known[a->policy].computing / a->seconds : 100;
  if (isinf(b->seconds))
    return gcut_arena_format(
        s->arena,
        "auto: %s, predicted %.4g s, computing %.0f %% of it; no other strategy fits (%u tried)",
        a->text, a->seconds, busy, s->n_tried);
  return gcut_arena_format(
      s->arena,
      "auto: %s, predicted %.4g s, computing %.0f %% of it; next best %s, %.4g s%s (%u tried)",
      a->text, a->seconds, busy, b->text, b->seconds,
      b->seconds < a->seconds ? " but more copying" : "", s->n_tried);
}

gcut_status gcut__auto_decide(const gcut_problem *problem, const gcut__options *options,
                              const gcut_profile *profile, gcut__policy *policy, gcut_error *err) {
  search s = {.problem = problem,
              .profile = profile ? profile : &gcut__default_profile,
              .arena = options->arena,
              .best = nothing,
              .second = nothing,
              .err = err,
              .leanest = "sequential",
              .least_host = UINT64_MAX};
  if (problem->n_batches == 0) return GCUT_OK;
  s.scratch = gcut_arena_create();
  gcut_status status = s.scratch ? search_all(&s) : GCUT_NOMEM;
  const char *note = status == GCUT_OK ? explain(&s) : "";
  gcut_arena_destroy(s.scratch);
  free(s.known);
  if (status == GCUT_STOPPED) return status;
  if (status != GCUT_OK) return GCUT_FAIL(err, status, "auto: a trial failed");
  if (isinf(s.best.seconds))
    memcpy(s.best.text, s.leanest, sizeof s.leanest); // it says what would do
  char *chosen = gcut_arena_string(options->arena, s.best.text, strlen(s.best.text));
  if (!chosen || !note) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut__policy_parse(problem, chosen, s.profile, options->arena, policy, err));
  policy->chosen = chosen;
  policy->note = note;
  return GCUT_OK;
}
