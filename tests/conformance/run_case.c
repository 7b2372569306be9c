#include "tests/conformance/run_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/cpu/call.h"
#include "graphcut/formats.h"
#include "tests/conformance/compare.h"
#include "tests/conformance/cut_case.h"

typedef struct runner {
  const conformance_case *c;
  const conformance_rule *rule;
  const char *device;
  case_result *result;
  gcut_graph *graph;
  gcut_trace *trace;
  gcut__cpu_runner *cpu;
  gcut__cpu_env env;
  gcut_error err;
} runner;

static bool fail(runner *r, const char *what, const char *detail) {
  snprintf(r->result->why, sizeof r->result->why, "%.120s%s%.250s", what,
           detail && *detail ? ": " : "", detail ? detail : "");
  return false;
}

static void list_operators(runner *r) {
  char *list = r->result->operators;
  size_t size = sizeof r->result->operators;
  for (uint32_t i = 0; i < r->graph->n_nodes; i++) {
    char word[160], padded[1024];
    snprintf(word, sizeof word, " %s ", r->graph->nodes[i].op_type);
    snprintf(padded, sizeof padded, " %s", list);
    if (!strstr(padded, word) && strlen(list) + strlen(word) < size) strcat(list, word + 1);
  }
}

// onnx 1.12 had no bfloat16 in its test data: it wrote such elements as uint16.
static void restore_bfloat16(const gcut_type *declared, gcut_tensor *t) {
  if (t && declared->type == GCUT_BFLOAT16 && t->type == GCUT_UINT16) t->type = GCUT_BFLOAT16;
}

static bool read_file(runner *r, const char *set, const char *which, uint32_t i,
                      const gcut_type *declared, gcut_tensor **out) {
  char path[4400], *name = NULL;
  snprintf(path, sizeof path, "%s/%s/%s_%u.pb", r->c->path, set, which, i);
  if (access(path, R_OK) != 0) return true; // an optional input that is not given
  gcut_status status = gcut_tensor_read_pb(path, (gcut_kind)declared->kind, out, &name, &r->err);
  free(name);
  if (status == GCUT_OK) restore_bfloat16(declared, *out);
  return status == GCUT_OK || fail(r, "cannot read test data", r->err.message);
}

static bool set_inputs(runner *r, const char *set) {
  const gcut_body *body = &r->graph->bodies[0];
  for (uint32_t i = 0, file = 0; i < body->n_inputs; i++) {
    const gcut_value *v = &r->graph->values[body->inputs[i]];
    gcut_tensor *t = NULL;
    if (!read_file(r, set, "input", file++, &v->declared, &t)) return false;
    gcut__cpu_env_set(&r->env, body->inputs[i], t);
    gcut_tensor_unref(t);
  }
  return true;
}

static bool make_trace(runner *r) {
  gcut_input_shape shapes[256];
  size_t n = 0;
  const gcut_body *body = &r->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs && n < 256; i++) {
    const gcut_tensor *t = r->env.values[body->inputs[i]];
    int declared_rank = r->graph->values[body->inputs[i]].declared.rank;
    bool contradicts = t && declared_rank >= 0 && declared_rank != t->rank; // CastLike's `like`
    if (t && t->kind == GCUT_KIND_TENSOR && !contradicts)
      shapes[n++] = (gcut_input_shape){body->inputs[i], t->type, t->rank, t->dims};
  }
  gcut_trace_options options = {
      .inputs = shapes, .n_inputs = n, .evaluate = gcut__cpu_evaluate, .evaluate_context = r->cpu};
  return gcut_trace_create(r->graph, &options, &r->trace, &r->err) == GCUT_OK ||
         fail(r, "trace", r->err.message);
}

// What was inferred must be what came out: type, rank, known dims, folded constants bit for bit.
static bool check_fact(runner *r, uint32_t value) {
  const gcut_tensor *t = r->env.values[value];
  const gcut_fact *fact = &r->trace->facts[value];
  if (!t || t->kind != GCUT_KIND_TENSOR || fact->type.kind != GCUT_KIND_TENSOR) return true;
  bool complete = fact->type.rank >= 0, wrong = fact->type.type && fact->type.type != t->type;
  wrong = wrong || (fact->type.rank >= 0 && fact->type.rank != t->rank);
  for (int d = 0; !wrong && d < fact->type.rank; d++) {
    if (!gcut_dim_known(fact->type.dims[d]))
      complete = false;
    else
      wrong = fact->type.dims[d] != t->dims[d];
  }
  if (!wrong && fact->constant && fact->constant->bytes > 0 && t->type != GCUT_STRING)
    wrong =
        fact->constant->bytes != t->bytes || memcmp(fact->constant->data, t->data, t->bytes) != 0;
  r->result->n_values++;
  r->result->n_static += complete;
  return !wrong || fail(r, "inference contradicts the run", r->graph->values[value].name);
}

