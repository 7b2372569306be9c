// From a plan and batches to results: shapes, programs, problem, schedule, execution.
#include "graphcut/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "exec/interpret.h"
#include "exec/problem.h"
#include "exec/slices.h"
#include "exec/trim.h"
#include "tracer/base/error.h"

typedef struct session {
  const gcut_graph *graph;
  const gcut_plan *plan;
  gcut_plan *exact;  // the plan at the shapes of the batches, where all have the same; else NULL
  gcut_plan trimmed; // else this
  const gcut_run_options *options;
  const gcut_source *source;
  const gcut_sink *sink;
  gcut_arena *arena;
  gcut__shapes shapes;
  gcut__device *device, *host;
  gcut__program **programs, **host_programs; // [n_parts * n_classes]
  size_t n_programs;
  gcut_work *work;
  gcut_problem problem;
  gcut_schedule *schedule;
  bool *on_host;                              // [n_parts] the schedule runs it there
  uint32_t n_host_parts, n_lookups;           // of these, those that look up
  gcut__part_weights *weights, *host_weights; // [n_parts]
  gcut__store store;
  gcut_timeline timeline, predicted; // what was expected: empty without a profile
} session;

static double seconds_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

// ---- before any work --------------------------------------------------------------------------

static gcut_status check_weights(const session *s, gcut_error *err) {
  for (uint32_t p = 0; p < s->plan->n_parts; p++)
    for (uint32_t i = 0; i < s->plan->parts[p].n_constants; i++) {
      const gcut_value *v = &s->graph->values[s->plan->parts[p].constants[i]];
      if (v->constant == GCUT_NONE) continue;
      const gcut_constant *k = &s->graph->constants[v->constant];
      if (k->bytes == 0 || k->data) continue;
      const char *path = k->file < s->graph->n_files ? s->graph->files[k->file].path : "?";
      return GCUT_FAIL(err, GCUT_FORMAT, "weights file '%.600s' is not there (it holds '%.200s')",
                       path, v->name);
    }
  return GCUT_OK;
}

// No node of a part is one that will not run.
static gcut_status check_nodes(const session *s, gcut_error *err) {
  const char **why = GCUT_NEW_ARRAY(s->arena, const char *, s->graph->n_nodes);
  if (!why) return GCUT_NO_MEMORY(err);
  for (uint32_t c = 0; c < s->shapes.n_classes; c++) {
    const gcut_trace *trace = s->shapes.traces[c];
    for (uint32_t i = 0; i < trace->n_refused; i++)
      why[trace->refused[i].node] = trace->refused[i].why;
  }
  for (uint32_t p = 0; p < s->plan->n_parts; p++)
    for (uint32_t i = 0; i < s->plan->parts[p].n_nodes; i++) {
      const char *refusal = why[s->plan->parts[p].nodes[i]];
      if (refusal) return GCUT_FAIL(err, GCUT_UNSUPPORTED, "%s", refusal);
    }
  return GCUT_OK;
}

// ---- programs ---------------------------------------------------------------------------------

static void destroy_programs(gcut__device *device, gcut__program **programs, size_t n) {
  for (size_t i = 0; programs && i < n; i++)
    if (programs[i]) device->ops->program_destroy(programs[i]);
}

// `wanted`: [n_parts] which parts; NULL: all.
static gcut_status compile_parts(session *s, gcut__device *device, const bool *wanted,
                                 gcut__program ***out_programs, gcut_error *err) {
  gcut__program **programs = *out_programs =
      GCUT_NEW_ARRAY(s->arena, gcut__program *, s->n_programs);
  if (!programs) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < s->plan->n_parts; p++)
    for (uint32_t c = 0; c < s->shapes.n_classes && (!wanted || wanted[p]); c++)
      GCUT_TRY(device->ops->compile(device, s->shapes.traces[c], &s->plan->parts[p],
                                    &programs[(size_t)p * s->shapes.n_classes + c], err));
  return GCUT_OK;
}

static gcut_status list_work(session *s, gcut_error *err) {
  s->work = GCUT_NEW_ARRAY(s->arena, gcut_work, s->n_programs);
  if (!s->work) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < s->n_programs; i++) {
    s->work[i] = s->programs[i]->work;
    s->work[i].tokens = gcut__count_tokens(s->programs[i]->trace, s->programs[i]->part);
  }
  return GCUT_OK;
}

