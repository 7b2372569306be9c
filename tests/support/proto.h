// Writing protobuf bytes by hand, right or wrong, and ONNX messages from them.
#ifndef GCUT_TESTS_SUPPORT_PROTO_H
#define GCUT_TESTS_SUPPORT_PROTO_H

#include <stddef.h>
#include <stdint.h>

// A message being written. A zeroed one is empty; running out of memory ends the program.
typedef struct proto {
  uint8_t *data;
  size_t size, capacity;
} proto;

void pb_free(proto *p);
void pb_raw(proto *p, const void *data, size_t size); // bytes as they are
void pb_varint(proto *p, uint64_t value);             // likewise
void pb_int(proto *p, unsigned field, int64_t value);
void pb_float(proto *p, unsigned field, float value);
void pb_bytes(proto *p, unsigned field, const void *data, size_t size);
void pb_text(proto *p, unsigned field, const char *text);
// Appends a message as a field and frees it.
void pb_message(proto *p, unsigned field, proto *inner);

// Field numbers of ONNX that tests write by hand.
enum {
  MODEL_IR = 1,
  MODEL_GRAPH = 7,
  MODEL_OPSET = 8,
  MODEL_FUNCTION = 25,
  GRAPH_NODE = 1,
  GRAPH_NAME = 2,
  GRAPH_INITIALIZER = 5,
  GRAPH_INPUT = 11,
  GRAPH_OUTPUT = 12,
  GRAPH_VALUE_INFO = 13,
  GRAPH_ANNOTATION = 14,
  GRAPH_SPARSE_INITIALIZER = 15,
  NODE_INPUT = 1,
  NODE_OUTPUT = 2,
  NODE_NAME = 3,
  NODE_OP = 4,
  NODE_ATTRIBUTE = 5,
  NODE_DOMAIN = 7,
  NODE_METADATA = 9,
  ATTRIBUTE_NAME = 1,
  ATTRIBUTE_I = 3,
  ATTRIBUTE_T = 5,
  ATTRIBUTE_G = 6,
  ATTRIBUTE_INTS = 8,
  ATTRIBUTE_TYPE = 20,
  ATTRIBUTE_REF = 21,
  TENSOR_DIMS = 1,
  TENSOR_TYPE = 2,
  TENSOR_FLOATS = 4,
  TENSOR_INT32S = 5,
  TENSOR_NAME = 8,
  TENSOR_RAW = 9,
  TENSOR_EXTERNAL = 13,
  TENSOR_LOCATION = 14,
  FUNCTION_NAME = 1,
  FUNCTION_INPUT = 4,
  FUNCTION_OUTPUT = 5,
  FUNCTION_NODE = 7,
  FUNCTION_OPSET = 9,
  FUNCTION_DOMAIN = 10,
  FUNCTION_ATTRIBUTE = 11,
};

// Operands are names separated by spaces; "-" is an absent one.
proto onnx_node(const char *name, const char *op, const char *inputs, const char *outputs);
proto onnx_value(const char *name, int type, int rank, const int64_t *dims);
proto onnx_tensor(const char *name, int type, int rank, const int64_t *dims);
proto onnx_entry(const char *key, const char *value);
proto onnx_opset(const char *domain, int64_t version);
// A function of that many nodes' worth of fields: add nodes with FUNCTION_NODE.
proto onnx_function(const char *domain, const char *name, const char *inputs, const char *outputs);

// A model of IR version 8 and opset 17 around a graph, which it frees.
proto onnx_model(proto *graph);

void pb_write_file(const proto *p, const char *path);

#endif
