// The equation of an Einsum, read against the ranks of its inputs.
#ifndef GCUT_TRACER_OPS_EINSUM_H
#define GCUT_TRACER_OPS_EINSUM_H

#include "tracer/ops/op.h"

// Labels: 52 letters, then the dims that an ellipsis stands for, the last of them last.
enum { GCUT__EINSUM_LETTERS = 52, GCUT__EINSUM_LABELS = GCUT__EINSUM_LETTERS + GCUT_MAX_RANK };

typedef struct gcut__einsum_term {
  int rank;
  uint8_t labels[GCUT_MAX_RANK]; // [rank], one a dim; repeated ones mean a diagonal
} gcut__einsum_term;

typedef struct gcut__einsum {
  uint32_t n_terms;
  gcut__einsum_term *terms; // [n_terms], one an input
  gcut__einsum_term output; // labels differ
} gcut__einsum;

typedef struct gcut__einsum_attrs {
  gcut_string equation;
} gcut__einsum_attrs;

// `ranks` [n]; terms live in the arena. GCUT_FORMAT says what is wrong without naming the node.
GCUT_MUST_USE gcut_status gcut__einsum_parse(gcut_string equation, const int *ranks, uint32_t n,
                                             gcut_arena *arena, gcut__einsum *out, gcut_error *err);

#endif
