// Inputs for a graph, as it declares them.
#ifndef GCUT_TESTS_SUPPORT_INPUTS_H
#define GCUT_TESTS_SUPPORT_INPUTS_H

#include "graphcut/graph.h"
#include "graphcut/tensor.h"

// A tensor for each input of the main graph, of its declared type; what of its shape is not known
// is `rows`.
gcut_status make_inputs(const gcut_graph *g, int64_t rows, gcut_tensor **inputs, gcut_error *err);

#endif
