#include "tests/support/hostile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FLOAT = 1, UINT8 = 2, STRING = 8, INT4 = 22 };
static const int64_t two[] = {2};

// A graph from input x to output y.
static proto begin(void) {
  proto graph = {0}, x = onnx_value("x", FLOAT, 1, two), y = onnx_value("y", FLOAT, 1, two);
  pb_text(&graph, GRAPH_NAME, "g");
  pb_message(&graph, GRAPH_INPUT, &x);
  pb_message(&graph, GRAPH_OUTPUT, &y);
  return graph;
}

static void add(proto *graph, const char *name, const char *op, const char *inputs,
                const char *outputs) {
  proto node = onnx_node(name, op, inputs, outputs);
  pb_message(graph, GRAPH_NODE, &node);
}

static void add_value(proto *graph, unsigned field, const char *name) {
  proto value = onnx_value(name, FLOAT, 1, two);
  pb_message(graph, field, &value);
}

// A whole graph of one node, y = Relu(x), and what a case adds.
static proto begin_relu(void) {
  proto graph = begin();
  add(&graph, "relu", "Relu", "x", "y");
  return graph;
}

static void end(proto *model, proto *graph) {
  *model = onnx_model(graph);
}

// ---- the wire ---------------------------------------------------------------------------------

static void make_empty(proto *model) {
  (void)model;
}
static void make_text(proto *model) {
  pb_raw(model, "name: model\nlayers: 3\n", 22);
}
static void make_html(proto *model) {
  pb_raw(model, "<!DOCTYPE html><html><body>404</body></html>", 44);
}
static void make_gzip(proto *model) {
  pb_raw(model, "\x1f\x8b\x08\0\0\0\0\0\0\3\xab\x56\x4a\xcc\x49\x2d\x29", 17);
}
static void make_long_length(proto *model) {
  pb_varint(model, MODEL_GRAPH << 3 | 2);
  pb_varint(model, 1000);
  pb_raw(model, "graph", 5);
}
static void make_endless_varint(proto *model) {
  pb_raw(model, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
}
static void make_group(proto *model) {
  pb_varint(model, MODEL_GRAPH << 3 | 3);
  pb_varint(model, MODEL_GRAPH << 3 | 4);
}
static void make_field_zero(proto *model) {
  pb_raw(model, "\x02\x00", 2);
}
static void make_wrong_wire_type(proto *model) {
  pb_int(model, MODEL_GRAPH, 5);
}
static void make_broken_packed(proto *model) {
  proto graph = begin_relu(), tensor = onnx_tensor("w", FLOAT, 1, two);
  pb_bytes(&tensor, TENSOR_FLOATS, "1234567", 7);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  end(model, &graph);
}
static void make_two_graphs(proto *model) {
  proto graph = begin_relu(), again = begin_relu();
  end(model, &graph);
  pb_message(model, MODEL_GRAPH, &again);
}
static void make_bad_utf8(proto *model) {
  proto graph = begin();
  add(&graph, "caf\xe9", "Relu", "x", "y");
  end(model, &graph);
}
static void make_surrogate(proto *model) {
  proto graph = begin();
  add(&graph, "\xed\xa0\x80", "Relu", "x", "y");
  end(model, &graph);
}
static void make_zero_byte(proto *model) {
  proto graph = begin(), node = onnx_node("n", "Relu", "x", "y");
  pb_bytes(&node, NODE_NAME, "a\0b", 3);
  pb_message(&graph, GRAPH_NODE, &node);
  end(model, &graph);
}
// If nodes inside one another, as deep as a stack would go.
static void make_nested(proto *model) {
  proto graph = begin();
  for (int i = 0; i < 3000; i++) {
    proto outer = begin(), node = onnx_node("n", "If", "x", "y"), attribute = {0};
    pb_text(&attribute, ATTRIBUTE_NAME, "then_branch");
    pb_message(&attribute, ATTRIBUTE_G, &graph);
    pb_int(&attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&node, NODE_ATTRIBUTE, &attribute);
    pb_message(&outer, GRAPH_NODE, &node);
    graph = outer;
  }
  end(model, &graph);
}

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
static void import(proto *model, const char *domain, int64_t version) {
  proto graph = begin_relu(), opset = onnx_opset(domain, version);
  end(model, &graph);
  pb_message(model, MODEL_OPSET, &opset);
}
static void make_opset_huge(proto *model) {
  import(model, "other", INT64_C(1) << 31);
}
static void make_opset_negative(proto *model) {
  import(model, "other", -3);
}
static void make_opset_twice(proto *model) {
  import(model, "ai.onnx", 12);
}
static void make_opsets_many(proto *model) {
  proto graph = begin_relu();
  end(model, &graph);
  for (int i = 0; i < 1001; i++) {
    char domain[16];
    snprintf(domain, sizeof domain, "d%d", i);
    proto opset = onnx_opset(domain, 1);
    pb_message(model, MODEL_OPSET, &opset);
  }
}
static void make_domain_unknown(proto *model) {
  proto graph = begin(), node = onnx_node("n", "Fancy", "x", "y");
  pb_text(&node, NODE_DOMAIN, "nowhere");
  pb_message(&graph, GRAPH_NODE, &node);
  end(model, &graph);
}

// ---- the graph --------------------------------------------------------------------------------

static void make_cycle(proto *model) {
  proto graph = begin();
  add(&graph, "first", "Add", "x b", "a");
  add(&graph, "second", "Relu", "a", "b");
  add(&graph, "third", "Relu", "b", "y");
  end(model, &graph);
}
static void make_self_loop(proto *model) {
  proto graph = begin();
  add(&graph, "loop", "Add", "x y", "y");
  end(model, &graph);
}
static void make_two_producers(proto *model) {
  proto graph = begin_relu();
  add(&graph, "again", "Relu", "x", "y");
  end(model, &graph);
}
static void make_produces_input(proto *model) {
  proto graph = begin_relu();
  add(&graph, "again", "Relu", "y", "x");
  end(model, &graph);
}
static void make_input_twice(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_INPUT, "x");
  end(model, &graph);
}
static void make_unnamed_input(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_INPUT, "");
  end(model, &graph);
}
static void make_no_output(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_OUTPUT, "z");
  end(model, &graph);
}
static void make_undefined(proto *model) {
  proto graph = begin();
  add(&graph, "add", "Add", "x ghost", "y");
  end(model, &graph);
}
static void make_no_operator(proto *model) {
  proto graph = begin_relu();
  add(&graph, "bare", "", "x", "z");
  end(model, &graph);
}
static void add_zeros(proto *graph, const char *name) {
  proto tensor = onnx_tensor(name, FLOAT, 1, two);
  pb_bytes(&tensor, TENSOR_RAW, "\0\0\0\0\0\0\0", 8);
  pb_message(graph, GRAPH_INITIALIZER, &tensor);
}
static void make_initializer_twice(proto *model) {
  proto graph = begin_relu();
  add_zeros(&graph, "w");
  add_zeros(&graph, "w");
  end(model, &graph);
}
static void make_initializer_produced(proto *model) {
  proto graph = begin_relu();
  add_zeros(&graph, "y");
  end(model, &graph);
}
static void make_unnamed_initializer(proto *model) {
  proto graph = begin_relu();
  add_zeros(&graph, "");
  end(model, &graph);
}
static void make_annotation(proto *model) {
  proto graph = begin_relu(), annotation = {0}, entry = onnx_entry("SCALE_TENSOR", "x");
  pb_text(&annotation, 1, "ghost");
  pb_message(&annotation, 2, &entry);
  pb_message(&graph, GRAPH_ANNOTATION, &annotation);
  end(model, &graph);
}
static void make_rank_33(proto *model) {
  int64_t dims[33];
  for (int i = 0; i < 33; i++) dims[i] = 1;
  proto graph = begin_relu(), value = onnx_value("y", FLOAT, 33, dims);
  pb_message(&graph, GRAPH_VALUE_INFO, &value);
  end(model, &graph);
}
static void make_type_99(proto *model) {
  proto graph = begin_relu(), value = onnx_value("z", 99, 1, two);
  pb_message(&graph, GRAPH_INPUT, &value);
  end(model, &graph);
}

