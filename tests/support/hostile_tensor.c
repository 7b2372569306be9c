// Attributes and tensors that are not what they say.
#include "tests/support/hostile_build.h"

// ---- attributes -------------------------------------------------------------------------------

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
  add_node(&inner, "deep", "Relu", "ghost", "z");
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
  end_graph(model, &graph);
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
  end_graph(model, &graph);
}

#define F GCUT_FORMAT
const hostile_case hostile_tensor[] = {
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
};
const size_t n_hostile_tensor = sizeof hostile_tensor / sizeof *hostile_tensor;
