// Cuts models in every way and runs the parts: a table of what crosses and what is taken at most.
//
//   cuts [-o FOLDER] MODEL...: each a folder with model.onnx and inputs.npz
//
// At what the model repeats, by three budgets (from the least that can be met to most of the
// whole), balanced in 2, 4 and 8 parts. A plan passes where it verifies, keeps its budget or number
// of parts, carries no more than before refining and no more than a first-in-first-out pipeline,
// and, written to a plan file and read again without any shapes, gives the bits of the uncut run
// and takes as much of the device as planned. With -o the parts
// are written as models, each cut in a folder of its own. The last line counts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"

typedef struct model {
  char path[512], name[128];
  gcut_graph *graph;
  gcut_batch inputs;
  gcut_trace *symbolic, *shaped; // the second at the shapes of the inputs
  gcut_digest *whole;            // [n_outputs] of the uncut run
  uint64_t whole_peak;
  bool checking; // fill `whole`, or compare with it
  bool differs;
  const char *pieces; // folder for parts, or NULL
  int passed, failed;
} model;

// ---- reading ----------------------------------------------------------------------------------

static gcut_status trace_shaped(model *m, gcut_error *err) {
  const gcut_body *body = &m->graph->bodies[0];
  gcut_input_shape *shapes = calloc(body->n_inputs + 1u, sizeof *shapes);
  if (!shapes) return GCUT_NOMEM;
  gcut_trace_options options = {.inputs = shapes};
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_tensor *t = gcut_batch_find(&m->inputs, m->graph->values[body->inputs[i]].name);
    if (t)
      shapes[options.n_inputs++] = (gcut_input_shape){body->inputs[i], t->type, t->rank, t->dims};
  }
  gcut_status status = gcut_trace_folded(m->graph, &options, &m->shaped, err);
  free(shapes);
  return status;
}

static gcut_status open_model(model *m, const char *folder, gcut_error *err) {
  char inputs[512];
  const char *slash = strrchr(folder, '/');
  snprintf(m->name, sizeof m->name, "%s", slash ? slash + 1 : folder);
  snprintf(m->path, sizeof m->path, "%s/model.onnx", folder);
  snprintf(inputs, sizeof inputs, "%s/inputs.npz", folder);
  gcut_status status = gcut_graph_read(m->path, NULL, &m->graph, err);
  if (status == GCUT_OK) status = gcut_npz_read(inputs, &m->inputs, err);
  if (status == GCUT_OK) status = gcut_trace_folded(m->graph, NULL, &m->symbolic, err);
  if (status == GCUT_OK) status = trace_shaped(m, err);
  m->whole = calloc(status == GCUT_OK ? m->graph->bodies[0].n_outputs + 1u : 1, sizeof *m->whole);
  return m->whole ? status : GCUT_NOMEM;
}

static void close_model(model *m) {
  free(m->whole);
  gcut_trace_destroy(m->shaped);
  gcut_trace_destroy(m->symbolic);
  gcut_batch_free(&m->inputs);
  gcut_graph_destroy(m->graph);
}

// ---- running ----------------------------------------------------------------------------------

static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const model *m = context;
  const gcut_body *body = &m->graph->bodies[0];
  (void)batch, (void)err;
  for (uint32_t i = 0; i < body->n_inputs; i++)
    inputs[i] =
        gcut_tensor_ref(gcut_batch_find(&m->inputs, m->graph->values[body->inputs[i]].name));
  return GCUT_OK;
}

static gcut_status take_outputs(void *context, size_t batch, gcut_tensor *const *outputs,
                                gcut_error *err) {
  model *m = context;
  (void)batch, (void)err;
  for (uint32_t i = 0; i < m->graph->bodies[0].n_outputs; i++) {
    gcut_digest digest = gcut_tensor_digest(outputs[i]);
    if (m->checking && memcmp(&digest, &m->whole[i], sizeof digest) != 0) m->differs = true;
    if (!m->checking) m->whole[i] = digest;
  }
  return GCUT_OK;
}

