#include "tests/support/proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void pb_free(proto *p) {
  free(p->data);
  *p = (proto){0};
}

void pb_raw(proto *p, const void *data, size_t size) {
  if (p->size + size > p->capacity) {
    p->capacity = 2 * (p->size + size) + 64;
    p->data = realloc(p->data, p->capacity);
    if (!p->data) abort();
  }
  if (size > 0) memcpy(p->data + p->size, data, size);
  p->size += size;
}

void pb_varint(proto *p, uint64_t value) {
  uint8_t bytes[10];
  size_t n = 0;
  for (; value > 0x7f; value >>= 7) bytes[n++] = (uint8_t)(value | 0x80);
  bytes[n++] = (uint8_t)value;
  pb_raw(p, bytes, n);
}

void pb_int(proto *p, unsigned field, int64_t value) {
  pb_varint(p, field << 3);
  pb_varint(p, (uint64_t)value);
}

void pb_float(proto *p, unsigned field, float value) {
  pb_varint(p, field << 3 | 5);
  pb_raw(p, &value, sizeof value);
}

void pb_bytes(proto *p, unsigned field, const void *data, size_t size) {
  pb_varint(p, field << 3 | 2);
  pb_varint(p, size);
  pb_raw(p, data, size);
}

void pb_text(proto *p, unsigned field, const char *text) {
  pb_bytes(p, field, text, strlen(text));
}

void pb_message(proto *p, unsigned field, proto *inner) {
  pb_bytes(p, field, inner->data, inner->size);
  pb_free(inner);
}

// A field for each name of a list.
static void put_names(proto *p, unsigned field, const char *names) {
  for (; *names; names += *names == ' ') {
    size_t size = strcspn(names, " ");
    int absent = size == 1 && *names == '-';
    pb_bytes(p, field, names, absent ? 0 : size);
    names += size;
  }
}

proto onnx_node(const char *name, const char *op, const char *inputs, const char *outputs) {
  proto node = {0};
  put_names(&node, NODE_INPUT, inputs);
  put_names(&node, NODE_OUTPUT, outputs);
  pb_text(&node, NODE_NAME, name);
  pb_text(&node, NODE_OP, op);
  return node;
}

proto onnx_value(const char *name, int type, int rank, const int64_t *dims) {
  proto value = {0}, shape = {0}, tensor = {0}, outer = {0};
  for (int d = 0; d < rank; d++) {
    proto dim = {0};
    pb_int(&dim, 1, dims[d]);
    pb_message(&shape, 1, &dim);
  }
  pb_int(&tensor, 1, type);
  pb_message(&tensor, 2, &shape);
  pb_message(&outer, 1, &tensor);
  pb_text(&value, 1, name);
  pb_message(&value, 2, &outer);
  return value;
}

proto onnx_tensor(const char *name, int type, int rank, const int64_t *dims) {
  proto tensor = {0};
  for (int d = 0; d < rank; d++) pb_int(&tensor, TENSOR_DIMS, dims[d]);
  pb_int(&tensor, TENSOR_TYPE, type);
  pb_text(&tensor, TENSOR_NAME, name);
  return tensor;
}

proto onnx_entry(const char *key, const char *value) {
  proto entry = {0};
  pb_text(&entry, 1, key);
  pb_text(&entry, 2, value);
  return entry;
}

proto onnx_opset(const char *domain, int64_t version) {
  proto opset = {0};
  pb_text(&opset, 1, domain);
  pb_int(&opset, 2, version);
  return opset;
}

proto onnx_function(const char *domain, const char *name, const char *inputs, const char *outputs) {
  proto function = {0}, opset = onnx_opset("", 17);
  pb_text(&function, FUNCTION_NAME, name);
  put_names(&function, FUNCTION_INPUT, inputs);
  put_names(&function, FUNCTION_OUTPUT, outputs);
  pb_message(&function, FUNCTION_OPSET, &opset);
  pb_text(&function, FUNCTION_DOMAIN, domain);
  return function;
}

proto onnx_model(proto *graph) {
  proto model = {0}, opset = onnx_opset("", 17);
  pb_int(&model, MODEL_IR, 8);
  pb_message(&model, MODEL_GRAPH, graph);
  pb_message(&model, MODEL_OPSET, &opset);
  return model;
}

void pb_write_file(const proto *p, const char *path) {
  FILE *file = fopen(path, "wb");
  if (!file || fwrite(p->data, 1, p->size, file) != p->size || fclose(file) != 0) {
    perror(path);
    exit(1);
  }
}
