// Damage that still reads as a graph: attributes, arities, shapes and constants that no exporter
// writes.
#ifndef GCUT_TESTS_CONFORMANCE_EDIT_GRAPH_H
#define GCUT_TESTS_CONFORMANCE_EDIT_GRAPH_H

#include "graphcut/graph.h"

// The next number of a sequence that `state` begins.
uint64_t next_random(uint64_t *state);
// Changes one thing of a graph whose constants lie in memory that may be written: for writing it,
// not for running it (what its operators parsed of it stays).
void edit_graph(gcut_graph *graph, uint64_t *random);
// Changes one element of an integer tensor of the caller's own.
void edit_tensor(gcut_tensor *tensor, uint64_t *random);

#endif
