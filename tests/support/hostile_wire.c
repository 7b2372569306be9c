// Damage below ONNX: bytes that are no protobuf, or not the one that is said.
#include "tests/support/hostile_build.h"

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
  end_graph(model, &graph);
}
static void make_two_graphs(proto *model) {
  proto graph = begin_relu(), again = begin_relu();
  end_graph(model, &graph);
  pb_message(model, MODEL_GRAPH, &again);
}
static void make_bad_utf8(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "caf\xe9", "Relu", "x", "y");
  end_graph(model, &graph);
}
static void make_surrogate(proto *model) {
  proto graph = begin_graph();
  add_node(&graph, "\xed\xa0\x80", "Relu", "x", "y");
  end_graph(model, &graph);
}
static void make_zero_byte(proto *model) {
  proto graph = begin_graph(), node = onnx_node("n", "Relu", "x", "y");
  pb_bytes(&node, NODE_NAME, "a\0b", 3);
  pb_message(&graph, GRAPH_NODE, &node);
  end_graph(model, &graph);
}
// If nodes inside one another, as deep as a stack would go.
static void make_nested(proto *model) {
  proto graph = begin_graph();
  for (int i = 0; i < 3000; i++) {
    proto outer = begin_graph(), node = onnx_node("n", "If", "x", "y"), attribute = {0};
    pb_text(&attribute, ATTRIBUTE_NAME, "then_branch");
    pb_message(&attribute, ATTRIBUTE_G, &graph);
    pb_int(&attribute, ATTRIBUTE_TYPE, 5);
    pb_message(&node, NODE_ATTRIBUTE, &attribute);
    pb_message(&outer, GRAPH_NODE, &node);
    graph = outer;
  }
  end_graph(model, &graph);
}

#define F GCUT_FORMAT
const hostile_case hostile_wire[] = {
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
};
const size_t n_hostile_wire = sizeof hostile_wire / sizeof *hostile_wire;
