// What the files of the ONNX reader share: one reader, the context a node is read in, and who reads
// what.
#ifndef GCUT_FORMATS_ONNX_READER_H
#define GCUT_FORMATS_ONNX_READER_H

#include "formats/external.h"
#include "formats/onnx/tensor.h"
#include "formats/scopes.h"
#include "tracer/base/map.h"
#include "tracer/build.h"

typedef struct gcut__function gcut__function; // function.c

// The dim of a dim_param.
gcut_dim gcut__dim_read(gcut_dims *dims, const char *text);

// Items pushed while a node is read and taken off when it is done: nodes of subgraphs are read in
// between, so one array serves all.
typedef struct gcut__stack {
  void *items;
  uint32_t n, capacity;
} gcut__stack;

typedef struct gcut__reader {
  gcut_graph *graph;
  gcut_arena *arena;   // the graph's
  gcut_arena *scratch; // emptied before each tensor or type
  gcut__span file;     // the whole model
  uint32_t file_index; // of files[]; GCUT_NONE where the caller keeps the bytes
  int64_t ir_version;
  gcut__externals externals;
  gcut__scope_memory scopes;
  gcut__stack operands, attributes, metadata; // uint32_t, gcut_attribute, gcut_metadata
  gcut__function *functions;
  uint32_t n_functions;
  gcut_map function_index;               // interned id -> functions[]
  uint64_t inlined_bytes, inlined_items; // what calls of functions have added
  unsigned depth, calls;                 // being read: graphs and calls of functions, calls alone
  uint64_t n_calls;                      // inlined so far
  gcut_progress progress;
} gcut__reader;

// Names to values: those of a body, or those that the arguments and results of a call have inside
// the function. Names not found are looked for further out.
typedef struct gcut__names {
  gcut_map *map; // interned name -> value, or GCUT__ABSENT; NULL: the names of `body`
  uint32_t body;
  uint32_t next_output; // of a body: the value that the next output read will likely be
  struct gcut__names *outer;
} gcut__names;

enum { GCUT__ABSENT = 0xfffffffe }; // an argument that the call leaves out

// Where a node stands.
typedef struct gcut__context {
  uint32_t body;
  gcut__names *names;            // NULL: none can be seen
  uint32_t scope;                // below which scopes are made; 0 outside functions
  const struct gcut__call *call; // NULL outside functions
} gcut__context;

// Attributes by name, in place.
typedef struct gcut__named {
  gcut__span name, bytes;
} gcut__named;
typedef struct gcut__named_list {
  gcut__named *items;
  size_t n;
} gcut__named_list;

// A call of a function being inlined.
typedef struct gcut__call {
  const gcut__function *function;
  const gcut__context *caller;  // in which the call's own attributes are read
  gcut__context inner_defaults; // in which the function's default attributes are
  gcut__named_list attributes;  // of the call
  const char *prefix;           // of names made for its nodes and values, ending in "/"
  bool other_opsets;            // the function imports a domain at another version than the model
} gcut__call;

// A NodeProto's single fields, in place, and how many of the others there are.
typedef struct gcut__wire_node {
  gcut__span bytes, name, op_type, domain, overload, doc;
  uint32_t n_inputs, n_outputs, n_attributes, n_metadata;
} gcut__wire_node;

// ---- small things -----------------------------------------------------------------------------

// Field numbers of GraphProto, NodeProto and AttributeProto that more than one file walks.
enum {
  GCUT__GRAPH_NODE = 1,
  GCUT__NODE_INPUT = 1,
  GCUT__NODE_OUTPUT = 2,
  GCUT__NODE_NAME = 3,
  GCUT__NODE_ATTRIBUTE = 5,
  GCUT__NODE_METADATA = 9,
  GCUT__ATTRIBUTE_NAME = 1,
};

static inline const char *gcut__intern(gcut__reader *r, gcut__span text) {
  return gcut_graph_intern(r->graph, (const char *)text.data, text.size);
}
// An arena copy; NULL where memory is out.
static inline char *gcut__text(gcut__reader *r, gcut__span text) {
  return gcut_arena_string(r->arena, (const char *)text.data, text.size);
}
// For "%.*s": at most 200 bytes of a name.
#define GCUT__SHOW(span) (int)((span).size < 200 ? (span).size : 200), (const char *)(span).data

