#include "choose_micro.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graphcut/run.h"
#include "graphcut/simulate.h"
#include "progress.h"
#include "tool.h"
#include "tool_json.h"

static bool is_auto(const tool_choice *c) {
  return c->offload && !strcmp(c->offload, "auto");
}

// ---- proof ------------------------------------------------------------------------------------

// Whether any input has more than one row: what may be a batch that can be divided.
static bool has_rows(const gcut_trace *shaped) {
  const gcut_body *body = &shaped->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_type *type = &shaped->facts[body->inputs[i]].type;
    if (type->kind == GCUT_KIND_TENSOR && type->rank > 0 && type->dims[0] > 1) return true;
  }
  return false;
}

// Of the values that a plan computes; without one, of those that are fetched, or the outputs.
static gcut_status prove(const tool_choice *choice, const gcut_plan *plan, gcut_slicing **out,
                         gcut_error *err) {
  gcut_trace *symbolic;
  gcut_plan *whole = NULL;
  gcut_status status = gcut_trace_folded(choice->trace->graph, NULL, &symbolic, err);
  *out = NULL;
  if (status != GCUT_OK) return status;
  const gcut_cut_options options = {.fetch = choice->fetch->items, .n_fetch = choice->fetch->n};
  if (!plan) status = gcut_plan_whole(symbolic, &options, &whole, err);
  if (status == GCUT_OK) {
    const gcut_plan *asked = plan ? plan : whole;
    status = gcut_slicing_create(symbolic, asked->fetches, asked->n_fetches, out, err);
  }
  gcut_plan_destroy(whole);
  gcut_trace_destroy(symbolic);
  return status;
}

// ---- slices that were asked for, or that fit ----------------------------------------------------

// A plan for slices of that size, by their shapes and as many as they are.
static gcut_status plan_slices(const tool_choice *choice, const gcut_slicing *slicing, uint32_t n,
                               gcut_plan **out_plan, gcut_error *err) {
  int64_t batch = choice->shaped ? gcut_slicing_batch(slicing, choice->shaped) : 0;
  if (batch <= n) return tool_choose_plan(choice, out_plan, err);
  tool_choice sliced = *choice;
  gcut_trace *slice;
  uint32_t each = choice->sizes.n_batches ? choice->sizes.n_batches : 1;
  double n_batches = (double)each * (double)((batch - 1) / n + 1);
  sliced.sizes.n_batches = n_batches < UINT32_MAX ? (uint32_t)n_batches : UINT32_MAX - 1;
  *out_plan = NULL;
  gcut_status status = gcut_slicing_trace(slicing, choice->shaped, n, &slice, err);
  if (status != GCUT_OK) return status;
  sliced.shaped = slice;
  status = tool_choose_plan(&sliced, out_plan, err);
  gcut_trace_destroy(slice);
  return status;
}

// The first plan for slices that fits, from the largest slices down; *out_n 0 where none does.
static gcut_status plan_fitting(const tool_choice *choice, const gcut_slicing *slicing,
                                gcut_plan **out_plan, uint32_t *out_n, gcut_error *err) {
  int64_t batch = gcut_slicing_batch(slicing, choice->shaped);
  for (*out_n = gcut_micro_halve(0, batch); *out_n; *out_n = gcut_micro_halve(*out_n, batch)) {
    gcut_status status = plan_slices(choice, slicing, *out_n, out_plan, err);
    if (status != GCUT_BUDGET) return status;
  }
  return GCUT_BUDGET;
}

static void append_advice(gcut_error *err, uint32_t n) {
  size_t used = strlen(err->message);
  snprintf(err->message + used, sizeof err->message - used, "; --micro-batch %u would do", n);
}

// ---- auto -------------------------------------------------------------------------------------

static void name_size(uint32_t micro_batch, char text[32]) {
  if (micro_batch)
    snprintf(text, 32, "slices of %u", micro_batch);
  else
    snprintf(text, 32, "whole batches");
}

