// Which box a node belongs to, before any is drawn.
#ifndef GCUT_FORMATS_DOT_OWNERS_H
#define GCUT_FORMATS_DOT_OWNERS_H

#include "formats/dot/material.h"

enum {
  GCUT__CROWD = 4,        // connected operators of one scope that make one box
  GCUT__MOST_BOXES = 800, // that are laid out
};

// Who stands for each node: a scope's number; from n_scopes on, a node for itself or its crowd;
// GCUT_NONE: not drawn.
typedef struct gcut__owners {
  uint32_t *of_node; // [n_nodes]
  uint32_t *crowd;   // [n_nodes] of a crowd's first node: how many it is
  // Of three or more equal modules among the nodes, the first is drawn, the others are folded:
  uint32_t *fold_to; // [n_scopes] the second of them; GCUT_NONE: is not folded
  uint32_t *members; // [n_scopes] of that second: how many are folded
  uint32_t *last;    // [n_scopes] of that second: the last of them
} gcut__owners;

GCUT_MUST_USE gcut_status gcut__owners_find(const gcut__material *material, const uint32_t *nodes,
                                            uint32_t n, uint32_t depth, gcut__owners *out,
                                            gcut_error *err);
// Makes one crowd of all: for what would be more boxes than can be laid out.
void gcut__owners_collapse(const gcut__material *material, const uint32_t *nodes, uint32_t n,
                           gcut__owners *owners);
void gcut__owners_free(gcut__owners *owners);
// How many boxes they are.
GCUT_MUST_USE gcut_status gcut__owners_count(const gcut__material *material, const uint32_t *nodes,
                                             uint32_t n, gcut__owners *owners, uint32_t *out_n,
                                             gcut_error *err);
// The owner of a node: a crowd too small to be one is its operators.
uint32_t gcut__owners_of(const gcut__material *material, gcut__owners *owners, uint32_t node);

#endif