// One more item of `size` zeroed bytes; NULL where memory is out.
void *gcut__push(gcut__stack *stack, size_t size);
// Takes the next field of that number off a message.
bool gcut__next_of(gcut__span *message, uint32_t number, gcut__field *out_field);

// Key and value of a StringStringEntryProto, in place.
void gcut__entry_fields(gcut__span bytes, gcut__span *out_key, gcut__span *out_value);
// Pushes metadata: copies of strings, or a StringStringEntryProto.
GCUT_MUST_USE gcut_status gcut__push_metadata(gcut__reader *r, gcut__span key, gcut__span value,
                                              gcut_error *err);
GCUT_MUST_USE gcut_status gcut__push_entry(gcut__reader *r, gcut__span bytes, gcut_error *err);
// Moves the metadata pushed since `first` to the graph.
void gcut__keep_metadata(gcut__reader *r, uint32_t first, uint32_t *out_first, uint32_t *out_n);

// ---- who reads what ---------------------------------------------------------------------------

// read_graph.c
GCUT_MUST_USE gcut_status gcut__read_graph(gcut__reader *r, gcut__span bytes,
                                           const gcut__context *where, gcut_error *err);

// node.c
GCUT_MUST_USE gcut_status gcut__read_node(gcut__reader *r, gcut__span bytes,
                                          const gcut__context *where, gcut_error *err);
// Pushes the values that a node's inputs, or outputs, name.
GCUT_MUST_USE gcut_status gcut__read_inputs(gcut__reader *r, const gcut__wire_node *node,
                                            const gcut__context *where, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__read_outputs(gcut__reader *r, const gcut__wire_node *node,
                                             const gcut__context *where, gcut_error *err);
// The scope that the node's metadata and name tell; GCUT_NONE where they tell none.
uint32_t gcut__node_scope(gcut__reader *r, const gcut__wire_node *node, const gcut__context *where);
// The value of that name; false where there is none. GCUT_NONE for an argument left out.
bool gcut__find_value(const gcut__reader *r, const gcut__names *names, const char *interned,
                      uint32_t *out_value);

// attribute.c
GCUT_MUST_USE gcut_status gcut__read_attribute(gcut__reader *r, gcut__span bytes,
                                               const gcut__context *where, gcut_error *err);
// Adds a TensorProto as a constant.
GCUT_MUST_USE gcut_status gcut__read_constant(gcut__reader *r, gcut__span bytes,
                                              uint32_t *out_constant, gcut_error *err);
// A SparseTensorProto as the value of an attribute.
GCUT_MUST_USE gcut_status gcut__read_sparse(gcut__reader *r, gcut__span bytes, gcut_attribute *out,
                                            gcut_error *err);

// type.c: dims and element types go to `arena`.
GCUT_MUST_USE gcut_status gcut__read_type(gcut__reader *r, const GcutOnnx__TypeProto *type,
                                          gcut_arena *arena, gcut_type *out, gcut_error *err);

// function.c
// Imports an OperatorSetIdProto unless its domain is imported already; *out_differs: at another
// version.
GCUT_MUST_USE gcut_status gcut__import(gcut__reader *r, gcut__span bytes, bool *out_differs,
                                       gcut_error *err);
// Fails where a function's node means something else at the opset that the model imports.
GCUT_MUST_USE gcut_status gcut__check_version(gcut__reader *r, const gcut__call *call,
                                              const gcut__wire_node *node, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__functions_add(gcut__reader *r, gcut__span bytes, gcut_error *err);
void gcut__functions_free(gcut__reader *r);
// The function that a node calls, or NULL where it is an operator.
gcut__function *gcut__function_find(const gcut__reader *r, const gcut__wire_node *node);
GCUT_MUST_USE gcut_status gcut__inline_call(gcut__reader *r, gcut__function *function,
                                            const gcut__wire_node *node, const gcut__context *where,
                                            gcut_error *err);
// The attribute that the call binds to that name; *out_where is the context to read it in. False
// where the call leaves it out and it has no default.
bool gcut__call_attribute(const gcut__call *call, gcut__span name, gcut__span *out_bytes,
                          const gcut__context **out_where);
// Charges what is added while a call is inlined: GCUT_FORMAT beyond the limits.
GCUT_MUST_USE gcut_status gcut__charge(gcut__reader *r, uint64_t bytes, uint64_t items,
                                       gcut_error *err);

#endif
