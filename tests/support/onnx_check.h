// ONNX models written by hand, and what the reader makes of them.
#ifndef GCUT_TESTS_SUPPORT_ONNX_CHECK_H
#define GCUT_TESTS_SUPPORT_ONNX_CHECK_H

#include "graphcut/graph.h"
#include "tests/support/proto.h"

enum { // TensorProto.DataType
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

// A graph from x to y, of two elements each in float32.
proto onnx_begin(void);
void onnx_add(proto *graph, proto node);
// Takes the model over, whose bytes live until the next is parsed; fails where it cannot be read.
gcut_graph *onnx_parse(proto *model);
int onnx_release(void **state); // those of the last; ends a group of tests

// These fail where there is none.
const gcut_node *node_of(const gcut_graph *g, const char *name);
const char *input_of(const gcut_graph *g, const gcut_node *node, uint32_t i);

#endif
