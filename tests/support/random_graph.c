#include "tests/support/random_graph.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/toy.h"

uint32_t random_next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33);
}

uint32_t random_below(uint64_t *state, uint32_t n) {
  return random_next(state) % n;
}

// One of the values there are, recent ones more often.
static uint32_t pick(uint64_t *state, uint32_t n_values) {
  uint32_t near = n_values < 6 ? n_values : 6;
  return random_below(state, 3) ? n_values - 1 - random_below(state, near)
                                : random_below(state, n_values);
}

static void add_node(gcut_graph *g, uint64_t *state, uint32_t scope, uint32_t i,
                     uint32_t *n_values) {
  char name[32], in[128], out[64];
  uint32_t a = pick(state, *n_values), b = pick(state, *n_values), c = pick(state, *n_values);
  uint32_t o = *n_values;
  snprintf(name, sizeof name, "n%u", i);
  snprintf(out, sizeof out, "v%u", o);
  switch (random_below(state, 6)) {
  case 0:
    snprintf(in, sizeof in, "v%u", a);
    toy_node(g, scope, name, "Relu", in, out);
    break;
  case 1:
    snprintf(in, sizeof in, "v%u v%u v%u", a, b, c);
    toy_node(g, scope, name, "Sum", in, out);
    break;
  case 2:
    snprintf(in, sizeof in, "v%u W%u", a, random_below(state, 3));
    toy_node(g, scope, name, "MatMul", in, out);
    break;
  case 3:
    snprintf(in, sizeof in, "v%u v%u", a, b);
    toy_node(g, scope, name, "Max", in, out);
    break;
  case 4:
    snprintf(in, sizeof in, "v%u", a);
    snprintf(out, sizeof out, "v%u mask%u", o, o);
    toy_node(g, scope, name, "Dropout", in, out);
    break;
  default: snprintf(in, sizeof in, "v%u v%u", a, b); toy_node(g, scope, name, "Add", in, out);
  }
  ++*n_values;
}

gcut_graph *random_graph(uint64_t *state, uint32_t n_nodes) {
  static const int64_t shape[] = {0, 4}, square[] = {4, 4};
  gcut_graph *g = toy_begin();
  uint32_t n_values = 1 + random_below(state, 3), scope = 0, left = 0;
  char name[32];
  for (uint32_t i = 0; i < n_values; i++) {
    snprintf(name, sizeof name, "v%u", i);
    toy_input(g, name, 2, shape);
  }
  for (uint32_t i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "W%u", i);
    toy_weight(g, name, 2, square);
  }
  for (uint32_t i = 0; i < n_nodes; i++) {
    if (left == 0) {
      snprintf(name, sizeof name, "block.%u", i);
      scope = random_below(state, 2) ? toy_scope(g, 0, name, "pkg.Block") : 0;
      left = 1 + random_below(state, 5);
    }
    left--;
    add_node(g, state, scope, i, &n_values);
  }
  for (uint32_t i = 0; i <= random_below(state, 3); i++) {
    snprintf(name, sizeof name, "v%u", n_values - 1 - random_below(state, n_values / 2 + 1));
    toy_output(g, name);
  }
  return g;
}

void random_prepared(gcut_graph *g) {
  static const int64_t tall[] = {16400, 4}; // of four bytes: beyond what a trace folds
  toy_weight(g, "tall", 2, tall);
  toy_node(g, 0, "prepared0", "Transpose", "tall", "wide");
  toy_node(g, 0, "prepared1", "MatMul", "wide tall", "square");
  toy_node(g, 0, "prepared2", "MatMul", "v0 square", "prepared");
  toy_output(g, "prepared");
}

gcut_plan *random_cut(const gcut_trace *trace, uint64_t *state, uint32_t every) {
  const gcut_body *body = &trace->graph->bodies[0];
  gcut_part_spec *parts = calloc(body->n_nodes, sizeof *parts);
  if (!parts && body->n_nodes) abort();
  uint32_t n = 0;
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    if (i == 0 || random_below(state, every) == 0)
      parts[n++] = (gcut_part_spec){.name = "part", .nodes = body->nodes + i};
    parts[n - 1].n_nodes++;
  }
  gcut_plan_spec spec = {.parts = parts, .n_parts = n};
  gcut_plan *plan;
  gcut_error err[1] = {0};
  if (gcut_plan_build(trace, &spec, &plan, err) != GCUT_OK) {
    fprintf(stderr, "random_cut: %s\n", err->message);
    abort();
  }
  free(parts);
  return plan;
}
