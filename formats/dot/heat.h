// What a drawing is heated by: a measure of every node, which boxes add up.
#ifndef GCUT_FORMATS_DOT_HEAT_H
#define GCUT_FORMATS_DOT_HEAT_H

#include "formats/dot/cuts.h"
#include "formats/timeline/timeline.h"
#include "graphcut/formats.h"

// Bytes of the constants that a node reads.
uint64_t gcut__heat_weights(const gcut_trace *trace, const gcut_node *node);

// GCUT_ARGUMENT where the slices are of a plan with other parts than this one.
GCUT_MUST_USE gcut_status gcut__heat_check(const gcut__slices *slices, const gcut_plan *plan,
                                           const char *path, gcut_error *err);

// Seconds that each part computed: of the run where it was measured, else as predicted.
void gcut__heat_part_seconds(const gcut__slices *slices, double *out_seconds); // [n_parts]

// Fills `heat` [graph->n_nodes]. A part's time is shared out by its nodes' arithmetic, or evenly
// where none is known; `part_seconds` [plan->n_parts] may be NULL unless `by` is TIME.
GCUT_MUST_USE gcut_status gcut__heat_fill(const gcut_trace *trace, const gcut_plan *plan,
                                          const double *part_seconds, gcut_heat by, double *heat,
                                          gcut_error *err);

#endif
