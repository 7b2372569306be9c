// What the standard's own shape inference says of each case from its model alone: ours must be at
// least as static, and agree.
#ifndef GCUT_TESTS_CONFORMANCE_STANDARD_SHAPES_H
#define GCUT_TESTS_CONFORMANCE_STANDARD_SHAPES_H

#include <stdbool.h>
#include <stddef.h>

#include "graphcut/trace.h"

typedef struct standard_shapes {
  char **lines; // CASE<TAB>TYPE<TAB>TYPE...: of each result of each node in turn
  size_t n;
} standard_shapes;

// Values whose shape is static: the standard's share, and ours.
typedef struct shape_share {
  int values, standard, ours;
} shape_share;

// False (and a message on stderr) where the file cannot be read.
bool standard_shapes_read(const char *path, standard_shapes *shapes);
void standard_shapes_free(standard_shapes *shapes);
// The types of that case, or NULL where it is not listed.
const char *standard_shapes_find(const standard_shapes *shapes, const char *folder,
                                 const char *name);

// Makes the graph forget what the model declares of its nodes' results.
void forget_results(gcut_graph *graph);
// Whether the trace of such a graph knows what `types` say; if not, `why` tells the first
// difference.
bool standard_shapes_hold(const gcut_trace *trace, const char *types, shape_share *share, char *why,
                          size_t size);

#endif
