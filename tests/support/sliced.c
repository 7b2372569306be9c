#include "tests/support/sliced.h"

#include "graphcut/formats.h"

enum { N_SEQ = 3 };

static const int64_t batch_sizes[SLICED_BATCHES] = {5, 3};

// ---- batches ----------------------------------------------------------------------------------

static gcut_status make_input(const gcut_graph *g, uint32_t value, size_t batch, gcut_tensor **out,
                              gcut_error *err) {
  const gcut_type *type = &g->values[value].declared;
  int64_t dims[GCUT_MAX_RANK];
  char text[64];
  for (int d = 0; d < type->rank; d++) {
    dims[d] = type->dims[d];
    gcut_dim_format(g, type->dims[d], text, sizeof text);
    if (!strcmp(text, "batch")) dims[d] = batch_sizes[batch];
    if (!strcmp(text, "2*batch")) dims[d] = 2 * batch_sizes[batch];
    if (!strcmp(text, "seq")) dims[d] = N_SEQ;
    if (!strcmp(text, "other")) dims[d] = batch_sizes[batch];
  }
  gcut_status status = gcut_tensor_create((gcut_dtype)type->type, type->rank, dims, out, err);
  for (uint64_t k = 0; status == GCUT_OK && k < (*out)->count; k++) {
    uint64_t h = (k + 1) * UINT64_C(0x9e3779b97f4a7c15) + batch * 977 + value * 131;
    h ^= h >> 29;
    h *= UINT64_C(0xbf58476d1ce4e5b9);
    if (type->type == GCUT_INT64) ((int64_t *)(*out)->data)[k] = (int64_t)((h >> 40) % 3);
    if (type->type == GCUT_BOOL) ((bool *)(*out)->data)[k] = (h >> 40) % 3 != 0;
    if (type->type == GCUT_FLOAT) ((float *)(*out)->data)[k] = (float)((h >> 40) % 41) / 10 - 2;
  }
  return status;
}

static gcut_status read_batch(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const gcut_graph *g = context;
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) {
    gcut_status status = make_input(g, g->bodies[0].inputs[i], batch, &inputs[i], err);
    if (status != GCUT_OK) return status;
  }
  return GCUT_OK;
}

// What the sink is given need not outlive the call.
static gcut_status keep(void *context, size_t batch, gcut_tensor *const *outputs, gcut_error *err) {
  sliced_results *r = context;
  for (uint32_t i = 0; i < r->n; i++) {
    if (!outputs[i]) continue;
    assert_null(r->outputs[batch][i]);
    gcut_status status = gcut_tensor_create(outputs[i]->type, outputs[i]->rank, outputs[i]->dims,
                                            &r->outputs[batch][i], err);
    if (status != GCUT_OK) return status;
    if (outputs[i]->bytes) memcpy(r->outputs[batch][i]->data, outputs[i]->data, outputs[i]->bytes);
  }
  return GCUT_OK;
}

void sliced_drop(sliced_results *r) {
  for (int b = 0; b < SLICED_BATCHES; b++)
    for (uint32_t i = 0; i < r->n; i++) gcut_tensor_unref(r->outputs[b][i]);
  *r = (sliced_results){.n = r->n};
}

// ---- running ----------------------------------------------------------------------------------

gcut_status sliced_run(const sliced_model *m, uint32_t micro_batch, const char *offload,
                       sliced_results *out, gcut_error *err) {
  gcut_source source = {read_batch, m->graph, SLICED_BATCHES};
  gcut_sink sink = {keep, out, .early = micro_batch % 2 == 0};
  gcut_run_options options = {.offload = offload, .micro_batch = micro_batch};
  gcut_run_result result;
  *out = (sliced_results){.n = m->plan->n_fetches};
  gcut_status status = gcut_run(m->graph, m->plan, &options, &source, &sink, &result, err);
  if (status == GCUT_OK) assert_int_equal(result.batches, SLICED_BATCHES);
  return status;
}

sliced_model sliced_open(const char *text) {
  sliced_model m = {0};
  gcut_trace *trace;
  assert_ok(gcut_gcir_parse(text, strlen(text), "text.gcir", NULL, &m.graph, err));
  assert_ok(gcut_trace_folded(m.graph, NULL, &trace, err));
  gcut_cut_options options = {.cutter = "balanced", .n_parts = 2};
  if (gcut_plan_create(trace, &options, &m.plan, NULL) != GCUT_OK)
    assert_ok(gcut_plan_whole(trace, NULL, &m.plan, err));
  gcut_trace_destroy(trace);
  return m;
}

void sliced_close(sliced_model *m) {
  sliced_drop(&m->whole);
  gcut_plan_destroy(m->plan);
  gcut_graph_destroy(m->graph);
}

static bool compare(const sliced_model *m, const sliced_results *got, const char *text) {
  for (size_t b = 0; b < SLICED_BATCHES; b++)
    for (uint32_t i = 0; i < got->n; i++) {
      gcut_comparison c;
      gcut_error err = {{0}};
      // Products of other shapes sum in another order.
      gcut_status status =
          gcut_compare("y", got->outputs[b][i], m->whole.outputs[b][i], 1e-4, 1e-5, &c, &err);
      if (status == GCUT_OK && c.ok) continue;
      print_error("batch %zu, output %u: %s\n%s\n", b, i, err.message, text);
      return false;
    }
  return true;
}

// In slices of 1, 2, 3 and 7 as in whole batches.
bool sliced_check(sliced_model *m, const char *text) {
  static const uint32_t sizes[] = {1, 2, 3, 7};
  static const char *const offloads[] = {"sequential", "prefetch", "resident", "auto"};
  assert_ok(sliced_run(m, 0, "resident", &m->whole, err));
  for (size_t k = 0; k < 4; k++) {
    sliced_results got;
    gcut_error err = {{0}};
    bool ran = sliced_run(m, sizes[k], offloads[k], &got, &err) == GCUT_OK;
    if (!ran) print_error("in slices of %u: %s\n%s\n", sizes[k], err.message, text);
    bool same = ran && compare(m, &got, text);
    sliced_drop(&got);
    if (!same) return false;
  }
  return true;
}
