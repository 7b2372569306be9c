// What an operator means: its signature, attributes, shape inference and cost. A family of
// operators is one file in this folder; list.h names them all; exec/<device>/ops/ holds the kernels
// under the same family name.
#ifndef GCUT_TRACER_OPS_OP_H
#define GCUT_TRACER_OPS_OP_H

#include <stdarg.h>

#include "graphcut/graph.h"
#include "graphcut/trace.h"
#include "tracer/base/arena.h"
#include "tracer/base/error.h"
#include "tracer/dims.h"

// ---- attributes -------------------------------------------------------------------------------

// Lists of an attribute; `given` tells an absent one from an empty one.
typedef struct gcut_ints {
  const int64_t *data;
  size_t n;
  bool given;
} gcut_ints;
typedef struct gcut_floats {
  const float *data;
  size_t n;
  bool given;
} gcut_floats;
typedef struct gcut_strings {
  const gcut_string *data;
  size_t n;
  bool given;
} gcut_strings;

// One row for one attribute of an operator's struct. Made by the macros below.
typedef struct gcut_attr_row {
  const char *name;
  gcut_attribute_kind kind;
  size_t offset; // of the field: int64_t, float, gcut_string, gcut_ints, gcut_floats, gcut_strings,
                 // or uint32_t (constant of a TENSOR, body of a GRAPH; GCUT_NONE absent)
  bool required;
  int64_t default_int;
  float default_float;
  const char *default_string;
} gcut_attr_row;

#define GCUT_NO_AXIS INT64_MIN // the value of an axis that is not given

#define GCUT_ATTR_INT(S, field, value)                                                             \
  {                                                                                                \
    .name = #field, .kind = GCUT_ATTRIBUTE_INT, .offset = offsetof(S, field),                      \
    .default_int = (value)                                                                         \
  }
#define GCUT_ATTR_FLOAT(S, field, value)                                                           \
  {                                                                                                \
    .name = #field, .kind = GCUT_ATTRIBUTE_FLOAT, .offset = offsetof(S, field),                    \
    .default_float = (value)                                                                       \
  }
#define GCUT_ATTR_STRING(S, field, value)                                                          \
  {                                                                                                \
    .name = #field, .kind = GCUT_ATTRIBUTE_STRING, .offset = offsetof(S, field),                   \
    .default_string = (value)                                                                      \
  }
