// Targets: which nodes of the main graph belong together, said in the vocabulary of people.
#ifndef GCUT_PARTITION_TARGETS_H
#define GCUT_PARTITION_TARGETS_H

#include "partition/draft.h"

// The matches of a list of targets. A group is a module (all nodes at or under a scope) or a node;
// groups are disjoint and numbered in the order of their first node.
typedef struct gcut__group {
  const char *name;   // the scope's path or the node's name
  const char *target; // that matched it
} gcut__group;
typedef struct gcut__groups {
  gcut__group *items;
  uint32_t n;
  // n, and behind them the fused groups that are kept and in no target: they, too, are one each.
  uint32_t n_all;
  uint32_t *of; // [n_nodes] group of a node, or GCUT_NONE
} gcut__groups;

// A target that matches nothing is GCUT_ARGUMENT naming the nearest three; so is a list that
// matches nothing that has to run. `targets` and `ignore` outlive the groups.
gcut_status gcut__targets_match(const gcut__draft *draft, const char *const *targets,
                                size_t n_targets, const char *const *ignore, size_t n_ignore,
                                gcut__groups *out_groups, gcut_error *err);

// Keeps fused groups whole: one goes with the target that its last node is in. Else the targets
// that lie within it stand for all of it, together: one target. What else is in it is in no target.
// Counts the draft's inner targets.
gcut_status gcut__targets_keep_fused(gcut__draft *draft, gcut__groups *groups, gcut_error *err);

// The class without its package.
const char *gcut__short_class(const char *class_name);

#endif
