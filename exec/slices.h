// A run of slices: a source that gives slices of batches as batches of their own, and a sink that
// joins what becomes of them.
#ifndef GCUT_EXEC_SLICES_H
#define GCUT_EXEC_SLICES_H

#include "graphcut/run.h"
#include "graphcut/slicing.h"

typedef struct gcut__slice_of { // elements [first, first + n) of a batch
  size_t batch;
  int64_t first, n;
} gcut__slice_of;

typedef struct gcut__whole { // a batch that is joined
  gcut_tensor **outputs;     // [n_fetches]; NULL before its first slice
  uint32_t *n_done;          // [n_fetches] slices of each output that are there
  int64_t n;                 // elements of the batch
  uint32_t n_slices, n_left; // outputs that are not complete
} gcut__whole;

typedef struct gcut__slices {
  const gcut_graph *graph;
  const gcut_plan *plan;
  gcut_source source; // of whole batches
  gcut_sink sink;
  gcut_slicing *slicing;
  gcut__slice_of *list; // [n]
  gcut__whole *wholes;  // [source.n_batches]
  size_t n;
  gcut_tensor **inputs; // [n_inputs] of the batch that was read last
  size_t batch;         // which that is
} gcut__slices;

// Proves that the plan's fetches may be computed in slices of at most `micro_batch` elements, and
// reads every batch once for its size. GCUT_UNSUPPORTED where they may not: see
// graphcut/slicing.h.
GCUT_MUST_USE gcut_status gcut__slices_open(const gcut_graph *graph, const gcut_plan *plan,
                                            const gcut_source *source, const gcut_sink *sink,
                                            uint32_t micro_batch, gcut__slices *out,
                                            gcut_error *err);
void gcut__slices_close(gcut__slices *slices); // also of a zeroed one
// Both borrow `slices`.
gcut_source gcut__slices_source(gcut__slices *slices);
gcut_sink gcut__slices_sink(gcut__slices *slices);

#endif