#define GCUT_ATTR_INTS(S, field)                                                                   \
  { .name = #field, .kind = GCUT_ATTRIBUTE_INTS, .offset = offsetof(S, field) }
#define GCUT_ATTR_FLOATS(S, field)                                                                 \
  { .name = #field, .kind = GCUT_ATTRIBUTE_FLOATS, .offset = offsetof(S, field) }
#define GCUT_ATTR_STRINGS(S, field)                                                                \
  { .name = #field, .kind = GCUT_ATTRIBUTE_STRINGS, .offset = offsetof(S, field) }
#define GCUT_ATTR_TENSOR(S, field)                                                                 \
  { .name = #field, .kind = GCUT_ATTRIBUTE_TENSOR, .offset = offsetof(S, field) }
#define GCUT_ATTR_GRAPH(S, field)                                                                  \
  { .name = #field, .kind = GCUT_ATTRIBUTE_GRAPH, .offset = offsetof(S, field), .required = true }
// As above, for an attribute that must be there.
#define GCUT_ATTR_INT_REQUIRED(S, field)                                                           \
  { .name = #field, .kind = GCUT_ATTRIBUTE_INT, .offset = offsetof(S, field), .required = true }
#define GCUT_ATTR_INTS_REQUIRED(S, field)                                                          \
  { .name = #field, .kind = GCUT_ATTRIBUTE_INTS, .offset = offsetof(S, field), .required = true }
#define GCUT_ATTR_STRING_REQUIRED(S, field)                                                        \
  { .name = #field, .kind = GCUT_ATTRIBUTE_STRING, .offset = offsetof(S, field), .required = true }
#define GCUT_ATTR_FLOAT_REQUIRED(S, field)                                                         \
  { .name = #field, .kind = GCUT_ATTRIBUTE_FLOAT, .offset = offsetof(S, field), .required = true }

// ---- inference --------------------------------------------------------------------------------

// One node being inferred: while tracing, from symbolic facts; at run time, from actual tensors.
// The same code serves both, so what a kernel is given as output is by construction what was
// inferred.
typedef struct gcut_infer {
  const gcut_graph *graph;
  const gcut_node *node;
  const void *attrs; // the operator's struct
  const gcut_fact *const
      *inputs; // [n_inputs]; NULL where absent. Present tensors have a known type and rank
  uint32_t n_inputs;
  gcut_fact *outputs; // [n_outputs] to fill; zero (kind TENSOR, type 0, rank -1) when called
  uint32_t n_outputs; // outputs the node names; an absent optional one may be filled, too
  gcut_dims *dims;
  gcut_arena *arena; // for dims and contents of the outputs
  // Infers the body of If, Loop, Scan: facts of its inputs in, facts of its outputs out. NULL at
  // run time.
  gcut_status (*infer_body)(struct gcut_infer *c, uint32_t body, const gcut_fact *inputs,
                            uint32_t n_inputs, gcut_fact *outputs, uint32_t n_outputs,
                            gcut_error *err);
  void *private_state;
} gcut_infer;

// Type masks for signatures.
#define GCUT_TYPE(t) (UINT64_C(1) << GCUT_##t)
#define GCUT_FLOATS_STANDARD                                                                       \
  (GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16))
#define GCUT_FLOATS_8                                                                              \
  (GCUT_TYPE(FLOAT8E4M3FN) | GCUT_TYPE(FLOAT8E4M3FNUZ) | GCUT_TYPE(FLOAT8E5M2) |                   \
   GCUT_TYPE(FLOAT8E5M2FNUZ))
#define GCUT_SIGNED   (GCUT_TYPE(INT8) | GCUT_TYPE(INT16) | GCUT_TYPE(INT32) | GCUT_TYPE(INT64))
#define GCUT_UNSIGNED (GCUT_TYPE(UINT8) | GCUT_TYPE(UINT16) | GCUT_TYPE(UINT32) | GCUT_TYPE(UINT64))
#define GCUT_INTEGERS (GCUT_SIGNED | GCUT_UNSIGNED)
#define GCUT_NUMERIC  (GCUT_FLOATS_STANDARD | GCUT_INTEGERS)
#define GCUT_INDICES  (GCUT_TYPE(INT32) | GCUT_TYPE(INT64))
#define GCUT_ANY_TYPE (~UINT64_C(0))

enum {
  GCUT_OP_VIEW = 1 << 0, // output 0 is input 0's elements under another shape: no kernel, no copy
  GCUT_OP_ANY_RANK =
      1 << 1,               // infer copes with inputs of unknown type or rank, sequences, optionals
  GCUT_OP_RANDOM = 1 << 2,  // never folded
  GCUT_OP_CONTROL = 1 << 3, // runs bodies
  GCUT_OP_MOVES = 1 << 4,   // outputs hold elements of the inputs, bit by bit
  GCUT_OP_PICKS = 1 << 5,   // the same, and of input 0 nothing is read that output 0 does not hold
};

// An operator. A signature is a string of tokens, one an operand:
//   T U V  a type variable: every operand of one letter has one element type, within the mask of
//   that letter i      int64      I  int32 or int64      b  bool      f  float      s  string *
//   anything S      a sequence or optional (element type free)
// `?` after a token: may be absent; `...` after the last: one or more of them (`?...`: none or
// more). Of a variadic T... all have one type; a variadic *... may differ.
struct gcut_op {
  const char *inputs, *outputs;
  uint64_t T, U, V; // masks; 0: any type
  uint32_t flags;
  const gcut_attr_row *attrs; // ended by a row without a name; NULL: none
  size_t attrs_size;
  // Fills c->outputs (output types that the signature determines by T, U, V, i, b, f, s are set
  // already).
  gcut_status (*infer)(gcut_infer *c, gcut_error *err);
  // Floating-point operations at the facts' shapes (2 a multiply-add); NULL: one an output element.
  double (*flops)(const gcut_infer *c);
};

// A row of list.h, for tables.
typedef struct gcut_op_row {
  const char *domain, *name; // domain "" is ai.onnx
  const gcut_op *op;
  const int *versions; // opset versions in which it was defined anew, ended by 0
} gcut_op_row;

// All rows, in the order of the list.
const gcut_op_row *gcut_op_rows(size_t *out_n);
// NULL where there is no such operator ("ai.onnx" is ""). A linear search: callers remember what
// they found.
const gcut_op_row *gcut_op_find(const char *domain, const char *name);
// Whether each element of the results comes of one element of each operand, as broadcast.
bool gcut_op_is_elementwise(const gcut_node *node);

// Fills the node's attribute struct (in `arena`): defaults, kinds checked, unknown attributes
// ignored.
GCUT_MUST_USE gcut_status gcut_op_parse_attrs(const gcut_graph *graph, const gcut_node *node,
                                              const gcut_op *op, gcut_arena *arena,
                                              const void **out_attrs, gcut_error *err);
// Checks the inputs against the signature, presets output types, calls infer. What both the tracer
// and devices call.
GCUT_MUST_USE gcut_status gcut_op_infer(gcut_infer *c, gcut_error *err);
// GCUT_UNSUPPORTED naming the node, whose operator is unknown.
GCUT_MUST_USE gcut_status gcut__op_unknown(const gcut_node *node, gcut_error *err);

// ---- helpers for infer functions --------------------------------------------------------------

// A failure that names the node: use for whatever is wrong with a node. The message follows "node
// 'x' (Op): ".
gcut_status gcut_infer_fail(const gcut_infer *c, gcut_status status, gcut_error *err,
                            const char *format, ...) GCUT_PRINTF(4, 5);
// The same of any node.
gcut_status gcut_node_failed(const gcut_node *node, gcut_status status, gcut_error *err,
                             const char *format, va_list args) GCUT_PRINTF(4, 0);
#define GCUT_NODE_FAIL(c, err, ...) gcut_infer_fail((c), GCUT_FORMAT, (err), __VA_ARGS__)

static inline bool gcut_infer_has(const gcut_infer *c, uint32_t i) {
  return i < c->n_inputs && c->inputs[i] != NULL;
}
static inline int gcut_infer_rank(const gcut_infer *c, uint32_t i) {
  return c->inputs[i]->type.rank;
}
static inline gcut_dtype gcut_infer_dtype(const gcut_infer *c, uint32_t i) {
  return (gcut_dtype)c->inputs[i]->type.type;
}
static inline const gcut_dim *gcut_infer_dims(const gcut_infer *c, uint32_t i) {
  return c->inputs[i]->type.dims;
}

// Sets output `i` to a tensor of that shape (dims copied). Type 0 keeps the preset. An output
// beyond n_outputs is ignored. A dim that is GCUT_DIM_INVALID or a negative number is GCUT_FORMAT.
GCUT_MUST_USE gcut_status gcut_infer_set(gcut_infer *c, uint32_t i, gcut_dtype type, int rank,
                                         const gcut_dim *dims, gcut_error *err);
// Output `i` has the type and shape of input `j`.
GCUT_MUST_USE gcut_status gcut_infer_set_like(gcut_infer *c, uint32_t i, uint32_t j,
                                              gcut_error *err);
// Output `i` is a tensor of that rank whose dims depend on data (fresh symbols): at run time its
// kernel allocates it. rank -1: unknown.
GCUT_MUST_USE gcut_status gcut_infer_set_unknown(gcut_infer *c, uint32_t i, gcut_dtype type,
                                                 int rank, gcut_error *err);
// Known small contents of output `i`, whose shape must be set and have rank 0 or 1 (copied).
GCUT_MUST_USE gcut_status gcut_infer_set_content(gcut_infer *c, uint32_t i, const gcut_dim *content,
                                                 uint32_t n, gcut_error *err);
// Output `i` is that constant (its type is set, too).
GCUT_MUST_USE gcut_status gcut_infer_set_constant(gcut_infer *c, uint32_t i,
                                                  const gcut_constant *constant, gcut_error *err);

// Multidirectional broadcast of inputs [first, first+n) into dims[*out_rank] (room for
// GCUT_MAX_RANK); a dim of 1 yields to the other; two symbols that differ: the first is taken.
// GCUT_FORMAT where two numbers clash.
GCUT_MUST_USE gcut_status gcut_infer_broadcast(gcut_infer *c, uint32_t first, uint32_t n,
                                               gcut_dim *dims, int *out_rank, gcut_error *err);

// Elements of an integer (or bool) input, possibly symbolic: false where they are not known.
// *out_values lives in the arena.
GCUT_MUST_USE bool gcut_infer_content(gcut_infer *c, uint32_t i, const gcut_dim **out_values,
                                      uint32_t *out_n);
// The same where every element must be a number; at run time always true for integer tensors.
GCUT_MUST_USE bool gcut_infer_ints(gcut_infer *c, uint32_t i, const int64_t **out_values,
                                   uint32_t *out_n);
// Elements of a float, float16, bfloat16 or double input as doubles.
GCUT_MUST_USE bool gcut_infer_floats(gcut_infer *c, uint32_t i, const double **out_values,
                                     uint32_t *out_n);

// Normalises an axis of a tensor of that rank: [-rank, rank) becomes [0, rank); otherwise
// GCUT_FORMAT.
GCUT_MUST_USE gcut_status gcut_infer_axis(const gcut_infer *c, int64_t axis, int rank,
                                          int *out_axis, gcut_error *err);
// The same for a list (no axis twice): out_axes has room for `rank`.
GCUT_MUST_USE gcut_status gcut_infer_axes(const gcut_infer *c, const int64_t *axes, size_t n,
                                          int rank, int *out_axes, gcut_error *err);
// Fails unless input `i` has rank in [low, high].
GCUT_MUST_USE gcut_status gcut_infer_expect_rank(const gcut_infer *c, uint32_t i, int low, int high,
                                                 gcut_error *err);
// Product of dims [from, to) of a shape.
gcut_dim gcut_infer_product(gcut_infer *c, const gcut_dim *dims, int from, int to);
// Elements of input or output facts where static, else 0: for flops.
double gcut_fact_count(const gcut_fact *fact);
// Whether it is a tensor of known element type and dims.
bool gcut_type_static(const gcut_type *type);

// Infer functions that many operators share.
gcut_status gcut_infer_same(gcut_infer *c, gcut_error *err); // output 0 is like input 0
gcut_status gcut_infer_elementwise(gcut_infer *c,
                                   gcut_error *err); // output 0: broadcast of all inputs

#endif
