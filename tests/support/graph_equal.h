// Comparing two graphs: what every round trip through a format is judged by.
#ifndef GCUT_TESTS_SUPPORT_GRAPH_EQUAL_H
#define GCUT_TESTS_SUPPORT_GRAPH_EQUAL_H

#include "graphcut/graph.h"

// GCUT_OK where both say the same: opsets, metadata, names, types, scopes, nodes in order,
// attributes, initializers byte for byte. GCUT_MISMATCH names the first difference. Numbers of
// nodes, values and constants, paths and files may differ; dims are compared as they print, unknown
// ones as equal.
GCUT_MUST_USE gcut_status gcut_graph_equal(const gcut_graph *a, const gcut_graph *b,
                                           gcut_error *err);

#endif
