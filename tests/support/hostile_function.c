// Functions that call themselves, grow, or do not fit their calls.
#include "tests/support/hostile_build.h"

static void make_calls_itself(proto *model) {
  proto f = onnx_function("local", "f1", "a", "b");
  begin_calls(model);
  add_call(&f, "again", "f1", "a", "b");
  add_function(model, &f);
}
static void make_call_each_other(proto *model) {
  proto f = onnx_function("local", "f1", "a", "b"), g = onnx_function("local", "f2", "a", "b");
  begin_calls(model);
  add_call(&f, "to2", "f2", "a", "b");
  add_call(&g, "to1", "f1", "a", "b");
  add_function(model, &f);
  add_function(model, &g);
}
static void make_call_in_branch(proto *model) {
  proto f = onnx_function("local", "f1", "a", "b"), inner = {0}, attribute = {0},
        node = onnx_node("if", "If", "a", "b"), call = onnx_node("again", "f1", "a", "c");
  begin_calls(model);
  pb_text(&call, NODE_DOMAIN, "local");
  pb_text(&inner, GRAPH_NAME, "inner");
  pb_message(&inner, GRAPH_NODE, &call);
  add_value(&inner, GRAPH_OUTPUT, "c");
  pb_text(&attribute, ATTRIBUTE_NAME, "then_branch");
  pb_message(&attribute, ATTRIBUTE_G, &inner);
  pb_int(&attribute, ATTRIBUTE_TYPE, 5);
  pb_message(&node, NODE_ATTRIBUTE, &attribute);
  pb_message(&f, FUNCTION_NODE, &node);
  add_function(model, &f);
}
static void make_exponential(proto *model) {
  begin_calls(model);
  add_chain(model, 40, 2);
}
static void make_deep_calls(proto *model) {
  begin_calls(model);
  add_chain(model, 150, 1);
}
static void make_many_functions(proto *model) {
  begin_calls(model);
  add_chain(model, 10001, 1);
}
static void make_function_twice(proto *model) {
  begin_calls(model);
  add_chain(model, 1, 1);
  add_chain(model, 1, 1);
}
static void make_function(proto *model, const char *inputs, const char *outputs,
                          const char *produces) {
  proto f = onnx_function("local", "f1", inputs, outputs);
  begin_calls(model);
  add_operator(&f, "Relu", "a", produces);
  add_function(model, &f);
}
static void make_too_many_inputs(proto *model) {
  proto f = onnx_function("local", "f1", "", "b");
  begin_calls(model);
  add_function(model, &f);
}
static void make_too_many_outputs(proto *model) {
  make_function(model, "a", "", "b");
}
static void make_function_no_output(proto *model) {
  make_function(model, "a", "b", "c");
}
static void make_function_shadows(proto *model) {
  make_function(model, "a", "a", "a");
}
static void make_function_undefined(proto *model) {
  make_function(model, "z", "b", "b");
}
static void make_function_opset(proto *model) {
  proto f = onnx_function("local", "f1", "a", "b"), older = onnx_opset("", 11);
  begin_calls(model);
  pb_message(&f, FUNCTION_OPSET, &older);
  add_operator(&f, "Softmax", "a", "b");
  add_function(model, &f);
}

#define F GCUT_FORMAT
const hostile_case hostile_function[] = {
    {"function-calls-itself", F, "function 'f1' calls itself", make_calls_itself},
    {"functions-call-each-other", F, "calls itself", make_call_each_other},
    {"function-in-branch", F, "calls itself", make_call_in_branch},
    {"functions-exponential", F, "too large", make_exponential},
    {"functions-deep", F, "more than 100 deep", make_deep_calls},
    {"functions-many", F, "more than 10000 functions", make_many_functions},
    {"function-twice", F, "function 'f1' is defined twice", make_function_twice},
    {"function-inputs", F, "has 0 inputs, the call 1", make_too_many_inputs},
    {"function-outputs", F, "has 0 outputs, the call 1", make_too_many_outputs},
    {"function-no-output", F, "nothing defines its output 'b'", make_function_no_output},
    {"function-shadows", F, "'a' is defined twice", make_function_shadows},
    {"function-undefined", F, "nothing defines 'a'", make_function_undefined},
    {"function-opset", GCUT_UNSUPPORTED, "uses Softmax of opset 11", make_function_opset},
};
const size_t n_hostile_function = sizeof hostile_function / sizeof *hostile_function;
