// graphcut bench: every strategy on one model, run and measured, side by side.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "choose_plan.h"
#include "graphcut/schedule.h"
#include "progress.h"
#include "results.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  tool_load load;
  tool_list input, offload;
  const char *device, *profile;
  uint32_t repeat;
} arguments;

typedef struct outcome { // of one strategy
  const char *offload;
  gcut_run_result result; // the fastest of the repetitions
  char refusal[512];
  bool ran, same; // same: the bits of the first that ran
  bool excused;   // it or the first computed parts on the host, whose kernels round differently
} outcome;

typedef struct job {
  const arguments *a;
  tool_model model;
  gcut_plan *plan;
  tool_batches inputs;
  tool_results results;
  gcut_profile profile;
  const char *device;
  outcome *all; // [n]
  size_t n;
  gcut_error err, why; // of the device chosen
} job;

// ---- preparing --------------------------------------------------------------------------------

static void list_offloads(job *j) {
  size_t n;
  const gcut_strategy *strategies = gcut_strategies(&n);
  j->n = j->a->offload.n ? j->a->offload.n : n;
  j->all = tool_alloc(j->n, sizeof *j->all);
  for (size_t i = 0; i < j->n; i++)
    j->all[i].offload = j->a->offload.n ? j->a->offload.items[i] : strategies[i].name;
}

// The rates that auto and hybrid go by and predictions rest on: measured, unless given.
static gcut_status open_profile(job *j) {
  char description[256];
  if (j->a->profile) return gcut_profile_read(j->a->profile, &j->profile, &j->err);
  return tool_device_measure(&j->a->common, j->device, &j->profile, description, sizeof description,
                             &j->err);
}

// As run cuts for strategies that do not choose: one plan for all of them.
static gcut_status open_plan(job *j) {
  const arguments *a = j->a;
  tool_choice choice = {.common = &a->common,
                        .trace = j->model.trace,
                        .plan = a->load.plan,
                        .cut = &a->cut,
                        .fetch = &a->load.fetch,
                        .sizes = {.n_batches = (uint32_t)j->inputs.n,
                                  .n_passes = a->load.passes,
                                  .budget = a->cut.budget,
                                  .host_budget = a->load.host_budget}};
  gcut_trace *shaped = NULL;
  gcut_error misfit;
  gcut_status fits = GCUT_OK;
  if (j->inputs.n > 0)
    fits =
        tool_batches_trace(&j->inputs, &a->common, &a->cut.set, j->model.trace, &shaped, &misfit);
  choice.shaped = shaped;
  gcut_status status = tool_choose_plan(&choice, &j->plan, &j->err);
  gcut_trace_destroy(shaped);
  // Inputs that do not fit: the run says so, if it gets there; of sizes given it knows nothing.
  if (fits == GCUT_OK || (status == GCUT_OK && a->cut.set.n == 0)) return status;
  j->err = misfit;
  return fits;
}

static gcut_status open_job(job *j) {
  const arguments *a = j->a;
  gcut_status status =
      tool_model_open(&a->common, a->common.operands[0], &a->cut.set, &j->model, &j->err);
  if (status == GCUT_OK)
    status = tool_batches_open(j->model.graph, &a->input, false, &j->inputs, &j->err);
  if (status == GCUT_OK) status = open_plan(j);
  if (status == GCUT_OK)
    status =
        tool_results_open(j->model.graph, j->plan, &j->inputs, NULL, NULL, &j->results, &j->err);
  j->device = a->device ? a->device : gcut_device_default(&j->why);
  if (status == GCUT_OK) status = open_profile(j);
  if (status == GCUT_OK) list_offloads(j);
  return status;
}

static void close_job(job *j) {
  free(j->all);
  tool_results_close(&j->results);
  tool_batches_close(&j->inputs);
  gcut_plan_destroy(j->plan);
  tool_model_close(&j->model);
}

// ---- running ----------------------------------------------------------------------------------

static gcut_status run_once(job *j, outcome *o, gcut_run_result *result) {
  tool_progress progress;
  gcut_source source = tool_batches_source(&j->inputs);
  gcut_sink sink = tool_results_sink(&j->results);
  tool_progress_start(&progress, &j->a->common, o->offload, "parts");
  gcut_run_options options = {.device = j->device,
                              .offload = o->offload,
                              .budget = j->a->cut.budget,
                              .host_budget = j->a->load.host_budget,
                              .passes = j->a->load.passes,
                              .micro_batch = tool_micro_of(&j->a->load),
                              .profile = &j->profile,
                              .progress = tool_progress_of(&progress)};
  gcut_status status = gcut_run(j->model.graph, j->plan, &options, &source, &sink, result, &j->err);
  tool_progress_end(&progress);
  return status;
}

static gcut_status run_offload(job *j, outcome *o) {
  uint32_t repeat = j->a->repeat ? j->a->repeat : 1;
  j->results.differs = false;
  for (uint32_t i = 0; i < repeat; i++) {
    gcut_run_result result;
    gcut_status status = run_once(j, o, &result);
    if (status == GCUT_BUDGET) {
      snprintf(o->refusal, sizeof o->refusal, "%.500s", j->err.message);
      return GCUT_OK;
    }
    if (status != GCUT_OK) return status;
    if (!o->ran || result.seconds < o->result.seconds) o->result = result;
    o->ran = true;
    j->results.checking = true; // against the first that ran
  }
  o->same = !j->results.differs;
  return GCUT_OK;
}

