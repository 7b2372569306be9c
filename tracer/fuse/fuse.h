// Finding groups of nodes in which an exporter spelled out one operation.
#ifndef GCUT_TRACER_FUSE_FUSE_H
#define GCUT_TRACER_FUSE_FUSE_H

#include "graphcut/trace.h"
#include "tracer/base/arena.h"

// Lists the groups of a trace made without bindings or inputs: fills fused, n_fused, fused_of.
GCUT_MUST_USE gcut_status gcut__fuse(gcut_trace *trace, bool unfused, gcut_error *err);
// Takes over those of another trace of the graph; NULL: there are none.
GCUT_MUST_USE gcut_status gcut__fuse_like(gcut_trace *trace, const gcut_trace *like,
                                          gcut_error *err);

// ---- for patterns -------------------------------------------------------------------------------

enum { GCUT__FUSED_NODES = 40, GCUT__FUSED_SHAPES = 64, GCUT__FUSED_USES = 64 };

typedef struct gcut__fuser {
  gcut_trace *trace;
  const gcut_graph *graph;
  uint32_t *place; // [n_nodes] in the main graph's order, GCUT_NONE elsewhere
  uint32_t *mark;  // [n_nodes] stamp of the group that last had the node
  uint32_t stamp;
  gcut_dtype widened; // a type whose Casts to float32 the pattern passes, too; 0: none
  gcut_fused group;   // in the making: patterns fill reads and attributes
  uint32_t nodes[GCUT__FUSED_NODES], n_nodes;    // of it, but for the last; not sorted
  uint32_t shapes[GCUT__FUSED_SHAPES], n_shapes; // gcut_fused.shapes
  gcut_fused *found;
  uint32_t n_found, capacity;
} gcut__fuser;

// A pattern tells whether a group ends in `node`, and fills it in. What it takes and does not want
// after all it gives back by setting n_nodes to what it was; where it finds nothing it may leave
// anything behind.
typedef bool gcut__fuse_pattern(gcut__fuser *f, const gcut_node *node);
gcut__fuse_pattern gcut__fuse_attention, gcut__fuse_experts, gcut__fuse_summed_experts,
    gcut__fuse_rotary, gcut__fuse_rms_norm, gcut__fuse_layer_norm, gcut__fuse_swiglu,
    gcut__fuse_silu, gcut__fuse_gelu, gcut__fuse_quantized, gcut__fuse_lookup;

// Whether a node is gone once shapes are known: integers that follow from shapes.
bool gcut__fuse_vanishes(const gcut__fuser *f, uint32_t node);
// The node of that operator (of ai.onnx) that makes the value, where it runs, makes nothing else
// and is in no group yet; or NULL.
const gcut_node *gcut__fuse_maker(const gcut__fuser *f, uint32_t value, const char *op);
// The same, taken into the group: exactly `readers` nodes read the value, shapes apart. Casts that
// keep every number (to the type that a value has, and of `widened`) are passed, and taken with it.
const gcut_node *gcut__fuse_take(gcut__fuser *f, uint32_t value, const char *op, uint32_t readers);
// The Cast that makes the value and keeps every number: to the type it comes from, as TorchScript's
// exporter leaves them all over, or to float32 from a type of 16 bits, `narrow`; or NULL.
const gcut_node *gcut__fuse_exact_cast(const gcut__fuser *f, uint32_t value, gcut_dtype narrow);
// Whether the node is there and of that operator (of ai.onnx).
bool gcut__fuse_is_op(const gcut_node *node, const char *op);

// Where several of the group read a value: gcut__fuse_take but for who reads it, of a node of
// however many results, which may be in the group already. In the end nobody but the group may read
// what its nodes make, `last` apart; or a value of them.
const gcut_node *gcut__fuse_join(gcut__fuser *f, uint32_t value, const char *op);
bool gcut__fuse_is_closed(const gcut__fuser *f, const gcut_node *last);
bool gcut__fuse_is_inner(const gcut__fuser *f, uint32_t value, const gcut_node *last);

