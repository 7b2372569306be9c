// Pieces that the hostile models are made of.
#ifndef GCUT_TESTS_SUPPORT_HOSTILE_BUILD_H
#define GCUT_TESTS_SUPPORT_HOSTILE_BUILD_H

#include "tests/support/hostile.h"

enum { FLOAT = 1, UINT8 = 2, STRING = 8, INT4 = 22 }; // of TensorProto.DataType
extern const int64_t two[1];                          // the shape [2]

// A graph from input x to output y.
proto begin_graph(void);
void add_node(proto *graph, const char *name, const char *op, const char *inputs,
              const char *outputs);
void add_value(proto *graph, unsigned field, const char *name);
// A whole graph of one node, y = Relu(x), and what a case adds.
proto begin_relu(void);
// Puts it into a model and frees it.
void end_graph(proto *model, proto *graph);
// A whole model that imports a domain beside its own.
void import_domain(proto *model, const char *domain, int64_t version);
// An initializer of two zeros.
void add_zeros(proto *graph, const char *name);
// y = Softmax(x) with one attribute or two; it frees them.
void with_attribute(proto *model, proto *attribute, proto *second);
// Nodes of a function: a call of local.OP, and an operator.
void add_call(proto *function, const char *name, const char *op, const char *input,
              const char *output);
void add_operator(proto *function, const char *op, const char *input, const char *output);
// A model whose graph calls local.f1.
void begin_calls(proto *model);
void add_function(proto *model, proto *function);
// f1 calls f2, which calls f3, ... `times` times each; the last is a Relu.
void add_chain(proto *model, int length, int times);

#endif
