// What passes the places of a graph: its nodes in a row, what each depends on and reads, and how
// many values cross before it.
#ifndef GCUT_PARTITION_PASSING_H
#define GCUT_PARTITION_PASSING_H

#include "graphcut/graph.h"
#include "tracer/base/arena.h"

typedef enum gcut__root { // what of the graph's inputs: shapes alone, or elements
  GCUT__ROOT_NONE,
  GCUT__ROOT_SHAPE,
  GCUT__ROOT_DATA
} gcut__root;

typedef struct gcut__passing {
  const gcut_graph *g;
  uint32_t *nodes, n; // that read something, in order: a place is an index of these
  uint32_t *place;    // [g->n_nodes] 1 + of nodes[]; 0: not among them
  uint32_t *live;     // [n] values of data made before a place and read at it or after
  uint8_t *root;      // [n] gcut__root: what a node depends on
  bool *weighs;       // [n] reads weights
} gcut__passing;

GCUT_MUST_USE gcut_status gcut__passing_open(const gcut_graph *graph, gcut_arena *arena,
                                             gcut__passing *out, gcut_error *err);
// Weights are constants of more than one number, none of which counts or chooses.
bool gcut__holds_weights(const gcut_constant *constant);

// A node that makes another form of weights, as exporters transpose, cast or dequantise them.
static inline bool gcut__forms_weights(const gcut__passing *p, uint32_t place) {
  return p->weighs[place] && p->root[place] == GCUT__ROOT_NONE;
}
// A node that computes with weights.
static inline bool gcut__applies_weights(const gcut__passing *p, uint32_t place) {
  return p->weighs[place] && p->root[place] == GCUT__ROOT_DATA;
}

#endif
