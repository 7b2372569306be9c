// Reading GCIR: what the files of the reader share. docs/gcir.md is the language.
//
// The text is parsed into a syntax tree (scratch memory), then the tree into a graph: nodes may
// stand in any order, and functions, which follow the graph that calls them, are inlined by walking
// their tree once a call. Names are interned in the graph, so equal names are equal pointers; types
// and constants go straight to the graph.
#ifndef GCUT_FORMATS_GCIR_GCIR_H
#define GCUT_FORMATS_GCIR_GCIR_H

#include "formats/external.h"
#include "formats/scopes.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"
#include "tracer/build.h"

// Graphs within graphs, types within types, calls within calls.
enum { GCIR_MAX_DEPTH = 256, GCIR_MAX_TYPE_DEPTH = 16, GCIR_MAX_CALLS = 100 };

// ---- the syntax tree --------------------------------------------------------------------------

typedef struct gcir_graph gcir_graph;

// A list that grows in scratch memory.
typedef struct gcir_list {
  void *items;
  uint32_t n, capacity;
} gcir_list;

typedef struct gcir_info {
  const char *doc;
  gcir_list metadata; // gcut_metadata
} gcir_info;

typedef struct gcir_value {
  const char *name;
  bool typed;
  gcut_type type;
  gcir_info info;
  uint32_t constant; // of the graph, or GCUT_NONE
  size_t at;         // where it stands in the text
} gcir_value;

// An attribute: its value, or graphs still to be read into bodies, or the name of the function's
// attribute that it passes on.
typedef struct gcir_attribute {
  gcut_attribute value;
  gcir_list graphs; // gcir_graph *
  const char *reference;
} gcir_attribute;

typedef struct gcir_node {
  const char *name, *domain, *op_type, *overload;
  gcir_list outputs, inputs; // const char *
  gcir_list attributes;      // gcir_attribute
  gcir_info info;
  uint32_t scope; // of the graph; GCUT_NONE where the text gives none
  size_t at;
  struct gcir_node *next;
} gcir_node;

struct gcir_graph {
  const char *name;
  gcir_info info;
  gcir_list inputs, outputs, values; // gcir_value
  gcir_node *nodes;
  size_t at;
};

typedef struct gcir_opset {
  const char *domain;
  int64_t version;
} gcir_opset;

typedef struct gcir_function {
  const char *domain, *name, *overload;
  gcir_list opsets;          // gcir_opset
  gcir_list parameters;      // const char *: attributes without a default
  gcir_list defaults;        // gcir_attribute
  gcir_list inputs, outputs; // const char *
  gcir_node *nodes;
  uint64_t n_nodes;
  bool active; // being inlined right now
} gcir_function;

#define GCIR_ITEM(type, list, i) (((type *)(list).items)[i])

// ---- the parser -------------------------------------------------------------------------------

typedef struct gcir_parser {
  const char *path; // for messages
  const char *text;
  size_t size, at;
  gcut_graph *graph;
  gcut_arena *arena, *scratch; // the graph's; the tree's
  gcut__externals externals;
  gcir_list scopes; // uint32_t: number in the file -> scope of the graph
  bool has_scopes;
  gcir_graph *main;
  gcir_list functions; // gcir_function
  unsigned depth;
  gcut_error *err;
} gcir_parser;

// One more zeroed item of `size` bytes; NULL where memory is out.
void *gcut__gcir_append(gcir_parser *p, gcir_list *list, size_t size);

// lexer.c: characters and tokens. All skip spaces and comments first. Positions are byte offsets.

// GCUT_FORMAT with line and column of `at`.
gcut_status gcut__gcir_fail(const gcir_parser *p, size_t at, const char *format, ...)
    GCUT_PRINTF(3, 4);
// gcut_graph_add_scope, whose failure points into the text.
GCUT_MUST_USE gcut_status gcut__gcir_add_scope(gcir_parser *p, size_t at, uint32_t parent,
                                               const char *name, const char *class_name,
                                               uint32_t *out);
// The next character, or -1 at the end.
int gcut__gcir_peek(gcir_parser *p);
bool gcut__gcir_accept(gcir_parser *p, char wanted);
GCUT_MUST_USE gcut_status gcut__gcir_expect(gcir_parser *p, char wanted);
GCUT_MUST_USE gcut_status gcut__gcir_expect_arrow(gcir_parser *p); // "=>"
// An identifier in place; size 0 where there is none.
gcut_string gcut__gcir_identifier(gcir_parser *p);
gcut_string gcut__gcir_peek_identifier(gcir_parser *p);
bool gcut__gcir_is(gcut_string identifier, const char *word);
// Whether a string follows: "..." or b"...".
bool gcut__gcir_at_string(gcir_parser *p);
// Its bytes, zero-terminated in scratch memory (or the arena).
GCUT_MUST_USE gcut_status gcut__gcir_string(gcir_parser *p, gcut_arena *arena, gcut_string *out);
// The same without a zero inside: interned, or a copy in the graph's arena.
GCUT_MUST_USE gcut_status gcut__gcir_text(gcir_parser *p, const char **out);
// An identifier or string, interned. *out is NULL where there is neither.
GCUT_MUST_USE gcut_status gcut__gcir_optional_name(gcir_parser *p, const char **out);
GCUT_MUST_USE gcut_status gcut__gcir_name(gcir_parser *p, const char **out);
GCUT_MUST_USE gcut_status gcut__gcir_int(gcir_parser *p, int64_t *out);

