// What becomes of outputs: written, compared with what was expected, remembered by digest.
#ifndef GRAPHCUT_TOOLS_RESULTS_H
#define GRAPHCUT_TOOLS_RESULTS_H

#include <jansson.h>

#include "batches.h"

typedef struct tool_compared {
  const char *name;
  gcut_comparison worst; // over all batches
} tool_compared;

typedef struct tool_results {
  const gcut_graph *graph;
  const gcut_plan *plan;
  const tool_batches *inputs;
  const char *output; // path, or NULL
  bool one_file;      // the path is the one batch's file
  bool archived;      // all go to `archive`, as parts make them
  gcut_output archive;
  bool numbered;                // files in the folder bear numbers, for batches' names will not do
  const tool_batches *expected; // or NULL
  double rtol, atol;
  tool_compared *compared; // [plan->n_fetches]; ok and no error where not compared
  bool *wrong;             // [n_batches] not within tolerance
  gcut_digest *digests;    // [n_batches * n_fetches]
  bool remember;           // keep digests of this run, for one that is to be compared with it
  bool checking;           // compare with the digests instead: the second run of a self-check
  bool differs;            // what the self-check found
  char difference[512];
} tool_results;

// Whether an --output is an archive (.tar), which takes outputs as they are made: "-", too, the
// archive on standard output, which everything else that is printed then leaves for stderr.
bool tool_is_archive(const char *output);

// `output`: made where it is a folder. GCUT_ARGUMENT: one file for several batches, or outputs over
// what is read. GCUT_FORMAT: not as many batches are expected as there are.
gcut_status tool_results_open(const gcut_graph *graph, const gcut_plan *plan,
                              const tool_batches *inputs, const char *output,
                              const tool_batches *expected, tool_results *out, gcut_error *err);
void tool_results_close(tool_results *results);
gcut_sink tool_results_sink(tool_results *results);
// After the run that made them: all that goes to one archive is there.
gcut_status tool_results_commit(tool_results *results, gcut_error *err);
// What is computed, by name, and the nodes and modules that read each.
json_t *tool_results_json(const tool_results *results);
// GCUT_MISMATCH, saying which batches, where not everything compared is within tolerance.
gcut_status tool_results_check(const tool_results *results, gcut_error *err);
// Whether parts were computed on the host beside a card: its kernels round differently, so such a
// run need not have the bits of one that is not.
bool tool_is_mixed(const gcut_run_result *result);

#endif
