// What the reader makes of tensors, types, metadata and sparse weights, from models written by
// hand.
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/onnx_check.h"

static const int64_t two[] = {2};

static const gcut_constant *constant_of(const gcut_graph *g, const char *name) {
  uint32_t value = gcut_graph_find_value(g, 0, name);
  assert_int_not_equal(value, GCUT_NONE);
  assert_int_not_equal(g->values[value].constant, GCUT_NONE);
  return &g->constants[g->values[value].constant];
}

// ---- tensors ----------------------------------------------------------------------------------

// A tensor of two elements (four of int4) in a typed field must become these bytes.
static void check_typed(int type, unsigned field, int packed, const void *content, size_t size,
                        const void *expected, size_t expected_size) {
  int64_t four[] = {4};
  proto graph = onnx_begin(), tensor = onnx_tensor("w", type, 1, type == INT4 ? four : two);
  if (packed)
    pb_bytes(&tensor, field, content, size);
  else
    for (size_t i = 0; i < size / 8; i++) pb_int(&tensor, field, ((const int64_t *)content)[i]);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  onnx_add(&graph, onnx_node("n", "Relu", "x", "y"));
  proto model = onnx_model(&graph);
  gcut_graph *g = onnx_parse(&model);
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
  proto graph = onnx_begin(), tensor = onnx_tensor("w", STRING, 1, two);
  pb_bytes(&tensor, 6, "a\0b", 3); // bytes of any kind
  pb_bytes(&tensor, 6, "", 0);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  onnx_add(&graph, onnx_node("n", "Relu", "x", "y"));
  proto model = onnx_model(&graph);
  gcut_graph *g = onnx_parse(&model);
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
    proto graph = onnx_begin(), raw = {0}, rest = onnx_tensor("w", FLOAT, 1, two), tensor = {0};
    pb_bytes(&raw, TENSOR_RAW, "12345678", 8);
    if (first) pb_raw(&tensor, raw.data, raw.size);
    pb_raw(&tensor, rest.data, rest.size);
    if (!first) pb_raw(&tensor, raw.data, raw.size);
    pb_free(&raw);
    pb_free(&rest);
    pb_message(&graph, GRAPH_INITIALIZER, &tensor);
    onnx_add(&graph, onnx_node("n", "Relu", "x", "y"));
    proto model = onnx_model(&graph);
    gcut_graph *g = onnx_parse(&model);
    const uint8_t *data = constant_of(g, "w")->data;
    assert_true(data >= model.data && data + 8 <= model.data + model.size);
    assert_memory_equal(data, "12345678", 8);
    gcut_graph_destroy(g);
  }
}

// A model file of more than 4 GiB: its weight is a hole at the end of the file.
static void reads_files_beyond_4_gib(void **state) {
  (void)state;
  const int64_t dims[] = {INT64_C(5) << 30};
  proto graph = onnx_begin(), tensor = onnx_tensor("w", INT8, 1, dims), model = {0},
        opset = onnx_opset("", 17);
  onnx_add(&graph, onnx_node("n", "Relu", "x", "y"));
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
    proto graph = onnx_begin(), value = {0}, type = {0}, tensor = {0}, shape = {0},
          dim = cases[i].dim;
    char text[128];
    pb_message(&shape, 1, &dim);
    pb_int(&tensor, 1, FLOAT);
    pb_message(&tensor, 2, &shape);
    pb_message(&type, 1, &tensor);
    pb_text(&value, 1, "z");
    pb_message(&value, 2, &type);
    pb_message(&graph, GRAPH_INPUT, &value);
    onnx_add(&graph, onnx_node("n", "Relu", "x", "y"));
    proto model = onnx_model(&graph);
    gcut_graph *g = onnx_parse(&model);
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
  proto graph = onnx_begin(), plain = onnx_value("", FLOAT, 1, two), tensor = {0}, sequence = {0},
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
  onnx_add(&graph, onnx_node("n", "Relu", "x", "y"));
  proto model = onnx_model(&graph);
  gcut_graph *g = onnx_parse(&model);
  const gcut_type *type = &g->values[gcut_graph_find_value(g, 0, "z")].declared;
  assert_int_equal(type->kind, GCUT_KIND_OPTIONAL);
  assert_int_equal(type->type, FLOAT);
  assert_int_equal(type->element->kind, GCUT_KIND_SEQUENCE);
  assert_int_equal(type->element->element->rank, 1);
  assert_int_equal(type->element->element->dims[0], 2);
  gcut_graph_destroy(g);
}

// ---- the rest ---------------------------------------------------------------------------------

static void keeps_metadata(void **state) {
  (void)state;
  proto graph = onnx_begin(), node = onnx_node("n", "Relu", "x", "y"),
        kept = onnx_entry("key", "value"),
        names = onnx_entry("graphcut.name_scopes", "['stack', 'layers.3']"),
        classes = onnx_entry("graphcut.class_hierarchy", "['', 'pkg.Layer']"), model;
  pb_message(&node, NODE_METADATA, &kept);
  pb_message(&node, NODE_METADATA, &names);
  pb_message(&node, NODE_METADATA, &classes);
  onnx_add(&graph, node);
  model = onnx_model(&graph);
  proto entry = onnx_entry("author", "nobody");
  pb_message(&model, 14, &entry);
  gcut_graph *g = onnx_parse(&model);
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
    proto graph = onnx_begin(), w = onnx_value("w", FLOAT, 1, two),
          tensor = onnx_tensor("w", FLOAT, 1, two), model = {0}, opset = onnx_opset("", 7);
    pb_bytes(&tensor, TENSOR_RAW, "\0\0\0\0\0\0\0", 8);
    pb_message(&graph, GRAPH_INPUT, &w);
    pb_message(&graph, GRAPH_INITIALIZER, &tensor);
    onnx_add(&graph, onnx_node("n", "Add", "x w", "y"));
    pb_int(&model, MODEL_IR, ir);
    pb_message(&model, MODEL_GRAPH, &graph);
    pb_message(&model, MODEL_OPSET, &opset);
    gcut_graph *g = onnx_parse(&model);
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
  proto graph = onnx_begin(), values = onnx_tensor("s", FLOAT, 1, one),
        indices = onnx_tensor("s_places", INT64, 1, one), sparse = {0};
  pb_bytes(&values, TENSOR_RAW, &element, sizeof element);
  pb_bytes(&indices, TENSOR_RAW, &place, sizeof place);
  pb_message(&sparse, SPARSE_VALUES, &values);
  pb_message(&sparse, SPARSE_INDICES, &indices);
  pb_int(&sparse, SPARSE_DIMS, 2);
  onnx_add(&graph, onnx_node("n", "Add", "x s", "y"));
  pb_message(&graph, GRAPH_SPARSE_INITIALIZER, &sparse);
  proto model = onnx_model(&graph);
  gcut_graph *g = onnx_parse(&model);
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_typed_fields),
      cmocka_unit_test(decodes_strings),
      cmocka_unit_test(keeps_raw_data_in_place),
      cmocka_unit_test(reads_files_beyond_4_gib),
      cmocka_unit_test(reads_dims),
      cmocka_unit_test(reads_nested_types),
      cmocka_unit_test(keeps_metadata),
      cmocka_unit_test(tells_defaults_from_weights),
      cmocka_unit_test(reads_sparse_initializers),
  };
  return cmocka_run_group_tests(tests, NULL, onnx_release);
}
