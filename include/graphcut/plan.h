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
  const char *name;                   // "head", or what its first target matched: "model.layers.0"
  uint32_t *nodes, n_nodes;           // all that run here, of the main graph, producers first
  uint32_t *recomputed, n_recomputed; // those of nodes that an earlier part runs as well: cheap
                                      // ones, run again so that their results need not be carried
  uint32_t *inputs, n_inputs;         // values from the graph's inputs or earlier parts
  uint32_t *outputs, n_outputs;       // values that later parts read or that are fetched; made here
                                      // by nodes that are not recomputed
  uint32_t *consumed, n_consumed;     // inputs that no later part reads and nobody fetches: dropped
                                      // after this part
  uint32_t *constants, n_constants;   // values that are constants and are read here, in bodies of
                                      // control flow too (tied ones appear in several parts)
  uint64_t weight_bytes;              // of its constants, each counted once
  uint64_t input_bytes, output_bytes; // at the trace's shapes; 0 where not static
  // Weights, inputs, outputs and workspace at the trace's shapes, each tensor in a range of its own
  // as devices lay them out (GCUT_RANGE_ALIGN); 0 where not static.
  uint64_t peak_bytes;
  double flops;
} gcut_part;

// How a plan was made: for people and for the plan file; nothing depends on it. Strings are the
// plan's.
typedef struct gcut_origin {
  const char *cutter;         // "targets", "budget", "balanced", "whole"; "" unknown
  const char *const *targets; // [n_targets]
  const char *const *ignore;  // [n_ignore]
  size_t n_targets, n_ignore;
  uint32_t targets_per_part, n_parts;
  uint64_t budget;
} gcut_origin;

typedef struct gcut_plan {
  gcut_part *parts; // [n_parts], at least one
  uint32_t n_parts;
  uint32_t *fetches, n_fetches; // values computed: the graph's outputs unless others were asked for
  uint32_t *folded, n_folded;   // nodes with inputs that would run, had the trace not folded them:
                                // in no part
  bool sized; // the size of every value that enters or leaves a part is known; one that depends on
              // data lives on the host and counts as nothing
  // Bytes a batch that parts pass on: what is carried into each part, summed, the first reading of
  // a graph input excepted. 0 where not sized.
  uint64_t crossing_bytes;
  // The same before refining, and what a pipeline that passes everything from part to part, first
  // in first out, would carry: each value over every boundary between where it is made (graph
  // inputs: the first part) and its last reader.
  uint64_t unrefined_bytes, pipeline_bytes;
  // Groups of a whole kind (graphcut/trace.h) may be cut through, and no device computes one in one
  // step: every bit is that of the nodes one by one.
  bool unfused;
  // Targets that lay within such groups, where none may be cut, and the groups that stood for them.
  uint32_t n_inner_targets, n_standing_groups;
  uint64_t fingerprint; // of the graph: names, operators and edges
  gcut_origin origin;
  struct gcut_arena *arena;
} gcut_plan;

typedef struct gcut_cut_options {
  const char
      *cutter; // "targets" (default where targets are given or none is named), "budget", "balanced"
  const char *const *targets; // [n_targets]; none: the proposed ones
  size_t n_targets;
  const char *const *ignore; // [n_ignore] targets left out
  size_t n_ignore;
  uint32_t targets_per_part;          // 0 is 1
  uint32_t n_parts;                   // balanced
  uint64_t budget;                    // bytes; budget
  double transfer_rate, compute_rate; // bytes and operations a second that balanced weighs; 0: a
                                      // datacenter card's
  // [n_fetch] values to compute; none: the graph's outputs. Each is a value's name, "re:PATTERN"
  // over names, or what targets read from outside themselves ("in:TARGET") or make for others
  // ("out:TARGET"). Patterns and targets give activations: nothing that comes of weights and shapes
  // alone.
  const char *const *fetch;
  size_t n_fetch;
  bool unrefined;         // leave the parts as the cutter made them
  bool unfused;           // as in gcut_plan; else every such group is in one part
  gcut_progress progress; // in steps: drafted, cut, refined, finished
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
// inputs/outputs/consumed/constants exact; no fused group divided, unless the plan is unfused.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_verify(const gcut_trace *trace, const gcut_plan *plan,
                                                    gcut_error *err);

// What a plan rests on; all else in it follows. For readers of plan files, and for whoever makes
// plans by hand.
typedef struct gcut_part_spec {
  const char *name;                   // not NULL
  const uint32_t *nodes, *recomputed; // [n_nodes], [n_recomputed] of the main graph, in any
  uint32_t n_nodes, n_recomputed;     // order; a node is in one part's nodes only
} gcut_part_spec;
typedef struct gcut_plan_spec {
  const gcut_part_spec *parts; // [n_parts]
  uint32_t n_parts;
  const uint32_t *fetches; // [n_fetches]; NULL: the graph's outputs
  uint32_t n_fetches;
  const uint32_t *folded; // [n_folded] nodes that may be in no part: should they have to run, they
  uint32_t n_folded;      // go where their inputs allow first
  bool unfused;           // as in gcut_plan
  gcut_origin origin;
} gcut_plan_spec;

// Makes the plan of these parts, leaving out nodes that the fetches do not need or the trace has
// folded, and parts that this leaves empty. Nodes missing, in two parts or read before they are
// made, and parts that wait for each other: GCUT_FORMAT naming them.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_build(const gcut_trace *trace,
                                                   const gcut_plan_spec *spec, gcut_plan **out_plan,
                                                   gcut_error *err);
// The same parts under another trace of the same graph (other shapes), or computing other values:
// `fetch` as in gcut_cut_options, none keeps the plan's. What the fetches need and the plan has in
// no part goes where its inputs allow first.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_rebase(const gcut_trace *trace, const gcut_plan *plan,
                                                    const char *const *fetch, size_t n_fetch,
                                                    gcut_plan **out_plan, gcut_error *err);

// The plan file (JSON; docs/plan.schema.json): written whole or not at all. Reading checks the
// fingerprint and verifies: a plan of another model is GCUT_FORMAT saying why it does not fit.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_write(const gcut_trace *trace, const gcut_plan *plan,
                                                   const char *path, gcut_error *err);
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_read(const gcut_trace *trace, const char *path,
                                                  gcut_plan **out_plan, gcut_error *err);
// The reader over memory; `path` names it in messages.
GCUT_API GCUT_MUST_USE gcut_status gcut_plan_parse(const gcut_trace *trace, const void *data,
                                                   size_t size, const char *path,
                                                   gcut_plan **out_plan, gcut_error *err);

// Takes the next target, or value to fetch, off a comma-separated list, which it writes into: *rest
// moves on, NULL at the end. A comma inside the brackets of a pattern, or after a backslash, is the
// pattern's.
GCUT_API char *gcut_target_next(char **rest);

// Targets that the graph itself suggests: its repeated block first. Best first; owned by the list.
typedef struct gcut_proposal {
  const char *target; // as --targets takes it: maybe several, by comma
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
