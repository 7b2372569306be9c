// Models that look odd and are right.
#include "tests/support/hostile_build.h"

static void make_unsorted(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "second", "Relu", "a", "y");
  add_node(&graph, "first", "Relu", "x", "a");
  end_graph(model, &graph);
}
static void make_zero_outputs(proto *model) {
  proto graph = begin_relu();
  add_node(&graph, "nothing", "Relu", "x", "");
  end_graph(model, &graph);
}
static void make_straight_through(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_OUTPUT, "x");
  end_graph(model, &graph);
}
static void make_output_twice(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_OUTPUT, "y");
  end_graph(model, &graph);
}
static void make_absent_operands(proto *model) {
  proto graph = begin_graph();
  add_zeros(&graph, "high");
  add_node(&graph, "clip", "Clip", "x - high", "y");
  end_graph(model, &graph);
}
static void make_many_inputs(proto *model) {
  proto graph = begin_graph(), node = {0};
  for (int i = 0; i < 100000; i++) pb_text(&node, NODE_INPUT, "x");
  pb_text(&node, NODE_OUTPUT, "y");
  pb_text(&node, NODE_OP, "Sum");
  pb_message(&graph, GRAPH_NODE, &node);
  end_graph(model, &graph);
}
static void make_hostile_names(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "\"}\n];<b>&amp;\\", "Relu", "x", "a\n\"b");
  add_node(&graph, "%s%n", "Relu", "a\n\"b", "y");
  end_graph(model, &graph);
}
static void make_shadowed(proto *model) {
  proto graph = begin_graph(), node = onnx_node("if", "If", "c", "y"), c = {0};
  int64_t none = 0;
  c = onnx_value("c", 9, 0, &none);
  pb_message(&graph, GRAPH_INPUT, &c);
  for (int i = 0; i < 2; i++) {
    proto inner = {0}, attribute = {0};
    pb_text(&inner, GRAPH_NAME, "inner");
    add_node(&inner, "deep", "Relu", "x", "c");
    add_value(&inner, GRAPH_OUTPUT, "c");
    pb_text(&attribute, ATTRIBUTE_NAME, i == 0 ? "then_branch" : "else_branch");
    pb_message(&attribute, ATTRIBUTE_G, &inner);
    pb_int(&attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&node, NODE_ATTRIBUTE, &attribute);
  }
  pb_message(&graph, GRAPH_NODE, &node);
  end_graph(model, &graph);
}
static void make_two_domain_names(proto *model) {
  import_domain(model, "ai.onnx", 17);
}
static void make_old_inputs(proto *model) {
  proto graph = begin_graph(), opset = onnx_opset("", 7);
  add_zeros(&graph, "w");
  add_value(&graph, GRAPH_INPUT, "w");
  add_node(&graph, "add", "Add", "x w", "y");
  pb_int(model, MODEL_IR, 3);
  pb_message(model, MODEL_GRAPH, &graph);
  pb_message(model, MODEL_OPSET, &opset);
}
static void make_default_input(proto *model) {
  proto graph = begin_graph();
  add_zeros(&graph, "w");
  add_value(&graph, GRAPH_INPUT, "w");
  add_node(&graph, "add", "Add", "x w", "y");
  end_graph(model, &graph);
}
static void make_guessed_kind(proto *model) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, "axis");
  pb_int(&attribute, ATTRIBUTE_I, 0);
  with_attribute(model, &attribute, NULL);
}
static void make_zero_left_out(proto *model) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, "axis");
  pb_int(&attribute, ATTRIBUTE_TYPE, 2);
  with_attribute(model, &attribute, NULL);
}
static void make_annotated(proto *model) {
  proto graph = begin_relu(), annotation = {0}, entry = onnx_entry("SCALE_TENSOR", "x");
  pb_text(&annotation, 1, "y");
  pb_message(&annotation, 2, &entry);
  pb_message(&graph, GRAPH_ANNOTATION, &annotation);
  end_graph(model, &graph);
}
static void make_sparse(proto *model) {
  proto graph = begin_graph(), sparse = {0},
        values = onnx_tensor("w", FLOAT, 1, (const int64_t[]){1}),
        indices = onnx_tensor("", 7, 1, (const int64_t[]){1});
  pb_bytes(&values, TENSOR_RAW, "\0\0\x80\x3f", 4);
  pb_bytes(&indices, TENSOR_RAW, "\1\0\0\0\0\0\0", 8);
  pb_message(&sparse, 1, &values);
  pb_message(&sparse, 2, &indices);
  pb_int(&sparse, 3, 2);
  pb_message(&graph, GRAPH_SPARSE_INITIALIZER, &sparse);
  add_node(&graph, "add", "Add", "x w", "y");
  end_graph(model, &graph);
}
static void make_calls(proto *model) {
  begin_calls(model);
  add_chain(model, 20, 1);
}
static void make_calls_doubling(proto *model) {
  begin_calls(model);
  add_chain(model, 8, 2);
}
// Modules deeper than names tell them: a call in six of them, and 60 calls in it.
static void make_deep_modules(proto *model) {
  proto graph = begin_graph(), call = onnx_node("a/b/c/d/e/f/call", "f1", "x", "y"),
        opset = onnx_opset("local", 1);
  pb_text(&call, NODE_DOMAIN, "local");
  pb_message(&graph, GRAPH_NODE, &call);
  end_graph(model, &graph);
  pb_message(model, MODEL_OPSET, &opset);
  add_chain(model, 60, 1);
}
static void make_pass_through(proto *model) {
  proto f = onnx_function("local", "f1", "a", "a");
  begin_calls(model);
  add_function(model, &f);
}

const odd_case odd_cases[] = {
    {"unsorted", make_unsorted},
    {"zero-outputs", make_zero_outputs},
    {"straight-through", make_straight_through},
    {"output-twice", make_output_twice},
    {"absent-operands", make_absent_operands},
    {"many-inputs", make_many_inputs},
    {"hostile-names", make_hostile_names},
    {"shadowed", make_shadowed},
    {"two-domain-names", make_two_domain_names},
    {"old-inputs", make_old_inputs},
    {"default-input", make_default_input},
    {"guessed-kind", make_guessed_kind},
    {"zero-left-out", make_zero_left_out},
    {"annotated", make_annotated},
    {"sparse", make_sparse},
    {"calls", make_calls},
    {"calls-doubling", make_calls_doubling},
    {"deep-modules", make_deep_modules},
    {"pass-through", make_pass_through},
};
const size_t n_odd_cases = sizeof odd_cases / sizeof *odd_cases;
