// The graph with each group of nodes contracted to one: what order the groups come in.
#ifndef GCUT_PARTITION_CONTRACT_H
#define GCUT_PARTITION_CONTRACT_H

#include "partition/targets.h"

// Orders the targets' groups topologically (ties: as in the graph) and gives every node that runs a
// level: that of a group's nodes is its place in the order, from 1; that of any other node, or of a
// fused group in no target, the highest level it depends on, 0 where it depends on none. levels:
// [n_nodes]; order: [groups->n].
// A group that feeds itself through nodes outside is GCUT_ARGUMENT with the path.
gcut_status gcut__contract(const gcut__draft *draft, const gcut__groups *groups, uint32_t *levels,
                           uint32_t *order, gcut_error *err);

#endif