// ---- attributes -------------------------------------------------------------------------------

static void with_attribute(proto *model, proto *attribute, proto *second) {
  proto graph = begin(), node = onnx_node("n", "Softmax", "x", "y");
  pb_message(&node, NODE_ATTRIBUTE, attribute);
  if (second) pb_message(&node, NODE_ATTRIBUTE, second);
  pb_message(&graph, GRAPH_NODE, &node);
  end(model, &graph);
}
static proto axis_attribute(void) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, "axis");
  pb_int(&attribute, ATTRIBUTE_I, 0);
  pb_int(&attribute, ATTRIBUTE_TYPE, 2);
  return attribute;
}
static void make_attribute_twice(proto *model) {
  proto one = axis_attribute(), two_ = axis_attribute();
  with_attribute(model, &one, &two_);
}
static void make_attribute_unnamed(proto *model) {
  proto attribute = {0};
  pb_int(&attribute, ATTRIBUTE_I, 1);
  with_attribute(model, &attribute, NULL);
}
static void make_attribute_kind(proto *model) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, "axis");
  pb_int(&attribute, ATTRIBUTE_TYPE, 77);
  with_attribute(model, &attribute, NULL);
}
static void make_attribute_empty(proto *model) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, "axis");
  with_attribute(model, &attribute, NULL);
}
static void make_attribute_reference(proto *model) {
  proto attribute = {0};
  pb_text(&attribute, ATTRIBUTE_NAME, "axis");
  pb_text(&attribute, ATTRIBUTE_REF, "axis");
  pb_int(&attribute, ATTRIBUTE_TYPE, 2);
  with_attribute(model, &attribute, NULL);
}
static void make_inner_undefined(proto *model) {
  proto inner = {0}, attribute = {0};
  pb_text(&inner, GRAPH_NAME, "inner");
  add(&inner, "deep", "Relu", "ghost", "z");
  add_value(&inner, GRAPH_OUTPUT, "z");
  pb_text(&attribute, ATTRIBUTE_NAME, "then_branch");
  pb_message(&attribute, ATTRIBUTE_G, &inner);
  pb_int(&attribute, ATTRIBUTE_TYPE, 5);
  with_attribute(model, &attribute, NULL);
}