static uint64_t planned_peak(const gcut_plan *plan) {
  uint64_t most = 0;
  for (uint32_t p = 0; p < plan->n_parts; p++)
    if (plan->parts[p].peak_bytes > most) most = plan->parts[p].peak_bytes;
  return most;
}

// Within a budget (0: as much as it likes).
static gcut_status run_plan(model *m, const gcut_plan *plan, uint64_t budget, uint64_t *out_peak,
                            gcut_error *err) {
  gcut_run_options options = {.device = "cpu", .offload = "sequential", .budget = budget};
  gcut_source source = {.read = read_inputs, .context = m, .n_batches = 1};
  gcut_sink sink = {.write = take_outputs, .context = m};
  gcut_run_result result;
  gcut_status status = gcut_run(m->graph, plan, &options, &source, &sink, &result, err);
  *out_peak = status == GCUT_OK ? result.peak_device_bytes : 0;
  return status;
}

static gcut_status run_whole(model *m, gcut_error *err) {
  gcut_plan *plan;
  uint64_t peak;
  gcut_status status = gcut_plan_whole(m->shaped, NULL, &plan, err);
  if (status == GCUT_OK) m->whole_peak = planned_peak(plan);
  if (status == GCUT_OK) status = run_plan(m, plan, 0, &peak, err);
  m->checking = true;
  gcut_plan_destroy(plan);
  return status;
}

// ---- cutting ----------------------------------------------------------------------------------

typedef struct row {
  const gcut_plan *plan;
  uint64_t peak;  // as run
  char why[1100]; // it failed; "": it did not
} row;

static void expect(row *r, bool holds, const char *what) {
  if (!holds && !*r->why) snprintf(r->why, sizeof r->why, "%s", what);
}

static void check_plan(row *r, const gcut_cut_options *options) {
  const gcut_plan *plan = r->plan;
  expect(r, plan->crossing_bytes <= plan->unrefined_bytes, "more crosses than before refining");
  expect(r, plan->crossing_bytes <= plan->pipeline_bytes, "more crosses than first in first out");
  expect(r, !options->budget || planned_peak(plan) <= options->budget, "beyond the budget");
  expect(r, !options->n_parts || plan->n_parts == options->n_parts, "another number of parts");
}

static gcut_status write_pieces(const model *m, const gcut_plan *plan, const char *cut,
                                gcut_error *err) {
  char folder[1024], pair[1100];
  if (!m->pieces) return GCUT_OK;
  snprintf(folder, sizeof folder, "%s/%s.%s", m->pieces, m->name, cut);
  gcut_status status = gcut_plan_split(m->symbolic, plan, folder, NULL, err);
  snprintf(pair, sizeof pair, "%s/model", folder); // which model these are the parts of
  FILE *file = status == GCUT_OK ? fopen(pair, "w") : NULL;
  if (!file) return status == GCUT_OK ? GCUT_IO : status;
  fprintf(file, "%s\n", m->path);
  return fclose(file) == 0 ? GCUT_OK : GCUT_IO;
}

// Through a plan file, as people take it: written with the shapes it was made at, read without.
static gcut_status reread(const model *m, const gcut_plan *plan, gcut_plan **out, gcut_error *err) {
  char path[] = "/tmp/graphcut-cuts-XXXXXX";
  int file = mkstemp(path);
  *out = NULL;
  if (file < 0) return GCUT_IO;
  close(file);
  gcut_status status = gcut_plan_write(m->shaped, plan, path, err);
  if (status == GCUT_OK) status = gcut_plan_read(m->symbolic, path, out, err);
  unlink(path);
  return status;
}

// A plan made at some shapes serves them all: that is what is run and written.
static gcut_status run_row(model *m, row *r, const char *cut, gcut_error *err) {
  gcut_plan *plan;
  gcut_status status = gcut_plan_verify(m->shaped, r->plan, err);
  if (status == GCUT_OK) status = reread(m, r->plan, &plan, err);
  if (status != GCUT_OK) return status;
  m->differs = false;
  status = run_plan(m, plan, planned_peak(r->plan), &r->peak, err);
  if (status == GCUT_OK) status = write_pieces(m, plan, cut, err);
  gcut_plan_destroy(plan);
  return status;
}

