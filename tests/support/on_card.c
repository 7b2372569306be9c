#include "tests/support/on_card.h"

#include <errno.h>

#include "exec/device.h"
#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/open_card.h"
#include "tests/support/random_graph.h"
#include "tracer/base/narrow.h"

int hold_card(void **state) {
  gcut__device *card = NULL;
  if (open_card(program_invocation_name)) assert_ok(gcut__device_open("cuda", &card, err));
  *state = card;
  return 0;
}

int let_card_go(void **state) {
  gcut__device *card = *state;
  if (card) card->ops->destroy(card);
  return 0;
}

enum { MOST_OUTPUTS = 4, MOST_TYPES = 32 };

typedef struct job {
  const gcut_graph *graph;
  const gcut_trace *trace;
  gcut_tensor *made[MOST_OUTPUTS];
  uint32_t n_made;
} job;

// Eighths between -2 and 2 in some order: every type has them.
static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const job *j = context;
  const gcut_body *body = &j->graph->bodies[0];
  uint64_t random = 1;
  (void)batch;
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    const gcut_type *t = &j->trace->facts[body->inputs[i]].type;
    gcut_status status =
        gcut_tensor_create_uninitialized((gcut_dtype)t->type, t->rank, t->dims, &inputs[i], err);
    if (status != GCUT_OK) return status;
    uint64_t n = inputs[i]->bytes * 8 / gcut_dtype_bits(inputs[i]->type);
    for (uint64_t k = 0; k < n; k++) {
      float x = (float)random_below(&random, 33) / 8 - 2;
      if (t->type == GCUT_FLOAT) ((float *)inputs[i]->data)[k] = x;
      if (t->type == GCUT_FLOAT16) ((uint16_t *)inputs[i]->data)[k] = gcut_to_float16(x);
      if (t->type == GCUT_BFLOAT16) ((uint16_t *)inputs[i]->data)[k] = gcut_to_bfloat16(x);
      if (t->type == GCUT_BOOL) ((uint8_t *)inputs[i]->data)[k] = x > -1;
      if (t->type == GCUT_UINT8)
        ((uint8_t *)inputs[i]->data)[k] = (uint8_t)random_below(&random, 256);
    }
  }
  return GCUT_OK;
}

static void end(job *j) {
  for (uint32_t i = 0; i < j->n_made; i++) gcut_tensor_unref(j->made[i]);
}

// Of several batches, which are alike, the last.
static gcut_status keep(void *context, size_t batch, gcut_tensor *const *made, gcut_error *err) {
  job *j = context;
  (void)batch;
  end(j);
  for (uint32_t i = 0; i < j->n_made; i++) {
    gcut_status status = gcut_tensor_create_uninitialized(made[i]->type, made[i]->rank,
                                                          made[i]->dims, &j->made[i], err);
    if (status != GCUT_OK) return status;
    memcpy(j->made[i]->data, made[i]->data, made[i]->bytes);
  }
  return GCUT_OK;
}

// Every operator begins a part where `apart`: types are interned.
static gcut_cut_options cut_options(const gcut_graph *g, bool apart, const char **types) {
  gcut_cut_options o = {.cutter = apart ? NULL : "balanced", .n_parts = !apart, .unrefined = true};
  for (uint32_t i = 0; apart && i < g->n_nodes; i++) {
    size_t k = 0;
    while (k < o.n_targets && types[k] != g->nodes[i].op_type) k++;
    assert_true(k < MOST_TYPES);
    types[k] = g->nodes[i].op_type;
    if (k == o.n_targets) o.n_targets++;
  }
  o.targets = types;
  return o;
}

// `on_host`: what a card leaves to the host.
static job compute(const char *text, const char *device, bool apart, size_t n_batches,
                   const char *on_host) {
  const char *types[MOST_TYPES];
  gcut_graph *g;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_run_result result;
  job j = {0};
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &trace, err));
  gcut_cut_options cut = cut_options(g, apart, types);
  assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  j.graph = g;
  j.trace = trace;
  j.n_made = plan->n_fetches;
  if (apart) assert_true(plan->n_parts > 1);
  gcut_run_options options = {.device = device, .offload = "sequential"};
  gcut_source source = {.read = read_inputs, .context = &j, .n_batches = n_batches};
  gcut_sink sink = {.write = keep, .context = &j};
  assert_ok(gcut_run(g, plan, &options, &source, &sink, &result, err));
  assert_string_equal(result.host_operators, on_host);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
  return j;
}

static job near_to_cpu(const char *text, double tolerance, size_t n_batches, const char *on_host) {
  job whole = compute(text, "cuda", false, n_batches, on_host);
  job cpu = compute(text, "cpu", false, n_batches, "");
  for (uint32_t i = 0; i < whole.n_made; i++) {
    gcut_comparison c;
    assert_ok(gcut_compare("made", whole.made[i], cpu.made[i], tolerance, tolerance, &c, err));
    if (!c.ok) fail_msg("%g away from the CPU's in %s", c.max_abs_error, text);
  }
  end(&cpu);
  return whole;
}

void expect_near(const char *text, double tolerance) {
  job whole = near_to_cpu(text, tolerance, 1, "");
  end(&whole);
}

void expect_with_host(const char *text, const char *on_host) {
  job whole = near_to_cpu(text, 0, 3, on_host);
  end(&whole);
}

void expect_bits(const char *text, double tolerance) {
  job whole = near_to_cpu(text, tolerance, 1, ""), apart = compute(text, "cuda", true, 1, "");
  for (uint32_t i = 0; i < whole.n_made; i++)
    if (!gcut_tensor_equal(whole.made[i], apart.made[i])) fail_msg("other bits in %s", text);
  end(&whole);
  end(&apart);
}
