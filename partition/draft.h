// A plan in the making: what has to run, and which part runs it. A cutter fills in the parts,
// refine moves nodes between them, gcut__draft_finish makes the plan of it.
#ifndef GCUT_PARTITION_DRAFT_H
#define GCUT_PARTITION_DRAFT_H

#include "graphcut/plan.h"
#include "tracer/base/arena.h"

typedef struct gcut__again { // a node that `part` runs although an earlier part does
  uint32_t node, part;
} gcut__again;

typedef struct gcut__draft {
  const gcut_trace *trace;
  const gcut_graph *graph;
  gcut_arena *scratch;          // lives as long as the draft
  bool given;                   // gcut__shapes_given
  uint32_t *fetches, n_fetches; // values
  bool *fetched;                // [n_values]
  bool *needed;                 // [n_nodes] runs
  uint32_t *order, n_order;     // those nodes, producers first, rootless ones just before a reader,
                                // those of a group that is kept just before its last
  uint32_t *place;              // [n_nodes] in the order in which a part's nodes run: that of
                                // `order`, unless a cutter tries another
  bool *rootless;             // [n_nodes] depends on no graph input: on constants alone, or chance
  uint32_t *folded, n_folded; // gcut_plan.folded
  bool unfused;               // gcut_plan.unfused
  uint32_t *kept; // [n_nodes] fused group (of the trace) that runs in one part, or GCUT_NONE
  uint32_t n_inner_targets, n_standing_groups; // as in gcut_plan

  uint32_t *part;   // [n_nodes] GCUT_NONE: runs nowhere
  uint32_t *target; // [n_nodes] that a node is in, and whose part it stays in; or GCUT_NONE
  uint32_t n_targets;
  uint32_t n_parts;
  const char **names; // [n_parts]

  uint64_t most_peak; // where not 0, refine lets no part's peak pass it
  bool keeps_balance; // refine moves only nodes that cost next to nothing
  gcut__again *again; // [n_again]
  uint32_t n_again;
} gcut__draft;

// Finds what has to run. `fetches` NULL: the graph's outputs. Every node's part is GCUT_NONE.
gcut_status gcut__draft_begin(const gcut_trace *trace, const uint32_t *fetches, uint32_t n_fetches,
                              bool unfused, gcut_arena *scratch, gcut__draft *out_draft,
                              gcut_error *err);
// Another order to cut along, depth first from what is fetched: `order` is a new array, `place`
// stays. For a cutter that puts the old one back.
gcut_status gcut__draft_depth_first(gcut__draft *draft, bool backwards, gcut_error *err);
// Its last step: `order` from nodes[n] that list producers first.
gcut_status gcut__draft_arrange(gcut__draft *draft, const uint32_t *nodes, uint32_t n,
                                gcut_error *err);
// The values of the main graph that `names` (gcut_cut_options.fetch) ask for; none: *out is NULL.
gcut_status gcut__fetch_values(const gcut_graph *graph, const char *const *names, size_t n,
                               gcut_arena *arena, uint32_t **out, uint32_t *out_n, gcut_error *err);
// Room for `n_parts` names, all "".
gcut_status gcut__draft_parts(gcut__draft *draft, uint32_t n_parts, gcut_error *err);
// Drops parts that run nothing (the last of all is kept) and numbers the rest anew.
gcut_status gcut__draft_drop_empty(gcut__draft *draft, gcut_error *err);
// Bytes that the parts pass on, and what a pipeline would carry: as in gcut_plan, without nodes
// that run again. Sizes that are not static count as nothing.
gcut_status gcut__draft_crossing(const gcut__draft *draft, uint64_t *out_crossing,
                                 uint64_t *out_pipeline, gcut_error *err);
// The group that is kept, computed in one step and has the node in it, or NULL.
const gcut_fused *gcut__draft_one_step(const gcut__draft *draft, uint32_t node);
// Whether the value is made within such a group: it takes no memory.
bool gcut__draft_hides(const gcut__draft *draft, uint32_t value);
// Whether running the node again gives the same result: false of random operators, of control flow
// (whose bodies may hold some) and of operators unknown.
bool gcut__may_recompute(const gcut_node *node);
// The plan: inputs, outputs, consumed values, constants and costs of each part. The parts must be
// in order; a value read before it is made is GCUT_FORMAT naming it.
gcut_status gcut__draft_finish(const gcut__draft *draft, const gcut_origin *origin,
                               gcut_plan **out_plan, gcut_error *err);

#endif
