// Statistics of activations, kept while a model runs part by part: the range of what each Linear
// reads, over all samples. Each value comes as soon as its part has made it and is then forgotten,
// so memory holds what one part hands to the next, however many values there are.
//
//   calibrate [MODEL SAMPLES [TARGET]]     SAMPLES: an .npz file, or a folder of them
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"

typedef struct range {
  float least, most;
  uint64_t count;
} range;

typedef struct job {
  const gcut_graph *graph;
  const gcut_plan *plan;
  gcut_batch_list samples;
  range *ranges; // [plan->n_fetches]
} job;

static gcut_status read_sample(void *context, size_t index, gcut_tensor **inputs, gcut_error *err) {
  const job *j = context;
  const gcut_body *body = &j->graph->bodies[0];
  gcut_batch sample;
  gcut_status status = gcut_batch_read(&j->samples, index, j->graph, false, &sample, err);
  for (uint32_t i = 0; status == GCUT_OK && i < body->n_inputs; i++)
    inputs[i] = gcut_tensor_ref(gcut_batch_find(&sample, j->graph->values[body->inputs[i]].name));
  gcut_batch_free(&sample);
  return status;
}

static void widen(range *r, const gcut_tensor *t) {
  const float *x = t->data;
  for (uint64_t i = 0; i < t->count; i++) {
    r->least = fminf(r->least, x[i]);
    r->most = fmaxf(r->most, x[i]);
  }
  r->count += t->count;
}

// Those values that a part has just made; the others are NULL.
static gcut_status take(void *context, size_t sample, gcut_tensor *const *values, gcut_error *err) {
  const job *j = context;
  (void)sample, (void)err;
  for (uint32_t i = 0; i < j->plan->n_fetches; i++)
    if (values[i] && values[i]->type == GCUT_FLOAT) widen(&j->ranges[i], values[i]);
  return GCUT_OK;
}

static gcut_status run(job *j, gcut_error *err) {
  gcut_run_options options = {.device = "cpu", .offload = "prefetch"};
  gcut_source source = {.read = read_sample, .context = j, .n_batches = j->samples.n};
  gcut_sink sink = {.write = take, .context = j, .early = true};
  gcut_run_result result;
  j->ranges = malloc((j->plan->n_fetches + 1) * sizeof *j->ranges);
  if (!j->ranges) return GCUT_NOMEM;
  for (uint32_t i = 0; i < j->plan->n_fetches; i++) j->ranges[i] = (range){INFINITY, -INFINITY, 0};
  gcut_status status = gcut_run(j->graph, j->plan, &options, &source, &sink, &result, err);
  if (status != GCUT_OK) return status;
  for (uint32_t i = 0; i < j->plan->n_fetches; i++)
    if (j->ranges[i].count)
      printf("%-24s %12.6g %12.6g\n", j->graph->values[j->plan->fetches[i]].name,
             (double)j->ranges[i].least, (double)j->ranges[i].most);
  printf("%llu samples through %u parts, at most %llu bytes of activations on the host\n",
         (unsigned long long)result.batches, result.parts,
         (unsigned long long)result.peak_host_bytes);
  return GCUT_OK;
}

int main(int argc, char **argv) {
  const char *model = argc > 2 ? argv[1] : "examples/models/llama/model.onnx";
  const char *samples = argc > 2 ? argv[2] : "examples/models/llama/inputs.npz";
  char fetch[512];
  const char *fetches = fetch;
  gcut_cut_options cut = {.fetch = &fetches, .n_fetch = 1};
  gcut_error err = {"out of memory"};
  gcut_graph *graph = NULL;
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL;
  job j = {0};
  snprintf(fetch, sizeof fetch, "in:%s", argc > 3 ? argv[3] : "Linear");
  gcut_status status = gcut_graph_read(model, NULL, &graph, &err);
  if (status == GCUT_OK) status = gcut_trace_folded(graph, NULL, &trace, &err);
  if (status == GCUT_OK) status = gcut_plan_create(trace, &cut, &plan, &err);
  if (status == GCUT_OK) status = gcut_batch_list_open(samples, &j.samples, &err);
  j.graph = graph;
  j.plan = plan;
  if (status == GCUT_OK) status = run(&j, &err);
  if (status != GCUT_OK) fprintf(stderr, "calibrate: %s\n", err.message);
  free(j.ranges);
  gcut_batch_list_free(&j.samples);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(graph);
  return gcut_status_exit(status);
}
