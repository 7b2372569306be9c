// What a drawing is made from: a trace, a plan, facts about modules, and which box each node
// belongs to.
//
// Scopes down to a depth are opened as frames; a deeper scope, and one without modules inside, is
// one box. Nodes that stand in an opened scope themselves are boxes of their own, but a connected
// crowd of them is one box. Runs of three or more equal siblings (decoder layers) are folded: the
// first is drawn, the rest are one stack. Shape code is left out unless asked for. At GCUT__ALL_OPS
// every operator is a box.
#ifndef GCUT_FORMATS_DOT_MATERIAL_H
#define GCUT_FORMATS_DOT_MATERIAL_H

#include "formats/dot/cuts.h"
#include "formats/dot/drawing.h"
#include "formats/timeline/timeline.h"
#include "graphcut/formats.h"
#include "graphcut/trace.h"

#define GCUT__ALL_OPS UINT32_MAX // a depth at which nothing is folded but repeated modules

typedef struct gcut__scope_facts {
  uint64_t signature; // equal for scopes with the same operators in the same order and as many
                      // weights
  uint64_t weight_bytes;
  uint32_t depth;   // of the root: 0
  uint32_t run;     // the first of the equal sisters this scope stands among; GCUT_NONE: alone
  bool has_modules; // scopes with nodes stand in it
} gcut__scope_facts;

typedef struct gcut__material {
  const gcut_trace *trace;
  const gcut_plan *plan; // may be NULL
  const gcut_draw_options *options;
  gcut__cuts cuts, other;     // of the plan, and of the one that it is held against
  gcut__slices *slices;       // of options->timeline; NULL: none
  gcut__scope_facts *scopes;  // [graph->n_scopes]
  uint64_t *node_bytes;       // [graph->n_nodes] of constants that the node reads
  double *heat[GCUT_N_HEATS]; // [graph->n_nodes] each; NULL: not asked for
  double *part_seconds;       // [plan->n_parts] of the timeline; NULL: none
  uint32_t *scope_of_part;    // [plan->n_parts] the module that a part is named after; 0: none
  uint32_t *box_of_node;      // [graph->n_nodes] set by gcut__material_draw; GCUT_NONE: not drawn
  uint64_t weight_bytes;      // of the model
  gcut_arena *arena;
} gcut__material;

// `all_heats`: every measure that there is, not only the one that the options ask for.
GCUT_MUST_USE gcut_status gcut__material_create(const gcut_trace *trace, const gcut_plan *plan,
                                                const gcut_draw_options *options, bool all_heats,
                                                gcut__material **out_material, gcut_error *err);
void gcut__material_destroy(gcut__material *material);

// Within one in a hundred.
bool gcut__material_about_equal(uint64_t a, uint64_t b);

// Whether a scope is `root` or within it.
bool gcut__material_within(const gcut_graph *graph, uint32_t scope, uint32_t root);

// Whether a node computes shapes: all it gives are small integers that are known, or constants.
bool gcut__material_is_shape_code(const gcut__material *material, uint32_t node);

// How many boxes `nodes` would take with scopes opened down to `depth`.
GCUT_MUST_USE gcut_status gcut__material_count(const gcut__material *material,
                                               const uint32_t *nodes, uint32_t n_nodes,
                                               uint32_t depth, uint32_t *out_n, gcut_error *err);
// The deepest depth at which they take at most `limit` boxes (at least 1).
GCUT_MUST_USE gcut_status gcut__material_fit(const gcut__material *material, const uint32_t *nodes,
                                             uint32_t n_nodes, uint32_t limit, uint32_t *out_depth,
                                             gcut_error *err);
// Forgets which boxes there are: before the first gcut__material_draw of a drawing, or of a part.
void gcut__material_clear(gcut__material *material);
// Adds boxes and frames for `nodes`; the frames are those of scopes within `root`, and stand in
// `group`. *out_hidden grows by the nodes of shape code left out.
GCUT_MUST_USE gcut_status gcut__material_draw(gcut__material *material, const uint32_t *nodes,
                                              uint32_t n_nodes, uint32_t depth, uint32_t root,
                                              uint32_t group, gcut__drawing *drawing,
                                              uint32_t *out_hidden, gcut_error *err);
// Links the boxes just drawn along the values that pass between them. `in_part`: the nodes are one
// part's, so nothing between them crosses a cut.
GCUT_MUST_USE gcut_status gcut__material_link(gcut__material *material, const uint32_t *nodes,
                                              uint32_t n_nodes, bool in_part,
                                              gcut__drawing *drawing, gcut_error *err);

#endif
