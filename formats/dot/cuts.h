// The cuts of a plan as a drawing sees them: where a node runs first, and what is carried to where.
#ifndef GCUT_FORMATS_DOT_CUTS_H
#define GCUT_FORMATS_DOT_CUTS_H

#include "graphcut/plan.h"
#include "graphcut/trace.h"
#include "tracer/base/arena.h"
#include "tracer/base/map.h"

typedef struct gcut__cuts {
  const gcut_plan *plan;  // NULL: nothing is cut
  uint32_t *part_of_node; // [graph->n_nodes] the first part that runs it; GCUT_NONE: none
  gcut_map carried;       // value << 32 | part that reads it from an earlier one
} gcut__cuts;

GCUT_MUST_USE gcut_status gcut__cuts_open(const gcut_trace *trace, const gcut_plan *plan,
                                          gcut_arena *arena, gcut__cuts *out, gcut_error *err);
void gcut__cuts_close(gcut__cuts *cuts); // of a zeroed one, too

// Whether `reader` gets the value across a cut.
bool gcut__cuts_cross(const gcut__cuts *cuts, uint32_t value, uint32_t reader);

// The first and last part of `other` that a part's own nodes (not those it runs again) are in;
// false where there are none.
bool gcut__cuts_span(const gcut__cuts *cuts, uint32_t part, const gcut__cuts *other,
                     uint32_t *out_first, uint32_t *out_last);

#endif
