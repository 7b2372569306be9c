// Batches on disk as a source: the paths after --input.
#ifndef GRAPHCUT_TOOLS_BATCHES_H
#define GRAPHCUT_TOOLS_BATCHES_H

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "graphcut/trace.h"
#include "options.h"

typedef struct tool_batches {
  const gcut_graph *graph;
  gcut_batch_list *lists; // [n_lists], one a path
  size_t n_lists, n;      // n: batches in all
  bool outputs;           // what test data directories hold: outputs instead of inputs
} tool_batches;

gcut_status tool_batches_open(const gcut_graph *graph, const tool_list *paths, bool outputs,
                              tool_batches *out, gcut_error *err);
void tool_batches_close(tool_batches *batches);
gcut_status tool_batches_read(const tool_batches *batches, size_t index, gcut_batch *out,
                              gcut_error *err);
// The path that a batch is read from: for names of outputs.
const char *tool_batches_path(const tool_batches *batches, size_t index);
// The model at the shapes of the first batch, of which there is one; `trace` has them symbolic.
// GCUT_FORMAT where they are not those of the model, or not as `set` says.
gcut_status tool_batches_trace(const tool_batches *batches, const tool_common *common,
                               const tool_bindings *set, const gcut_trace *trace,
                               gcut_trace **out_shaped, gcut_error *err);
// Borrows `batches`.
gcut_source tool_batches_source(const tool_batches *batches);

#endif
