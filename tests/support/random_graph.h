// Random graphs of a seed, for properties that must hold of every graph.
#ifndef GCUT_TESTS_SUPPORT_RANDOM_GRAPH_H
#define GCUT_TESTS_SUPPORT_RANDOM_GRAPH_H

#include "graphcut/graph.h"
#include "graphcut/plan.h"
#include "graphcut/trace.h"

// The next number of a stream.
uint32_t random_next(uint64_t *state);
// A number below n.
uint32_t random_below(uint64_t *state, uint32_t n);

// Nodes n0, n1, ... of one to three inputs, some with two outputs, some reading weights; runs of
// nodes lie in modules of class Block. Some values are outputs, some nodes are dead ends.
gcut_graph *random_graph(uint64_t *state, uint32_t n_nodes);

// Adds nodes that read a new weight alone, too large to be folded, and make a matrix of 4 x 4 of
// it; and the product of v0 with that, which is an output.
void random_prepared(gcut_graph *g);

// Cuts the nodes' order before one node in `every`, at random. Any such cut can be planned: where
// not, the program ends.
gcut_plan *random_cut(const gcut_trace *trace, uint64_t *state, uint32_t every);

#endif
