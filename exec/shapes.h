// Classes of shapes: one trace for all batches whose inputs have the same types and shapes.
#ifndef GCUT_EXEC_SHAPES_H
#define GCUT_EXEC_SHAPES_H

#include "graphcut/run.h"
#include "tracer/base/arena.h"

typedef struct gcut__shapes {
  gcut_trace **traces; // [n_classes]
  uint32_t *classes;   // [n_batches]
  uint32_t n_classes, n_batches;
  gcut_arena *arena;
} gcut__shapes;

// Reads every batch once. GCUT_FORMAT naming the batch and the input that is missing or does not
// fit.
GCUT_MUST_USE gcut_status gcut__shapes_create(const gcut_graph *graph, const gcut_plan *plan,
                                              const gcut_source *source, gcut__shapes *out,
                                              gcut_error *err);
void gcut__shapes_free(gcut__shapes *shapes);

// What messages call a batch: its file, or its number.
void gcut__batch_name(const gcut_source *source, size_t batch, char *buffer, size_t size);

// Whether a batch's inputs are of that class.
bool gcut__shapes_match(const gcut_trace *trace, gcut_tensor *const *inputs);

#endif
