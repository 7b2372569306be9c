#include "choose_plan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graphcut/simulate.h"
#include "open_plan.h"
#include "progress.h"

enum { N_GROUPS = 3, N_BUDGETS = 4 };

typedef struct search {
  const tool_choice *choice;
  gcut_plan *best;
  double seconds, next_seconds; // of the best, of the next best
  char cut[80], next_cut[80];   // in words
  uint32_t n_tried;
  gcut_status status; // why the last candidate did not do
  gcut_error err;
  bool all; // look at every candidate: for auto
  tool_progress progress;
} search;

static bool is_auto(const tool_choice *c) {
  return c->offload && !strcmp(c->offload, "auto");
}

bool tool_choice_is_open(const tool_choice *c) {
  return !c->plan && c->cut->targets.n == 0 && c->cut->ignore.n == 0 && c->cut->parts == 0 &&
         c->cut->targets_per_part == 0 && (c->cut->budget > 0 || is_auto(c));
}

static gcut_status predict(const tool_choice *c, const gcut_problem *problem,
                           const gcut_schedule *schedule, double *out_seconds, gcut_error *err) {
  gcut_timeline timeline;
  gcut_summary sum;
  *out_seconds = 0;
  if (!c->profile || !is_auto(c)) return GCUT_OK; // the first that fits is taken
  gcut_status status = gcut_simulate(problem, schedule, c->profile, &timeline, err);
  if (status != GCUT_OK) return status;
  status = gcut_timeline_summarise(problem, schedule, &timeline, &sum, err);
  gcut_timeline_free(&timeline);
  *out_seconds = sum.seconds;
  return status;
}

// Seconds that the plan takes, 0 where nobody asks or there is no profile to tell.
static gcut_status weigh(const search *s, const gcut_plan *plan, double *out, gcut_error *err) {
  gcut_problem *problem;
  gcut_schedule *schedule;
  gcut_status status =
      gcut_problem_create(s->choice->shaped, plan, &s->choice->sizes, &problem, err);
  if (status != GCUT_OK) return status;
  const char *offload = s->choice->offload ? s->choice->offload : "sequential";
  status = gcut_schedule_create(problem, offload, s->choice->profile, &schedule, err);
  if (status == GCUT_OK) {
    status = predict(s->choice, problem, schedule, out, err);
    gcut_schedule_destroy(schedule);
  }
  gcut_problem_destroy(problem);
  return status;
}

static bool is_settled(const search *s) {
  return s->best && !s->all;
}

static void describe(const gcut_cut_options *options, char text[80]) {
  if (options->cutter)
    snprintf(text, 80, "parts of at most %llu bytes", (unsigned long long)options->budget);
  else
    snprintf(text, 80, "%zu target%s to a part", (size_t)options->targets_per_part,
             options->targets_per_part == 1 ? "" : "s");
}

// Takes the plan over where it is the best so far.
static gcut_plan *consider(search *s, gcut_plan *plan, double seconds,
                           const gcut_cut_options *options) {
  char cut[80];
  describe(options, cut);
  if (s->best && seconds >= s->seconds) {
    if (seconds < s->next_seconds) {
      s->next_seconds = seconds;
      memcpy(s->next_cut, cut, sizeof cut);
    }
    return plan;
  }
  gcut_plan *worse = s->best;
  s->next_seconds = s->best ? s->seconds : INFINITY;
  memcpy(s->next_cut, s->cut, sizeof s->cut);
  s->best = plan;
  s->seconds = seconds;
  memcpy(s->cut, cut, sizeof cut);
  return worse;
}

// Cuts and weighs; what does not fit is no failure, but remembered.
static gcut_status try_cut(search *s, const gcut_cut_options *options) {
  gcut_plan *plan;
  gcut_error err;
  double seconds;
  if (is_settled(s)) return GCUT_OK;
  tool_progress_show(&s->progress, s->n_tried++,
                     N_GROUPS + (s->choice->sizes.budget ? N_BUDGETS : 0));
  gcut_status status = gcut_plan_create(s->choice->shaped, options, &plan, &err);
  if (status == GCUT_OK) status = weigh(s, plan, &seconds, &err);
  if (status == GCUT_OK) plan = consider(s, plan, seconds, options);
  gcut_plan_destroy(plan);
  // Of several refusals the one that speaks of the whole budget, or of the finest parts, is told.
  if (status != GCUT_OK && (s->status == GCUT_OK || status != GCUT_BUDGET ||
                            options->budget == s->choice->sizes.budget)) {
    s->status = status;
    s->err = err;
  }
  return status == GCUT_BUDGET ? GCUT_OK : status;
}

static gcut_cut_options base_options(const tool_choice *c) {
  gcut_cut_options options = tool_cut_options(c->cut);
  options.fetch = c->fetch->items;
  options.n_fetch = c->fetch->n;
  options.budget = 0;
  return options;
}

// Parts of the repeated block, one, two and four to a part; then as large as shares of the budget.
static gcut_status try_cuts(search *s) {
  const tool_choice *c = s->choice;
  for (uint32_t i = 0, group = 1; i < N_GROUPS; i++, group *= 2) {
    gcut_cut_options options = base_options(c);
    options.targets_per_part = group;
    gcut_status status = try_cut(s, &options);
    if (status != GCUT_OK) return status;
  }
  uint64_t share = c->sizes.budget;
  for (int i = 0; share && i < N_BUDGETS; i++, share /= 2) {
    gcut_cut_options options = base_options(c);
    options.cutter = "budget";
    options.budget = share;
    gcut_status status = try_cut(s, &options);
    if (status != GCUT_OK) return status;
  }
  return GCUT_OK;
}

static void tell(const search *s) {
  char *note = s->choice->note;
  if (!note || !s->all || !s->best) return;
  int used =
      snprintf(note, TOOL_CUT_NOTE, "auto: cut into %s, predicted %.4g s", s->cut, s->seconds);
  if (isfinite(s->next_seconds))
    used += snprintf(note + used, TOOL_CUT_NOTE - (size_t)used, "; next best %s, %.4g s",
                     s->next_cut, s->next_seconds);
  snprintf(note + used, TOOL_CUT_NOTE - (size_t)used, " (%u cuts tried)", s->n_tried);
}

static gcut_status search_cuts(const tool_choice *choice, gcut_plan **out_plan, gcut_error *err) {
  search s = {
      .choice = choice, .next_seconds = INFINITY, .status = GCUT_OK, .all = is_auto(choice)};
  tool_progress_start(&s.progress, choice->common, "trying cuts", "cuts");
  gcut_status status = try_cuts(&s);
  tool_progress_end(&s.progress);
  if (status == GCUT_OK && !s.best) status = s.status;
  if (status != GCUT_OK) *err = s.err;
  tell(&s);
  *out_plan = s.best;
  return status;
}

gcut_status tool_choose_plan(const tool_choice *choice, gcut_plan **out_plan, gcut_error *err) {
  gcut_plan *plan = NULL;
  gcut_status status;
  *out_plan = NULL;
  if (!choice->shaped || choice->plan)
    return tool_plan_open(choice->common, choice->trace, choice->plan, choice->cut, choice->fetch,
                          out_plan, err);
  if (tool_choice_is_open(choice))
    status = search_cuts(choice, &plan, err);
  else
    status = tool_plan_open(choice->common, choice->shaped, NULL, choice->cut, choice->fetch, &plan,
                            err);
  // The plan must serve batches of any shape.
  if (status == GCUT_OK) status = gcut_plan_rebase(choice->trace, plan, NULL, 0, out_plan, err);
  gcut_plan_destroy(plan);
  return status;
}
