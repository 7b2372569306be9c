#include "tests/conformance/cut_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/plan.h"
#include "graphcut/run.h"

typedef struct cut_case {
  const gcut_trace *trace;
  const gcut_cpu_env *env;
  const gcut_plan *plan;
  char *why;
  size_t size;
} cut_case;

// Every operator type that runs in the main graph, so that each node begins a part. Free the list.
static const char **all_types(const gcut_trace *trace, size_t *out_n) {
  const gcut_graph *g = trace->graph;
  const char **types = calloc((size_t)g->bodies[0].n_nodes + 1, sizeof *types);
  *out_n = 0;
  for (uint32_t i = 0; types && i < g->bodies[0].n_nodes; i++) {
    const char *type = g->nodes[g->bodies[0].nodes[i]].op_type;
    size_t k = 0;
    if (trace->folded[g->bodies[0].nodes[i]]) continue;
    while (k < *out_n && types[k] != type) k++; // interned
    if (k == *out_n) types[(*out_n)++] = type;
  }
  return types;
}

static gcut_status make_plan(const gcut_trace *trace, gcut_plan **out_plan, gcut_error *err) {
  size_t n;
  const char **types = all_types(trace, &n);
  if (!types) return GCUT_NOMEM;
  gcut_cut_options options = {.targets = types, .n_targets = n, .unrefined = true};
  gcut_status status = n > 0 ? gcut_plan_create(trace, &options, out_plan, err)
                             : gcut_plan_whole(trace, &options, out_plan, err);
  free(types);
  return status;
}

static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const cut_case *c = context;
  const gcut_body *body = &c->trace->graph->bodies[0];
  (void)batch, (void)err;
  for (uint32_t i = 0; i < body->n_inputs; i++)
    inputs[i] = gcut_tensor_ref(c->env->values[body->inputs[i]]);
  return GCUT_OK;
}

static gcut_status compare(void *context, size_t batch, gcut_tensor *const *outputs,
                           gcut_error *err) {
  cut_case *c = context;
  (void)batch, (void)err;
  for (uint32_t i = 0; i < c->plan->n_fetches; i++) {
    const gcut_tensor *whole = c->env->values[c->plan->fetches[i]];
    if (!whole || gcut_tensor_equal(whole, outputs[i])) continue;
    snprintf(c->why, c->size, "output '%.80s' has other bits than uncut",
             c->trace->graph->values[c->plan->fetches[i]].name);
    return GCUT_MISMATCH;
  }
  return GCUT_OK;
}

static gcut_status run_cut(cut_case *c, gcut_error *err) {
  gcut_run_options options = {.device = "cpu", .offload = "sequential"};
  gcut_source source = {.read = read_inputs, .context = c, .n_batches = 1};
  gcut_sink sink = {.write = compare, .context = c};
  gcut_run_result result;
  return gcut_run(c->trace->graph, c->plan, &options, &source, &sink, &result, err);
}

// Some data of onnx 1.12 contradict their model's declared ranks; a run refuses them before it
// begins.
static bool contradicts_declaration(const gcut_graph *g, const gcut_cpu_env *env) {
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) {
    const gcut_tensor *t = env->values[g->bodies[0].inputs[i]];
    const gcut_type *declared = &g->values[g->bodies[0].inputs[i]].declared;
    if (t && t->kind == GCUT_KIND_TENSOR && declared->rank >= 0 && declared->rank != t->rank)
      return true;
  }
  return false;
}

bool cut_case_matches(const gcut_trace *trace, const gcut_cpu_env *env, char *why, size_t size) {
  gcut_error err = {{0}};
  gcut_plan *plan = NULL;
  if (contradicts_declaration(trace->graph, env)) return true;
  gcut_status status = make_plan(trace, &plan, &err);
  cut_case c = {.trace = trace, .env = env, .plan = plan, .why = why, .size = size};
  *why = '\0';
  if (status == GCUT_OK) status = run_cut(&c, &err);
  if (status != GCUT_OK && !*why) snprintf(why, size, "%.200s", err.message);
  gcut_plan_destroy(plan);
  return status == GCUT_OK;
}
