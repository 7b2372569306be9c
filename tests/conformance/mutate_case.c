// Two kinds of damage in turn. Bytes of the file become another small number, their neighbour's
// value, or have a bit flipped: most of that the reader refuses. Or the graph is read, changed in
// ways that still read (edit_graph.h), written, and read anew: most of that is the operators' to
// refuse. Integer inputs are damaged as well, at times.
#include "tests/conformance/mutate_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec/cpu/call.h"
#include "graphcut/formats.h"
#include "tests/conformance/edit_graph.h"
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

static void damage(bytes b, uint64_t *random) {
  static const uint8_t telling[] = {0, 1, 2, 3, 7, 16, 127, 255};
  for (uint64_t changes = 1 + next_random(random) % 3; changes > 0; changes--) {
    size_t at = next_random(random) % b.size;
    switch (next_random(random) % 3) {
    case 0: b.data[at] = telling[next_random(random) % sizeof telling]; break;
    case 1: b.data[at] ^= (uint8_t)(1u << next_random(random) % 8); break;
    default: b.data[at] = b.data[(at + 1) % b.size]; break;
    }
  }
}

static void set_inputs(const conformance_case *c, gcut__cpu_env *env, uint64_t *random) {
  const gcut_body *body = &env->graph->bodies[0];
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    char path[4400], *name = NULL;
    gcut_tensor *t = NULL;
    snprintf(path, sizeof path, "%s/test_data_set_0/input_%u.pb", c->path, i);
    gcut_kind kind = (gcut_kind)env->graph->values[body->inputs[i]].declared.kind;
    if (gcut_tensor_read_pb(path, kind, &t, &name, NULL) == GCUT_OK) {
      if (next_random(random) % 4 == 0) edit_tensor(t, random);
      gcut__cpu_env_set(env, body->inputs[i], t);
    }
    gcut_tensor_unref(t);
    free(name);
  }
}

static void run_graph(const conformance_case *c, const gcut_graph *g, gcut__cpu_runner *cpu,
                      uint64_t *random) {
  gcut__cpu_env env;
  if (gcut__cpu_env_create(g, &env, NULL) != GCUT_OK) return;
  set_inputs(c, &env, random);
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++)
    if (gcut__cpu_run_node(cpu, &env, g->bodies[0].nodes[i], NULL) != GCUT_OK) break;
  gcut__cpu_env_free(&env);
}

static void try_graph(const conformance_case *c, const gcut_graph *g, uint64_t *random) {
  gcut_trace *trace = NULL;
  gcut__cpu_runner *cpu = NULL;
  gcut_status status = gcut__cpu_runner_create(&cpu, NULL);
  gcut_trace_options options = {.evaluate = gcut__cpu_evaluate, .evaluate_context = cpu};
  if (status == GCUT_OK) status = gcut_trace_create(g, &options, &trace, NULL);
  if (status == GCUT_OK) run_graph(c, g, cpu, random);
  gcut_trace_destroy(trace);
  gcut__cpu_runner_destroy(cpu);
}

static void try_bytes(const conformance_case *c, bytes b, uint64_t *random) {
  gcut_graph *g = NULL;
  damage(b, random);
  if (gcut_onnx_parse(b.data, b.size, "damaged.onnx", NULL, &g, NULL) == GCUT_OK)
    try_graph(c, g, random);
  gcut_graph_destroy(g);
}

static void try_edit(const conformance_case *c, bytes b, const char *path, uint64_t *random) {
  gcut_graph *g = NULL, *edited = NULL;
  gcut_status status = gcut_onnx_parse(b.data, b.size, "edited.onnx", NULL, &g, NULL);
  for (uint64_t changes = 1 + next_random(random) % 2; status == GCUT_OK && changes > 0; changes--)
    edit_graph(g, random);
  if (status == GCUT_OK) status = gcut_onnx_write(g, path, NULL);
  if (status == GCUT_OK) status = gcut_onnx_read(path, NULL, &edited, NULL);
  if (status == GCUT_OK) try_graph(c, edited, random);
  gcut_graph_destroy(edited);
  gcut_graph_destroy(g);
}

void mutate_case(const conformance_case *c, int n) {
  bytes original = read_model(c), copy = {malloc(original.size + 1), original.size};
  uint64_t random = gcut_hash(c->name, strlen(c->name));
  char path[64];
  const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; // memory, if it can be
  snprintf(path, sizeof path, "%s/graphcut-edited-%d.onnx", folder, (int)getpid());
  for (int i = 0; original.size > 0 && copy.data && i < n; i++) {
    memcpy(copy.data, original.data, original.size);
    if (i % 2 == 0)
      try_bytes(c, copy, &random);
    else
      try_edit(c, copy, path, &random);
  }
  unlink(path);
  free(original.data);
  free(copy.data);
}
