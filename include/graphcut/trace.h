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

// ---- fused groups -------------------------------------------------------------------------------

// Operations that exporters spell out in several nodes and a device may compute in one step.
// X(KIND, name, whole, one_step): a kernel for a `whole` kind gives other bits than its nodes one
// by one (attention keeps its scores in float32 and never stores them), so such a group is not cut
// through. Kernels of the others round every intermediate as the nodes do: cutting them changes
// nothing. Every device computes a kind that is `one_step` so where it may, and what its nodes make
// but for the last takes no memory anywhere.
#define GCUT_FUSED_LIST(X)                                                                         \
  /* softmax(scale * q k^T + masks) v; reads q, k, v, masks, sinks; may widen to float32 */        \
  X(ATTENTION, "attention", true, false)                                                           \
  /* each row times the matrix of w that its index picks; reads w [experts, n, k], ids, x */       \
  X(EXPERTS, "experts", true, true)                                                                \
  /* a product of bytes between scales, rounded once; reads x, w, its scales, a bias */            \
  X(QUANTIZED, "quantized", true, false)                                                           \
  X(LOOKUP, "lookup", false, false)         /* one byte of another, spelled out in floats; x */    \
  X(ROTARY, "rotary", false, false)         /* pairs of x turned by angles; reads x, cos, sin */   \
  X(RMS_NORM, "rms_norm", false, false)     /* x / sqrt(mean(x^2) + epsilon) * w; reads x, w */    \
  X(LAYER_NORM, "layer_norm", false, false) /* over the last dimension; reads x, w, b */           \
  X(SWIGLU, "swiglu", false, false)         /* g * sigmoid(g) * u; reads g, u */                   \
  X(SILU, "silu", false, false)             /* x * sigmoid(x); reads x */                          \
  X(GELU, "gelu", false, false)             /* x / 2 * (1 + erf(x / sqrt 2)), or by tanh; x */

typedef enum gcut_fused_kind {
#define X(kind, name, whole, one_step) GCUT_FUSED_##kind,
  GCUT_FUSED_LIST(X)
#undef X
      GCUT_N_FUSED_KINDS
} gcut_fused_kind;

// A mask of attention, which broadcasts to the scores: it is added, or is of flags and says where
// they become `least` instead, minus infinity or as good as that: where it is true, or where not.
typedef enum gcut_mask_kind { GCUT_MASK_ADDED, GCUT_MASK_HIDES, GCUT_MASK_KEEPS } gcut_mask_kind;
typedef struct gcut_fused_mask {
  gcut_mask_kind kind;
  bool wide;           // added in float32 to scores of narrower operands
  float least, factor; // what is added is multiplied by that, a positive number
} gcut_fused_mask;

// Numbers as bytes of that type: (byte - zero) * scale.
typedef struct gcut_fused_bytes {
  gcut_dtype type; // uint8 or int8
  int32_t zero;
  float scale; // from 2^-100 to 2^100
} gcut_fused_bytes;

// A group of nodes of the main graph. Nobody but the group reads what its nodes make, save for what
// the last makes, and for shapes.
typedef struct gcut_fused {
  gcut_fused_kind kind;
  const uint32_t *nodes;  // [n_nodes] in the graph's order; the last makes the result
  const uint32_t *shapes; // [n_shapes] of a whole kind: nodes before the last that compute with
                          // shapes of inner values, gone once shapes are known; they stay with it
  uint32_t n_nodes, n_shapes;
  uint32_t reads[6], n_reads; // values, as the list says
  float scale, epsilon;       // attention; norms
  bool guard;                 // attention: a query that sees nothing gives 0, not NaN
  gcut_fused_mask masks[2];   // attention: what is read behind q, k and v, the first first applied
  bool rows_first;            // attention: k is [batch, keys, heads, size], not heads first; of
                              // rank 3, [keys, batch and heads, size]
  // Attention: a score more a head, [1, heads, 1, 1], whose value counts for nothing; where it is
  // not 0, scores before masks are softcap * tanh(scale * q k^T).
  bool sinks;
  float softcap;
  bool casts;   // norms: in float32 of narrower elements; rotary: products and sums, likewise
  bool by_tanh; // gelu
  // Rotary: a pair (a, b) becomes (a cos - b sin, b cos + a sin). Of the last dimension `size`
  // elements from `first` on are turned, the others kept. A pair's are neighbours, or as far apart
  // as half of that: in x, and in the result. cos and sin have an element a pair, or one for each
  // element of the result.
  int64_t first, size;
  bool neighbours, neighbours_out;
  bool turned; // experts: w is [experts, k, n]. x is [rows, k] in whatever shape,
               // or of fewer rows, each for as many indices that follow one another
  // Quantized, lookup: what x, w and the result are as bytes; the scales of w are read, one, or one
  // a channel. Where others read the numbers of x, too, the group reads them as floats, each of
  // which is a byte's. The result is from `low` to `high`.
  gcut_fused_bytes x, w, y;
  int32_t low, high;
} gcut_fused;

// "attention"; whether such a group must stay whole, and whether it is one step on every device.
GCUT_API const char *gcut_fused_name(gcut_fused_kind kind);
GCUT_API bool gcut_fused_is_whole(gcut_fused_kind kind);
GCUT_API bool gcut_fused_is_one_step(gcut_fused_kind kind);

// ---- facts --------------------------------------------------------------------------------------

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
  bool unfused; // list no groups of a whole kind: every bit is that of the nodes one by one
  const struct gcut_trace *like; // of the same graph, with the same `unfused`: its groups are
                                 // taken, not sought again; or NULL
  gcut_progress progress;        // in nodes
} gcut_trace_options;

// A node that no device computes: of an operator that graphcut does not know, or in a form of one
// that it does not support. What it makes is as unknown as the model leaves it.
typedef struct gcut_refusal {
  uint32_t node;
  const char *why; // a message that names the node
} gcut_refusal;

typedef struct gcut_trace {
  const gcut_graph *graph; // borrowed, outlives the trace
  gcut_fact *facts;        // [graph->n_values]
  double *flops;           // [graph->n_nodes]: at known shapes, else 0
  bool *folded;            // [graph->n_nodes]: every output is a constant; the node need not run
  // Groups are sought once for the model, with symbolic shapes: those of a trace at given shapes
  // are the same, so one plan serves all shapes.
  const gcut_fused *fused; // [n_fused] disjoint, by their last nodes from the last to the first
  uint32_t n_fused;
  uint32_t *fused_of;    // [graph->n_nodes] of fused[], GCUT_NONE where a node is in none
  gcut_refusal *refused; // [n_refused]
  uint32_t n_refused, refused_capacity;
  gcut_dims *dims; // expressions of the facts: a copy of the graph's that grew
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
// The number of the graph's constant that a value is, by itself or through nodes that hand it on;
// GCUT_NONE for any other, what came to be known by tracing included.
GCUT_API uint32_t gcut_trace_weight(const gcut_trace *trace, uint32_t value);
// Writes a dim of the trace's facts as text: "2*seq".
GCUT_API int gcut_trace_dim_format(const gcut_trace *trace, gcut_dim dim, char *buffer,
                                   size_t size);
// Writes a value's type as text: "float[1,seq,64]".
GCUT_API int gcut_trace_format(const gcut_trace *trace, uint32_t value, char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
