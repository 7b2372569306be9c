// graphcut run: streams batches through a model, part by part.
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "choose_micro.h"
#include "open_plan.h"
#include "progress.h"
#include "results.h"
#include "table.h"
#include "tool.h"
#include "tool_json.h"

typedef struct arguments {
  tool_common common;
  tool_cut cut;
  tool_load load;
  tool_list input, expect;
  const char *device, *offload, *output, *timeline, *profile, *spill;
  double rtol, atol;
  bool self_check;
} arguments;

typedef struct job {
  const arguments *a;
  tool_model model;
  gcut_plan *plan;
  tool_batches inputs, expected;
  tool_results results;
  gcut_profile profile;
  gcut_run_options options;
  gcut_run_result result;
  gcut_error err, why; // of the device chosen
  char cut_note[TOOL_CUT_NOTE];
  tool_choice choice;
  tool_micro micro;
  gcut_trace *shaped; // at the shapes of the first batch, or NULL
  gcut_profile known; // of the device, where none is given
} job;

// ---- preparing --------------------------------------------------------------------------------

static void set_options(job *j) {
  const arguments *a = j->a;
  j->options = (gcut_run_options){.device = a->device ? a->device : gcut_device_default(&j->why),
                                  .offload = a->offload,
                                  .budget = a->cut.budget,
                                  .host_budget = a->load.host_budget,
                                  .passes = a->load.passes,
                                  .profile = a->profile ? &j->profile : NULL,
                                  .spill_folder = a->spill,
                                  .timeline = a->timeline};
}

static gcut_status open_plan(job *j) {
  const arguments *a = j->a;
  j->choice = (tool_choice){.common = &a->common,
                            .trace = j->model.trace,
                            .micro_batch = a->load.micro_batch,
                            .plan = a->load.plan,
                            .cut = &a->cut,
                            .fetch = &a->load.fetch,
                            .offload = a->offload,
                            .profile = a->profile ? &j->profile : NULL,
                            .sizes = {.n_batches = (uint32_t)j->inputs.n,
                                      .n_passes = a->load.passes,
                                      .budget = a->cut.budget,
                                      .host_budget = a->load.host_budget,
                                      .early = tool_is_archive(a->output)},
                            .note = j->cut_note};
  gcut_error misfit;
  gcut_status status = GCUT_OK, fits = GCUT_OK;
  if (j->inputs.n > 0)
    fits = tool_batches_trace(&j->inputs, &a->common, &a->cut.set, j->model.trace, &j->shaped,
                              &misfit);
  j->choice.shaped = j->shaped;
  bool weighed = tool_choice_is_open(&j->choice) || (a->offload && !strcmp(a->offload, "auto"));
  if (j->shaped && !j->choice.profile && weighed) {
    status = gcut_device_profile(j->options.device, &j->known, &j->err);
    j->choice.profile = &j->known;
  }
  if (status == GCUT_OK) status = tool_choose_micro(&j->choice, &j->plan, &j->micro, &j->err);
  j->options.micro_batch = j->micro.micro_batch;
  // Inputs that do not fit: the run says so, after what it looks at first, if it gets there; of
  // sizes that were given it knows nothing.
  if (fits == GCUT_OK || (status == GCUT_OK && a->cut.set.n == 0)) return status;
  j->err = misfit;
  return fits;
}

static gcut_status open_job(job *j) {
  const arguments *a = j->a;
  const char *path = a->common.operands[0];
  set_options(j);
  gcut_status status = a->timeline ? tool_check_writable(a->timeline, &j->err) : GCUT_OK;
  if (status == GCUT_OK && a->spill) status = tool_check_folder(a->spill, &j->err);
  if (status == GCUT_OK)
    status = tool_model_open(&a->common, path, &a->cut.set, &j->model, &j->err);
  if (status == GCUT_OK && a->profile) status = gcut_profile_read(a->profile, &j->profile, &j->err);
  if (status == GCUT_OK)
    status = tool_batches_open(j->model.graph, &a->input, false, &j->inputs, &j->err);
  if (status == GCUT_OK) status = open_plan(j);
  if (status == GCUT_OK && a->expect.n)
    status = tool_batches_open(j->model.graph, &a->expect, true, &j->expected, &j->err);
  if (status == GCUT_OK)
    status = tool_results_open(j->model.graph, j->plan, &j->inputs, a->output,
                               a->expect.n ? &j->expected : NULL, &j->results, &j->err);
  j->results.rtol = a->rtol < 0 ? 1e-3 : a->rtol;
  j->results.atol = a->atol < 0 ? 1e-4 : a->atol;
  return status;
}

