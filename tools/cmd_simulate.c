// graphcut simulate: what a run would take on a machine that need not be here.
#include <stdlib.h>
#include <string.h>

#include "choose_micro.h"
#include "graphcut/output.h"
#include "graphcut/simulate.h"
#include "graphcut/utf8.h"
#include "progress.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  tool_load load;
  const char *profile, *offload, *timeline, *schedule;
  uint32_t batches;
} arguments;

typedef struct outcome { // of one strategy
  const char *name;
  char offload[256], note[512], refusal[512];
  gcut_summary sum;
  uint64_t device_bytes, host_bytes;
  uint32_t n_commands;
  bool feasible;
} outcome;

typedef struct job {
  const arguments *a;
  tool_model model;
  gcut_plan *plan;
  tool_choice choice;
  tool_micro micro;
  gcut_problem *problem, *whole; // in slices or not, as chosen; in whole batches, where auto sliced
  gcut_profile profile;
  outcome chosen, *all; // [n]
  char cut_note[TOOL_CUT_NOTE];
  size_t n;
  tool_progress progress;
  gcut_error err;
} job;

// ---- preparing --------------------------------------------------------------------------------

static gcut_status open_job(job *j) {
  const arguments *a = j->a;
  gcut_status status = a->timeline ? tool_check_writable(a->timeline, &j->err) : GCUT_OK;
  if (status == GCUT_OK && a->schedule && strcmp(a->schedule, "-") != 0)
    status = tool_check_writable(a->schedule, &j->err);
  if (status == GCUT_OK) status = gcut_profile_read(a->profile, &j->profile, &j->err);
  if (status == GCUT_OK)
    status = tool_model_open(&a->common, a->common.operands[0], &a->cut.set, &j->model, &j->err);
  gcut_problem_options sizes = {.n_batches = a->batches,
                                .n_passes = a->load.passes,
                                .budget = a->cut.budget ? a->cut.budget
                                                        : (uint64_t)j->profile.device.memory_bytes,
                                .host_budget = a->load.host_budget};
  gcut_trace *trace = j->model.trace;
  j->choice = (tool_choice){.common = &a->common,
                            .trace = trace,
                            .shaped = trace,
                            .micro_batch = a->load.micro_batch,
                            .plan = a->load.plan,
                            .cut = &a->cut,
                            .fetch = &a->load.fetch,
                            .offload = a->offload ? a->offload : "auto",
                            .profile = &j->profile,
                            .sizes = sizes,
                            .note = j->cut_note};
  if (status == GCUT_OK) status = tool_choose_micro(&j->choice, &j->plan, &j->micro, &j->err);
  sizes.slicing = j->micro.slicing;
  sizes.micro_batch = j->micro.micro_batch;
  if (status == GCUT_OK) status = gcut_problem_create(trace, j->plan, &sizes, &j->problem, &j->err);
  bool sliced_by_auto = j->micro.micro_batch && !a->load.micro_batch;
  if (status == GCUT_OK && sliced_by_auto)
    status = gcut_problem_create(trace, j->plan, &j->choice.sizes, &j->whole, &j->err);
  return status;
}

static void close_job(job *j) {
  free(j->all);
  gcut_problem_destroy(j->problem);
  gcut_problem_destroy(j->whole);
  tool_micro_close(&j->micro);
  gcut_plan_destroy(j->plan);
  tool_model_close(&j->model);
}

// ---- simulating -------------------------------------------------------------------------------

// By way of memory: names are cleaned on their way to the terminal.
static void show_schedule(const job *j, const gcut_schedule *schedule) {
  char *text = NULL;
  size_t size;
  FILE *file = open_memstream(&text, &size);
  if (file) gcut_schedule_print(j->problem, schedule, file);
  if (!file || fclose(file) != 0) tool_out_of_memory();
  fputs(gcut_utf8_clean(text, "\n"), stdout);
  free(text);
}

static gcut_status write_schedule(const job *j, const gcut_schedule *schedule, gcut_error *err) {
  gcut_output output;
  if (!strcmp(j->a->schedule, "-")) {
    show_schedule(j, schedule);
    return GCUT_OK;
  }
  gcut_status status = gcut_output_open(j->a->schedule, &output, err);
  if (status != GCUT_OK) return status;
  gcut_schedule_print(j->problem, schedule, output.stream);
  return gcut_output_commit(&output, err);
}

