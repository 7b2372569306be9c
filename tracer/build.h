// Building a graph: what a reader calls. Add things in any order, then gcut_graph_finish once.
//
// Names are copied and interned. Indices are given out in the order of adding, from 0. Functions
// that return an index return GCUT_NONE where memory is out (gcut_graph_finish then fails with
// GCUT_NOMEM, so they need no check in between, and GCUT_NONE may be passed on to any other call
// here).
#ifndef GCUT_TRACER_BUILD_H
#define GCUT_TRACER_BUILD_H

#include "graphcut/graph.h"
#include "tracer/base/arena.h"
#include "tracer/dims.h"

// An empty graph with body 0 and the root scope.
GCUT_MUST_USE gcut_status gcut_graph_create(gcut_graph **out_graph, gcut_error *err);

// Arena strings and arrays of the graph, for what the calls below take by pointer.
gcut_arena *gcut_graph_arena(gcut_graph *graph);
const char *gcut_graph_intern(gcut_graph *graph, const char *data, size_t size);
// Says that the name will be interned soon (see gcut_intern_prefetch).
void gcut_graph_prefetch(const gcut_graph *graph, const char *data, size_t size);

void gcut_graph_add_opset(gcut_graph *graph, const char *domain, int64_t version);
// The version a domain is imported at ("" and "ai.onnx" are one), or 0.
int64_t gcut_graph_opset(const gcut_graph *graph, const char *domain);

// A body for an attribute of a node not added yet; gcut_graph_add_node ties it to its node.
uint32_t gcut_graph_add_body(gcut_graph *graph, const char *name);

// `name` must not be in use in that body (GCUT_FORMAT at finish, naming it); an empty name makes
// one up.
uint32_t gcut_graph_add_value(gcut_graph *graph, uint32_t body, const char *name);
// The value of that interned name in a body, or GCUT_NONE.
uint32_t gcut_graph_value_named(const gcut_graph *graph, uint32_t body, const char *interned);
void gcut_value_declare(gcut_graph *graph, uint32_t value, const gcut_type *type); // type copied
uint32_t gcut_graph_add_input(gcut_graph *graph, uint32_t body, uint32_t value);   // returns value
void gcut_graph_add_output(gcut_graph *graph, uint32_t body, uint32_t value);

// Takes ownership of a read-only mapping (or NULL) of `bytes` bytes, unmapped with the graph.
uint32_t gcut_graph_add_file(gcut_graph *graph, const char *path, const char *location,
                             const void *data, uint64_t bytes);
// Copies the struct, its name and dims; `data` stays where it is (a mapping or the graph's arena).
uint32_t gcut_graph_add_constant(gcut_graph *graph, const gcut_constant *constant);
// Makes `value` an initializer of `body`.
void gcut_graph_add_initializer(gcut_graph *graph, uint32_t body, uint32_t value,
                                uint32_t constant);

// Bytes of a scope's path, at most: all paths of a chain of modules together grow with its square.
enum { GCUT_MAX_SCOPE_PATH = 1024 };
// Scopes: find or make the child of `parent` (0: the root) of that segment name and class (""
// unknown; an existing child without a class takes this one).
uint32_t gcut_graph_add_scope(gcut_graph *graph, uint32_t parent, const char *name,
                              const char *class_name);

typedef struct gcut_node_spec {
  const char *name, *op_type, *domain, *overload, *doc; // NULL is ""
  uint32_t body;
  uint32_t scope;          // GCUT_NONE: not told; finish gives it the one its neighbours agree on
  const uint32_t *inputs;  // [n_inputs] values or GCUT_NONE
  const uint32_t *outputs; // [n_outputs] values or GCUT_NONE
  uint32_t n_inputs, n_outputs;
  const gcut_attribute *attributes; // [n_attributes], names and lists in the graph's arena
  uint32_t n_attributes;
  const gcut_metadata *metadata; // [n_metadata], strings in the graph's arena
  uint32_t n_metadata;
} gcut_node_spec;

uint32_t gcut_graph_add_node(gcut_graph *graph, const gcut_node_spec *spec);
// Appends to metadata[]; `*first` and `*n` become the range.
void gcut_graph_add_metadata(gcut_graph *graph, const gcut_metadata *metadata, uint32_t n,
                             uint32_t *first, uint32_t *n_out);

// Remembers the first failure for finish: for readers that find something wrong in the middle.
void gcut_graph_fail(gcut_graph *graph, gcut_status status, const char *format, ...)
    GCUT_PRINTF(3, 4);

// The first failure remembered, and its message; GCUT_OK where there is none.
GCUT_MUST_USE gcut_status gcut_graph_failed(const gcut_graph *graph, gcut_error *err);

// Resolves operators and parses their attributes, orders each body's nodes topologically (stable),
// computes captures and uses, counts scopes, and verifies. After it the graph is immutable.
// GCUT_FORMAT: duplicate names, cycles (one is printed), two producers, undefined reads, malformed
// attributes.
GCUT_MUST_USE gcut_status gcut_graph_finish(gcut_graph *graph, gcut_error *err);

#endif
