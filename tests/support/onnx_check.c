#include "tests/support/onnx_check.h"

#include "graphcut/formats.h"
#include "tests/support/check.h"

static proto bytes; // of the graph that was parsed last

proto onnx_begin(void) {
  static const int64_t two[] = {2};
  proto graph = {0}, x = onnx_value("x", FLOAT, 1, two), y = onnx_value("y", FLOAT, 1, two);
  pb_text(&graph, GRAPH_NAME, "g");
  pb_message(&graph, GRAPH_INPUT, &x);
  pb_message(&graph, GRAPH_OUTPUT, &y);
  return graph;
}

void onnx_add(proto *graph, proto node) {
  pb_message(graph, GRAPH_NODE, &node);
}

gcut_graph *onnx_parse(proto *model) {
  gcut_graph *graph;
  pb_free(&bytes);
  bytes = *model;
  assert_ok(gcut_onnx_parse(bytes.data, bytes.size, "test.onnx", NULL, &graph, err));
  return graph;
}

int onnx_release(void **state) {
  (void)state;
  pb_free(&bytes);
  return 0;
}

const gcut_node *node_of(const gcut_graph *g, const char *name) {
  uint32_t node = gcut_graph_find_node(g, name);
  if (node == GCUT_NONE) fail_msg("no node '%s'", name);
  return &g->nodes[node];
}

const char *input_of(const gcut_graph *g, const gcut_node *node, uint32_t i) {
  assert_true(i < node->n_inputs);
  uint32_t value = gcut_node_inputs(g, node)[i];
  return value == GCUT_NONE ? "" : g->values[value].name;
}