static gcut_status make_problem(session *s, gcut_error *err) {
  uint64_t budget = s->options->budget;
  if (!budget && s->device->ops->memory_bytes) budget = s->device->ops->memory_bytes(s->device);
  gcut__problem_spec spec = {.plan = s->plan,
                             .traces = (const gcut_trace *const *)s->shapes.traces,
                             .n_classes = s->shapes.n_classes,
                             .classes = s->shapes.classes,
                             .n_batches = s->shapes.n_batches,
                             .n_passes = s->options->passes,
                             .work = s->work,
                             .budget = budget,
                             .host_budget = s->options->host_budget,
                             .early = s->sink->early};
  return gcut__problem_create(&spec, s->arena, &s->problem, err);
}

// A part reads and takes along what it does at the shapes of the batches and no more: what only
// folded nodes read stays behind. Where all batches have the same shapes, what they make is a
// weight.
static gcut_status fit_plan(session *s, gcut_error *err) {
  if (s->shapes.n_classes != 1) {
    GCUT_TRY(gcut__trim(s->plan, &s->shapes, &s->trimmed, err));
    s->plan = &s->trimmed;
    return GCUT_OK;
  }
  GCUT_TRY(gcut_plan_rebase(s->shapes.traces[0], s->plan, NULL, 0, &s->exact, err));
  s->plan = s->exact;
  return GCUT_OK;
}

static gcut_status prepare(session *s, gcut_error *err) {
  s->arena = gcut_arena_create();
  if (!s->arena) return GCUT_NO_MEMORY(err);
  if (s->source->n_batches == 0) return GCUT_FAIL(err, GCUT_ARGUMENT, "no batches to run");
  GCUT_TRY(check_weights(s, err));
  GCUT_TRY(gcut__device_open(s->options->device, &s->device, err));
  GCUT_TRY(gcut__shapes_create(s->graph, s->plan, s->source, &s->shapes, err));
  GCUT_TRY(fit_plan(s, err));
  GCUT_TRY(check_nodes(s, err));
  s->n_programs = (size_t)s->plan->n_parts * s->shapes.n_classes;
  GCUT_TRY(compile_parts(s, s->device, NULL, &s->programs, err));
  GCUT_TRY(list_work(s, err));
  return make_problem(s, err);
}

// ---- schedule ---------------------------------------------------------------------------------

static gcut_status make_schedule(session *s, gcut_error *err) {
  gcut_profile profile;
  const gcut_profile *rates = s->options->profile;
  if (!rates && s->device->ops->profile) {
    GCUT_TRY(s->device->ops->profile(s->device, &profile, err));
    rates = &profile;
  }
  const char *offload = s->options->offload ? s->options->offload : "sequential";
  GCUT_TRY(gcut_schedule_create(&s->problem, offload, rates, &s->schedule, err));
  return gcut_schedule_verify(&s->problem, s->schedule, err);
}

static gcut_status list_weights(session *s, uint32_t part, gcut_error *err) {
  const gcut_stage *stage = &s->problem.parts[part];
  uint64_t *offsets = GCUT_NEW_ARRAY(s->arena, uint64_t, stage->n_weights);
  const gcut_constant **constants =
      GCUT_NEW_ARRAY(s->arena, const gcut_constant *, stage->n_weights);
  if (!offsets || !constants) return GCUT_NO_MEMORY(err);
  GCUT_TRY(gcut_stage_layout(stage, s->schedule->mapped, offsets, err));
  for (uint32_t i = 0; i < stage->n_weights; i++)
    constants[i] = gcut__constant_of(s->shapes.traces[0], stage->weights[i].value);
  s->weights[part] = (gcut__part_weights){.graph = s->graph,
                                          .weights = stage->weights,
                                          .constants = constants,
                                          .offsets = offsets,
                                          .n = stage->n_weights,
                                          .part = part,
                                          .bytes = gcut_stage_bytes(stage, s->schedule->mapped)};
  return GCUT_OK;
}

static gcut_status list_all_weights(session *s, gcut_error *err) {
  uint32_t n = s->plan->n_parts;
  s->weights = GCUT_NEW_ARRAY(s->arena, gcut__part_weights, n);
  if (!s->weights) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < n; p++) GCUT_TRY(list_weights(s, p, err));
  s->host_weights = gcut_arena_copy(s->arena, s->weights, n * sizeof *s->weights);
  return s->host_weights ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status find_host_parts(session *s, gcut_error *err) {
  s->on_host = GCUT_NEW_ARRAY(s->arena, bool, s->plan->n_parts);
  if (!s->on_host) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < s->schedule->n_commands; i++) {
    const gcut_command *c = &s->schedule->commands[i];
    if (c->kind != GCUT_RUN || c->queue != GCUT_QUEUE_HOST || s->on_host[c->part]) continue;
    s->on_host[c->part] = true;
    s->n_host_parts++;
    s->n_lookups += s->problem.parts[c->part].looks_up;
  }
  return GCUT_OK;
}

// ---- execution --------------------------------------------------------------------------------

