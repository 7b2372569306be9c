// Batches for runs, and what comes out of them.
#ifndef GCUT_TESTS_SUPPORT_FEED_H
#define GCUT_TESTS_SUPPORT_FEED_H

#include "graphcut/run.h"

enum { MOST_BATCHES = 5, MOST_OUTPUTS = 24 };

typedef struct feed {
  const gcut_graph *graph;    // of inputs [rows, 4] in float32
  int64_t rows[MOST_BATCHES]; // of each batch's inputs
  size_t n;
  // The call that fails, and the one that gives no inputs; 0: none.
  _Atomic int calls, fail_at, absent_at;
} feed;

typedef struct bowl {
  gcut_digest digests[MOST_BATCHES][MOST_OUTPUTS];
  int given[MOST_BATCHES][MOST_OUTPUTS]; // how often
  uint32_t n_outputs;
  bool early; // as a sink may be
  bool fails;
} bowl;

// Weights of a toy at random.
void fill_weights(gcut_graph *g, uint64_t *random);
gcut_status run(const gcut_graph *g, const gcut_plan *plan, const gcut_run_options *options,
                feed *f, bowl *b, gcut_run_result *result, gcut_error *err);

#endif
