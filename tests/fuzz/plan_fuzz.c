// Fuzzing of plan files against one small graph: any bytes give a verified plan or an error. The
// graph has nodes of two names in common, a constant and a value read by several, so that every
// branch of the reader can be reached.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static gcut_trace *trace;
  gcut_plan *plan;
  gcut_error err;
  if (!trace) trace = target();
  if (gcut_plan_parse(trace, data, size, "fuzz.json", &plan, &err) == GCUT_OK) {
    if (gcut_plan_verify(trace, plan, &err) != GCUT_OK) abort();
    gcut_plan_destroy(plan);
  }
  return 0;
}
