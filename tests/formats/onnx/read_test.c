// What the reader makes of tensors, types, attributes, functions and subgraphs, from models written
// by hand.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/proto.h"

enum {
  FLOAT = 1,
  INT8 = 3,
  INT64 = 7,
  STRING = 8,
  BOOL = 9,
  FLOAT16 = 10,
  DOUBLE = 11,
  UINT32 = 12,
  COMPLEX64 = 14,
  INT4 = 22,
  FLOAT6E2M3 = 27
};
static const int64_t two[] = {2};

// The bytes must outlive the graph.
static proto bytes;

static gcut_graph *parse(proto *model) {
  gcut_graph *graph;
  pb_free(&bytes);
  bytes = *model;
  assert_ok(gcut_onnx_parse(bytes.data, bytes.size, "test.onnx", NULL, &graph, err));
  return graph;
}

static proto begin(void) {
  proto graph = {0}, x = onnx_value("x", FLOAT, 1, two), y = onnx_value("y", FLOAT, 1, two);
  pb_text(&graph, GRAPH_NAME, "g");
  pb_message(&graph, GRAPH_INPUT, &x);
  pb_message(&graph, GRAPH_OUTPUT, &y);
  return graph;
}

static void add(proto *graph, proto node) {
  pb_message(graph, GRAPH_NODE, &node);
}

static const gcut_constant *constant_of(const gcut_graph *g, const char *name) {
  uint32_t value = gcut_graph_find_value(g, 0, name);
  assert_int_not_equal(value, GCUT_NONE);
  assert_int_not_equal(g->values[value].constant, GCUT_NONE);
  return &g->constants[g->values[value].constant];
}

static const gcut_node *node_of(const gcut_graph *g, const char *name) {
  uint32_t node = gcut_graph_find_node(g, name);
  if (node == GCUT_NONE) fail_msg("no node '%s'", name);
  return &g->nodes[node];
}

static const char *input_of(const gcut_graph *g, const gcut_node *node, uint32_t i) {
  assert_true(i < node->n_inputs);
  uint32_t value = gcut_node_inputs(g, node)[i];
  return value == GCUT_NONE ? "" : g->values[value].name;
}

// ---- tensors ----------------------------------------------------------------------------------

// A tensor of two elements (four of int4) in a typed field must become these bytes.
static void check_typed(int type, unsigned field, int packed, const void *content, size_t size,
                        const void *expected, size_t expected_size) {
  int64_t four[] = {4};
  proto graph = begin(), tensor = onnx_tensor("w", type, 1, type == INT4 ? four : two);
  if (packed)
    pb_bytes(&tensor, field, content, size);
  else
    for (size_t i = 0; i < size / 8; i++) pb_int(&tensor, field, ((const int64_t *)content)[i]);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  add(&graph, onnx_node("n", "Relu", "x", "y"));
  proto model = onnx_model(&graph);
  gcut_graph *g = parse(&model);
  const gcut_constant *c = constant_of(g, "w");
  assert_int_equal(c->type, type);
  assert_int_equal(c->bytes, expected_size);
  assert_memory_equal(c->data, expected, expected_size);
  gcut_graph_destroy(g);
}

static void decodes_typed_fields(void **state) {
  (void)state;
  enum { FLOATS = 4, INT32S = 5, INT64S = 7, DOUBLES = 10, UINT64S = 11 };
  static const float floats[] = {1.5f, -2, 3, 4};
  static const double doubles[] = {0.25, -8};
  static const int64_t small[] = {-3, 200}, bits[] = {0x3c00, 0xc000}, large[] = {INT64_MIN, 7},
                       unsigned_numbers[] = {0xfffffffe, 5}, nibbles[] = {0x21, 0x43},
                       codes[] = {0x0f, 0x1d};
  check_typed(FLOAT, FLOATS, 1, floats, 8, floats, 8);
  check_typed(COMPLEX64, FLOATS, 1, floats, 16, floats, 16);
  check_typed(DOUBLE, DOUBLES, 1, doubles, 16, doubles, 16);
  check_typed(INT64, INT64S, 0, large, 16, large, 16);
  check_typed(INT8, INT32S, 0, small, 16, "\xfd\xc8", 2);
  check_typed(BOOL, INT32S, 1, "\1\0", 2, "\1\0", 2);
  check_typed(FLOAT16, INT32S, 0, bits, 16, "\x00\x3c\x00\xc0", 4);
  check_typed(UINT32, UINT64S, 0, unsigned_numbers, 16, "\xfe\xff\xff\xff\5\0\0\0", 8);
  check_typed(INT4, INT32S, 0, nibbles, 16, "\x21\x43", 2);
  check_typed(FLOAT6E2M3, INT32S, 0, codes, 16, "\x4f\x07", 2); // a number an element
}

