// Streams one batch through a model, part by part, and prints how far the result is from what was
// expected.
//
//   stream [FOLDER]        of model.onnx, inputs.npz, outputs.npz
#include <stdio.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"

typedef struct job {
  const gcut_graph *graph;
  const gcut_plan *plan;
  gcut_batch inputs, expected;
  double worst;
} job;

// The library asks for each batch when its turn comes; here there is one.
static gcut_status read_batch(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const job *j = context;
  (void)batch, (void)err;
  for (uint32_t i = 0; i < j->graph->bodies[0].n_inputs; i++) {
    const char *name = j->graph->values[j->graph->bodies[0].inputs[i]].name;
    inputs[i] = gcut_tensor_ref(gcut_batch_find(&j->inputs, name));
  }
  return GCUT_OK;
}

static gcut_status compare_batch(void *context, size_t batch, gcut_tensor *const *outputs,
                                 gcut_error *err) {
  job *j = context;
  (void)batch;
  for (uint32_t i = 0; i < j->plan->n_fetches; i++) {
    const char *name = j->graph->values[j->plan->fetches[i]].name;
    const gcut_tensor *expected = gcut_batch_find(&j->expected, name);
    if (!expected) expected = gcut_batch_find(&j->expected, "out");
    gcut_comparison c;
    gcut_status status = gcut_compare(name, outputs[i], expected, 1e-3, 1e-4, &c, err);
    if (status != GCUT_OK) return status;
    if (c.max_abs_error > j->worst) j->worst = c.max_abs_error;
    if (!c.ok) return GCUT_MISMATCH;
  }
  return GCUT_OK;
}

static gcut_status run(job *j, gcut_error *err) {
  gcut_run_options options = {.device = "cpu", .offload = "prefetch"};
  gcut_source source = {.read = read_batch, .context = j, .n_batches = 1};
  gcut_sink sink = {.write = compare_batch, .context = j};
  gcut_run_result result;
  gcut_status status = gcut_run(j->graph, j->plan, &options, &source, &sink, &result, err);
  if (status == GCUT_OK)
    printf("%u parts, %llu bytes of weights moved, largest error %.3g\n", result.parts,
           (unsigned long long)result.bytes_up, j->worst);
  return status;
}

static gcut_status load(const char *folder, job *j, gcut_graph **graph, gcut_error *err) {
  char path[512];
  snprintf(path, sizeof path, "%s/model.onnx", folder);
  gcut_status status = gcut_graph_read(path, NULL, graph, err);
  j->graph = *graph;
  snprintf(path, sizeof path, "%s/inputs.npz", folder);
  if (status == GCUT_OK) status = gcut_npz_read(path, &j->inputs, err);
  snprintf(path, sizeof path, "%s/outputs.npz", folder);
  return status == GCUT_OK ? gcut_npz_read(path, &j->expected, err) : status;
}

int main(int argc, char **argv) {
  const char *target = "LlamaDecoderLayer";
  gcut_error err = {{0}};
  gcut_graph *graph = NULL;
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL;
  job j = {0};
  gcut_cut_options cut = {.targets = &target, .n_targets = argc > 1 ? 0 : 1};
  gcut_status status = load(argc > 1 ? argv[1] : "examples/models/llama", &j, &graph, &err);
  if (status == GCUT_OK) status = gcut_trace_folded(graph, NULL, &trace, &err);
  if (status == GCUT_OK) status = gcut_plan_create(trace, &cut, &plan, &err);
  j.plan = plan;
  if (status == GCUT_OK) status = run(&j, &err);
  if (status != GCUT_OK) fprintf(stderr, "stream: %s\n", err.message);
  gcut_batch_free(&j.inputs);
  gcut_batch_free(&j.expected);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(graph);
  return gcut_status_exit(status);
}