// ---- tensors ----------------------------------------------------------------------------------

static void with_tensor(proto *model, proto *tensor) {
  proto graph = begin_relu();
  pb_message(&graph, GRAPH_INITIALIZER, tensor);
  end(model, &graph);
}
static void make_raw(proto *model, int type, const int64_t *dims, int rank, size_t bytes) {
  proto tensor = onnx_tensor("w", type, rank, dims);
  uint8_t zeros[64] = {0};
  pb_bytes(&tensor, TENSOR_RAW, zeros, bytes);
  with_tensor(model, &tensor);
}
static void make_raw_short(proto *model) {
  make_raw(model, FLOAT, two, 1, 7);
}
static void make_raw_long(proto *model) {
  make_raw(model, FLOAT, two, 1, 12);
}
static void make_raw_string(proto *model) {
  make_raw(model, STRING, two, 1, 8);
}
static void make_packed_bits(proto *model) {
  make_raw(model, INT4, (const int64_t[]){5}, 1, 5);
}
static void make_product_overflow(proto *model) {
  make_raw(model, UINT8, (const int64_t[]){INT64_C(1) << 32, INT64_C(1) << 32}, 2, 0);
}
static void make_dim_negative(proto *model) {
  make_raw(model, FLOAT, (const int64_t[]){-2, -1}, 2, 8);
}
static void make_type_unknown(proto *model) {
  make_raw(model, 99, two, 1, 8);
}
static void make_no_elements(proto *model) {
  proto tensor = onnx_tensor("w", FLOAT, 1, two);
  with_tensor(model, &tensor);
}
static void make_rank_million(proto *model) {
  proto tensor = onnx_tensor("w", FLOAT, 0, NULL);
  for (int i = 0; i < 1000000; i++) pb_int(&tensor, TENSOR_DIMS, 1);
  with_tensor(model, &tensor);
}
static void make_two_holders(proto *model) {
  proto tensor = onnx_tensor("w", FLOAT, 1, two);
  pb_bytes(&tensor, TENSOR_FLOATS, "\0\0\0\0\0\0\0", 8);
  pb_bytes(&tensor, TENSOR_RAW, "\0\0\0\0\0\0\0", 8);
  with_tensor(model, &tensor);
}
static void make_wrong_holder(proto *model) {
  proto tensor = onnx_tensor("w", FLOAT, 1, two);
  pb_int(&tensor, TENSOR_INT32S, 1);
  pb_int(&tensor, TENSOR_INT32S, 2);
  with_tensor(model, &tensor);
}
static void make_segment(proto *model) {
  proto tensor = onnx_tensor("w", FLOAT, 1, two), segment = {0};
  pb_int(&segment, 1, 0);
  pb_message(&tensor, 3, &segment);
  with_tensor(model, &tensor);
}
static void make_sparse_unnamed(proto *model) {
  proto graph = begin_relu(), sparse = {0}, values = onnx_tensor("", FLOAT, 1, two),
        indices = onnx_tensor("", 7, 1, two);
  pb_bytes(&values, TENSOR_RAW, "\0\0\0\0\0\0\0", 8);
  pb_bytes(&indices, TENSOR_RAW, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  pb_message(&sparse, 1, &values);
  pb_message(&sparse, 2, &indices);
  pb_int(&sparse, 3, 8);
  pb_message(&graph, GRAPH_SPARSE_INITIALIZER, &sparse);
  end(model, &graph);
}

// ---- functions --------------------------------------------------------------------------------

static void add_call(proto *function, const char *name, const char *op, const char *input,
                     const char *output) {
  proto node = onnx_node(name, op, input, output);
  pb_text(&node, NODE_DOMAIN, "local");
  pb_message(function, FUNCTION_NODE, &node);
}
static void add_operator(proto *function, const char *op, const char *input, const char *output) {
  proto node = onnx_node("", op, input, output);
  pb_message(function, FUNCTION_NODE, &node);
}
// A model whose graph calls local.f1.
static void begin_calls(proto *model) {
  proto graph = begin(), call = onnx_node("call", "f1", "x", "y"), opset = onnx_opset("local", 1);
  pb_text(&call, NODE_DOMAIN, "local");
  pb_message(&graph, GRAPH_NODE, &call);
  *model = onnx_model(&graph);
  pb_message(model, MODEL_OPSET, &opset);
}
static void add_function(proto *model, proto *function) {
  pb_message(model, MODEL_FUNCTION, function);
}
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
// f1 calls f2, which calls f3, ... `times` times each; the last is a Relu.
static void add_chain(proto *model, int length, int times) {
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
const hostile_case hostile_cases[] = {
    {"empty", F, "an empty file", make_empty},
    {"text", F, "not ONNX", make_text},
    {"html", F, "not ONNX", make_html},
    {"gzip", F, "not ONNX", make_gzip},
    {"length-past-end", F, "a length runs past the end", make_long_length},
    {"endless-varint", F, "a number does not end", make_endless_varint},
    {"group", F, "a wire type that ONNX does not use", make_group},
    {"field-zero", F, "a field number is out of range", make_field_zero},
    {"wrong-wire-type", F, "its wire type is not the field's", make_wrong_wire_type},
    {"broken-packed", F, "packed numbers of a broken size", make_broken_packed},
    {"two-graphs", F, "given twice", make_two_graphs},
    {"bad-utf8", F, "is not UTF-8", make_bad_utf8},
    {"surrogate", F, "is not UTF-8", make_surrogate},
    {"zero-byte-in-name", F, "holds a zero byte", make_zero_byte},
    {"nested", F, "more than 100 messages", make_nested},
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
    {"attribute-twice", F, "attribute 'axis' is given twice", make_attribute_twice},
    {"attribute-unnamed", F, "an attribute without a name", make_attribute_unnamed},
    {"attribute-kind", F, "no value of a known kind", make_attribute_kind},
    {"attribute-empty", F, "no value of a known kind", make_attribute_empty},
    {"attribute-reference", F, "outside of one", make_attribute_reference},
    {"inner-undefined", F, "node 'deep' (Relu): nothing defines 'ghost'", make_inner_undefined},
    {"raw-short", F, "needs 8 bytes, raw_data holds 7", make_raw_short},
    {"raw-long", F, "needs 8 bytes, raw_data holds 12", make_raw_long},
    {"raw-string", F, "strings in raw_data", make_raw_string},
    {"packed-bits", F, "needs 3 bytes, raw_data holds 5", make_packed_bits},
    {"product-overflow", F, "too large", make_product_overflow},
    {"dim-negative", F, "negative", make_dim_negative},
    {"type-unknown", F, "element type 99 is unknown", make_type_unknown},
    {"no-elements", F, "needs 2 numbers, float_data holds 0", make_no_elements},
    {"rank-million", F, "rank 1000000", make_rank_million},
    {"two-holders", F, "float elements in float_data and in raw_data", make_two_holders},
    {"wrong-holder", F, "float elements in int32_data", make_wrong_holder},
    {"segment", GCUT_UNSUPPORTED, "stored in segments", make_segment},
    {"sparse-unnamed", F, "needs a name of its own", make_sparse_unnamed},
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
const size_t n_hostile_cases = sizeof hostile_cases / sizeof *hostile_cases;

// ---- external data ----------------------------------------------------------------------------

static void in_folder(const char *folder, const char *name, char path[512]) {
  snprintf(path, 512, "%s/%s", folder, name);
}
static void must(int failed, const char *path) {
  if (!failed) return;
  perror(path);
  exit(1);
}
static void put_file(const char *folder, const char *name, size_t bytes) {
  char path[512];
  in_folder(folder, name, path);
  proto p = {0};
  for (size_t i = 0; i < bytes; i++) pb_raw(&p, "\1", 1);
  pb_write_file(&p, path);
  pb_free(&p);
}
static void put_link(const char *folder, const char *target, const char *name) {
  char path[512];
  in_folder(folder, name, path);
  unlink(path);
  must(symlink(target, path) != 0, path);
}
static void prepare_file(const char *folder) {
  put_file(folder, "w.bin", 32);
}
static void prepare_folder(const char *folder) {
  char path[512];
  in_folder(folder, "dir", path);
  mkdir(path, 0777);
}
static void prepare_fifo(const char *folder) {
  char path[512];
  in_folder(folder, "fifo", path);
  unlink(path);
  must(mkfifo(path, 0666) != 0, path);
}
static void prepare_link(const char *folder) {
  prepare_file(folder);
  put_link(folder, "w.bin", "link.bin");
}
static void prepare_device_link(const char *folder) {
  put_link(folder, "/dev/zero", "zero");
}
static void prepare_folder_link(const char *folder) {
  prepare_folder(folder);
  put_file(folder, "dir/w.bin", 32);
  put_link(folder, "dir", "other");
}
static void prepare_inner(const char *folder) {
  prepare_folder(folder);
  put_file(folder, "dir/w.bin", 32);
}
static void prepare_hard_link(const char *folder) {
  char from[512], to[512];
  put_file(folder, "first.bin", 32);
  in_folder(folder, "first.bin", from);
  in_folder(folder, "second.bin", to);
  unlink(to);
  must(link(from, to) != 0, to);
}

#define LONG_NAME                                                                                  \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aa"                                                                                             \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aa"                                                                                             \
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
  "aa"

const hostile_external hostile_externals[] = {
    {"good", NULL, "w.bin", "16", "16", prepare_file, 0},
    {"good-folder", NULL, "./dir//w.bin", "0", "16", prepare_inner, 0},
    {"good-no-length", NULL, "w.bin", "8", NULL, prepare_file, 0},
    {"good-no-offset", NULL, "w.bin", NULL, "16", prepare_file, 0},
    {"missing", NULL, "absent.bin", "0", "16", NULL, 1},
    {"missing-folder", NULL, "absent/w.bin", "0", "16", NULL, 1},
    {"parent", "leaves the model's folder", "../w.bin", "0", "16", prepare_file, 0},
    {"parent-inside", "leaves the model's folder", "a/../../x", "0", "16", NULL, 0},
    {"parent-only", "leaves the model's folder", "..", "0", "16", NULL, 0},
    {"absolute", "is absolute", "/etc/passwd", "0", "16", NULL, 0},
    {"backslash", "holds a backslash", "..\\w.bin", "0", "16", NULL, 0},
    {"empty", "is empty", "", "0", "16", NULL, 0},
    {"dot", "names a folder", ".", "0", "16", NULL, 0},
    {"slash", "names a folder", "dir/", "0", "16", prepare_folder, 0},
    {"folder", "is a folder", "dir", "0", "16", prepare_folder, 0},
    {"fifo", "is not a regular file", "fifo", "0", "16", prepare_fifo, 0},
    {"device", "symbolic link", "zero", "0", "16", prepare_device_link, 0},
    {"link", "symbolic link", "link.bin", "0", "16", prepare_link, 0},
    {"link-folder", "symbolic link", "other/w.bin", "0", "16", prepare_folder_link, 0},
    {"hard-link", "hard link", "second.bin", "0", "16", prepare_hard_link, 0},
    {"file-as-folder", "Not a directory", "w.bin/x", "0", "16", prepare_file, 0},
    {"memory", "memory of another process", "*/_ORT_MEM_ADDR_/*", "0", "16", NULL, 0},
    {"long-name", "255", LONG_NAME "/w.bin", "0", "16", NULL, 0},
    {"offset-wraps", "too large", "w.bin", "9223372036854775807", "16", prepare_file, 0},
    {"offset-overflows", "no number", "w.bin", "18446744073709551600", "16", prepare_file, 0},
    {"offset-past-end", "which has 32", "w.bin", "24", "16", prepare_file, 0},
    {"offset-negative", "no number", "w.bin", "-16", "16", prepare_file, 0},
    {"length-negative", "no number", "w.bin", "0", "-1", prepare_file, 0},
    {"length-words", "no number", "w.bin", "0", "sixteen", prepare_file, 0},
    {"length-empty", "no number", "w.bin", "0", "", prepare_file, 0},
    {"length-wrong", "needs 16 bytes, external length is 12", "w.bin", "0", "12", prepare_file, 0},
    {"no-location", "without a location", NULL, "0", "16", NULL, 0},
};
const size_t n_hostile_externals = sizeof hostile_externals / sizeof *hostile_externals;

proto hostile_external_model(const hostile_external *c) {
  proto graph = begin_relu(), model, tensor = onnx_tensor("w", FLOAT, 1, (const int64_t[]){4});
  const char *keys[] = {"location", "offset", "length"};
  const char *values[] = {c->location, c->offset, c->length};
  for (int i = 0; i < 3; i++) {
    if (!values[i]) continue;
    proto entry = onnx_entry(keys[i], values[i]);
    pb_message(&tensor, TENSOR_EXTERNAL, &entry);
  }
  pb_int(&tensor, TENSOR_LOCATION, 1);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  model = onnx_model(&graph);
  return model;
}

// ---- odd, but right ---------------------------------------------------------------------------

static void make_unsorted(proto *model) {
  proto graph = begin();
  add(&graph, "second", "Relu", "a", "y");
  add(&graph, "first", "Relu", "x", "a");
  end(model, &graph);
}
static void make_zero_outputs(proto *model) {
  proto graph = begin_relu();
  add(&graph, "nothing", "Relu", "x", "");
  end(model, &graph);
}
static void make_straight_through(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_OUTPUT, "x");
  end(model, &graph);
}
static void make_output_twice(proto *model) {
  proto graph = begin_relu();
  add_value(&graph, GRAPH_OUTPUT, "y");
  end(model, &graph);
}
static void make_absent_operands(proto *model) {
  proto graph = begin();
  add_zeros(&graph, "high");
  add(&graph, "clip", "Clip", "x - high", "y");
  end(model, &graph);
}
static void make_many_inputs(proto *model) {
  proto graph = begin(), node = {0};
  for (int i = 0; i < 100000; i++) pb_text(&node, NODE_INPUT, "x");
  pb_text(&node, NODE_OUTPUT, "y");
  pb_text(&node, NODE_OP, "Sum");
  pb_message(&graph, GRAPH_NODE, &node);
  end(model, &graph);
}
static void make_hostile_names(proto *model) {
  proto graph = begin();
  add(&graph, "\"}\n];<b>&amp;\\", "Relu", "x", "a\n\"b");
  add(&graph, "%s%n", "Relu", "a\n\"b", "y");
  end(model, &graph);
}
static void make_shadowed(proto *model) {
  proto graph = begin(), node = onnx_node("if", "If", "c", "y"), c = {0};
  int64_t none = 0;
  c = onnx_value("c", 9, 0, &none);
  pb_message(&graph, GRAPH_INPUT, &c);
  for (int i = 0; i < 2; i++) {
    proto inner = {0}, attribute = {0};
    pb_text(&inner, GRAPH_NAME, "inner");
    add(&inner, "deep", "Relu", "x", "c");
    add_value(&inner, GRAPH_OUTPUT, "c");
    pb_text(&attribute, ATTRIBUTE_NAME, i == 0 ? "then_branch" : "else_branch");
    pb_message(&attribute, ATTRIBUTE_G, &inner);
    pb_int(&attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&node, NODE_ATTRIBUTE, &attribute);
  }
  pb_message(&graph, GRAPH_NODE, &node);
  end(model, &graph);
}
static void make_two_domain_names(proto *model) {
  import(model, "ai.onnx", 17);
}
static void make_old_inputs(proto *model) {
  proto graph = begin(), opset = onnx_opset("", 7);
  add_zeros(&graph, "w");
  add_value(&graph, GRAPH_INPUT, "w");
  add(&graph, "add", "Add", "x w", "y");
  pb_int(model, MODEL_IR, 3);
  pb_message(model, MODEL_GRAPH, &graph);
  pb_message(model, MODEL_OPSET, &opset);
}
static void make_default_input(proto *model) {
  proto graph = begin();
  add_zeros(&graph, "w");
  add_value(&graph, GRAPH_INPUT, "w");
  add(&graph, "add", "Add", "x w", "y");
  end(model, &graph);
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
  end(model, &graph);
}
static void make_sparse(proto *model) {
  proto graph = begin(), sparse = {0}, values = onnx_tensor("w", FLOAT, 1, (const int64_t[]){1}),
        indices = onnx_tensor("", 7, 1, (const int64_t[]){1});
  pb_bytes(&values, TENSOR_RAW, "\0\0\x80\x3f", 4);
  pb_bytes(&indices, TENSOR_RAW, "\1\0\0\0\0\0\0", 8);
  pb_message(&sparse, 1, &values);
  pb_message(&sparse, 2, &indices);
  pb_int(&sparse, 3, 2);
  pb_message(&graph, GRAPH_SPARSE_INITIALIZER, &sparse);
  add(&graph, "add", "Add", "x w", "y");
  end(model, &graph);
}
static void make_calls(proto *model) {
  begin_calls(model);
  add_chain(model, 20, 1);
}
static void make_calls_doubling(proto *model) {
  begin_calls(model);
  add_chain(model, 8, 2);
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
    {"pass-through", make_pass_through},
};
const size_t n_odd_cases = sizeof odd_cases / sizeof *odd_cases;
