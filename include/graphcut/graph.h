// The graph: the first of the five values. Plain data, read by everyone, written by tracer/ through
// tracer/build.h.
//
// Nodes, values, constants, scopes and bodies are integers into arrays. The main graph is body 0;
// the bodies of If, Loop and Scan follow, and all bodies share the arrays, so a value captured from
// an outer body is simply its number. Everything lives in one arena and is freed with the graph.
#ifndef GRAPHCUT_GRAPH_H
#define GRAPHCUT_GRAPH_H

#include "graphcut/dtype.h"
#include "graphcut/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GCUT_NONE UINT32_MAX // no node, no value, an absent optional operand

// ---- dims -------------------------------------------------------------------------------------

// A size or a small integer: either known, or a symbolic expression of the graph's dim table.
// Equal expressions have equal numbers, so == compares them.
typedef int64_t gcut_dim;

#define GCUT_DIM_EXPRESSION_LIMIT (INT64_MIN + ((int64_t)1 << 32))

// Whether the dim is a plain number.
static inline bool gcut_dim_known(gcut_dim dim) {
  return dim >= GCUT_DIM_EXPRESSION_LIMIT;
}

typedef struct gcut_dims gcut_dims; // tracer/dims.h

// ---- types ------------------------------------------------------------------------------------

// What a value is. rank -1: unknown. dims: [rank].
typedef struct gcut_type {
  uint8_t kind; // gcut_kind
  uint8_t type; // gcut_dtype of the (innermost) element; of a map: of its keys
  int16_t rank;
  const gcut_dim *dims;
  const struct gcut_type
      *element; // of a sequence or optional, where more than the element type is known
} gcut_type;

// ---- constants --------------------------------------------------------------------------------

// A file that holds constants, mapped read-only. data is NULL where the file is not there: such a
// graph can be inspected, cut and drawn, not run.
typedef struct gcut_file {
  const char *path;     // as opened
  const char *location; // as the model names it; "" for the model file itself
  const uint8_t *data;
  uint64_t bytes;
} gcut_file;

// A constant tensor by reference: never a copy of a large one.
typedef struct gcut_constant {
  const char *name; // "" where the model gives none
  gcut_dtype type;
  int32_t rank;
  const int64_t *dims; // [rank]
  uint64_t bytes;      // packed size of the elements
  uint32_t file;       // of files[], or GCUT_NONE: data lies in an arena
  uint64_t offset;     // into the file
  const void *data;    // may be unaligned; NULL where the file is missing. Strings: gcut_string[]
} gcut_constant;

// ---- attributes -------------------------------------------------------------------------------

typedef enum gcut_attribute_kind { // ONNX's AttributeProto.AttributeType
  GCUT_ATTRIBUTE_FLOAT = 1,
  GCUT_ATTRIBUTE_INT = 2,
  GCUT_ATTRIBUTE_STRING = 3,
  GCUT_ATTRIBUTE_TENSOR = 4,
  GCUT_ATTRIBUTE_GRAPH = 5,
  GCUT_ATTRIBUTE_FLOATS = 6,
  GCUT_ATTRIBUTE_INTS = 7,
  GCUT_ATTRIBUTE_STRINGS = 8,
  GCUT_ATTRIBUTE_TENSORS = 9,
  GCUT_ATTRIBUTE_GRAPHS = 10,
  GCUT_ATTRIBUTE_SPARSE_TENSOR = 11, // in `sparse`
  GCUT_ATTRIBUTE_SPARSE_TENSORS = 12,
  GCUT_ATTRIBUTE_TYPE = 13,
  GCUT_ATTRIBUTE_TYPES = 14,
} gcut_attribute_kind;

typedef struct gcut_attribute {
  const char *name;
  gcut_attribute_kind kind;
  size_t n; // elements of a list; 1 for a single
  union {
    float f;
    int64_t i;
    gcut_string s;
    uint32_t tensor; // of constants[]
    uint32_t body;   // of bodies[]
    const float *floats;
    const int64_t *ints;
    const gcut_string *strings;
    const uint32_t *tensors; // of constants[]
    const uint32_t *bodies;  // of bodies[]
    const gcut_type *types;
  };
  struct { // of a sparse tensor: both of constants[], and the dense shape
    uint32_t values, indices;
    int32_t rank;
    const int64_t *dims;
  } sparse;
} gcut_attribute;

typedef struct gcut_metadata {
  const char *key, *value;
} gcut_metadata;

// ---- nodes, values, bodies, scopes ------------------------------------------------------------

typedef struct gcut_op gcut_op; // tracer/ops/op.h

typedef struct gcut_node {
  const char *name; // unique within its body; made up where the model gives none
  const char *op_type;
  const char *domain;   // "" is ai.onnx
  const char *overload; // "" almost always
  const gcut_op *op;    // what the operator means; NULL for one that graphcut does not know
  uint32_t op_row;      // of the operator table, where op is not NULL
  const void *attrs;    // the operator's own attribute struct, parsed once; NULL where op is
  int32_t version;      // opset version its domain is imported at
  uint32_t body;
  uint32_t scope; // of scopes[]
  uint32_t first_input,
      n_inputs; // into operands[]: values, GCUT_NONE where an optional one is absent
  uint32_t first_output, n_outputs;   // into operands[]: values, GCUT_NONE likewise
  uint32_t first_capture, n_captures; // into operands[]: outer values that the node's bodies read
  uint32_t first_attribute, n_attributes; // into attributes[]
  uint32_t first_metadata, n_metadata;    // into metadata[]
  const char *doc;                        // "" where there is none
} gcut_node;

