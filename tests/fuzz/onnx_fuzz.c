// Fuzzing of ONNX models: any bytes give a graph that verifies or an error; a graph gives a trace
// or an error, and can be written and read back as an equal one.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "graphcut/trace.h"
#include "tests/support/graph_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A folder of this process's own: what is read may refer to files, but finds none.
static const char *output_path(void) {
  static char folder[] = "/tmp/graphcut-fuzz-XXXXXX", path[64];
  if (!path[0]) {
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/x.onnx", folder);
  }
  return path;
}

static void check_round_trip(const gcut_graph *graph) {
  gcut_graph *again;
  gcut_error err;
  gcut_status status = gcut_onnx_write(graph, output_path(), &err);
  if (status == GCUT_OK) status = gcut_onnx_read(output_path(), NULL, &again, &err);
  if (status == GCUT_OK) status = gcut_graph_equal(graph, again, &err);
  if (status != GCUT_OK) {
    fprintf(stderr, "%s\n", err.message);
    abort();
  }
  gcut_graph_destroy(again);
  unlink(output_path()); // so that no model finds it as external data
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_error err;
  if (gcut_onnx_parse(data, size, output_path(), NULL, &graph, &err) != GCUT_OK) return 0;
  if (gcut_graph_verify(graph, &err) != GCUT_OK) abort();
  if (gcut_trace_create(graph, NULL, &trace, &err) == GCUT_OK) gcut_trace_destroy(trace);
  check_round_trip(graph);
  gcut_graph_destroy(graph);
  return 0;
}
