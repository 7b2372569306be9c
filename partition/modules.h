// What the modules of a graph hold, and what passes at their ends.
#ifndef GCUT_PARTITION_MODULES_H
#define GCUT_PARTITION_MODULES_H

#include "partition/passing.h"

typedef struct gcut__modules {
  gcut__passing passing;
  bool by_weights;     // only nodes that compute with weights count; else there are none
  uint32_t n_counting; // nodes that count, in all
  // [n_scopes] of what is at or under a scope:
  uint32_t *nodes;        // that count
  bool *computes;         // whether there are nodes that read something
  uint32_t *entry, *exit; // values that pass before it and behind it
  uint32_t *size;         // scopes
  uint32_t *place;        // in preorder: what is under it follows, in a range of places
} gcut__modules;

GCUT_MUST_USE gcut_status gcut__modules_open(const gcut_graph *graph, gcut_arena *arena,
                                             gcut__modules *out, gcut_error *err);

#endif