static gcut_status clock_schedule(const job *j, const gcut_problem *problem,
                                  const gcut_schedule *schedule, bool keep, outcome *out,
                                  gcut_error *err) {
  gcut_timeline timeline;
  gcut_status status = gcut_schedule_verify(problem, schedule, err);
  if (status != GCUT_OK) return status;
  status = gcut_simulate(problem, schedule, &j->profile, &timeline, err);
  if (status != GCUT_OK) return status;
  status = gcut_timeline_summarise(problem, schedule, &timeline, &out->sum, err);
  if (status == GCUT_OK && keep && j->a->timeline)
    status = gcut_timeline_write(problem, schedule, &timeline, NULL, j->a->timeline, err);
  gcut_timeline_free(&timeline);
  return status;
}

// Schedules, verifies and simulates one strategy; not to fit is an outcome, too. Strategies beside
// the one that is chosen (`keep`) are named alone: auto alone slices batches unasked.
static gcut_status try_offload(const job *j, const char *offload, bool keep, outcome *out,
                               gcut_error *err) {
  gcut_schedule *schedule;
  const gcut_problem *problem = keep || !j->whole ? j->problem : j->whole;
  *out = (outcome){.name = offload};
  gcut_status status = gcut_schedule_create(problem, offload, &j->profile, &schedule, err);
  if (status == GCUT_BUDGET) snprintf(out->refusal, sizeof out->refusal, "%.500s", err->message);
  if (status != GCUT_OK) return status;
  snprintf(out->offload, sizeof out->offload, "%s", schedule->offload);
  snprintf(out->note, sizeof out->note, "%s", schedule->note);
  out->device_bytes = schedule->extent[GCUT_SPACE_DEVICE];
  out->host_bytes = schedule->extent[GCUT_SPACE_HOST];
  out->n_commands = schedule->n_commands;
  out->feasible = true;
  status = clock_schedule(j, problem, schedule, keep, out, err);
  if (status == GCUT_OK && keep && j->a->schedule) status = write_schedule(j, schedule, err);
  gcut_schedule_destroy(schedule);
  return status;
}

// The strategy asked for, or all of them.
static gcut_status simulate(job *j) {
  size_t n;
  const gcut_strategy *strategies = gcut_strategies(&n);
  const char *offload = j->a->offload ? j->a->offload : "auto";
  tool_progress_start(&j->progress, &j->a->common, "scheduling", "trials");
  j->problem->progress = tool_progress_of(&j->progress);
  gcut_status status = try_offload(j, offload, true, &j->chosen, &j->err);
  tool_progress_end(&j->progress);
  if (status == GCUT_BUDGET) tool_micro_advise(&j->choice, &j->micro, j->plan, &j->err);
  if (status != GCUT_OK) return status;
  tool_progress_start(&j->progress, &j->a->common, "simulating", "strategies");
  j->problem->progress = (gcut_progress){NULL, NULL};
  j->all = tool_alloc(n, sizeof *j->all);
  for (size_t i = 0; i < n && !j->a->offload; i++) {
    tool_progress_show(&j->progress, i, n);
    if (strcmp(strategies[i].name, offload) != 0)
      status = try_offload(j, strategies[i].name, false, &j->all[j->n], &j->err);
    else
      j->all[j->n] = j->chosen;
    if (status != GCUT_OK && status != GCUT_BUDGET) return status;
    j->all[j->n++].name = strategies[i].name;
  }
  if (j->a->offload) j->all[j->n++] = j->chosen;
  return GCUT_OK;
}

// ---- reporting --------------------------------------------------------------------------------

static json_t *strategy_json(const outcome *o) {
  json_t *object = tool_json_pack("{s:s, s:b}", "name", o->name, "feasible", (int)o->feasible);
  bool is = o->feasible;
  tool_json_set(object, "offload", is ? tool_json_text(o->offload) : json_null());
  tool_json_set(object, "seconds", is ? json_real(o->sum.seconds) : json_null());
  tool_json_set(object, "overlap", is ? json_real(o->sum.overlap) : json_null());
  tool_json_set(object, "peak_device_bytes",
                is ? json_integer((json_int_t)o->device_bytes) : json_null());
  tool_json_set(object, "peak_host_bytes",
                is ? json_integer((json_int_t)o->host_bytes) : json_null());
  tool_json_set(object, "refusal", is ? json_null() : tool_json_text(o->refusal));
  return object;
}

static int print_json(const job *j) {
  const outcome *o = &j->chosen;
  json_t *strategies = json_array();
  for (size_t i = 0; i < j->n; i++) tool_json_append(strategies, strategy_json(&j->all[i]));
  json_t *object = tool_json_pack(
      "{s:o, s:s, s:o, s:o, s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:f, s:f, s:o}", "profile",
      tool_json_text(j->profile.name), "offload", o->offload, "note", tool_json_text(o->note),
      "cut_note", tool_json_text(j->cut_note), "parts", (json_int_t)j->plan->n_parts, "batches",
      (json_int_t)j->a->batches, "commands", (json_int_t)o->n_commands, "seconds", o->sum.seconds,
      "peak_device_bytes", (json_int_t)o->device_bytes, "peak_host_bytes",
      (json_int_t)o->host_bytes, "bytes_up", (json_int_t)o->sum.bytes_up, "bytes_down",
      (json_int_t)o->sum.bytes_down, "overlap", o->sum.overlap, "bubble_seconds",
      o->sum.bubble_seconds, "strategies", strategies);
  tool_micro_json(object, &j->micro, j->problem->n_batches);
  return tool_json_print(object);
}

