// Repeated blocks of a graph whose exporter left no modules.
#ifndef GCUT_PARTITION_BLOCKS_H
#define GCUT_PARTITION_BLOCKS_H

#include "graphcut/plan.h"
#include "partition/passing.h"

// Proposes the first node of each block, if the graph's nodes repeat; else *out_target is NULL. The
// text lies in `arena`.
gcut_status gcut__propose_blocks(const gcut__passing *passing, gcut_arena *scratch,
                                 gcut_arena *arena, const char **out_target, uint32_t *out_n,
                                 gcut_error *err);
// The same of a graph, whatever modules it has; none where nothing repeats. Free with
// gcut_proposals_free.
gcut_status gcut__propose_structure(const gcut_graph *graph, gcut_proposals *out, gcut_error *err);

#endif