typedef struct gcut_value {
  const char *name; // unique within its body
  gcut_type
      declared; // what the model says of it; kind TENSOR, type 0, rank -1 where it says nothing
  uint32_t producer; // node, or GCUT_NONE: an input of its body or a constant
  uint32_t constant; // of constants[] for an initializer, else GCUT_NONE
  uint32_t body;     // that defines it
  uint32_t first_use,
      n_uses; // into uses[]: nodes reading it (captures included), in node order, each once
  uint32_t first_metadata, n_metadata;
  const char *doc; // "" where there is none
  bool is_input;   // of its body; together with a constant: an input with a default
  bool is_output;  // of its body
} gcut_value;

typedef struct gcut_body {
  const char *name;
  uint32_t node;                          // that owns it; GCUT_NONE for the main graph
  uint32_t *nodes, n_nodes;               // in an order in which producers come first
  uint32_t *inputs, n_inputs;             // values
  uint32_t *outputs, n_outputs;           // values
  uint32_t *initializers, n_initializers; // values
  uint32_t first_metadata, n_metadata;
  const char *doc;
} gcut_body;

// A module of the model: a node of the scope tree. Scope 0 is the root.
typedef struct gcut_scope {
  const char *name;       // last segment: "q_proj"; "" for the root
  const char *path;       // from the root, dotted: "model.layers.0.self_attn.q_proj"
  const char *class_name; // with its package: "transformers.models.llama.modeling_llama.LlamaMLP";
                          // "" unknown
  uint32_t parent;        // GCUT_NONE for the root; always less than its own number
  uint32_t n_nodes;       // of the main graph at or under it
} gcut_scope;

typedef struct gcut_opset {
  const char *domain;
  int64_t version;
} gcut_opset;

typedef struct gcut_graph {
  gcut_node *nodes;
  gcut_value *values;
  gcut_constant *constants;
  gcut_body *bodies; // bodies[0]: the main graph
  gcut_scope *scopes;
  gcut_file *files;
  gcut_attribute *attributes;
  gcut_metadata *metadata;
  uint32_t *operands;
  uint32_t *uses;
  gcut_opset *opsets;
  uint32_t n_nodes, n_values, n_constants, n_bodies, n_scopes, n_files, n_attributes, n_metadata,
      n_operands, n_uses, n_opsets;
  gcut_dims *dims; // symbols and expressions of all types in the graph
  int64_t ir_version, model_version;
  const char *producer_name, *producer_version, *domain, *doc; // never NULL
  uint32_t first_metadata, n_model_metadata;                   // the model's own, into metadata[]
  const char *path; // the file it was read from; "" if made in memory
  struct gcut_arena *arena;
  struct gcut_graph_private *private_state;
} gcut_graph;

static inline const uint32_t *gcut_node_inputs(const gcut_graph *g, const gcut_node *n) {
  return g->operands + n->first_input;
}
static inline const uint32_t *gcut_node_outputs(const gcut_graph *g, const gcut_node *n) {
  return g->operands + n->first_output;
}
static inline const uint32_t *gcut_node_captures(const gcut_graph *g, const gcut_node *n) {
  return g->operands + n->first_capture;
}
// What a node reads: its inputs, then what its bodies capture. GCUT_NONE where an input is absent.
static inline uint32_t gcut_node_n_reads(const gcut_node *n) {
  return n->n_inputs + n->n_captures;
}
static inline uint32_t gcut_node_read(const gcut_graph *g, const gcut_node *n, uint32_t i) {
  return i < n->n_inputs ? gcut_node_inputs(g, n)[i] : gcut_node_captures(g, n)[i - n->n_inputs];
}

// Frees the graph and unmaps its files. NULL is allowed.
GCUT_API void gcut_graph_destroy(gcut_graph *graph);

// Checks every invariant stated above: indices in range, one producer a value, producers first,
// captures visible from where they are read, scopes a tree. A violation is a bug in whoever built
// the graph: GCUT_FORMAT naming it.
GCUT_API GCUT_MUST_USE gcut_status gcut_graph_verify(const gcut_graph *graph, gcut_error *err);

// The attribute of that name, or NULL.
GCUT_API const gcut_attribute *gcut_node_attribute(const gcut_graph *graph, const gcut_node *node,
                                                   const char *name);
// The value of that name in a body, or GCUT_NONE.
GCUT_API uint32_t gcut_graph_find_value(const gcut_graph *graph, uint32_t body, const char *name);
// The main graph's node of that name, or GCUT_NONE.
GCUT_API uint32_t gcut_graph_find_node(const gcut_graph *graph, const char *name);

// Writes a dim as text ("batch", "2*seq+1", "7"); returns the length as snprintf does.
GCUT_API int gcut_dim_format(const gcut_graph *graph, gcut_dim dim, char *buffer, size_t size);
// Writes a type as text: "float[batch,seq,64]", "seq(float[?])".
GCUT_API int gcut_type_format(const gcut_graph *graph, const gcut_type *type, char *buffer,
                              size_t size);

#ifdef __cplusplus
}
#endif
#endif