// literal.c: numbers.
typedef enum gcir_literal_kind { GCIR_INT, GCIR_FLOAT, GCIR_BITS } gcir_literal_kind;
typedef struct gcir_literal {
  gcir_literal_kind kind;
  gcut_string text;
  size_t at;
} gcir_literal;
// Whether a number follows, nan and inf included.
bool gcut__gcir_at_number(gcir_parser *p);
GCUT_MUST_USE gcut_status gcut__gcir_literal(gcir_parser *p, gcir_literal *out);
GCUT_MUST_USE gcut_status gcut__gcir_as_int(gcir_parser *p, const gcir_literal *l, int64_t *out);
GCUT_MUST_USE gcut_status gcut__gcir_as_uint(gcir_parser *p, const gcir_literal *l, uint64_t *out);
GCUT_MUST_USE gcut_status gcut__gcir_as_float(gcir_parser *p, const gcir_literal *l, float *out);
GCUT_MUST_USE gcut_status gcut__gcir_as_double(gcir_parser *p, const gcir_literal *l, double *out);

// parse_type.c
bool gcut__gcir_at_type(gcir_parser *p);
GCUT_MUST_USE gcut_status gcut__gcir_type(gcir_parser *p, gcut_type *out);

// parse_tensor.c: what follows a tensor's type and name: {elements} or ["location": ...].
GCUT_MUST_USE gcut_status gcut__gcir_tensor(gcir_parser *p, const gcut_type *type, const char *name,
                                            uint32_t *out_constant);

// parse_attribute.c: <name: kind = value, ...>, from after the "<".
GCUT_MUST_USE gcut_status gcut__gcir_attributes(gcir_parser *p, gcir_list *out);
GCUT_MUST_USE gcut_status gcut__gcir_attribute(gcir_parser *p, const char *name,
                                               gcir_attribute *out);

// parse_graph.c
GCUT_MUST_USE gcut_status gcut__gcir_graph(gcir_parser *p, gcir_graph **out);
GCUT_MUST_USE gcut_status gcut__gcir_nodes(gcir_parser *p, gcir_node **out, uint64_t *out_n);
// ["key": "value", ...], from after the "[".
GCUT_MUST_USE gcut_status gcut__gcir_metadata(gcir_parser *p, gcir_list *out);

// parse_model.c: the whole text.
GCUT_MUST_USE gcut_status gcut__gcir_model(gcir_parser *p);

// ---- from the tree to the graph ---------------------------------------------------------------

// Names to values: those of a body, or those that arguments and results of a call have inside the
// function. Names not found are looked for further out.
typedef struct gcir_names {
  gcut_map *map; // interned name -> value, or GCIR_ABSENT; NULL: the names of `body`
  uint32_t body;
  const struct gcir_names *outer;
} gcir_names;

enum { GCIR_ABSENT = 0xfffffffe }; // an argument that the call leaves out

// Where a node is read.
typedef struct gcir_context {
  uint32_t body;
  const gcir_names *names;
  uint32_t scope;               // of nodes that name none, in functions
  const struct gcir_call *call; // NULL outside functions
} gcir_context;

typedef struct gcir_call {
  const gcir_function *function;
  const gcir_context *caller;
  const gcir_node *node;
  const char *prefix; // of names made for the function's nodes and values, ending in "/"
} gcir_call;

typedef struct gcir_builder {
  gcir_parser *p;
  gcut_graph *graph;
  gcut_map functions; // interned "domain\nname\noverload" -> functions[]
  gcut__scope_memory scopes;
  uint64_t inlined, n_calls; // items that calls have added; calls
  unsigned depth, calls;
} gcir_builder;

// gcir_build.c
GCUT_MUST_USE gcut_status gcut__gcir_build(gcir_parser *p);
GCUT_MUST_USE gcut_status gcut__gcir_build_node(gcir_builder *b, const gcir_node *node,
                                                const gcir_context *where);
// The value of that name; false where there is none. GCUT_NONE for an argument left out.
bool gcut__gcir_find_value(const gcir_builder *b, const gcir_names *names, const char *name,
                           uint32_t *out_value);
// The scope that a node says it belongs to, or GCUT_NONE.
uint32_t gcut__gcir_node_scope(gcir_builder *b, const gcir_node *node, const gcir_context *where);

// gcir_inline.c
GCUT_MUST_USE gcut_status gcut__gcir_index_functions(gcir_builder *b);
// The function that a node calls, or NULL where it is an operator.
gcir_function *gcut__gcir_find_function(const gcir_builder *b, const gcir_node *node);
GCUT_MUST_USE gcut_status gcut__gcir_inline(gcir_builder *b, gcir_function *function,
                                            const gcir_node *node, const gcir_context *where);
// The attribute that a call binds to that name, and where it is to be read. NULL where it leaves
// it out and there is no default.
const gcir_attribute *gcut__gcir_bound_attribute(const gcir_call *call, const char *name,
                                                 const gcir_context **out_where);
// Charges what is added while a call is inlined: GCUT_FORMAT beyond the limit.
GCUT_MUST_USE gcut_status gcut__gcir_charge(gcir_builder *b, uint64_t items);

#endif