static void close_job(job *j) {
  tool_results_close(&j->results);
  tool_batches_close(&j->expected);
  tool_batches_close(&j->inputs);
  tool_micro_close(&j->micro);
  gcut_trace_destroy(j->shaped);
  gcut_plan_destroy(j->plan);
  tool_model_close(&j->model);
}

// ---- running ----------------------------------------------------------------------------------

typedef struct watch { // over a run
  tool_progress progress;
  const tool_common *common;
  const char *device, *why; // to be named when the run begins, or NULL
  bool begun;
} watch;

// What prepared it is over: the device has been opened, the schedule made.
static void begin(watch *w) {
  if (w->begun) return;
  w->begun = true;
  tool_progress_end(&w->progress);
  if (w->device) tool_tell_device(w->common, w->device, w->why);
  tool_progress_start(&w->progress, w->common, "running", "parts");
}

static void show(void *context, uint64_t done, uint64_t total) {
  watch *w = context;
  begin(w);
  tool_progress_show(&w->progress, done, total);
}

static gcut_status run_plan(job *j, const gcut_plan *plan, gcut_run_options options,
                            const char *device, gcut_run_result *result) {
  watch w = {.common = &j->a->common, .device = device, .why = j->why.message};
  gcut_source source = tool_batches_source(&j->inputs);
  gcut_sink sink = tool_results_sink(&j->results);
  options.progress = (gcut_progress){show, &w};
  tool_progress_start(&w.progress, w.common, "preparing", "steps");
  gcut_status status = gcut_run(j->model.graph, plan, &options, &source, &sink, result, &j->err);
  if (status == GCUT_OK) begin(&w);
  tool_progress_end(&w.progress);
  return status;
}

// The same batches, in the same slices, through the whole graph at once; every bit must agree.
static gcut_status self_check(job *j) {
  gcut_plan *whole;
  gcut_run_result result;
  gcut_status status = tool_plan_whole(j->model.trace, j->plan, &whole, &j->err);
  if (status != GCUT_OK) return status;
  j->results.checking = true;
  status = run_plan(j, whole,
                    (gcut_run_options){.device = j->options.device,
                                       .offload = "resident",
                                       .micro_batch = j->options.micro_batch},
                    NULL, &result);
  gcut_plan_destroy(whole);
  return status;
}

static gcut_status run_job(job *j) {
  j->results.remember = j->a->self_check;
  gcut_status status = run_plan(j, j->plan, j->options, j->options.device, &j->result);
  if (status == GCUT_BUDGET) tool_micro_advise(&j->choice, &j->micro, j->plan, &j->err);
  if (status == GCUT_OK) status = tool_results_commit(&j->results, &j->err);
  if (status == GCUT_OK && j->a->self_check) status = self_check(j);
  return status;
}

// ---- reporting --------------------------------------------------------------------------------

static json_t *real_json(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

static json_t *compared_json(const job *j) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < j->plan->n_fetches; i++) {
    const tool_compared *c = &j->results.compared[i];
    if (c->name)
      tool_json_append(list, tool_json_pack("{s:o, s:o, s:o, s:b}", "name", tool_json_text(c->name),
                                            "max_abs_error", real_json(c->worst.max_abs_error),
                                            "max_rel_error", real_json(c->worst.max_rel_error),
                                            "ok", (int)c->worst.ok));
  }
  return list;
}

