#include "tests/support/feed.h"

#include <stdatomic.h>
#include <stdio.h>

#include "tests/support/check.h"
#include "tests/support/random_graph.h"

static float element(size_t batch, uint32_t input, int64_t i) {
  return (float)((int64_t)((batch * 31 + input * 17 + (size_t)i * 7) % 23) - 9) / 4;
}

static gcut_status read_feed(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  feed *f = context;
  int call = atomic_fetch_add(&f->calls, 1) + 1;
  if (call == f->absent_at) return GCUT_OK;
  if (call == f->fail_at) {
    snprintf(err->message, sizeof err->message, "the source failed");
    return GCUT_FORMAT;
  }
  for (uint32_t i = 0; i < f->graph->bodies[0].n_inputs; i++) {
    gcut_status status =
        gcut_tensor_create(GCUT_FLOAT, 2, (int64_t[]){f->rows[batch], 4}, &inputs[i], err);
    if (status != GCUT_OK) return status;
    for (int64_t k = 0; k < 4 * f->rows[batch]; k++)
      ((float *)inputs[i]->data)[k] = element(batch, i, k);
  }
  return GCUT_OK;
}

static gcut_status write_bowl(void *context, size_t batch, gcut_tensor *const *outputs,
                              gcut_error *err) {
  bowl *b = context;
  if (b->fails) {
    snprintf(err->message, sizeof err->message, "the sink failed");
    return GCUT_IO;
  }
  for (uint32_t i = 0; i < b->n_outputs; i++) {
    if (!outputs[i]) continue;
    b->given[batch][i]++;
    b->digests[batch][i] = gcut_tensor_digest(outputs[i]);
  }
  return GCUT_OK;
}

void fill_weights(gcut_graph *g, uint64_t *random) {
  for (uint32_t i = 0; i < g->n_constants; i++)
    for (uint64_t k = 0; k < g->constants[i].bytes / 4; k++)
      ((float *)g->constants[i].data)[k] = (float)((int)random_below(random, 9) - 4) / 8;
}

gcut_status run(const gcut_graph *g, const gcut_plan *plan, const gcut_run_options *options,
                feed *f, bowl *b, gcut_run_result *result, gcut_error *err) {
  gcut_source source = {.read = read_feed, .context = f, .n_batches = f->n};
  gcut_sink sink = {.write = write_bowl, .context = b, .early = b->early};
  b->n_outputs = plan->n_fetches;
  assert_true(plan->n_fetches <= MOST_OUTPUTS);
  return gcut_run(g, plan, options, &source, &sink, result, err);
}
