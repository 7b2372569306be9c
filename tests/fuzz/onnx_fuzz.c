// Fuzzing of ONNX models: any bytes give a graph that verifies or an error, and a graph a trace or
// an error.
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_error err;
  if (gcut_onnx_parse(data, size, "fuzz.onnx", NULL, &graph, &err) != GCUT_OK) return 0;
  if (gcut_graph_verify(graph, &err) != GCUT_OK) abort();
  if (gcut_trace_create(graph, NULL, &trace, &err) == GCUT_OK) gcut_trace_destroy(trace);
  gcut_graph_destroy(graph);
  return 0;
}
