// What the reader makes of functions and subgraphs: calls become what they do.
#include "tests/support/check.h"
#include "tests/support/onnx_check.h"

static const int64_t two[] = {2};

static proto reference(const char *name, const char *of) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, name);
  pb_text(&attribute, ATTRIBUTE_REF, of);
  pb_int(&attribute, ATTRIBUTE_TYPE, 2);
  return attribute;
}
static proto number(const char *name, int64_t value) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, name);
  pb_int(&attribute, ATTRIBUTE_I, value);
  pb_int(&attribute, ATTRIBUTE_TYPE, 2);
  return attribute;
}
static void add_to_function(proto *function, proto node) {
  pb_message(function, FUNCTION_NODE, &node);
}
static proto call(const char *name, const char *op, const char *inputs, const char *outputs) {
  proto node = onnx_node(name, op, inputs, outputs);
  pb_text(&node, NODE_DOMAIN, "my.layers");
  return node;
}
static void end_with_functions(proto *model, proto *graph) {
  proto opset = onnx_opset("my.layers", 1);
  *model = onnx_model(graph);
  pb_message(model, MODEL_OPSET, &opset);
}

// Block(a, high, axis, keepdims = 1): Clip(Softmax(a, axis)) with `high` left out by one call.
static proto block(void) {
  proto f = onnx_function("my.layers", "Block", "a high", "b"),
        softmax = onnx_node("soft", "Softmax", "a", "p"), axis = reference("axis", "dim"),
        reduce = onnx_node("", "ArgMax", "a", "index"), keep = reference("keepdims", "keep"),
        gone = reference("axis", "nowhere"), fallback = number("keep", 0);
  pb_message(&softmax, NODE_ATTRIBUTE, &axis);
  pb_message(&reduce, NODE_ATTRIBUTE, &keep);
  pb_message(&reduce, NODE_ATTRIBUTE, &gone);
  add_to_function(&f, softmax);
  add_to_function(&f, onnx_node("clip", "Clip", "p - high", "b"));
  add_to_function(&f, reduce);
  pb_message(&f, FUNCTION_ATTRIBUTE, &fallback);
  return f;
}

static gcut_graph *read_calls(void) {
  proto graph = onnx_begin(), first = call("layers.0/block", "Block", "x", "h"),
        second = call("layers.1/block", "Block", "h x", "y"), dim = number("dim", 0), model,
        f = block();
  pb_message(&first, NODE_ATTRIBUTE, &dim);
  onnx_add(&graph, first);
  onnx_add(&graph, second);
  end_with_functions(&model, &graph);
  pb_message(&model, MODEL_FUNCTION, &f);
  return onnx_parse(&model);
}

static void inlines_functions(void **state) {
  (void)state;
  gcut_graph *g = read_calls();
  assert_int_equal(g->n_nodes, 6);
  const gcut_node *clip = node_of(g, "layers.0/block/clip");
  assert_string_equal(input_of(g, clip, 0), "layers.0/block/p");
  assert_string_equal(input_of(g, clip, 2), ""); // the argument left out
  assert_string_equal(input_of(g, node_of(g, "layers.1/block/clip"), 2), "x");
  assert_string_equal(input_of(g, node_of(g, "layers.1/block/soft"), 0), "h");
  assert_string_equal(g->values[gcut_node_outputs(g, clip)[0]].name, "h");
  gcut_graph_destroy(g);
}

static void passes_attributes_on(void **state) {
  (void)state;
  gcut_graph *g = read_calls();
  const gcut_attribute *axis = gcut_node_attribute(g, node_of(g, "layers.0/block/soft"), "axis");
  assert_non_null(axis);
  assert_int_equal(axis->i, 0);
  // Not given and without a default: absent.
  assert_null(gcut_node_attribute(g, node_of(g, "layers.1/block/soft"), "axis"));
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    if (strcmp(g->nodes[i].op_type, "ArgMax") != 0) continue;
    assert_int_equal(gcut_node_attribute(g, &g->nodes[i], "keepdims")->i, 0); // the default
    assert_null(gcut_node_attribute(g, &g->nodes[i], "axis"));
  }
  gcut_graph_destroy(g);
}

static void gives_calls_scopes(void **state) {
  (void)state;
  gcut_graph *g = read_calls();
  const gcut_scope *scope = &g->scopes[node_of(g, "layers.1/block/clip")->scope];
  assert_string_equal(scope->path, "layers.1.block");
  assert_string_equal(scope->class_name, "my.layers.Block");
  assert_int_equal(scope->n_nodes, 3);
  gcut_graph_destroy(g);
}

// A function whose If reads the function's input from its branch, called from a branch.
static void inlines_within_branches(void **state) {
  (void)state;
  proto graph = onnx_begin(), f = onnx_function("my.layers", "Pick", "c a", "b"), model,
        inner_if = onnx_node("inner", "If", "c", "b"),
        outer_if = onnx_node("outer", "If", "c", "y");
  int64_t none = 0;
  proto c = onnx_value("c", BOOL, 0, &none);
  pb_message(&graph, GRAPH_INPUT, &c);
  for (int i = 0; i < 2; i++) {
    const char *branch = i == 0 ? "then_branch" : "else_branch";
    proto inner = {0}, outer = {0}, output = onnx_value("r", FLOAT, 1, two),
          again = onnx_value("s", FLOAT, 1, two), attribute = {0}, outer_attribute = {0};
    onnx_add(&inner, onnx_node("deep", "Relu", "a", "r"));
    pb_message(&inner, GRAPH_OUTPUT, &output);
    pb_text(&attribute, ATTRIBUTE_NAME, branch);
    pb_message(&attribute, ATTRIBUTE_G, &inner);
    pb_int(&attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&inner_if, NODE_ATTRIBUTE, &attribute);
    onnx_add(&outer, call("pick", "Pick", "c x", "s"));
    pb_message(&outer, GRAPH_OUTPUT, &again);
    pb_text(&outer_attribute, ATTRIBUTE_NAME, branch);
    pb_message(&outer_attribute, ATTRIBUTE_G, &outer);
    pb_int(&outer_attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&outer_if, NODE_ATTRIBUTE, &outer_attribute);
  }
  add_to_function(&f, inner_if);
  onnx_add(&graph, outer_if);
  end_with_functions(&model, &graph);
  pb_message(&model, MODEL_FUNCTION, &f);
  gcut_graph *g = onnx_parse(&model);
  assert_int_equal(g->n_bodies, 1 + 2 + 4);
  uint32_t relus = 0;
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    if (strcmp(g->nodes[i].op_type, "Relu") != 0) continue;
    assert_string_equal(input_of(g, &g->nodes[i], 0), "x");
    relus++;
  }
  assert_int_equal(relus, 4);
  const gcut_node *outer = node_of(g, "outer");
  assert_int_equal(outer->n_captures, 2); // x, and c, which the inner If reads
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inlines_functions),
      cmocka_unit_test(passes_attributes_on),
      cmocka_unit_test(gives_calls_scopes),
      cmocka_unit_test(inlines_within_branches),
  };
  return cmocka_run_group_tests(tests, NULL, onnx_release);
}
