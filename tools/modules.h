// The module tree of a model: what each module holds.
#ifndef GRAPHCUT_TOOLS_MODULES_H
#define GRAPHCUT_TOOLS_MODULES_H

#include "graphcut/trace.h"

enum { MODULES_DEEPEST = 100 }; // modules further down count with the one at that depth

typedef struct module {
  uint32_t depth;                         // the root's is 0
  uint32_t first_child, next, last_child; // scopes, GCUT_NONE
  uint64_t weight_bytes;                  // of constants read in it, each once
} module;

typedef struct modules {
  module *items;                     // [graph->n_scopes]
  uint64_t parameters, weight_bytes; // of the model: elements and bytes of its constants
} modules;

void modules_create(const gcut_trace *trace, modules *out_modules);
void modules_free(modules *m);

// The scope after `scope` in the order of reading, root first, going at most `depth` deep;
// GCUT_NONE at the end.
uint32_t modules_next(const gcut_graph *graph, const modules *m, uint32_t scope, uint32_t depth);

#endif
