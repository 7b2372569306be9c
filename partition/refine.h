// Lowering what crosses between parts, whatever cutter made them.
//
// A node that is in a target, or that reads weights, stays in its part; others may move within what
// their producers and readers allow. A cheap node (about an operation an element, no weights, never
// random) may also run again in later parts, so that its result need not be carried: but not where
// all of its target is cheap, for the target is what its part is for.
// No part is emptied. What is minimised is the bytes carried into parts, summed, plus for every run
// of a node beyond its first GCUT__AGAIN_BYTES (launching one costs about as much as carrying so
// little) and the bytes of the constants that it reads.
#ifndef GCUT_PARTITION_REFINE_H
#define GCUT_PARTITION_REFINE_H

#include "partition/draft.h"

enum { GCUT__AGAIN_BYTES = 1024, GCUT__SMALL_CONSTANT = 1024 };

typedef struct gcut__refining {
  gcut__draft *draft;
  uint64_t *bytes;      // [n_values]; nominal where not static
  uint64_t *least;      // [n_values] what a part has to carry at least to have it, whatever it runs
  bool *movable;        // [n_nodes]
  bool *cheap;          // [n_nodes]
  uint64_t *again_cost; // [n_nodes] of running it again
  bool *frozen;         // [n_parts] nothing moves in or out, nothing runs again here
  uint32_t *n_own;      // [n_parts] nodes of each part
  gcut__again *again;   // of gcut__refine_again, in malloc'd memory
  uint32_t n_again, again_capacity;
} gcut__refining;

// Refines the parts of a draft, none of which is empty.
gcut_status gcut__refine(gcut__draft *draft, gcut_error *err);

// Its steps, for refine.c alone.

// Moves nodes as long as that helps. Near-linear.
gcut_status gcut__refine_moves(gcut__refining *r, gcut_error *err);
// What to run again, exact for the parts as they are: fills r->again, tells the cost that refine
// minimises.
typedef struct gcut__again_search gcut__again_search;
gcut_status gcut__again_create(gcut__refining *r, gcut__again_search **out, gcut_error *err);
void gcut__again_destroy(gcut__again_search *search); // NULL is allowed
gcut_status gcut__again_find(gcut__again_search *search, uint64_t *out_cost, gcut_error *err);
// The cost alone, where nothing is frozen: only parts whose nodes changed since it was last asked
// for are looked at.
gcut_status gcut__again_cost(gcut__again_search *search, uint64_t *out_cost, gcut_error *err);
// Tries every assignment of movable nodes to parts, if there are few; false where there are not.
gcut_status gcut__refine_exactly(gcut__refining *r, gcut__again_search *search, bool *out_done,
                                 gcut_error *err);

#endif
