// A part of a graph as a graph of its own.
#ifndef GCUT_TRACER_EXTRACT_H
#define GCUT_TRACER_EXTRACT_H

#include "graphcut/trace.h"

typedef struct gcut_extract {
  const uint32_t *nodes;            // [n_nodes] of the main graph, producers first
  const uint32_t *inputs, *outputs; // [n_inputs], [n_outputs] values of the main graph
  uint32_t n_nodes, n_inputs, n_outputs;
  const char *path;      // that the new graph will be written to
  const gcut_file *file; // one more file, after those of the source; or NULL
  // Says where a constant's elements will lie: may change its file and offset. NULL: where they do.
  void (*place)(void *context, gcut_constant *constant);
  void *context;
} gcut_extract;

// The graph of these nodes and their bodies. What they read and the trace knows to be constant
// becomes an initializer, whether the source holds it so, in a Constant node, or had it folded;
// inputs and outputs have the types of the trace. Names, scopes, metadata and opset imports are the
// source's. Files are named, not mapped, and attributes and elements are borrowed: source and trace
// outlive the new graph. GCUT_ARGUMENT where a value is read that is neither an input, a constant
// nor made by an earlier node; GCUT_UNSUPPORTED where an input or output is of unknown type that
// the source does not name as its own.
GCUT_MUST_USE gcut_status gcut_graph_extract(const gcut_trace *trace, const gcut_extract *part,
                                             gcut_graph **out_graph, gcut_error *err);

// The constant that a value is known to be, or NULL.
const gcut_constant *gcut_extract_constant(const gcut_trace *trace, uint32_t value);
// The type of an input or output of a part: what the trace knows, or else what the model says.
const gcut_type *gcut_extract_type(const gcut_trace *trace, uint32_t value);

#endif
