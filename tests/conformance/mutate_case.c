// Bytes are changed in ways that keep the wire format readable more often than not: a byte becomes
// another small number, its neighbour's value, or has a bit flipped, so that dims, attributes,
// types and names change.
#include "tests/conformance/mutate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/cpu/call.h"
#include "graphcut/formats.h"
#include "tracer/base/intern.h"

typedef struct bytes {
  uint8_t *data;
  size_t size;
} bytes;

static bytes read_model(const conformance_case *c) {
  char path[4400];
  bytes b = {0};
  snprintf(path, sizeof path, "%s/model.onnx", c->path);
  FILE *file = fopen(path, "rb");
  if (!file) return b;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  b.data = size > 0 ? malloc((size_t)size) : NULL;
  if (b.data) b.size = fread(b.data, 1, (size_t)size, file);
  fclose(file);
  return b;
}

static uint64_t next(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15);
  return gcut_hash(state, sizeof *state);
}

static void damage(bytes b, uint64_t *random) {
  static const uint8_t telling[] = {0, 1, 2, 3, 7, 16, 127, 255};
  for (uint64_t changes = 1 + next(random) % 3; changes > 0; changes--) {
    size_t at = next(random) % b.size;
    switch (next(random) % 3) {
    case 0: b.data[at] = telling[next(random) % sizeof telling]; break;
    case 1: b.data[at] ^= (uint8_t)(1u << next(random) % 8); break;
    default: b.data[at] = b.data[(at + 1) % b.size]; break;
    }
  }
}

static void set_inputs(const conformance_case *c, gcut_cpu_env *env) {
  const gcut_body *body = &env->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    char path[4400], *name = NULL;
    gcut_tensor *t = NULL;
    snprintf(path, sizeof path, "%s/test_data_set_0/input_%u.pb", c->path, i);
    gcut_kind kind = (gcut_kind)env->graph->values[body->inputs[i]].declared.kind;
    if (gcut_tensor_read_pb(path, kind, &t, &name, NULL) == GCUT_OK)
      gcut_cpu_env_set(env, body->inputs[i], t);
    gcut_tensor_unref(t);
    free(name);
  }
}

static void run_graph(const conformance_case *c, const gcut_graph *g, gcut_cpu_runner *cpu) {
  gcut_cpu_env env;
  if (gcut_cpu_env_create(g, &env, NULL) != GCUT_OK) return;
  set_inputs(c, &env);
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++)
    if (gcut_cpu_run_node(cpu, &env, g->bodies[0].nodes[i], NULL) != GCUT_OK) break;
  gcut_cpu_env_free(&env);
}

static void try_model(const conformance_case *c, bytes b) {
  gcut_graph *g = NULL;
  gcut_trace *trace = NULL;
  gcut_cpu_runner *cpu = NULL;
  gcut_status status = gcut_onnx_parse(b.data, b.size, "damaged.onnx", NULL, &g, NULL);
  if (status == GCUT_OK) status = gcut_cpu_runner_create(&cpu, NULL);
  gcut_trace_options options = {.evaluate = gcut_cpu_evaluate, .evaluate_context = cpu};
  if (status == GCUT_OK) status = gcut_trace_create(g, &options, &trace, NULL);
  if (status == GCUT_OK) run_graph(c, g, cpu);
  gcut_trace_destroy(trace);
  gcut_cpu_runner_destroy(cpu);
  gcut_graph_destroy(g);
}

void mutate_case(const conformance_case *c, int n) {
  bytes original = read_model(c), copy = {malloc(original.size + 1), original.size};
  uint64_t random = gcut_hash(c->name, strlen(c->name));
  for (int i = 0; original.size > 0 && copy.data && i < n; i++) {
    memcpy(copy.data, original.data, original.size);
    damage(copy, &random);
    try_model(c, copy);
  }
  free(original.data);
  free(copy.data);
}