static void print_row(const model *m, const row *r, const char *cut) {
  const gcut_plan *plan = r->plan;
  printf("%-14s %-11s", m->name, cut);
  if (plan)
    printf(" %5u %11llu %11llu %11llu %11llu %11llu ", plan->n_parts,
           (unsigned long long)plan->crossing_bytes, (unsigned long long)plan->unrefined_bytes,
           (unsigned long long)plan->pipeline_bytes, (unsigned long long)planned_peak(plan),
           (unsigned long long)r->peak);
  printf(" %s\n", *r->why ? r->why : "ok");
}

static void cut(model *m, const char *name, const gcut_cut_options *options) {
  gcut_plan *plan;
  gcut_error err = {{0}};
  row r = {0};
  gcut_status status = gcut_plan_create(m->shaped, options, &plan, &err);
  r.plan = plan;
  if (status == GCUT_OK) status = run_row(m, &r, name, &err);
  if (status == GCUT_OK) {
    check_plan(&r, options);
    expect(&r, !m->differs, "other bits than uncut");
    expect(&r, r.peak == planned_peak(plan), "another peak than planned");
  } else {
    expect(&r, false, err.message);
  }
  *r.why ? m->failed++ : m->passed++;
  print_row(m, &r, name);
  gcut_plan_destroy(plan);
}

// What the refusal of a budget that nothing meets says would do.
static uint64_t least_budget(const model *m) {
  static const char says[] = "the least that would do is ";
  gcut_cut_options options = {.budget = 1};
  gcut_plan *plan;
  gcut_error err = {{0}};
  gcut_status status = gcut_plan_create(m->shaped, &options, &plan, &err);
  const char *at = status == GCUT_BUDGET ? strstr(err.message, says) : NULL;
  gcut_plan_destroy(plan);
  return at ? strtoull(at + sizeof says - 1, NULL, 10) : 0;
}

static void cut_model(model *m) {
  gcut_cut_options options = {0};
  char name[32];
  cut(m, "targets", &options);
  uint64_t least = least_budget(m), room = m->whole_peak > least ? m->whole_peak - least : 0;
  for (unsigned i = 0; i < 3; i++) {
    options = (gcut_cut_options){.cutter = "budget", .budget = least + room / 3 * i};
    snprintf(name, sizeof name, "budget-%u", i + 1);
    cut(m, name, &options);
  }
  for (unsigned n = 2; n <= 8; n *= 2) {
    options = (gcut_cut_options){.cutter = "balanced", .n_parts = n};
    snprintf(name, sizeof name, "balanced-%u", n);
    cut(m, name, &options);
  }
}

int main(int argc, char **argv) {
  const char *pieces = NULL;
  int passed = 0, failed = 0, first = 1;
  if (argc > 2 && !strcmp(argv[1], "-o")) pieces = argv[2], first = 3;
  if (pieces && mkdir(pieces, 0777) != 0) return perror(pieces), 2;
  printf("%-14s %-11s %5s %11s %11s %11s %11s %11s\n", "model", "cut", "parts", "crossing",
         "unrefined", "fifo", "planned", "run");
  for (int i = first; i < argc; i++) {
    model m = {.pieces = pieces};
    gcut_error err = {{0}};
    gcut_status status = open_model(&m, argv[i], &err);
    if (status == GCUT_OK) status = run_whole(&m, &err);
    if (status == GCUT_OK) cut_model(&m);
    if (status != GCUT_OK) m.failed++, printf("%-14s %s\n", m.name, err.message);
    passed += m.passed, failed += m.failed;
    close_model(&m);
    fflush(stdout);
  }
  printf("%d passed, %d failed, 0 skipped\n", passed, failed);
  return failed > 0;
}
