// What the host holds of a run: activations in one block of memory, those that do not fit in a
// spill file, those of unknown size on the heap; batches come in and results go out through it.
#ifndef GCUT_EXEC_STORE_H
#define GCUT_EXEC_STORE_H

#include <stdatomic.h>

#include "exec/shapes.h"
#include "graphcut/run.h"

typedef struct gcut__store {
  const gcut_graph *graph;
  const gcut_plan *plan;
  const gcut_problem *problem;
  const gcut__shapes *shapes;
  const gcut_source *source;
  const gcut_sink *sink;
  uint8_t *memory;    // the device's, for fast copies
  int spill;          // file descriptor, or -1
  gcut_tensor **heap; // [n_activations * n_batches]
  uint32_t *fetched;  // [plan->n_fetches] activation, or GCUT_NONE: a constant
  _Atomic uint64_t heap_bytes, heap_peak;
} gcut__store;

// Opens the spill file where the schedule needs one. `memory` is set by the caller.
GCUT_MUST_USE gcut_status gcut__store_open(gcut__store *store, uint64_t spill_bytes,
                                           const char *folder, gcut_error *err);
void gcut__store_close(gcut__store *store);

gcut_tensor **gcut__store_heap(gcut__store *store, uint32_t activation, uint32_t batch);
// Counts a tensor on the heap, or one that leaves it.
void gcut__store_count(gcut__store *store, const gcut_tensor *tensor, bool added);

GCUT_MUST_USE gcut_status gcut__store_read(gcut__store *store, uint32_t batch,
                                           const gcut_place *places, uint32_t n, gcut_error *err);
// Gives the sink a batch's outputs that lie in `places`, and those that are constants where they go
// together.
GCUT_MUST_USE gcut_status gcut__store_write(gcut__store *store, uint32_t batch,
                                            const gcut_place *places, uint32_t n, gcut_error *err);
// Gives it those that are constants, if any, alone.
GCUT_MUST_USE gcut_status gcut__store_write_constants(gcut__store *store, uint32_t batch,
                                                      gcut_error *err);
GCUT_MUST_USE gcut_status gcut__store_spill(gcut__store *store, uint64_t from, uint64_t to,
                                            uint64_t bytes, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__store_unspill(gcut__store *store, uint64_t from, uint64_t to,
                                              uint64_t bytes, gcut_error *err);

#endif
