// Fuzzing of plan files against one small graph: any bytes give a verified plan or an error. The
// graph has nodes of two names in common, a constant and a value read by several, so that every
// branch of the reader can be reached.
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/plan.h"
#include "tests/support/toy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gcut_trace *target(void) {
  static const int64_t shape[] = {0, 4}, square[] = {4, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_weight(g, "W", 2, square);
  toy_node(g, 0, "first", "Relu", "x", "a");
  toy_node(g, 0, "second", "MatMul", "a W", "b");
  toy_node(g, 0, "twin", "Abs", "b", "c");
  toy_node(g, 0, "twin", "Exp", "c", "d");
  toy_node(g, 0, "third", "Add", "d a", "e");
  toy_output(g, "e");
  return toy_trace(g, 3);
}

static void parse(const gcut_trace *trace, const void *data, size_t size) {
  gcut_plan *plan;
  gcut_error err;
  if (gcut_plan_parse(trace, data, size, "fuzz.json", &plan, &err) != GCUT_OK) return;
  if (gcut_plan_verify(trace, plan, &err) != GCUT_OK) abort();
  gcut_plan_destroy(plan);
}

// The bytes as a file, and as what follows a head that fits the graph.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static gcut_trace *trace;
  if (!trace) trace = target();
  parse(trace, data, size);
  char *text = malloc(size + 256);
  if (!text) return 0;
  int head = snprintf(text, 256,
                      "{\"format\": \"graphcut-plan\", \"version\": 1, \"model\": \"m\", "
                      "\"fingerprint\": \"%016" PRIx64 "\", ",
                      gcut_graph_fingerprint(trace->graph));
  if (size > 0) memcpy(text + head, data, size);
  text[head + (int)size] = '}';
  parse(trace, text, (size_t)head + size + 1);
  free(text);
  return 0;
}