static void decodes_strings(void **state) {
  (void)state;
  proto graph = begin(), tensor = onnx_tensor("w", STRING, 1, two);
  pb_bytes(&tensor, 6, "a\0b", 3); // bytes of any kind
  pb_bytes(&tensor, 6, "", 0);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  add(&graph, onnx_node("n", "Relu", "x", "y"));
  proto model = onnx_model(&graph);
  gcut_graph *g = parse(&model);
  const gcut_string *strings = constant_of(g, "w")->data;
  assert_int_equal(strings[0].size, 3);
  assert_memory_equal(strings[0].data, "a\0b", 3);
  assert_int_equal(strings[1].size, 0);
  gcut_graph_destroy(g);
}

// raw_data is used where it lies, wherever the field stands.
static void keeps_raw_data_in_place(void **state) {
  (void)state;
  for (int first = 0; first < 2; first++) {
    proto graph = begin(), raw = {0}, rest = onnx_tensor("w", FLOAT, 1, two), tensor = {0};
    pb_bytes(&raw, TENSOR_RAW, "12345678", 8);
    if (first) pb_raw(&tensor, raw.data, raw.size);
    pb_raw(&tensor, rest.data, rest.size);
    if (!first) pb_raw(&tensor, raw.data, raw.size);
    pb_free(&raw);
    pb_free(&rest);
    pb_message(&graph, GRAPH_INITIALIZER, &tensor);
    add(&graph, onnx_node("n", "Relu", "x", "y"));
    proto model = onnx_model(&graph);
    gcut_graph *g = parse(&model);
    const uint8_t *data = constant_of(g, "w")->data;
    assert_true(data >= bytes.data && data + 8 <= bytes.data + bytes.size);
    assert_memory_equal(data, "12345678", 8);
    gcut_graph_destroy(g);
  }
}

// A model file of more than 4 GiB: its weight is a hole at the end of the file.
static void reads_files_beyond_4_gib(void **state) {
  (void)state;
  const int64_t dims[] = {INT64_C(5) << 30};
  proto graph = begin(), tensor = onnx_tensor("w", INT8, 1, dims), model = {0},
        opset = onnx_opset("", 17);
  add(&graph, onnx_node("n", "Relu", "x", "y"));
  pb_varint(&tensor, TENSOR_RAW << 3 | 2);
  pb_varint(&tensor, (uint64_t)dims[0]);
  pb_varint(&graph, GRAPH_INITIALIZER << 3 | 2);
  pb_varint(&graph, tensor.size + (uint64_t)dims[0]);
  pb_raw(&graph, tensor.data, tensor.size);
  pb_int(&model, MODEL_IR, 8);
  pb_message(&model, MODEL_OPSET, &opset);
  pb_varint(&model, MODEL_GRAPH << 3 | 2);
  pb_varint(&model, graph.size + (uint64_t)dims[0]);
  pb_raw(&model, graph.data, graph.size);
  char path[] = "/tmp/graphcut-large-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  assert_int_equal(write(file, model.data, model.size), model.size);
  assert_int_equal(ftruncate(file, (off_t)(model.size + (uint64_t)dims[0])), 0);
  gcut_graph *g;
  assert_ok(gcut_onnx_read(path, NULL, &g, err));
  const gcut_constant *c = constant_of(g, "w");
  assert_int_equal(c->bytes, dims[0]);
  assert_int_equal(c->offset, model.size);
  assert_int_equal(((const uint8_t *)c->data)[c->bytes - 1], 0);
  gcut_graph_destroy(g);
  close(file);
  unlink(path);
  pb_free(&tensor);
  pb_free(&graph);
  pb_free(&model);
}

// ---- types ------------------------------------------------------------------------------------

static proto dim_value(int64_t value) {
  proto dim = {0};
  pb_int(&dim, 1, value);
  return dim;
}
static proto dim_param(const char *text) {
  proto dim = {0};
  pb_text(&dim, 2, text);
  return dim;
}
static proto dim_nothing(void) {
  return (proto){0};
}

