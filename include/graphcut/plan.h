// The plan: the second value. Ordered, disjoint parts that cover what must run, made by a cutter,
// in plain data.
#ifndef GRAPHCUT_PLAN_H
#define GRAPHCUT_PLAN_H

#include "graphcut/graph.h"
#include "graphcut/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gcut_part {
  const char *name;                 // "head", or what its first target matched: "model.layers.0"
  uint32_t *nodes, n_nodes;         // of the main graph, in an order in which producers come first
  uint32_t *inputs, n_inputs;       // values from the graph's inputs or earlier parts
  uint32_t *outputs, n_outputs;     // values that later parts read or that are fetched
  uint32_t *consumed, n_consumed;   // inputs that no later part reads: dropped after this part
  uint32_t *constants, n_constants; // values that are constants and are read here (tied ones appear
                                    // in several parts)
  uint64_t weight_bytes;            // of its constants
  uint64_t input_bytes, output_bytes; // at the trace's shapes; 0 where not static
  uint64_t peak_bytes; // weights, inputs, outputs and workspace at the trace's shapes; 0 where not
                       // static
  double flops;
} gcut_part;

typedef struct gcut_plan {
  gcut_part *parts;
  uint32_t n_parts;
  uint32_t *fetches, n_fetches; // values computed: the graph's outputs unless others were asked for
  uint64_t crossing_bytes;      // bytes a batch that parts pass on: the sum over parts of what is
                                // carried into each
  uint64_t fingerprint;         // of the graph: names, operators and edges
  struct gcut_arena *arena;
} gcut_plan;

typedef struct gcut_cut_options {
  const char
      *cutter; // "targets" (default where targets are given or none is named), "budget", "balanced"
  const char *const *targets; // [n_targets]; none: the proposed ones
  size_t n_targets;
  const char *const *ignore; // [n_ignore] targets left out
  size_t n_ignore;
  uint32_t targets_per_part; // 0 is 1
  uint32_t n_parts;          // balanced
  uint64_t budget;           // bytes; budget
  const char *const *fetch;  // [n_fetch] names of values to compute; none: the graph's outputs
  size_t n_fetch;
} gcut_cut_options;

// Cuts a graph. A target that matches nothing is GCUT_ARGUMENT naming the nearest; a contraction
// that would make a cycle GCUT_ARGUMENT with the offending path; a budget that cannot be met
// GCUT_BUDGET naming node and tensor.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_create(const gcut_trace *trace,
                                                    const gcut_cut_options *options,
                                                    gcut_plan **out_plan, gcut_error *err);
// One part that is the whole graph.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_whole(const gcut_trace *trace,
                                                   const gcut_cut_options *options,
                                                   gcut_plan **out_plan, gcut_error *err);
GCUT_API void gcut_plan_destroy(gcut_plan *plan);
// Parts disjoint, covering all that the fetches need, producers first,
// inputs/outputs/consumed/constants exact.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_verify(const gcut_trace *trace, const gcut_plan *plan,
                                                    gcut_error *err);

// The plan file (JSON). Reading checks the fingerprint and verifies: a plan of another model is
// GCUT_FORMAT.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_write(const gcut_trace *trace, const gcut_plan *plan,
                                                   const char *path, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_read(const gcut_trace *trace, const char *path,
                                                  gcut_plan **out_plan, gcut_error *err);

// Targets that the graph itself suggests: its repeated block first. Best first; owned by the list.
typedef struct gcut_proposal {
  const char *target; // as --targets takes it
  uint32_t n_matches;
} gcut_proposal;
typedef struct gcut_proposals {
  gcut_proposal *items;
  size_t n;
  struct gcut_arena *arena;
} gcut_proposals;
GCUT_API GCUT_MUST_USE gcut_status gcut_propose_targets(const gcut_graph *graph,
                                                        gcut_proposals *out, gcut_error *err);
GCUT_API void gcut_proposals_free(gcut_proposals *proposals);

// Identifies a graph by its names, operators and edges; constants' contents do not count.
GCUT_API uint64_t gcut_graph_fingerprint(const gcut_graph *graph);

#ifdef __cplusplus
}
#endif
#endif