static gcut_status reserve(session *s, gcut_error *err) {
  void *memory;
  uint64_t slab = s->options->budget ? s->options->budget : s->schedule->extent[GCUT_SPACE_DEVICE];
  GCUT_TRY(
      s->device->ops->reserve(s->device, slab, s->schedule->extent[GCUT_SPACE_HOST], &memory, err));
  s->store.memory = memory;
  if (s->n_host_parts == 0) return GCUT_OK;
  GCUT_TRY(gcut__cpu_device_create(&s->host, err));
  gcut__cpu_device_adopt(s->host, memory, s->schedule->extent[GCUT_SPACE_HOST]);
  return compile_parts(s, s->host, s->on_host, &s->host_programs, err);
}

// Outputs that are constants have no command that writes them: they go with the others of their
// batch, where those go together.
static gcut_status write_constants(session *s, gcut_error *err) {
  bool *written = GCUT_NEW_ARRAY(s->arena, bool, s->problem.n_batches);
  if (!written) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < s->schedule->n_commands && !s->sink->early; i++)
    if (s->schedule->commands[i].kind == GCUT_WRITE) written[s->schedule->commands[i].batch] = true;
  for (uint32_t b = 0; b < s->problem.n_batches; b++)
    if (!written[b]) GCUT_TRY(gcut__store_write_constants(&s->store, b, err));
  return GCUT_OK;
}

static gcut_status execute(session *s, gcut_error *err) {
  GCUT_TRY(list_all_weights(s, err));
  s->store = (gcut__store){.graph = s->graph,
                           .plan = s->plan,
                           .problem = &s->problem,
                           .shapes = &s->shapes,
                           .source = s->source,
                           .sink = s->sink};
  GCUT_TRY(reserve(s, err));
  GCUT_TRY(gcut__store_open(&s->store, s->schedule->extent[GCUT_SPACE_SPILL],
                            s->options->spill_folder, err));
  gcut__execution x = {.problem = &s->problem,
                       .schedule = s->schedule,
                       .device = s->device,
                       .host = s->host,
                       .programs = s->programs,
                       .host_programs = s->host_programs,
                       .weights = s->weights,
                       .host_weights = s->host_weights,
                       .store = &s->store,
                       .progress = s->options->progress};
  GCUT_TRY(gcut__interpret(&x, &s->timeline, err));
  return write_constants(s, err);
}

static void close_session(session *s) {
  for (uint32_t p = 0; s->host_weights && p < s->plan->n_parts; p++) {
    if (s->weights[p].state) s->device->ops->unload(s->device, &s->weights[p]);
    if (s->host_weights[p].state) s->host->ops->unload(s->host, &s->host_weights[p]);
  }
  gcut__store_close(&s->store);
  if (s->host) {
    destroy_programs(s->host, s->host_programs, s->n_programs);
    s->host->ops->destroy(s->host);
  }
  if (s->device) {
    destroy_programs(s->device, s->programs, s->n_programs);
    s->device->ops->destroy(s->device);
  }
  gcut_timeline_free(&s->timeline);
  gcut_timeline_free(&s->predicted);
  gcut_schedule_destroy(s->schedule);
  gcut_plan_destroy(s->exact);
  gcut__shapes_free(&s->shapes);
  gcut_arena_destroy(s->arena);
}

// ---- results ----------------------------------------------------------------------------------

static bool op_listed(const session *s, const char *op, const uint32_t *nodes, uint32_t n) {
  for (uint32_t i = 0; i < n; i++)
    if (!strcmp(s->graph->nodes[nodes[i]].op_type, op)) return true;
  return false;
}

// Adds an operator's count to the text; what does not fit is left out.
static void add_operator(gcut_run_result *r, const char *op, uint32_t count) {
  size_t used = strlen(r->host_operators), left = sizeof r->host_operators - used;
  int n =
      snprintf(r->host_operators + used, left, "%s%" PRIu32 " %.80s", used ? ", " : "", count, op);
  if (n < 0 || (size_t)n >= left) r->host_operators[used] = 0;
}

// Nodes of the first class of shapes that no kernel of the device computes, of parts that the
// device computes.
static gcut_status count_host_nodes(session *s, gcut_run_result *r, gcut_error *err) {
  uint32_t *nodes = GCUT_NEW_ARRAY(s->arena, uint32_t, s->graph->n_nodes), n = 0;
  if (!nodes) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < s->plan->n_parts; p++) {
    const gcut__program *it = s->programs[(size_t)p * s->shapes.n_classes];
    if (s->on_host[p]) continue;
    for (uint32_t i = 0; i < it->n_host_nodes && n < s->graph->n_nodes; i++)
      nodes[n++] = it->host_nodes[i];
  }
  r->host_nodes = n;
  for (uint32_t i = 0; i < n; i++) {
    const char *op = s->graph->nodes[nodes[i]].op_type;
    uint32_t count = 0;
    if (op_listed(s, op, nodes, i)) continue;
    for (uint32_t k = i; k < n; k++) count += !strcmp(s->graph->nodes[nodes[k]].op_type, op);
    add_operator(r, op, count);
  }
  return GCUT_OK;
}