static void reads_dims(void **state) {
  (void)state;
  const struct {
    proto dim;
    const char *text;
  } cases[] = {{dim_value(7), "7"},
               {dim_value(0), "0"},
               {dim_value(-1), "?"},
               {dim_nothing(), "?"},
               {dim_param(""), "?"},
               {dim_param("?"), "?"},
               {dim_param("-1"), "?"},
               {dim_param("None"), "?"},
               {dim_param("batch"), "batch"},
               {dim_param("2*seq + 1"), "2*seq + 1"},
               {dim_param("p2o.DynamicDimension.0"), "p2o.DynamicDimension.0"},
               {dim_param("unk__314"), "unk__314"},
               {dim_param("Squeeze/out_0_dim_0"), "\"Squeeze/out_0_dim_0\""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    proto graph = begin(), value = {0}, type = {0}, tensor = {0}, shape = {0}, dim = cases[i].dim;
    char text[128];
    pb_message(&shape, 1, &dim);
    pb_int(&tensor, 1, FLOAT);
    pb_message(&tensor, 2, &shape);
    pb_message(&type, 1, &tensor);
    pb_text(&value, 1, "z");
    pb_message(&value, 2, &type);
    pb_message(&graph, GRAPH_INPUT, &value);
    add(&graph, onnx_node("n", "Relu", "x", "y"));
    proto model = onnx_model(&graph);
    gcut_graph *g = parse(&model);
    gcut_dim_format(g, g->values[gcut_graph_find_value(g, 0, "z")].declared.dims[0], text,
                    sizeof text);
    if (cases[i].text[0] == '?') // one of its own has a number
      assert_true(text[0] == '?' && text[1] >= '0' && text[1] <= '9');
    else
      assert_string_equal(text, cases[i].text);
    gcut_graph_destroy(g);
  }
}

// optional(sequence(float[2]))
static void reads_nested_types(void **state) {
  (void)state;
  proto graph = begin(), plain = onnx_value("", FLOAT, 1, two), tensor = {0}, sequence = {0},
        inner = {0}, optional = {0}, outer = {0}, value = {0};
  // The TypeProto of `plain` stands behind its empty name and the tag and length of field 2.
  pb_raw(&tensor, plain.data + 4, plain.size - 4);
  pb_free(&plain);
  pb_message(&sequence, 1, &tensor);
  pb_message(&inner, 4, &sequence);
  pb_message(&optional, 1, &inner);
  pb_message(&outer, 9, &optional);
  pb_text(&value, 1, "z");
  pb_message(&value, 2, &outer);
  pb_message(&graph, GRAPH_INPUT, &value);
  add(&graph, onnx_node("n", "Relu", "x", "y"));
  proto model = onnx_model(&graph);
  gcut_graph *g = parse(&model);
  const gcut_type *type = &g->values[gcut_graph_find_value(g, 0, "z")].declared;
  assert_int_equal(type->kind, GCUT_KIND_OPTIONAL);
  assert_int_equal(type->type, FLOAT);
  assert_int_equal(type->element->kind, GCUT_KIND_SEQUENCE);
  assert_int_equal(type->element->element->rank, 1);
  assert_int_equal(type->element->element->dims[0], 2);
  gcut_graph_destroy(g);
}

// ---- functions and subgraphs ------------------------------------------------------------------

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
  proto graph = begin(), first = call("layers.0/block", "Block", "x", "h"),
        second = call("layers.1/block", "Block", "h x", "y"), dim = number("dim", 0), model,
        f = block();
  pb_message(&first, NODE_ATTRIBUTE, &dim);
  add(&graph, first);
  add(&graph, second);
  end_with_functions(&model, &graph);
  pb_message(&model, MODEL_FUNCTION, &f);
  return parse(&model);
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
  proto graph = begin(), f = onnx_function("my.layers", "Pick", "c a", "b"), model,
        inner_if = onnx_node("inner", "If", "c", "b"),
        outer_if = onnx_node("outer", "If", "c", "y");
  int64_t none = 0;
  proto c = onnx_value("c", BOOL, 0, &none);
  pb_message(&graph, GRAPH_INPUT, &c);
  for (int i = 0; i < 2; i++) {
    const char *branch = i == 0 ? "then_branch" : "else_branch";
    proto inner = {0}, outer = {0}, output = onnx_value("r", FLOAT, 1, two),
          again = onnx_value("s", FLOAT, 1, two), attribute = {0}, outer_attribute = {0};
    add(&inner, onnx_node("deep", "Relu", "a", "r"));
    pb_message(&inner, GRAPH_OUTPUT, &output);
    pb_text(&attribute, ATTRIBUTE_NAME, branch);
    pb_message(&attribute, ATTRIBUTE_G, &inner);
    pb_int(&attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&inner_if, NODE_ATTRIBUTE, &attribute);
    add(&outer, call("pick", "Pick", "c x", "s"));
    pb_message(&outer, GRAPH_OUTPUT, &again);
    pb_text(&outer_attribute, ATTRIBUTE_NAME, branch);
    pb_message(&outer_attribute, ATTRIBUTE_G, &outer);
    pb_int(&outer_attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&outer_if, NODE_ATTRIBUTE, &outer_attribute);
  }
  add_to_function(&f, inner_if);
  add(&graph, outer_if);
  end_with_functions(&model, &graph);
  pb_message(&model, MODEL_FUNCTION, &f);
  gcut_graph *g = parse(&model);
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

// ---- the rest ---------------------------------------------------------------------------------

static void keeps_metadata(void **state) {
  (void)state;
  proto graph = begin(), node = onnx_node("n", "Relu", "x", "y"), kept = onnx_entry("key", "value"),
        names = onnx_entry("graphcut.name_scopes", "['stack', 'layers.3']"),
        classes = onnx_entry("graphcut.class_hierarchy", "['', 'pkg.Layer']"), model;
  pb_message(&node, NODE_METADATA, &kept);
  pb_message(&node, NODE_METADATA, &names);
  pb_message(&node, NODE_METADATA, &classes);
  add(&graph, node);
  model = onnx_model(&graph);
  proto entry = onnx_entry("author", "nobody");
  pb_message(&model, 14, &entry);
  gcut_graph *g = parse(&model);
  assert_int_equal(g->n_model_metadata, 1);
  assert_string_equal(g->metadata[g->first_metadata].value, "nobody");
  const gcut_node *n = node_of(g, "n");
  assert_int_equal(n->n_metadata, 1); // graphcut's own are not metadata
  assert_string_equal(g->metadata[n->first_metadata].key, "key");
  assert_string_equal(g->scopes[n->scope].path, "stack.layers.3");
  assert_string_equal(g->scopes[n->scope].class_name, "pkg.Layer");
  gcut_graph_destroy(g);
}

// Up to IR version 3 initializers are listed as inputs, which says nothing; later it is a default.
static void tells_defaults_from_weights(void **state) {
  (void)state;
  for (int64_t ir = 3; ir <= 4; ir++) {
    proto graph = begin(), w = onnx_value("w", FLOAT, 1, two),
          tensor = onnx_tensor("w", FLOAT, 1, two), model = {0}, opset = onnx_opset("", 7);
    pb_bytes(&tensor, TENSOR_RAW, "\0\0\0\0\0\0\0", 8);
    pb_message(&graph, GRAPH_INPUT, &w);
    pb_message(&graph, GRAPH_INITIALIZER, &tensor);
    add(&graph, onnx_node("n", "Add", "x w", "y"));
    pb_int(&model, MODEL_IR, ir);
    pb_message(&model, MODEL_GRAPH, &graph);
    pb_message(&model, MODEL_OPSET, &opset);
    gcut_graph *g = parse(&model);
    assert_int_equal(g->bodies[0].n_inputs, ir == 3 ? 1 : 2);
    constant_of(g, "w");
    gcut_graph_destroy(g);
  }
}

// A sparse initializer is a Constant node, and there for nodes that the file lists before it.
static void reads_sparse_initializers(void **state) {
  (void)state;
  static const float element = 3;
  static const int64_t one[] = {1}, place = 1;
  enum { SPARSE_VALUES = 1, SPARSE_INDICES = 2, SPARSE_DIMS = 3 };
  proto graph = begin(), values = onnx_tensor("s", FLOAT, 1, one),
        indices = onnx_tensor("s_places", INT64, 1, one), sparse = {0};
  pb_bytes(&values, TENSOR_RAW, &element, sizeof element);
  pb_bytes(&indices, TENSOR_RAW, &place, sizeof place);
  pb_message(&sparse, SPARSE_VALUES, &values);
  pb_message(&sparse, SPARSE_INDICES, &indices);
  pb_int(&sparse, SPARSE_DIMS, 2);
  add(&graph, onnx_node("n", "Add", "x s", "y"));
  pb_message(&graph, GRAPH_SPARSE_INITIALIZER, &sparse);
  proto model = onnx_model(&graph);
  gcut_graph *g = parse(&model);
  assert_string_equal(input_of(g, node_of(g, "n"), 1), "s");
  const gcut_node *maker = &g->nodes[g->values[gcut_graph_find_value(g, 0, "s")].producer];
  assert_string_equal(maker->op_type, "Constant");
  const gcut_attribute *a = gcut_node_attribute(g, maker, "sparse_value");
  assert_non_null(a);
  assert_int_equal(a->sparse.dims[0], 2);
  assert_memory_equal(g->constants[a->sparse.values].data, &element, sizeof element);
  assert_memory_equal(g->constants[a->sparse.indices].data, &place, sizeof place);
  gcut_graph_destroy(g);
}

static int release(void **state) {
  (void)state;
  pb_free(&bytes);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_typed_fields),
      cmocka_unit_test(decodes_strings),
      cmocka_unit_test(keeps_raw_data_in_place),
      cmocka_unit_test(reads_files_beyond_4_gib),
      cmocka_unit_test(reads_dims),
      cmocka_unit_test(reads_nested_types),
      cmocka_unit_test(inlines_functions),
      cmocka_unit_test(passes_attributes_on),
      cmocka_unit_test(gives_calls_scopes),
      cmocka_unit_test(inlines_within_branches),
      cmocka_unit_test(keeps_metadata),
      cmocka_unit_test(tells_defaults_from_weights),
      cmocka_unit_test(reads_sparse_initializers),
  };
  return cmocka_run_group_tests(tests, NULL, release);
}
