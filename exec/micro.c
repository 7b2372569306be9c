// The micro-batch: how many elements of a batch are computed at a time.
//
// Slices multiply batches and shrink activations. Powers of two below the batch are tried, from the
// largest: each is a problem of its own, scheduled and simulated as the whole is. Whole batches are
// left whole where they fit and slices do not win clearly: a model of the machine is no better than
// that, and small products run below the rates it goes by.
#include <math.h>

#include "exec/rates.h"
#include "graphcut/simulate.h"
#include "graphcut/slicing.h"
#include "tracer/base/error.h"

static const double WORTH = 0.95; // of the whole's seconds: what slices must take less than
static const double TIE = 1e-9;

enum { MOST_STEPS = 80000 }; // parts on batches: finer slices are not tried where something fits

typedef struct trial {
  const gcut_trace *trace;
  gcut_plan *plan;
  const gcut_problem_options *options;
  const char *offload;
  const gcut_profile *profile;
} trial;

static gcut_status predict(const gcut_problem *problem, const gcut_schedule *schedule,
                           const gcut_profile *profile, double *out, gcut_error *err) {
  gcut_timeline timeline;
  gcut_summary sum;
  GCUT_TRY(gcut_simulate(problem, schedule, profile, &timeline, err));
  gcut_status status = gcut_timeline_summarise(problem, schedule, &timeline, &sum, err);
  gcut_timeline_free(&timeline);
  if (status == GCUT_OK) *out = sum.seconds;
  return status;
}

// Seconds that slices of `n` elements take (0: whole batches); `out` may be NULL. GCUT_BUDGET where
// they do not fit.
static gcut_status attempt(const trial *t, uint32_t n, double *out, gcut_error *err) {
  gcut_problem_options options = *t->options;
  gcut_problem *problem;
  gcut_schedule *schedule = NULL;
  options.micro_batch = n;
  GCUT_TRY(gcut_problem_create(t->trace, t->plan, &options, &problem, err));
  gcut_status status = gcut_schedule_create(problem, t->offload, t->profile, &schedule, err);
  if (status == GCUT_OK && out) status = predict(problem, schedule, t->profile, out, err);
  gcut_schedule_destroy(schedule);
  gcut_problem_destroy(problem);
  return status;
}

// The same, where what does not fit takes forever; err says so of whole batches alone.
static gcut_status weigh(const trial *t, uint32_t n, double *out, gcut_error *err) {
  gcut_error why;
  *out = INFINITY;
  gcut_status status = attempt(t, n, out, &why);
  bool exceeds = status == GCUT_BUDGET;
  if (err && status != GCUT_OK && (!exceeds || n == 0)) *err = why;
  return exceeds ? GCUT_OK : status;
}

// The plan at the shapes of the trace, as a run takes it.
static gcut_status open_trial(const gcut_trace *trace, const gcut_plan *plan,
                              const gcut_problem_options *options, const char *offload,
                              const gcut_profile *profile, trial *out, gcut_error *err) {
  *out = (trial){trace, NULL, options, offload, profile ? profile : &gcut__default_profile};
  return gcut_plan_rebase(trace, plan, NULL, 0, &out->plan, err);
}

uint32_t gcut_micro_halve(uint32_t micro_batch, int64_t batch) {
  int64_t below = micro_batch ? micro_batch : batch;
  uint32_t n = 1;
  if (below <= 1) return 0;
  while (n < UINT32_MAX / 2 && (int64_t)n * 2 < below) n *= 2;
  return n;
}

gcut_status gcut_micro_fit(const gcut_trace *trace, const gcut_plan *plan,
                           const gcut_problem_options *options, const char *offload,
                           const gcut_profile *profile, uint32_t *out, gcut_error *err) {
  trial t;
  int64_t batch = gcut_slicing_batch(options->slicing, trace);
  gcut_status status = open_trial(trace, plan, options, offload, profile, &t, err);
  *out = 0;
  if (status == GCUT_OK) status = GCUT_BUDGET;
  for (uint32_t n = gcut_micro_halve(0, batch); n > 0 && status == GCUT_BUDGET;
       n = gcut_micro_halve(n, batch)) {
    status = attempt(&t, n, NULL, err);
    if (status == GCUT_OK) *out = n;
  }
  gcut_plan_destroy(t.plan);
  return status == GCUT_BUDGET ? GCUT_OK : status;
}

// ---- the choice -------------------------------------------------------------------------------

static void consider(gcut_micro_choice *c, uint32_t n, double seconds) {
  c->n_tried++;
  if (seconds < c->seconds * (1 - TIE) || (isinf(c->seconds) && isfinite(seconds))) {
    c->next = c->micro_batch;
    c->next_seconds = c->seconds;
    c->micro_batch = n;
    c->seconds = seconds;
  } else if (seconds < c->next_seconds) {
    c->next = n;
    c->next_seconds = seconds;
  }
}

static bool is_too_fine(const trial *t, const gcut_micro_choice *c, int64_t batch, uint32_t n) {
  double steps = (double)t->plan->n_parts * (t->options->n_batches ? t->options->n_batches : 1) *
                 (t->options->n_passes ? t->options->n_passes : 1);
  return isfinite(c->seconds) && steps * ceil((double)batch / n) > MOST_STEPS;
}

// Whole batches again, where slices are not worth it.
static void prefer_whole(gcut_micro_choice *c, double whole) {
  if (c->micro_batch == 0 || !isfinite(whole) || c->seconds < whole * WORTH) return;
  c->next = c->micro_batch;
  c->next_seconds = c->seconds;
  c->micro_batch = 0;
  c->seconds = whole;
}

// Where nothing fits, err says why whole batches do not.
static gcut_status choose(const trial *t, gcut_micro_choice *out, gcut_error *err) {
  int64_t batch = gcut_slicing_batch(t->options->slicing, t->trace);
  double whole, seconds;
  GCUT_TRY(weigh(t, 0, &whole, err));
  consider(out, 0, whole);
  for (uint32_t n = gcut_micro_halve(0, batch); n > 0; n = gcut_micro_halve(n, batch)) {
    if (is_too_fine(t, out, batch, n)) break;
    GCUT_TRY(weigh(t, n, &seconds, err));
    consider(out, n, seconds);
  }
  prefer_whole(out, whole);
  return GCUT_OK;
}

gcut_status gcut_micro_choose(const gcut_trace *trace, const gcut_plan *plan,
                              const gcut_problem_options *options, const char *offload,
                              const gcut_profile *profile, gcut_micro_choice *out,
                              gcut_error *err) {
  trial t;
  *out = (gcut_micro_choice){.seconds = INFINITY, .next_seconds = INFINITY};
  gcut_status status = open_trial(trace, plan, options, offload, profile, &t, err);
  if (status == GCUT_OK) status = choose(&t, out, err);
  gcut_plan_destroy(t.plan);
  return status == GCUT_OK && isinf(out->seconds) ? GCUT_BUDGET : status;
}
