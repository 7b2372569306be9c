// The proof that a model may be computed in slices of its batch: how each value carries the batch,
// and what the rules of operators see.
//
// A claim about a value compares two runs: one of the whole batch, and one of a slice of it whose
// inputs are slices of the whole's.
#ifndef GCUT_TRACER_SLICING_SLICING_H
#define GCUT_TRACER_SLICING_SLICING_H

#include "graphcut/slicing.h"
#include "tracer/ops/op.h"

typedef enum gcut__carry {
  GCUT__SAME,   // bit for bit the same in both runs
  GCUT__ALONG,  // the slice's is a slice of the whole's along `axis`: the elements of the batch lie
                // one after another there, each of `unit` elements, or they do so `runs` times:
                // where [positions, batch] is viewed as one axis each has one in every position
  GCUT__COUNTS, // integers: as ALONG, but the whole's are larger by `step` times the number of
                // elements of the batch before the slice. Ranges over the batch
  GCUT__SIZES,  // shape arithmetic: known in symbols, the batch among them
  GCUT__UNPROVEN,
} gcut__carry;

typedef struct gcut__sliced { // what is known of one value
  gcut__carry carry;
  int axis;
  gcut_dim unit, runs; // unit: a multiple of runs
  // Of COUNTS: all elements, or those at this place of the last axis alone; the others are ALONG.
  int64_t place; // -1: all
  gcut_dim step;
  // Of integers: within [low, high] where `bounded`; of COUNTS: what is left without the steps.
  bool bounded;
  gcut_dim low, high;
  // Of UNPROVEN: where it begins, and why.
  uint32_t node;
  const char *why;
} gcut__sliced;

typedef struct gcut__slicer {
  const gcut_trace *trace;
  const gcut_graph *graph;
  gcut_infer c; // the node at hand: its attributes, facts of its inputs, room for contents
  gcut_dim batch;
  uint32_t symbol; // the batch's number
  bool *clean;     // [n_clean] symbols whose value is the same in both runs
  uint32_t n_clean;
  gcut__sliced *values;              // [graph->n_values]
  const struct gcut__slice_row *row; // of the node at hand
} gcut__slicer;

// A rule sets every output of the node at hand (they are SAME when called), from inputs of which at
// least one is not SAME and none is UNPROVEN. NULL, or why it cannot: a sentence about the node.
typedef const char *gcut__slice_rule(gcut__slicer *s);

// Gives every value its claim, with s->batch and s->symbol for the batch.
GCUT_MUST_USE gcut_status gcut__slice_prove(gcut__slicer *s, gcut_error *err);

// What rules are made of.

// Of input `i`; SAME where it is absent.
const gcut__sliced *gcut__slice_in(const gcut__slicer *s, uint32_t i);
static inline bool gcut__slice_has(const gcut__slicer *s, uint32_t i) {
  return gcut_infer_has(&s->c, i);
}
// Output `o`, to be set; NULL where the node does not name it.
gcut__sliced *gcut__slice_out(gcut__slicer *s, uint32_t o);
const gcut_type *gcut__slice_out_type(const gcut__slicer *s, uint32_t o);
// Sets output `o` to ALONG; one that is not named is passed over.
void gcut__slice_set(gcut__slicer *s, uint32_t o, int axis);
// Whether inputs [first, n) are SAME.
bool gcut__slice_same_from(const gcut__slicer *s, uint32_t first);
// Whether no symbol of the dim differs between the runs.
bool gcut__slice_is_clean(const gcut__slicer *s, gcut_dim dim);
// Whether the dim is the batch times something clean: *out_unit.
bool gcut__slice_units(gcut__slicer *s, gcut_dim dim, gcut_dim *out_unit);
// The product of dims [from, to).
gcut_dim gcut__slice_product(gcut__slicer *s, const gcut_dim *dims, int from, int to);
// Between which numbers the elements of input `i` lie (of COUNTS: without the steps); false where
// nothing is known of them.
bool gcut__slice_bounds(gcut__slicer *s, uint32_t i, gcut_dim *low, gcut_dim *high);
// Known elements of an input: as gcut_infer_content.
bool gcut__slice_content(gcut__slicer *s, uint32_t i, const gcut_dim **out, uint32_t *out_n);

// The axis that all inputs carry the batch along once they are broadcast to `rank`, -1 where they
// disagree or one would be broadcast along it. Inputs [first, first + n).
int gcut__slice_broadcast(gcut__slicer *s, uint32_t first, uint32_t n, int rank);

extern const char gcut__slice_along[], gcut__slice_disagree[], gcut__slice_unknown[],
    gcut__slice_sizes[], gcut__slice_counts[];

gcut__slice_rule gcut__slice_elementwise, gcut__slice_arithmetic, gcut__slice_cast_like,
    gcut__slice_first_alone, gcut__slice_concat, gcut__slice_split, gcut__slice_slice,
    gcut__slice_pad, gcut__slice_view, gcut__slice_transpose, gcut__slice_expand, gcut__slice_tile,
    gcut__slice_range, gcut__slice_fill, gcut__slice_resize, gcut__slice_reverse,
    gcut__slice_one_hot, gcut__slice_gather, gcut__slice_gather_elements, gcut__slice_gather_nd,
    gcut__slice_scatter_elements, gcut__slice_scatter_nd, gcut__slice_matmul, gcut__slice_gemm,
    gcut__slice_einsum, gcut__slice_rows, gcut__slice_reduce, gcut__slice_arg,
    gcut__slice_cumulative, gcut__slice_topk, gcut__slice_softmax, gcut__slice_layer_norm,
    gcut__slice_lp_norm, gcut__slice_mean_variance, gcut__slice_skip_norm, gcut__slice_trilu,
    gcut__slice_quantize, gcut__slice_batch_norm, gcut__slice_dropout, gcut__slice_rnn,
    gcut__slice_experts, gcut__slice_gather_blocks, gcut__slice_affine_grid, gcut__slice_axes;

// A row of the table of rules. `inputs` and `outputs` are what the rule `axes` reads, a letter an
// operand: a digit, the axis that carries the batch; '-', the same for all slices; 'm', an
// attention mask, ALONG axis 0 of four, or broadcast there; 't', a table by position, or ALONG axis
// 0; 'i', positions ALONG axis 0, or one for all; 'x', unproven. What has no letter is '-'.
typedef struct gcut__slice_row {
  const gcut_op *op;
  gcut__slice_rule *rule;
  const char *inputs, *outputs;
} gcut__slice_row;

// NULL where the operator has none.
const gcut__slice_row *gcut__slice_row_of(const gcut_op *op);

#endif
