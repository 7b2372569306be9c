// Slicing: a batch divided into smaller ones that are computed one after another.
//
// A model may be sliced along a symbolic dimension, its batch, where no element of a result depends
// on another element of the batch: then the results of slices, joined, are those of the whole. That
// is proved from the graph alone, for every size of the batch.
#ifndef GRAPHCUT_SLICING_H
#define GRAPHCUT_SLICING_H

#include "graphcut/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GCUT_UNSLICED (-1) // no axis of a value carries the batch: it is the same for every slice

typedef struct gcut_slicing {
  const gcut_graph *graph; // borrowed
  const char *symbol;      // the batch: a symbolic dimension of the graph's inputs
  // Of inputs of the graph and of the values asked for: the axis along which slices are taken and
  // joined, or GCUT_UNSLICED; of other values nothing is said.
  const int8_t *axes;   // [graph->n_values]
  const int64_t *units; // [graph->n_values] of inputs: elements along the axis to one of the batch
  struct gcut_arena *arena;
} gcut_slicing;

// Seeks a symbol along which `values` may be computed in slices. The trace must be symbolic: no
// symbol bound, no inputs given. GCUT_UNSUPPORTED where there is none: the message names the first
// node that stands against it, and why.
GCUT_API GCUT_MUST_USE gcut_status gcut_slicing_create(const gcut_trace *trace,
                                                       const uint32_t *values, uint32_t n_values,
                                                       gcut_slicing **out_slicing, gcut_error *err);
GCUT_API void gcut_slicing_destroy(gcut_slicing *slicing);

// How many elements the batch has at the shapes of a trace; 0 where these do not say.
GCUT_API int64_t gcut_slicing_batch(const gcut_slicing *slicing, const gcut_trace *whole);
// The trace of `n` elements of such a batch.
GCUT_API GCUT_MUST_USE gcut_status gcut_slicing_trace(const gcut_slicing *slicing,
                                                      const gcut_trace *whole, int64_t n,
                                                      gcut_trace **out_trace, gcut_error *err);

#ifdef __cplusplus
}
#endif
#endif