static gcut_status run_all(job *j) {
  const outcome *first = NULL;
  j->results.remember = true;
  for (size_t i = 0; i < j->n; i++) {
    outcome *o = &j->all[i];
    gcut_status status = run_offload(j, o);
    if (status != GCUT_OK) return status;
    if (o->ran && !first) {
      first = o;
      tool_tell_device(&j->a->common, j->device, j->why.message);
    }
    o->excused = o->ran && (tool_is_mixed(&o->result) || tool_is_mixed(&first->result));
  }
  return first ? GCUT_OK : GCUT_BUDGET; // the message is what the last was refused with
}

// ---- reporting --------------------------------------------------------------------------------

static json_t *outcome_json(const outcome *o) {
  const gcut_run_result *r = &o->result;
  if (!o->ran)
    return tool_json_pack("{s:s, s:b, s:n, s:n, s:o}", "name", o->offload, "feasible", 0, "seconds",
                          "peak_device_bytes", "refusal", tool_json_text(o->refusal));
  return tool_json_pack(
      "{s:s, s:b, s:s, s:o, s:f, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:b}", "name", o->offload,
      "feasible", 1, "offload", r->offload, "note", tool_json_text(r->note), "seconds", r->seconds,
      "predicted_seconds", r->predicted_seconds, "overlap", r->overlap, "bubble_seconds",
      r->bubble_seconds, "peak_device_bytes", (json_int_t)r->peak_device_bytes, "peak_host_bytes",
      (json_int_t)r->peak_host_bytes, "bytes_up", (json_int_t)r->bytes_up, "bytes_down",
      (json_int_t)r->bytes_down, "same_bits", (int)o->same);
}

static int print_json(const job *j) {
  json_t *list = json_array();
  for (size_t i = 0; i < j->n; i++) tool_json_append(list, outcome_json(&j->all[i]));
  return tool_json_print(tool_json_pack("{s:s, s:o, s:I, s:I, s:o}", "device", j->device, "profile",
                                        tool_json_text(j->profile.name), "parts",
                                        (json_int_t)j->plan->n_parts, "batches",
                                        (json_int_t)j->inputs.n, "strategies", list));
}

static void add_outcome(table *t, const outcome *o) {
  char device[TABLE_NUMBER], host[TABLE_NUMBER], up[TABLE_NUMBER];
  const gcut_run_result *r = &o->result;
  table_add(t, "%s", o->offload);
  if (!o->ran) {
    table_add(t, "does not fit");
    for (int i = 0; i < 6; i++) table_add(t, "-");
    table_add(t, "%s", o->refusal);
    return;
  }
  table_add(t, "%.3f", r->seconds);
  table_add(t, "%.3f", r->predicted_seconds);
  table_add(t, "%.0f %%", 100 * r->overlap);
  table_add(t, "%s", table_bytes(r->peak_device_bytes, device));
  table_add(t, "%s", table_bytes(r->peak_host_bytes, host));
  table_add(t, "%s", table_bytes(r->bytes_up, up));
  table_add(t, "%s", o->same ? "same" : o->excused ? "rounded" : "DIFFER");
  table_add(t, "%s", r->note);
}

static int print_text(const job *j) {
  static const table_column columns[] = {{"offload", false, true},
                                         {"seconds", true, false},
                                         {"predicted", true, false, true},
                                         {"overlap", true, false, true},
                                         {"device peak", true, false, true},
                                         {"host peak", true, false, true},
                                         {"moved up", true, false, true},
                                         {"bits", false, false},
                                         {"", false, true, true}};
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < j->n; i++) add_outcome(t, &j->all[i]);
  table_print(t, stdout);
  return tool_finish();
}

static int report(job *j) {
  int status = j->a->common.json ? print_json(j) : print_text(j);
  for (size_t i = 0; i < j->n && status == 0; i++)
    if (j->all[i].ran && !j->all[i].same && !j->all[i].excused) {
      snprintf(j->err.message, sizeof j->err.message, "%s: %s", j->all[i].offload,
               "outputs differ from the first strategy's");
      status = tool_fail(GCUT_MISMATCH, &j->err);
    }
  return status;
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  const char *kind = "";
  gcut_status status = tool_cut_check(&a->cut, a->load.plan, true, err);
  if (status == GCUT_OK && a->device) status = gcut_device_kind(a->device, &kind, err);
  for (size_t i = 0; i < a->offload.n && status == GCUT_OK; i++)
    status = gcut_offload_check(a->offload.items[i], err);
  if (status != GCUT_OK || strcmp(kind, "sim") != 0) return status;
  snprintf(err->message, sizeof err->message, "sim runs nothing: graphcut simulate predicts");
  return GCUT_ARGUMENT;
}

static int run(const void *given) {
  job j = {.a = given};
  gcut_status status = open_job(&j);
  if (status == GCUT_OK) status = run_all(&j);
  int exit_status = status == GCUT_OK ? report(&j) : tool_fail(status, &j.err);
  close_job(&j);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_INPUT_OPTION,
    TOOL_LOAD_OPTIONS,
    TOOL_OPTION("--offload", NULL, "NAME[:k=v,...]...", PATHS, offload,
                "how weights move: these alone (every strategy); see graphcut help offload"),
    TOOL_OPTION("--repeat", NULL, "N", COUNT, repeat, "run each so often and show the fastest (1)"),
    TOOL_OPTION("--device", NULL, "D", TEXT, device,
                "cuda, cuda:N or cpu (cuda where a card and its driver are found, else cpu)"),
    TOOL_OPTION("--profile", NULL, "FILE.json|NAME", READ, profile,
                "the machine that predictions are made for (measured now)"),
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_bench = {
    .name = "bench",
    .operands = "MODEL",
    .summary = "Runs every strategy on one model, side by side. Shows what each took, what was "
               "predicted, and that all give the same bits (beside a card, parts that a strategy "
               "computes on the host may round differently).",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
