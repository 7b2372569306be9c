// What proposals of targets are made of (propose.c), and which of them stand together
// (propose_together.c).
#ifndef GCUT_PARTITION_PROPOSER_H
#define GCUT_PARTITION_PROPOSER_H

#include "graphcut/plan.h"
#include "partition/modules.h"
#include "tracer/base/intern.h"

typedef struct gcut__candidate {
  const char *target;         // as --targets takes it
  uint32_t first, n;          // into members: scopes, ascending, none inside another
  uint32_t n_nodes;           // that count, under all of them
  uint32_t n_largest, n_next; // under the largest; under the largest of the others
  uint32_t n_counting;        // members with any
  uint32_t n_passing;         // values that pass where they begin, beyond those that do anyway
  uint32_t place;             // of the first: settles ties
  int rank;
} gcut__candidate;

typedef struct gcut__labelled { // a scope and what it is grouped by, interned
  const char *label;
  uint32_t scope, place;
} gcut__labelled;

typedef struct gcut__proposer {
  const gcut_graph *graph;
  gcut_arena *scratch, *arena; // the second: of what is handed out
  gcut_intern *names;
  gcut__modules of;
  uint32_t *floor; // [n_scopes] no less than pass at the ends of any repeated module around it
  gcut__labelled *labels;
  uint32_t n_labels;
  uint32_t *members, n_members;
  gcut__candidate *items;
  uint32_t n;
} gcut__proposer;

enum { GCUT__MOST_TOGETHER = 6 };

typedef struct gcut__together {
  const gcut__candidate *items[GCUT__MOST_TOGETHER];
  uint32_t n, n_matches;
  bool *inside;     // [n_scopes] by place: in a module chosen
  uint32_t *before; // [n_scopes + 1] by place: modules chosen that begin before
} gcut__together;

// "re:" and the path as a pattern, its numbers made \d+; NULL where it has none.
const char *gcut__number_pattern(gcut__proposer *p, const char *path);
// Of about equal size; one of them, as the layer whose table of positions all others read, may be
// up to twice as large.
bool gcut__is_uniform(const gcut__candidate *c);
// Whether cuts before them pass little more than cuts around what they are in would: blocks of a
// residual stream do, the branches within a block do not.
bool gcut__is_narrow(const gcut__candidate *c);

// The candidates that are proposed together, ahead of all: the first, and what stands beside it.
GCUT_MUST_USE gcut_status gcut__choose_together(gcut__proposer *p, gcut__together *t,
                                                gcut_error *err);

#endif
