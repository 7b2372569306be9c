// Models given as text, run whole and in slices of their batch.
#ifndef GCUT_TESTS_SUPPORT_SLICED_H
#define GCUT_TESTS_SUPPORT_SLICED_H

#include "graphcut/run.h"
#include "tests/support/check.h"

enum { SLICED_TEXT = 16384, SLICED_BATCHES = 2, SLICED_OUTPUTS = 4 };

// What the texts begin with.
#define SLICED_HEAD "<ir_version: 10, opset_import: [\"\": 21, \"com.microsoft\": 1]> g "

typedef struct sliced_results {
  gcut_tensor *outputs[SLICED_BATCHES][SLICED_OUTPUTS];
  uint32_t n;
} sliced_results;

typedef struct sliced_model {
  gcut_graph *graph;
  gcut_plan *plan; // in two parts where it can be
  sliced_results whole;
} sliced_model;

// Batches of 5 and of 3 samples ("batch"; "other" is as large), each of 3 positions ("seq").
sliced_model sliced_open(const char *text);
void sliced_close(sliced_model *m);
gcut_status sliced_run(const sliced_model *m, uint32_t micro_batch, const char *offload,
                       sliced_results *out, gcut_error *err);
void sliced_drop(sliced_results *results);
// Whether slices of 1, 2, 3 and 7 give what whole batches give; prints what differs.
bool sliced_check(sliced_model *m, const char *text);

#endif