// Elements first, first + step, ... of the last dimension of a value, `count` of them.
typedef struct gcut__part {
  uint32_t from;
  int64_t first, step, count;
} gcut__part;
// What the value is a part of; what makes it joins the group.
bool gcut__fuse_part(gcut__fuser *f, uint32_t value, gcut__part *out);
// Whether the two are the halves of a value's last dimension, or the firsts and the seconds of its
// pairs of neighbours.
bool gcut__fuse_pair(gcut__fuser *f, uint32_t first, uint32_t second, uint32_t *from,
                     bool *neighbours);
// The reverse: what a node of the group, a Concat or Reshape, joins so.
bool gcut__fuse_joined(gcut__fuser *f, const gcut_node *node, uint32_t *first, uint32_t *second,
                       bool *neighbours);
// Of a value that has the firsts of all pairs before the seconds, sorted by Reshape, Transpose and
// Reshape, the one before that; or GCUT_NONE.
uint32_t gcut__fuse_before_sorting(gcut__fuser *f, uint32_t value);

// x of the group, numbers of bytes of which one scale is for all: what is to be read of it, the
// bytes or, where others read the numbers, too, these; or GCUT_NONE.
uint32_t gcut__fuse_bytes(gcut__fuser *f, uint32_t value);

// Operands; GCUT_NONE where there is none.
uint32_t gcut__fuse_input(const gcut__fuser *f, const gcut_node *node, uint32_t i);
uint32_t gcut__fuse_output(const gcut__fuser *f, const gcut_node *node);
// The type of a tensor of known rank, or NULL.
const gcut_type *gcut__fuse_type(const gcut__fuser *f, uint32_t value);
bool gcut__fuse_same_shape(const gcut_type *a, const gcut_type *b); // and type; false for NULL
// Whether a Transpose of that rank swaps the last two dimensions and no others.
bool gcut__fuse_swaps_last(const gcut_node *transpose, int32_t rank);
// A constant of one floating element.
bool gcut__fuse_number(const gcut__fuser *f, uint32_t value, float *out);
// Whether it is that number, as far as bfloat16 can tell.
bool gcut__fuse_is(const gcut__fuser *f, uint32_t value, float number);
// The one element of an integer tensor.
bool gcut__fuse_int(const gcut__fuser *f, uint32_t value, int64_t *out);
// Of a node of two inputs the one that is not a number; *number is the other. GCUT_NONE: neither.
uint32_t gcut__fuse_beside_number(const gcut__fuser *f, const gcut_node *node, float *number);
// Whether Reshape(Expand(Unsqueeze(in))) repeats heads for groups of queries: in [b, kv, s, d], one
// [b, kv, 1, s, d], wide [b, kv, n, s, d], out [b, kv * n, s, d].
bool gcut__fuse_repeats_heads(const gcut_type *in, const gcut_type *one, const gcut_type *wide,
                              const gcut_type *out);
// Keys or values before they were repeated so, or as they are.
uint32_t gcut__fuse_behind_repeat(gcut__fuser *f, uint32_t value);
// k of k^T [batch, heads, size, keys], or GCUT_NONE; says whether it has rows first.
uint32_t gcut__fuse_behind_turn(gcut__fuser *f, uint32_t value);
// Says what the group reads, save for such Casts, which it takes; true.
bool gcut__fuse_as(gcut__fuser *f, const uint32_t *reads, uint32_t n);

// ---- for devices --------------------------------------------------------------------------------

// Of a group of experts: indices that follow one another and have a row of x in common, of whose
// elements there are `n_elements` in rows of `k`. 0 where they do not come out even.
int64_t gcut__fuse_shared_rows(uint64_t n_indices, uint64_t n_elements, int64_t k);
// The one element of a constant of a floating type; false of others, and of NULL.
bool gcut__fuse_constant(const gcut_constant *constant, float *out);

#endif
