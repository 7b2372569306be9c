#include "tests/support/hostile_build.h"

#include <stdio.h>

const int64_t two[] = {2};

proto begin_graph(void) {
  proto graph = {0}, x = onnx_value("x", FLOAT, 1, two), y = onnx_value("y", FLOAT, 1, two);
  pb_text(&graph, GRAPH_NAME, "g");
  pb_message(&graph, GRAPH_INPUT, &x);
  pb_message(&graph, GRAPH_OUTPUT, &y);
  return graph;
}

void add_node(proto *graph, const char *name, const char *op, const char *inputs,
              const char *outputs) {
  proto node = onnx_node(name, op, inputs, outputs);
  pb_message(graph, GRAPH_NODE, &node);
}

void add_value(proto *graph, unsigned field, const char *name) {
  proto value = onnx_value(name, FLOAT, 1, two);
  pb_message(graph, field, &value);
}

proto begin_relu(void) {
  proto graph = begin_graph();
  add_node(&graph, "relu", "Relu", "x", "y");
  return graph;
}

void end_graph(proto *model, proto *graph) {
  *model = onnx_model(graph);
}

void import_domain(proto *model, const char *domain, int64_t version) {
  proto graph = begin_relu(), opset = onnx_opset(domain, version);
  end_graph(model, &graph);
  pb_message(model, MODEL_OPSET, &opset);
}

void add_zeros(proto *graph, const char *name) {
  proto tensor = onnx_tensor(name, FLOAT, 1, two);
  pb_bytes(&tensor, TENSOR_RAW, "\0\0\0\0\0\0\0", 8);
  pb_message(graph, GRAPH_INITIALIZER, &tensor);
}

void with_attribute(proto *model, proto *attribute, proto *second) {
  proto graph = begin_graph(), node = onnx_node("n", "Softmax", "x", "y");
  pb_message(&node, NODE_ATTRIBUTE, attribute);
  if (second) pb_message(&node, NODE_ATTRIBUTE, second);
  pb_message(&graph, GRAPH_NODE, &node);
  end_graph(model, &graph);
}

void add_call(proto *function, const char *name, const char *op, const char *input,
              const char *output) {
  proto node = onnx_node(name, op, input, output);
  pb_text(&node, NODE_DOMAIN, "local");
  pb_message(function, FUNCTION_NODE, &node);
}

void add_operator(proto *function, const char *op, const char *input, const char *output) {
  proto node = onnx_node("", op, input, output);
  pb_message(function, FUNCTION_NODE, &node);
}

void begin_calls(proto *model) {
  proto graph = begin_graph(), call = onnx_node("call", "f1", "x", "y"),
        opset = onnx_opset("local", 1);
  pb_text(&call, NODE_DOMAIN, "local");
  pb_message(&graph, GRAPH_NODE, &call);
  *model = onnx_model(&graph);
  pb_message(model, MODEL_OPSET, &opset);
}

void add_function(proto *model, proto *function) {
  pb_message(model, MODEL_FUNCTION, function);
}

void add_chain(proto *model, int length, int times) {
  for (int i = 1; i <= length; i++) {
    char name[16], next[16];
    snprintf(name, sizeof name, "f%d", i);
    snprintf(next, sizeof next, "f%d", i + 1);
    proto f = onnx_function("local", name, "a", "c");
    if (i == length)
      add_operator(&f, "Relu", "a", "c");
    else if (times == 2)
      add_call(&f, "one", next, "a", "b"), add_call(&f, "two", next, "b", "c");
    else
      add_call(&f, "one", next, "a", "c");
    add_function(model, &f);
  }
}
