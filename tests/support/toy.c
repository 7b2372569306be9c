#include "tests/support/toy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/build.h"

static void must(bool ok, const char *what, const gcut_error *err) {
  if (ok) return;
  fprintf(stderr, "toy: %s: %s\n", what, err ? err->message : "");
  exit(1);
}

gcut_graph *toy_begin(void) {
  gcut_graph *g;
  gcut_error err = {0};
  must(gcut_graph_create(&g, &err) == GCUT_OK, "create", &err);
  gcut_graph_add_opset(g, "", 18);
  return g;
}

uint32_t toy_scope(gcut_graph *g, uint32_t parent, const char *name, const char *class_name) {
  return gcut_graph_add_scope(g, parent, name, class_name);
}

uint32_t toy_value(const gcut_graph *g, const char *name) {
  return gcut_graph_find_value(g, 0, name);
}

static uint32_t value(gcut_graph *g, const char *name) {
  uint32_t v = toy_value(g, name);
  return v != GCUT_NONE ? v : gcut_graph_add_value(g, 0, name);
}

void toy_input(gcut_graph *g, const char *name, int rank, const int64_t *dims) {
  gcut_dim symbolic[GCUT_MAX_RANK];
  for (int i = 0; i < rank; i++) symbolic[i] = dims[i] ? dims[i] : gcut_dim_symbol(g->dims, "n", 1);
  uint32_t v = value(g, name);
  gcut_type type = {.type = GCUT_FLOAT, .rank = (int16_t)rank, .dims = symbolic};
  gcut_value_declare(g, v, &type);
  gcut_graph_add_input(g, 0, v);
}

void toy_weight(gcut_graph *g, const char *name, int rank, const int64_t *dims) {
  uint64_t count = 1;
  for (int i = 0; i < rank; i++) count *= (uint64_t)dims[i];
  gcut_constant k = {.name = name,
                     .type = GCUT_FLOAT,
                     .rank = rank,
                     .dims = dims,
                     .bytes = 4 * count,
                     .file = GCUT_NONE,
                     .data = gcut_arena_alloc(gcut_graph_arena(g), count, 4)};
  gcut_graph_add_initializer(g, 0, value(g, name), gcut_graph_add_constant(g, &k));
}

static uint32_t split(gcut_graph *g, const char *names, uint32_t *out) {
  char text[4096], *rest = text, *name;
  uint32_t n = 0;
  snprintf(text, sizeof text, "%s", names);
  while ((name = strsep(&rest, " ")))
    if (*name) out[n++] = !strcmp(name, "-") ? GCUT_NONE : value(g, name);
  return n;
}

uint32_t toy_node(gcut_graph *g, uint32_t scope, const char *name, const char *op_type,
                  const char *inputs, const char *outputs) {
  uint32_t in[256], out[256];
  gcut_node_spec spec = {.name = name, .op_type = op_type, .scope = scope};
  spec.n_inputs = split(g, inputs, in);
  spec.n_outputs = split(g, outputs, out);
  spec.inputs = in;
  spec.outputs = out;
  return gcut_graph_add_node(g, &spec);
}

void toy_output(gcut_graph *g, const char *name) {
  gcut_graph_add_output(g, 0, value(g, name));
}

gcut_trace *toy_trace(gcut_graph *g, int64_t n) {
  gcut_error err = {0};
  gcut_trace *trace;
  gcut_binding binding = {"n", n};
  gcut_trace_options options = {.bindings = &binding, .n_bindings = n > 0};
  must(gcut_graph_finish(g, &err) == GCUT_OK, "finish", &err);
  must(gcut_trace_create(g, &options, &trace, &err) == GCUT_OK, "trace", &err);
  return trace;
}