static void add_outcome(table *t, const outcome *o) {
  char device[TABLE_NUMBER], host[TABLE_NUMBER];
  table_add(t, "%s", o->name);
  if (!o->feasible) {
    table_add(t, "does not fit");
    for (int i = 0; i < 4; i++) table_add(t, "-");
    table_add(t, "%s", o->refusal);
    return;
  }
  table_add(t, "%.4g", o->sum.seconds);
  table_add(t, "%.0f %%", 100 * o->sum.overlap);
  table_add(t, "%.3g", o->sum.bubble_seconds);
  table_add(t, "%s", table_bytes(o->device_bytes, device));
  table_add(t, "%s", table_bytes(o->host_bytes, host));
  table_add(t, "%s", *o->note ? o->note : "");
}

static int print_text(const job *j) {
  static const table_column columns[] = {{"offload", false, false},
                                         {"seconds", true, false},
                                         {"overlap", true, false, true},
                                         {"bubbles, s", true, false, true},
                                         {"device peak", true, false},
                                         {"host peak", true, false, true},
                                         {"", false, true}};
  const outcome *o = &j->chosen;
  uint32_t batches = j->a->batches, parts = j->plan->n_parts;
  char slices[TOOL_SLICES];
  tool_print("%s: %u batch%s%s through %u part%s, %u commands\n", j->profile.name, batches,
             batches == 1 ? "" : "es",
             tool_micro_text(&j->micro, batches, j->problem->n_batches, slices), parts,
             parts == 1 ? "" : "s", o->n_commands);
  tool_print("%s: %.4g s, %.0f %% of copying hidden, nothing computing for %.3g s\n", o->offload,
             o->sum.seconds, 100 * o->sum.overlap, o->sum.bubble_seconds);
  if (*j->cut_note) tool_print("%s\n", j->cut_note);
  if (*j->micro.note) tool_print("%s\n", j->micro.note);
  if (*o->note) tool_print("%s\n", o->note);
  tool_print("\n");
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  for (size_t i = 0; i < j->n; i++) add_outcome(t, &j->all[i]);
  table_print(t, stdout);
  return tool_finish();
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  gcut_status status = tool_cut_check(&a->cut, a->load.plan, true, err);
  if (status == GCUT_OK && a->offload) status = gcut_offload_check(a->offload, err);
  if (status != GCUT_OK || !a->common.json || !a->schedule || strcmp(a->schedule, "-") != 0)
    return status;
  snprintf(err->message, sizeof err->message,
           "--json and --schedule - both write to standard output: name a file");
  return GCUT_ARGUMENT;
}

static int run(const void *given) {
  job j = {.a = given};
  gcut_status status = open_job(&j);
  if (status == GCUT_OK) status = simulate(&j);
  tool_progress_end(&j.progress);
  int exit_status = status == GCUT_OK ? (j.a->common.json ? print_json(&j) : print_text(&j))
                                      : tool_fail(status, &j.err);
  close_job(&j);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_REQUIRED("--profile", NULL, "FILE.json|NAME", READ, profile,
                  "the machine: a file (graphcut device writes one), or h100-pcie, h200-assumed, "
                  "gb200-assumed, rtx4090-assumed, rtx3060-assumed, laptop-8gb-assumed"),
    TOOL_REQUIRED("--batches", NULL, "N", COUNT, batches,
                  "so many batches, of the shapes that --set gives"),
    TOOL_OPTION("--offload", NULL, "NAME[:k=v,...]", TEXT, offload,
                "how weights move: this alone (auto, and the others beside it); see graphcut help "
                "offload"),
    TOOL_LOAD_OPTIONS,
    TOOL_OPTION(
        "--timeline", NULL, "FILE.json|.svg", WRITTEN, timeline,
        "write when each command would run: a trace for ui.perfetto.dev, or a picture (.svg)"),
    TOOL_OPTION("--schedule", NULL, "FILE|-", WRITTEN, schedule,
                "write the schedule as text (-: to standard output)"),
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_simulate = {
    .name = "simulate",
    .operands = "MODEL",
    .summary = "Predicts a run on a machine given in numbers. Weights need not be there; --budget "
               "is the device's memory unless given.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