static int print_json(const job *j) {
  const gcut_run_result *r = &j->result;
  json_t *object = tool_json_pack(
      "{s:s, s:s, s:o, s:o, s:I, s:I, s:f, s:f, s:o, s:I, s:I, s:I, s:I, s:f, s:f, s:b, s:o}",
      "device", r->device, "offload", r->offload, "note", tool_json_text(r->note), "cut_note",
      tool_json_text(j->cut_note), "parts", (json_int_t)r->parts, "batches", (json_int_t)r->batches,
      "seconds", r->seconds, "prepare_seconds", r->prepare_seconds, "predicted_seconds",
      r->predicted_seconds > 0 ? json_real(r->predicted_seconds) : json_null(), "peak_device_bytes",
      (json_int_t)r->peak_device_bytes, "peak_host_bytes", (json_int_t)r->peak_host_bytes,
      "bytes_up", (json_int_t)r->bytes_up, "bytes_down", (json_int_t)r->bytes_down, "overlap",
      r->overlap, "bubble_seconds", r->bubble_seconds, "simulated", (int)r->simulated, "compared",
      compared_json(j));
  tool_micro_json(object, &j->micro, r->slices);
  tool_json_set(object, "fetched", tool_results_json(&j->results));
  tool_json_set(object, "fuse", json_boolean(!j->plan->unfused));
  tool_json_set(object, "fused", tool_json_fused(j->model.trace, j->plan->unfused));
  tool_json_set(object, "device_note", tool_json_text(r->device_note));
  tool_json_set(object, "host_nodes", json_integer((json_int_t)r->host_nodes));
  tool_json_set(object, "host_parts", json_integer((json_int_t)r->host_parts));
  tool_json_set(object, "host_lookups", json_integer((json_int_t)r->host_lookups));
  tool_json_set(object, "host_operators", tool_json_text(r->host_operators));
  tool_json_set(object, "self_check",
                j->a->self_check ? json_boolean(!j->results.differs) : json_null());
  return tool_json_print(object);
}

static void print_compared(const job *j) {
  static const table_column columns[] = {{"output", false, true},
                                         {"largest error", true, false},
                                         {"relative", true, false, true},
                                         {"within tolerance", false, false}};
  table *t = table_create(columns, sizeof columns / sizeof *columns);
  for (uint32_t i = 0; i < j->plan->n_fetches; i++) {
    const tool_compared *c = &j->results.compared[i];
    if (!c->name) continue;
    table_add(t, "%s", c->name);
    table_add(t, "%.3g", c->worst.max_abs_error);
    table_add(t, "%.3g", c->worst.max_rel_error);
    table_add(t, "%s", c->worst.ok ? "yes" : "NO");
  }
  tool_print("\n");
  table_print(t, stdout);
}

static const char *lookups_text(const gcut_run_result *r, char text[64]) {
  *text = 0;
  if (r->host_lookups == r->host_parts)
    snprintf(text, 64, ", which look%s rows up there", r->host_parts == 1 ? "s" : "");
  else if (r->host_lookups)
    snprintf(text, 64, ", of which %u look%s rows up there", r->host_lookups,
             r->host_lookups == 1 ? "s" : "");
  return text;
}

static int print_text(const job *j) {
  const gcut_run_result *r = &j->result;
  char device[TABLE_NUMBER], host[TABLE_NUMBER], up[TABLE_NUMBER], down[TABLE_NUMBER];
  char slices[TOOL_SLICES], lookups[64];
  tool_print("%s%llu batch%s%s through %u part%s in %.3f s (%s, %s)\n",
             r->simulated ? "simulated: " : "", (unsigned long long)r->batches,
             r->batches == 1 ? "" : "es", tool_micro_text(&j->micro, r->batches, r->slices, slices),
             r->parts, r->parts == 1 ? "" : "s", r->seconds, r->device, r->offload);
  if (*j->cut_note) tool_print("%s\n", j->cut_note);
  if (*j->micro.note) tool_print("%s\n", j->micro.note);
  if (*r->note) tool_print("%s\n", r->note);
  if (*r->device_note) tool_print("%s: %s\n", r->device, r->device_note);
  if (r->host_nodes)
    tool_print("%u node%s without a kernel for %s computed on the host: %s\n", r->host_nodes,
               r->host_nodes == 1 ? "" : "s", r->device, r->host_operators);
  if (r->host_parts)
    tool_print("%u part%s computed on the host%s\n", r->host_parts, r->host_parts == 1 ? "" : "s",
               lookups_text(r, lookups));
  tool_print("peak: %s on the device, %s of activations on the host\n",
             table_bytes(r->peak_device_bytes, device), table_bytes(r->peak_host_bytes, host));
  tool_print("moved: %s up, %s down; %.0f %% of copying hidden behind computing\n",
             table_bytes(r->bytes_up, up), table_bytes(r->bytes_down, down), 100 * r->overlap);
  if (j->a->expect.n) print_compared(j);
  if (j->a->self_check)
    tool_print("self-check: %s\n",
               j->results.differs ? j->results.difference : "the same bits as the uncut run");
  return tool_finish();
}

