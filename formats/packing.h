// Where the larger weights of a model lie in one data file, packed for the parts of a plan.
#ifndef GCUT_FORMATS_PACKING_H
#define GCUT_FORMATS_PACKING_H

#include "graphcut/plan.h"
#include "tracer/base/arena.h"

#define GCUT__UNPACKED UINT64_MAX

typedef struct gcut__packing {
  uint64_t *offsets;  // [n_constants] into the data file, or GCUT__UNPACKED
  uint32_t *order, n; // constants to be written, in order of their offsets; tied ones once
  uint64_t bytes;     // of the data file
} gcut__packing;

// The offset of the next tensor: tensors lie as devices lay them out, so that neighbours go up in
// one copy; what `begins` a run begins a page.
uint64_t gcut__packing_next(uint64_t end, bool begins);

// Initializers of a KiB or more in the order in which the parts need them, each part's one run;
// then those that no part reads. Lives in the arena.
GCUT_MUST_USE gcut_status gcut__packing_create(const gcut_trace *trace, const gcut_plan *plan,
                                               gcut_arena *arena, gcut__packing *out,
                                               gcut_error *err);

// Writers of whole models; packing NULL: constants lie where gcut_graph_write says.
GCUT_MUST_USE gcut_status gcut__onnx_write(const gcut_graph *graph, const gcut__packing *packing,
                                           const char *path, gcut_error *err);
GCUT_MUST_USE gcut_status gcut__gcir_write(const gcut_graph *graph, const gcut__packing *packing,
                                           const char *path, gcut_error *err);

#endif