static bool check_facts(runner *r) {
  for (uint32_t i = 0; i < r->graph->bodies[0].n_nodes; i++) {
    const gcut_node *node = &r->graph->nodes[r->graph->bodies[0].nodes[i]];
    for (uint32_t k = 0; k < node->n_outputs; k++)
      if (gcut_node_outputs(r->graph, node)[k] != GCUT_NONE &&
          !check_fact(r, gcut_node_outputs(r->graph, node)[k]))
        return false;
  }
  return true;
}

static bool run_nodes(runner *r) {
  const gcut_body *body = &r->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_nodes; i++)
    if (gcut__cpu_run_node(r->cpu, &r->env, body->nodes[i], &r->err) != GCUT_OK)
      return fail(r, "run", r->err.message);
  return true;
}

static bool run_whole(runner *r) {
  char why[250];
  gcut_run_result result;
  if (!cut_case_run_whole(r->trace, &r->env, r->device, &result, why, sizeof why))
    return fail(r, r->device, why);
  snprintf(r->result->host, sizeof r->result->host, "%s", result.host_operators);
  return true;
}

// On another device, data that a run refuses are skipped.
static bool compute(runner *r) {
  if (strcmp(r->device, "cpu") == 0) return run_nodes(r);
  r->result->skipped = cut_case_is_refused(r->trace, &r->env);
  if (!r->result->skipped) return run_whole(r);
  return fail(r, "its data contradict the ranks its model declares", NULL);
}

// An output that is an input, or an initializer, is not computed by any node.
static const gcut_tensor *output_tensor(runner *r, uint32_t value) {
  uint32_t constant = r->graph->values[value].constant;
  if (!r->env.values[value] && constant != GCUT_NONE &&
      gcut__cpu_constant_tensor(r->graph, &r->graph->constants[constant], &r->env.values[value],
                                &r->err) != GCUT_OK)
    return NULL;
  return r->env.values[value];
}

static bool compare_outputs(runner *r, const char *set) {
  const gcut_body *body = &r->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_outputs; i++) {
    const gcut_value *v = &r->graph->values[body->outputs[i]];
    const gcut_tensor *actual = output_tensor(r, body->outputs[i]);
    gcut_tensor *expected = NULL;
    char why[200] = "no such file";
    if (!actual) return fail(r, v->name, "has no content");
    if (!read_file(r, set, "output", i, &v->declared, &expected)) return false;
    bool same = expected && compare_tensors(actual, expected, r->rule, why, sizeof why);
    gcut_tensor_unref(expected);
    if (!same) return fail(r, v->name, why);
  }
  return true;
}

// Cut anywhere, same bits.
static bool run_cut(runner *r) {
  char why[250];
  return cut_case_matches(r->trace, &r->env, r->device, why, sizeof why) ||
         fail(r, "cut at every node", why);
}

static bool run_set(runner *r, const char *set) {
  if (gcut__cpu_env_create(r->graph, &r->env, &r->err) != GCUT_OK)
    return fail(r, "env", r->err.message);
  bool ok = set_inputs(r, set) && make_trace(r) && compute(r) && compare_outputs(r, set) &&
            check_facts(r) && run_cut(r);
  gcut_trace_destroy(r->trace);
  r->trace = NULL;
  gcut__cpu_env_free(&r->env);
  return ok;
}

// The standard's inference is told nothing but the model; so is ours.
static bool check_standard(runner *r, const char *path, const char *standard) {
  gcut_graph *graph = NULL;
  gcut_trace *trace = NULL;
  char why[300] = "";
  gcut_status status = gcut_onnx_read(path, NULL, &graph, &r->err);
  if (status == GCUT_OK) forget_results(graph);
  gcut_trace_options options = {.evaluate = gcut__cpu_evaluate, .evaluate_context = r->cpu};
  if (status == GCUT_OK) status = gcut_trace_create(graph, &options, &trace, &r->err);
  bool ok = status == GCUT_OK &&
            standard_shapes_hold(trace, standard, &r->result->alone, why, sizeof why);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(graph);
  return ok || fail(r, "inference", status == GCUT_OK ? why : r->err.message);
}

static bool run_model(runner *r, const char *standard) {
  char path[4400], set[64];
  snprintf(path, sizeof path, "%s/model.onnx", r->c->path);
  if (gcut_onnx_read(path, NULL, &r->graph, &r->err) != GCUT_OK)
    return fail(r, "read", r->err.message);
  list_operators(r);
  if (gcut__cpu_runner_create(&r->cpu, &r->err) != GCUT_OK)
    return fail(r, "runner", r->err.message);
  if (standard && !check_standard(r, path, standard)) return false;
  for (int i = 0;; i++) {
    snprintf(set, sizeof set, "test_data_set_%d", i);
    snprintf(path, sizeof path, "%s/%s", r->c->path, set);
    if (access(path, R_OK) != 0) return i > 0 || fail(r, "no test data", "");
    if (!run_set(r, set)) return false;
  }
}

void run_case(const conformance_case *c, const conformance_rule *rule, const char *standard,
              const char *device, case_result *result) {
  runner r = {.c = c, .rule = rule, .device = device, .result = result};
  result->passed = run_model(&r, standard);
  gcut__cpu_runner_destroy(r.cpu);
  gcut_graph_destroy(r.graph);
  result->ran = true;
}
