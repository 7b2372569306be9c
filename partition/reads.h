// What a node of the main graph reads: its inputs, then what its bodies capture.
#ifndef GCUT_PARTITION_READS_H
#define GCUT_PARTITION_READS_H

#include "graphcut/trace.h"

static inline uint32_t gcut__n_reads(const gcut_node *node) {
  return node->n_inputs + node->n_captures;
}

// A value, or GCUT_NONE where an optional input is absent.
static inline uint32_t gcut__read(const gcut_graph *graph, const gcut_node *node, uint32_t i) {
  return i < node->n_inputs ? gcut_node_inputs(graph, node)[i]
                            : gcut_node_captures(graph, node)[i - node->n_inputs];
}

// The constant that a value is known to be, or NULL. An input with a default is none.
static inline const gcut_constant *gcut__constant(const gcut_trace *trace, uint32_t value) {
  const gcut_value *v = &trace->graph->values[value];
  if (trace->facts[value].constant) return trace->facts[value].constant;
  return v->constant != GCUT_NONE && !v->is_input ? &trace->graph->constants[v->constant] : NULL;
}

#endif