static int report(job *j) {
  bool unheard = j->results.archived && j->a->common.quiet && !strcmp(j->a->output, "-");
  int status = j->a->common.json ? print_json(j) : unheard ? 0 : print_text(j);
  if (status != 0) return status;
  if (tool_results_check(&j->results, &j->err) != GCUT_OK) return tool_fail(GCUT_MISMATCH, &j->err);
  if (j->results.differs) {
    snprintf(j->err.message, sizeof j->err.message, "self-check: %.500s%s", j->results.difference,
             tool_is_mixed(&j->result)
                 ? " (parts computed on the host round differently: compare with --expect)"
                 : "");
    return tool_fail(GCUT_MISMATCH, &j->err);
  }
  return 0;
}

// Weights are read where they are mapped: a file that another program shortens meanwhile ends in a
// signal. That is a failure of the input like any other.
static void on_lost_file(int signal) {
  static const char message[] = "graphcut: a file of weights was truncated while it was read\n";
  (void)signal;
  ssize_t ignored = write(STDERR_FILENO, message, sizeof message - 1);
  (void)ignored;
  _exit(3);
}

// What sim, which computes no outputs, has nothing for.
static const char *find_unheard(const arguments *a) {
  return a->output ? "--output" : a->expect.n ? "--expect" : a->self_check ? "--self-check" : NULL;
}

static gcut_status check(const void *given, gcut_error *err) {
  const arguments *a = given;
  const char *kind = "", *unheard;
  gcut_status status = tool_cut_check(&a->cut, a->load.plan, true, err);
  if (status == GCUT_OK && a->offload) status = gcut_offload_check(a->offload, err);
  if (status == GCUT_OK && a->device) status = gcut_device_kind(a->device, &kind, err);
  if (status != GCUT_OK) return status;
  if (!strcmp(kind, "sim") && (unheard = find_unheard(a)))
    snprintf(err->message, sizeof err->message, "sim computes no outputs: leave %s out", unheard);
  else if ((a->rtol >= 0 || a->atol >= 0) && a->expect.n == 0)
    snprintf(err->message, sizeof err->message, "--rtol and --atol are of --expect: give it, too");
  else
    return GCUT_OK;
  return GCUT_ARGUMENT;
}

static int run(const void *given) {
  job j = {.a = given};
  signal(SIGBUS, on_lost_file);
  gcut_status status = open_job(&j);
  if (status == GCUT_OK) status = run_job(&j);
  int exit_status = status == GCUT_OK ? report(&j) : tool_fail(status, &j.err);
  close_job(&j);
  return exit_status;
}

static const tool_option options[] = {
    TOOL_INPUT_OPTION,
    TOOL_LOAD_OPTIONS,
    TOOL_OPTION("--device", NULL, "D", TEXT, device,
                "cuda, cuda:N, cpu, or sim: no machine, but one in numbers, which computes no "
                "outputs (cuda "
                "where a card and its driver are found, else cpu)"),
    TOOL_OPTION("--offload", NULL, "NAME[:k=v,...]", TEXT, offload,
                "how weights move (sequential); see graphcut help offload"),
    TOOL_OPTION("--spill", NULL, "FOLDER", TEXT, spill,
                "folder of the spill file (TMPDIR, or /var/tmp)"),
    TOOL_OPTION(
        "--output", "-o", "PATH|-", WRITTEN, output,
        "write outputs there: an .npz file for one batch, a folder, or a .tar archive (- on "
        "stdout), which takes each as it is made"),
    TOOL_OPTION("--expect", NULL, "PATH...", PATHS, expect, "compare outputs with these"),
    TOOL_OPTION("--rtol", NULL, "R", REAL, rtol, "relative tolerance of --expect (1e-3)"),
    TOOL_OPTION("--atol", NULL, "A", REAL, atol, "absolute tolerance of --expect (1e-4)"),
    TOOL_OPTION("--self-check", NULL, NULL, FLAG, self_check,
                "run the uncut graph, too, and compare bit for bit"),
    TOOL_OPTION("--timeline", NULL, "FILE.json|.svg", WRITTEN, timeline,
                "write when each command ran: a trace for ui.perfetto.dev, or a picture (.svg)"),
    TOOL_OPTION(
        "--profile", NULL, "FILE.json|NAME", READ, profile,
        "the machine that strategies weigh rates by, that sim is, and whose prediction a timeline "
        "shows above the run"),
    TOOL_MODEL_OPTIONS,
    TOOL_OPTIONS_END,
};

const tool_verb tool_verb_run = {
    .name = "run",
    .operands = "MODEL",
    .summary = "Streams batches through a model. Part by part: the weights of each move to the "
               "device once, every batch passes through them, activations wait on the host.",
    .n_operands = 1,
    .options = options,
    .size = sizeof(arguments),
    .run = run,
    .check = check,
};
