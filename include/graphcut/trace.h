// A trace: what is known of every value of a graph once shapes flow through it.
//
// Without bindings dims are symbolic. With symbols bound (by name, or by the shapes of actual
// inputs) everything that depended on shapes alone is folded: its values become constants and its
// nodes need not run.
#ifndef GRAPHCUT_TRACE_H
#define GRAPHCUT_TRACE_H

#include "graphcut/graph.h"

#ifdef __cplusplus
extern "C" {
#endif

// What is known of one value.
typedef struct gcut_fact {
  gcut_type type; // type 0 / rank -1 where unknown
  const gcut_dim
      *content; // elements of a small integer tensor of rank 0 or 1, symbolic or not; or NULL
  uint32_t n_content;
  const gcut_constant *constant; // its elements, where they are known; or NULL
  const gcut_tensor *tensor; // at run time: the tensor itself (sequences too); NULL while tracing
} gcut_fact;

typedef struct gcut_binding {
  const char *symbol;
  int64_t value;
} gcut_binding;

// The shape of an actual graph input.
typedef struct gcut_input_shape {
  uint32_t value;
  gcut_dtype type;
  int32_t rank;
  const int64_t *dims; // [rank]
} gcut_input_shape;

// Computes a node whose inputs are all known constants; supplied by a device (the tracer has no
// kernels). `inputs` are aligned tensors, NULL where absent; `outputs` are filled with new
// references.
typedef gcut_status (*gcut_evaluate)(void *context, const gcut_graph *graph, const gcut_node *node,
                                     const gcut_tensor *const *inputs, gcut_tensor **outputs,
                                     gcut_error *err);

typedef struct gcut_trace_options {
  const gcut_binding *bindings; // [n_bindings]
  size_t n_bindings;
  const gcut_input_shape *inputs; // [n_inputs]; unify with the declared shapes of graph inputs
  size_t n_inputs;
  gcut_evaluate evaluate; // NULL: nothing is folded beyond integer shape arithmetic
  void *evaluate_context;
} gcut_trace_options;

typedef struct gcut_trace {
  const gcut_graph *graph; // borrowed, outlives the trace
  gcut_fact *facts;        // [graph->n_values]
  double *flops;           // [graph->n_nodes]: at known shapes, else 0
  bool *folded;            // [graph->n_nodes]: every output is a constant; the node need not run
  gcut_dims *dims;         // expressions of the facts: a copy of the graph's that grew
  struct gcut_arena *arena;
} gcut_trace;

// Infers every value's type, shape and, where small and known, content. options NULL: symbolic.
// A node that contradicts its operator's schema is GCUT_FORMAT naming the node; a binding of no
// symbol, or an input that contradicts its declaration, GCUT_ARGUMENT.
GCUT_API GCUT_MUST_USE gcut_status gcut_trace_create(const gcut_graph *graph,
                                                     const gcut_trace_options *options,
                                                     gcut_trace **out_trace, gcut_error *err);
GCUT_API void gcut_trace_destroy(gcut_trace *trace);

// Bytes of a value's elements; false where its shape is not static or its elements are no plain
// data.
GCUT_API bool gcut_trace_bytes(const gcut_trace *trace, uint32_t value, uint64_t *out_bytes);
// Writes a dim of the trace's facts as text: "2*seq".
GCUT_API int gcut_trace_dim_format(const gcut_trace *trace, gcut_dim dim, char *buffer,
                                   size_t size);
// Writes a value's type as text: "float[1,seq,64]".
GCUT_API int gcut_trace_format(const gcut_trace *trace, uint32_t value, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
