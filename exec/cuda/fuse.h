// Groups of nodes that one kernel computes: listed for a part before its memory is laid out.
//
// Which nodes spell out attention, a norm and so on the trace knows (tracer/fuse), found before the
// model was cut; no plan divides attention, whose kernel gives other bits than its nodes. All other
// kernels round every intermediate to its type, so cutting through their groups changes nothing.
#ifndef GCUT_EXEC_CUDA_FUSE_H
#define GCUT_EXEC_CUDA_FUSE_H

#include "exec/cuda/program.h"

typedef struct gcut__cuda_fused gcut__cuda_fused;
struct gcut__cuda_fused {
  gcut__fusion base;
  gcut_status (*compile)(const gcut__cuda_compile *c, const gcut__cuda_fused *fused,
                         gcut_error *err); // must set c->step->launch
  const void *params;                      // the pattern's own
};

typedef struct gcut__cuda_fusions {
  const gcut__cuda_fused *items;
  const gcut__fusion *bases; // [n] the same for the layout
  uint32_t n;
} gcut__cuda_fusions;

// Lives in `arena`. `cuda`: the card, whose kernels for products may take several nodes; NULL: it
// has none of these.
GCUT_MUST_USE gcut_status gcut__cuda_fuse(gcut__cuda *cuda, const gcut_trace *trace,
                                          const gcut_part *part, gcut_arena *arena,
                                          gcut__cuda_fusions *out, gcut_error *err);

#endif
