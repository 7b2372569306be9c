// Reads a model, infers its shapes, and prints what each output is: the smallest program on the
// library.
//
//   inspect [MODEL]
#include <stdio.h>

#include "graphcut/formats.h"
#include "graphcut/trace.h"

static int report(const gcut_graph *graph, const gcut_trace *trace) {
  printf("%u nodes, %u modules\n", graph->bodies[0].n_nodes, graph->n_scopes);
  for (uint32_t i = 0; i < graph->bodies[0].n_outputs; i++) {
    uint32_t value = graph->bodies[0].outputs[i];
    char type[256];
    gcut_trace_format(trace, value, type, sizeof type);
    printf("%s: %s\n", graph->values[value].name, type);
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "examples/models/llama/model.onnx";
  gcut_error err = {{0}};
  gcut_graph *graph = NULL;
  gcut_trace *trace = NULL;
  gcut_status status = gcut_graph_read(path, NULL, &graph, &err);
  if (status == GCUT_OK) status = gcut_trace_create(graph, NULL, &trace, &err);
  int exit_status = gcut_status_exit(status);
  if (status == GCUT_OK)
    exit_status = report(graph, trace);
  else
    fprintf(stderr, "inspect: %s\n", err.message);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(graph);
  return exit_status;
}
