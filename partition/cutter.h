// A cutter decides which part each node is in: one function, one file in cutters/, one row below.
#ifndef GCUT_PARTITION_CUTTER_H
#define GCUT_PARTITION_CUTTER_H

#include "partition/draft.h"

// Fills in draft->part for every node that runs (producers never in a later part than their
// readers), draft->names and n_parts, and the targets that stay where they are. Parts may be empty.
typedef gcut_status gcut__cut(gcut__draft *draft, const gcut_cut_options *options, gcut_error *err);

// X(name): gcut__cut_<name> in cutters/cut_<name>.c
#define GCUT__CUTTER_LIST(X)                                                                       \
  X(targets)                                                                                       \
  X(budget)                                                                                        \
  X(balanced)

#define X(name) gcut__cut gcut__cut_##name;
GCUT__CUTTER_LIST(X)
#undef X

#endif