static void tell(const gcut_micro_choice *c, char note[TOOL_CUT_NOTE]) {
  char name[32], next[32];
  name_size(c->micro_batch, name);
  name_size(c->next, next);
  int used = snprintf(note, TOOL_CUT_NOTE, "auto: %s, predicted %.4g s", name, c->seconds);
  if (isfinite(c->next_seconds))
    used += snprintf(note + used, TOOL_CUT_NOTE - (size_t)used, "; next best %s, %.4g s", next,
                     c->next_seconds);
  else
    used += snprintf(note + used, TOOL_CUT_NOTE - (size_t)used, "; nothing else fits");
  snprintf(note + used, TOOL_CUT_NOTE - (size_t)used, " (%u sizes tried)", c->n_tried);
}

// The sizes weighed for a plan; seconds are infinite where nothing fits.
static gcut_status weigh_sizes(const tool_choice *choice, const gcut_slicing *slicing,
                               const gcut_plan *plan, gcut_micro_choice *out, gcut_error *err) {
  gcut_problem_options sizes = choice->sizes;
  sizes.slicing = slicing;
  tool_progress progress;
  tool_progress_start(&progress, choice->common, "trying sizes of slices", "sizes");
  gcut_status status =
      gcut_micro_choose(choice->shaped, plan, &sizes, choice->offload, choice->profile, out, err);
  tool_progress_end(&progress);
  return status == GCUT_BUDGET ? GCUT_OK : status;
}

// A plan and the best size of slices for it.
typedef struct weighed {
  gcut_plan *plan;
  gcut_micro_choice size;
} weighed;

// Seeks cuts with slices of that size, and takes them where slices, of whatever size, are faster.
static gcut_status cut_for(const tool_choice *choice, const gcut_slicing *slicing, uint32_t size,
                           weighed *best, bool *out_better, gcut_error *err) {
  char note[TOOL_CUT_NOTE] = "";
  tool_choice again = *choice;
  weighed other;
  again.note = note;
  *out_better = false;
  gcut_status status = plan_slices(&again, slicing, size, &other.plan, err);
  if (status != GCUT_OK) return status == GCUT_BUDGET ? GCUT_OK : status;
  status = weigh_sizes(choice, slicing, other.plan, &other.size, err);
  if (status == GCUT_OK && other.size.seconds < best->size.seconds) {
    weighed worse = *best;
    *out_better = true;
    *best = other;
    other = worse;
    if (choice->note) memcpy(choice->note, note, sizeof note);
  }
  gcut_plan_destroy(other.plan);
  return status;
}

// Cuts that were weighed with whole batches may not be the best for slices, nor those for small
// slices the best for larger ones: they are sought again with slices of the size found, then of
// twice and half that size, as long as it helps.
static gcut_status cut_again(const tool_choice *choice, const gcut_slicing *slicing, weighed *best,
                             gcut_error *err) {
  const uint32_t start = best->size.micro_batch;
  int64_t batch = gcut_slicing_batch(slicing, choice->shaped);
  bool better;
  gcut_status status = cut_for(choice, slicing, start, best, &better, err);
  better = true;
  for (uint32_t n = start; status == GCUT_OK && better && n < batch - n; n *= 2)
    status = cut_for(choice, slicing, n * 2, best, &better, err);
  better = best->size.micro_batch <= start;
  for (uint32_t n = start / 2; status == GCUT_OK && better && n > 0; n /= 2)
    status = cut_for(choice, slicing, n, best, &better, err);
  return status;
}

// Where nothing fits, whoever makes the schedule says so.
static gcut_status choose_size(const tool_choice *choice, gcut_plan **plan, tool_micro *out,
                               gcut_error *err) {
  weighed best = {.plan = *plan};
  gcut_status status = weigh_sizes(choice, out->slicing, best.plan, &best.size, err);
  if (status == GCUT_OK && best.size.micro_batch && tool_choice_is_open(choice))
    status = cut_again(choice, out->slicing, &best, err);
  *plan = best.plan;
  if (status != GCUT_OK || isinf(best.size.seconds)) return status;
  out->micro_batch = best.size.micro_batch;
  tell(&best.size, out->note);
  return GCUT_OK;
}

// ---- the choice -------------------------------------------------------------------------------

