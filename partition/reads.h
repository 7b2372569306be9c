// What is known of values that nodes read: constants, bytes.
#ifndef GCUT_PARTITION_READS_H
#define GCUT_PARTITION_READS_H

#include "graphcut/trace.h"

// The constant that a value is known to be, or NULL. An input with a default is none.
static inline const gcut_constant *gcut__constant(const gcut_trace *trace, uint32_t value) {
  const gcut_value *v = &trace->graph->values[value];
  if (trace->facts[value].constant) return trace->facts[value].constant;
  return v->constant != GCUT_NONE && !v->is_input ? &trace->graph->constants[v->constant] : NULL;
}

// Whether the shapes of all inputs are known. Then a size that is not depends on data.
static inline bool gcut__shapes_given(const gcut_trace *trace) {
  const gcut_body *main = &trace->graph->bodies[0];
  uint64_t bytes;
  for (uint32_t i = 0; i < main->n_inputs; i++)
    if (!gcut__constant(trace, main->inputs[i]) &&
        !gcut_trace_bytes(trace, main->inputs[i], &bytes))
      return false;
  return true;
}

// Bytes that a value takes on a device; `given`: gcut__shapes_given. What depends on data lives on
// the host and takes none. False where shapes are symbolic.
static inline bool gcut__bytes(const gcut_trace *trace, bool given, uint32_t value,
                               uint64_t *out_bytes) {
  if (gcut_trace_bytes(trace, value, out_bytes)) return true;
  *out_bytes = 0;
  return given;
}

// The number of a constant of the graph; GCUT_NONE of one that the trace made.
static inline uint32_t gcut__constant_number(const gcut_graph *graph,
                                             const gcut_constant *constant) {
  uintptr_t at = (uintptr_t)constant, base = (uintptr_t)graph->constants;
  uint64_t number = at >= base ? (at - base) / sizeof *constant : UINT64_MAX;
  return number < graph->n_constants ? (uint32_t)number : GCUT_NONE;
}

// What a body of control flow holds of constants: its initializers, and what its nodes without
// inputs make (Constant). Calls visit for each.
typedef void gcut__visit_constant(void *context, uint32_t value, const gcut_constant *constant);
static inline void gcut__each_inner_constant(const gcut_trace *trace, uint32_t body,
                                             gcut__visit_constant *visit, void *context) {
  const gcut_graph *g = trace->graph;
  const gcut_body *b = &g->bodies[body];
  for (uint32_t i = 0; i < b->n_initializers; i++)
    if (gcut__constant(trace, b->initializers[i]))
      visit(context, b->initializers[i], gcut__constant(trace, b->initializers[i]));
  for (uint32_t i = 0; i < b->n_nodes; i++) {
    const gcut_node *node = &g->nodes[b->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs && gcut_node_n_reads(node) == 0; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      if (v != GCUT_NONE && gcut__constant(trace, v)) visit(context, v, gcut__constant(trace, v));
    }
  }
}

#endif
