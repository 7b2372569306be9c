// Small graphs for tests: nodes by name, values made when first named.
#ifndef GCUT_TESTS_SUPPORT_TOY_H
#define GCUT_TESTS_SUPPORT_TOY_H

#include "graphcut/graph.h"
#include "graphcut/trace.h"

// An empty graph of opset 18. Every failure below ends the program: a test's graph must be right.
gcut_graph *toy_begin(void);
// A scope under `parent` (0: the root).
uint32_t toy_scope(gcut_graph *g, uint32_t parent, const char *name, const char *class_name);
// A float input or initializer of that shape; a dim of 0 is the symbol "n".
void toy_input(gcut_graph *g, const char *name, int rank, const int64_t *dims);
void toy_weight(gcut_graph *g, const char *name, int rank, const int64_t *dims);
// A node; inputs and outputs are names separated by spaces.
uint32_t toy_node(gcut_graph *g, uint32_t scope, const char *name, const char *op_type,
                  const char *inputs, const char *outputs);
void toy_output(gcut_graph *g, const char *name);
// Finishes the graph and traces it, every symbol bound to `n` (0: symbolic).
gcut_trace *toy_trace(gcut_graph *g, int64_t n);

uint32_t toy_value(const gcut_graph *g, const char *name); // GCUT_NONE: there is none

#endif
