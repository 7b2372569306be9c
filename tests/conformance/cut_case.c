#include "tests/conformance/cut_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/plan.h"
#include "tracer/base/error.h"

typedef struct cut_case {
  const gcut_trace *trace;
  gcut__cpu_env *env;
  const gcut_plan *plan;
  const char *device;
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

// An output lives until the sink returns: elements that lie in the run's memory are copied.
static gcut_status copy_of(gcut_tensor *t, gcut_tensor **out, gcut_error *err) {
  bool plain = t->kind == GCUT_KIND_TENSOR && t->type != GCUT_STRING;
  *out = NULL;
  if (!plain) *out = gcut_tensor_ref(t);
  if (!plain) return GCUT_OK;
  GCUT_TRY(gcut_tensor_create_uninitialized(t->type, t->rank, t->dims, out, err));
  if (t->bytes > 0) memcpy((*out)->data, t->data, t->bytes);
  return GCUT_OK;
}

static gcut_status keep(void *context, size_t batch, gcut_tensor *const *outputs, gcut_error *err) {
  cut_case *c = context;
  (void)batch;
  for (uint32_t i = 0; i < c->plan->n_fetches; i++) {
    gcut_tensor *t;
    GCUT_TRY(copy_of(outputs[i], &t, err));
    gcut__cpu_env_set(c->env, c->plan->fetches[i], t);
    gcut_tensor_unref(t);
  }
  return GCUT_OK;
}

static gcut_status run_plan(cut_case *c, const char *offload,
                            gcut_status (*write)(void *, size_t, gcut_tensor *const *,
                                                 gcut_error *),
                            gcut_run_result *result, gcut_error *err) {
  gcut_run_options options = {.device = c->device, .offload = offload};
  gcut_source source = {.read = read_inputs, .context = c, .n_batches = 1};
  gcut_sink sink = {.write = write, .context = c};
  return gcut_run(c->trace->graph, c->plan, &options, &source, &sink, result, err);
}

bool cut_case_is_refused(const gcut_trace *trace, const gcut__cpu_env *env) {
  const gcut_graph *g = trace->graph;
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) {
    const gcut_tensor *t = env->values[g->bodies[0].inputs[i]];
    const gcut_type *declared = &g->values[g->bodies[0].inputs[i]].declared;
    if (t && t->kind == GCUT_KIND_TENSOR && declared->rank >= 0 && declared->rank != t->rank)
      return true;
  }
  return false;
}

static bool finish(const cut_case *c, gcut_plan *plan, gcut_status status, const gcut_error *err) {
  if (status != GCUT_OK && !*c->why) snprintf(c->why, c->size, "%.200s", err->message);
  gcut_plan_destroy(plan);
  return status == GCUT_OK;
}

bool cut_case_run_whole(const gcut_trace *trace, gcut__cpu_env *env, const char *device,
                        gcut_run_result *result, char *why, size_t size) {
  gcut_error err = {{0}};
  gcut_plan *plan = NULL;
  gcut_cut_options options = {.unrefined = true};
  gcut_status status = gcut_plan_whole(trace, &options, &plan, &err);
  cut_case c = {trace, env, plan, device, why, size};
  *why = '\0';
  if (status == GCUT_OK) status = run_plan(&c, "resident", keep, result, &err);
  return finish(&c, plan, status, &err);
}

bool cut_case_matches(const gcut_trace *trace, gcut__cpu_env *env, const char *device, char *why,
                      size_t size) {
  gcut_error err = {{0}};
  gcut_plan *plan = NULL;
  gcut_run_result result;
  if (cut_case_is_refused(trace, env)) return true;
  gcut_status status = make_plan(trace, &plan, &err);
  cut_case c = {trace, env, plan, device, why, size};
  *why = '\0';
  if (status == GCUT_OK) status = run_plan(&c, "sequential", compare, &result, &err);
  return finish(&c, plan, status, &err);
}
