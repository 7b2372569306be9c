// Models and graphs that contradict themselves.
#include <stdio.h>

#include "tests/support/hostile_build.h"

// ---- the model --------------------------------------------------------------------------------

static void make_no_graph(proto *model) {
  pb_int(model, MODEL_IR, 8);
}
static void make_no_ir(proto *model) {
  proto graph = begin_relu();
  pb_message(model, MODEL_GRAPH, &graph);
}
static void make_no_opset(proto *model) {
  proto graph = begin_relu();
  pb_int(model, MODEL_IR, 8);
  pb_message(model, MODEL_GRAPH, &graph);
}
static void make_opset_huge(proto *model) {
  import_domain(model, "other", INT64_C(1) << 31);
}
static void make_opset_negative(proto *model) {
  import_domain(model, "other", -3);
}
static void make_opset_twice(proto *model) {
  import_domain(model, "ai.onnx", 12);
}
static void make_opsets_many(proto *model) {
  proto graph = begin_relu();
  end_graph(model, &graph);
  for (int i = 0; i < 1001; i++) {
    char domain[16];
    snprintf(domain, sizeof domain, "d%d", i);
    proto opset = onnx_opset(domain, 1);
    pb_message(model, MODEL_OPSET, &opset);
  }
}
static void make_domain_unknown(proto *model) {
  proto graph = begin_graph(), node = onnx_node("n", "Fancy", "x", "y");
  pb_text(&node, NODE_DOMAIN, "nowhere");
  pb_message(&graph, GRAPH_NODE, &node);
  end_graph(model, &graph);
}

// ---- the graph --------------------------------------------------------------------------------

static void make_cycle(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "first", "Add", "x b", "a");
  add_node(&graph, "second", "Relu", "a", "b");
  add_node(&graph, "third", "Relu", "b", "y");
  end_graph(model, &graph);
}
static void make_self_loop(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "loop", "Add", "x y", "y");
  end_graph(model, &graph);
}
static void make_two_producers(proto *model) {
  proto graph = begin_relu();
  add_node(&graph, "again", "Relu", "x", "y");
  end_graph(model, &graph);
}
static void make_produces_input(proto *model) {
  proto graph = begin_relu();
  add_node(&graph, "again", "Relu", "y", "x");
  end_graph(model, &graph);
}
static void make_input_twice(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_INPUT, "x");
  end_graph(model, &graph);
}
static void make_unnamed_input(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_INPUT, "");
  end_graph(model, &graph);
}
static void make_no_output(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_OUTPUT, "z");
  end_graph(model, &graph);
}
static void make_undefined(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "add", "Add", "x ghost", "y");
  end_graph(model, &graph);
}
static void make_no_operator(proto *model) {
  proto graph = begin_relu();
  add_node(&graph, "bare", "", "x", "z");
  end_graph(model, &graph);
}
static void make_initializer_twice(proto *model) {
  proto graph = begin_relu();
  add_zeros(&graph, "w");
  add_zeros(&graph, "w");
  end_graph(model, &graph);
}
static void make_initializer_produced(proto *model) {
  proto graph = begin_relu();
  add_zeros(&graph, "y");
  end_graph(model, &graph);
}
static void make_unnamed_initializer(proto *model) {
  proto graph = begin_relu();
  add_zeros(&graph, "");
  end_graph(model, &graph);
}
static void make_annotation(proto *model) {
  proto graph = begin_relu(), annotation = {0}, entry = onnx_entry("SCALE_TENSOR", "x");
  pb_text(&annotation, 1, "ghost");
  pb_message(&annotation, 2, &entry);
  pb_message(&graph, GRAPH_ANNOTATION, &annotation);
  end_graph(model, &graph);
}
static void make_rank_33(proto *model) {
  int64_t dims[33];
  for (int i = 0; i < 33; i++) dims[i] = 1;
  proto graph = begin_relu(), value = onnx_value("y", FLOAT, 33, dims);
  pb_message(&graph, GRAPH_VALUE_INFO, &value);
  end_graph(model, &graph);
}
static void make_type_99(proto *model) {
  proto graph = begin_relu(), value = onnx_value("z", 99, 1, two);
  pb_message(&graph, GRAPH_INPUT, &value);
  end_graph(model, &graph);
}

#define F GCUT_FORMAT
const hostile_case hostile_graph[] = {
    {"no-graph", F, "no graph", make_no_graph},
    {"no-ir-version", F, "no IR version", make_no_ir},
    {"no-opset", F, "domain '' is not imported", make_no_opset},
    {"opset-huge", F, "is no version", make_opset_huge},
    {"opset-negative", F, "is no version", make_opset_negative},
    {"opset-twice", F, "imported at two versions", make_opset_twice},
    {"opsets-many", F, "more than 1000 opset imports", make_opsets_many},
    {"domain-unknown", F, "domain 'nowhere' is not imported", make_domain_unknown},
    {"cycle", F, "a cycle", make_cycle},
    {"self-loop", F, "a cycle", make_self_loop},
    {"two-producers", F, "'y' is defined twice", make_two_producers},
    {"produces-input", F, "'x' is defined twice", make_produces_input},
    {"input-twice", F, "'x' is defined twice", make_input_twice},
    {"input-unnamed", F, "an input without a name", make_unnamed_input},
    {"output-undefined", F, "nothing defines the output 'z'", make_no_output},
    {"input-undefined", F, "node 'add' (Add): nothing defines 'ghost'", make_undefined},
    {"no-operator", F, "names no operator", make_no_operator},
    {"initializer-twice", F, "'w' is defined twice", make_initializer_twice},
    {"initializer-produced", F, "'y' is defined twice", make_initializer_produced},
    {"initializer-unnamed", F, "an initializer without a name", make_unnamed_initializer},
    {"annotation-of-nothing", F, "'ghost', which is no value", make_annotation},
    {"value-rank-33", F, "rank 33", make_rank_33},
    {"value-type-99", F, "element type 99", make_type_99},
};
const size_t n_hostile_graph = sizeof hostile_graph / sizeof *hostile_graph;