static gcut_status fill_result(session *s, gcut_run_result *r, gcut_error *err) {
  gcut_summary sum;
  GCUT_TRY(gcut_timeline_summarise(&s->problem, s->schedule, &s->timeline, &sum, err));
  snprintf(r->device, sizeof r->device, "%s", s->device->ops->name);
  if (s->device->note) snprintf(r->device_note, sizeof r->device_note, "%s", s->device->note);
  snprintf(r->offload, sizeof r->offload, "%s", s->schedule->offload);
  snprintf(r->note, sizeof r->note, "%s", s->schedule->note);
  r->parts = s->plan->n_parts;
  GCUT_TRY(count_host_nodes(s, r, err));
  r->host_parts = s->n_host_parts;
  r->host_lookups = s->n_lookups;
  r->batches = r->slices = s->problem.n_batches;
  r->seconds = sum.seconds;
  r->peak_device_bytes = s->schedule->extent[GCUT_SPACE_DEVICE];
  r->peak_host_bytes = s->schedule->extent[GCUT_SPACE_HOST] + s->store.heap_peak;
  r->bytes_up = sum.bytes_up;
  r->bytes_down = sum.bytes_down;
  r->overlap = sum.overlap;
  r->bubble_seconds = sum.bubble_seconds;
  if (!s->options->timeline) return GCUT_OK;
  return gcut_timeline_write(&s->problem, s->schedule, &s->timeline,
                             s->predicted.n && !r->simulated ? &s->predicted : NULL,
                             s->options->timeline, err);
}

// What the profile says that the run would take: beside what it took.
static gcut_status predict(session *s, double *out_seconds, gcut_error *err) {
  gcut_summary sum;
  if (!s->options->profile) return GCUT_OK;
  GCUT_TRY(gcut_simulate(&s->problem, s->schedule, s->options->profile, &s->predicted, err));
  GCUT_TRY(gcut_timeline_summarise(&s->problem, s->schedule, &s->predicted, &sum, err));
  *out_seconds = sum.seconds;
  return GCUT_OK;
}

static gcut_status simulate(session *s, gcut_error *err) {
  gcut_profile profile;
  const gcut_profile *machine = s->options->profile;
  if (!machine) GCUT_TRY(s->device->ops->profile(s->device, &profile, err));
  return gcut_simulate(&s->problem, s->schedule, machine ? machine : &profile, &s->timeline, err);
}

static gcut_status run(session *s, gcut_run_result *r, gcut_error *err) {
  double begin = seconds_now();
  GCUT_TRY(prepare(s, err));
  GCUT_TRY(make_schedule(s, err));
  GCUT_TRY(find_host_parts(s, err));
  r->prepare_seconds = seconds_now() - begin;
  r->simulated = s->device->ops->run == NULL;
  GCUT_TRY(predict(s, &r->predicted_seconds, err));
  GCUT_TRY(r->simulated ? simulate(s, err) : execute(s, err));
  return fill_result(s, r, err);
}

static gcut_status run_session(const gcut_graph *graph, const gcut_plan *plan,
                               const gcut_run_options *options, const gcut_source *source,
                               const gcut_sink *sink, gcut_run_result *out_result,
                               gcut_error *err) {
  session s = {.graph = graph, .plan = plan, .options = options, .source = source, .sink = sink};
  gcut_status status = run(&s, out_result, err);
  close_session(&s);
  return status;
}

gcut_status gcut_run(const gcut_graph *graph, const gcut_plan *plan,
                     const gcut_run_options *options, const gcut_source *source,
                     const gcut_sink *sink, gcut_run_result *out_result, gcut_error *err) {
  *out_result = (gcut_run_result){0};
  if (options->micro_batch == 0)
    return run_session(graph, plan, options, source, sink, out_result, err);
  gcut__slices slices;
  gcut_status status =
      gcut__slices_open(graph, plan, source, sink, options->micro_batch, &slices, err);
  if (status == GCUT_OK) {
    gcut_source parts = gcut__slices_source(&slices);
    gcut_sink joined = gcut__slices_sink(&slices);
    status = run_session(graph, plan, options, &parts, &joined, out_result, err);
    out_result->batches = source->n_batches;
  }
  gcut__slices_close(&slices);
  return status;
}