// Nobody says how: whole batches, unless auto knows better or they do not fit.
static gcut_status choose_freely(const tool_choice *choice, gcut_plan **out_plan, tool_micro *out,
                                 gcut_error *err) {
  gcut_error barred;
  const gcut_trace *shaped = choice->shaped;
  gcut_status status = tool_choose_plan(choice, out_plan, err);
  bool fits = status != GCUT_BUDGET;
  if ((fits && (status != GCUT_OK || !is_auto(choice))) || !shaped || !has_rows(shaped))
    return status;
  gcut_status proof = prove(choice, *out_plan, &out->slicing, &barred);
  if (proof == GCUT_UNSUPPORTED && fits)
    snprintf(out->note, sizeof out->note, "auto: whole batches; %.250s", barred.message);
  if (proof != GCUT_OK || gcut_slicing_batch(out->slicing, shaped) <= 1) return status;
  if (fits) return choose_size(choice, out_plan, out, err);
  gcut_plan *plan = NULL;
  uint32_t n;
  status = plan_fitting(choice, out->slicing, &plan, &n, &barred);
  if (status == GCUT_OK && is_auto(choice)) {
    *out_plan = plan;
    return choose_size(choice, out_plan, out, err);
  }
  if (status == GCUT_OK) append_advice(err, n);
  gcut_plan_destroy(plan);
  return status == GCUT_OK ? GCUT_BUDGET : status;
}

// What was asked for: a plan file says itself what is computed.
static gcut_status choose_asked(const tool_choice *choice, gcut_plan **out_plan, tool_micro *out,
                                gcut_error *err) {
  gcut_status status = GCUT_OK;
  if (choice->plan) status = tool_choose_plan(choice, out_plan, err);
  if (status == GCUT_OK) status = prove(choice, *out_plan, &out->slicing, err);
  if (status != GCUT_OK || choice->plan) return status;
  return plan_slices(choice, out->slicing, out->micro_batch, out_plan, err);
}

gcut_status tool_choose_micro(const tool_choice *choice, gcut_plan **out_plan, tool_micro *out,
                              gcut_error *err) {
  *out = (tool_micro){0};
  *out_plan = NULL;
  if (choice->micro_batch == GCUT_NONE) return tool_choose_plan(choice, out_plan, err);
  if (choice->micro_batch == 0) return choose_freely(choice, out_plan, out, err);
  out->micro_batch = choice->micro_batch;
  return choose_asked(choice, out_plan, out, err);
}

void tool_micro_close(tool_micro *micro) {
  gcut_slicing_destroy(micro->slicing);
  *micro = (tool_micro){0};
}

const char *tool_micro_text(const tool_micro *micro, uint64_t batches, uint64_t slices,
                            char text[TOOL_SLICES]) {
  *text = 0;
  if (slices > batches && micro->slicing)
    snprintf(text, TOOL_SLICES, " in %llu slices along '%.80s'", (unsigned long long)slices,
             micro->slicing->symbol);
  return text;
}

void tool_micro_json(json_t *object, const tool_micro *micro, uint64_t slices) {
  tool_json_set(object, "micro_batch", json_integer(micro->micro_batch));
  tool_json_set(object, "sliced_along",
                micro->micro_batch ? tool_json_text(micro->slicing->symbol) : json_null());
  tool_json_set(object, "slices", json_integer((json_int_t)slices));
  tool_json_set(object, "micro_note", tool_json_text(micro->note));
}

void tool_micro_advise(const tool_choice *choice, const tool_micro *micro, const gcut_plan *plan,
                       gcut_error *err) {
  const gcut_trace *shaped = choice->shaped;
  gcut_problem_options sizes = choice->sizes;
  gcut_slicing *proved = NULL;
  gcut_error ignored;
  uint32_t n = 0;
  if (choice->micro_batch || micro->micro_batch || !shaped || !plan || !has_rows(shaped)) return;
  if (!micro->slicing && prove(choice, plan, &proved, &ignored) != GCUT_OK) return;
  sizes.slicing = micro->slicing ? micro->slicing : proved;
  const char *offload = choice->offload ? choice->offload : "sequential";
  if (gcut_micro_fit(shaped, plan, &sizes, offload, choice->profile, &n, &ignored) == GCUT_OK && n)
    append_advice(err, n);
  gcut_slicing_destroy(proved);
}
