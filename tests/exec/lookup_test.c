// Parts that look up: told from others, left to the host where that sends less, with the same bits.
#include "exec/problem.h"

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

// ---- which parts ------------------------------------------------------------------------------

static const int64_t TABLE[] = {100, 16}, PICKED[] = {4, 16};

static void add_indices(gcut_graph *g, const char *name) {
  gcut_dim n = PICKED[0];
  gcut_type type = {.type = GCUT_INT64, .rank = 1, .dims = &n};
  uint32_t value = gcut_graph_add_value(g, 0, name);
  gcut_value_declare(g, value, &type);
  gcut_graph_add_input(g, 0, value);
}

// Whether a graph of rows picked from a table, and then `op` on them, looks up.
static bool looks_up(const char *op, const char *inputs) {
  gcut_graph *g = toy_begin();
  gcut_plan *plan;
  toy_input(g, "x", 2, PICKED);
  toy_weight(g, "table", 2, TABLE);
  toy_weight(g, "scale", 1, &TABLE[1]);
  add_indices(g, "index");
  toy_node(g, 0, "pick", "Gather", "table index", "rows");
  if (op) toy_node(g, 0, "then", op, inputs, "y");
  toy_output(g, op ? "y" : "rows");
  gcut_trace *trace = toy_trace(g, 0);
  assert_ok(gcut_plan_whole(trace, NULL, &plan, err));
  bool found = gcut__looks_up(trace, &plan->parts[0]);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
  return found;
}

static void test_what_only_picks_and_moves_looks_up(void **state) {
  (void)state;
  assert_true(looks_up(NULL, NULL));
  assert_true(looks_up("Identity", "rows"));
  assert_true(looks_up("Transpose", "rows"));
  assert_true(looks_up("Add", "index index"));
}

static void test_what_computes_on_floats_does_not(void **state) {
  (void)state;
  assert_false(looks_up("Add", "rows scale"));
  assert_false(looks_up("Neg", "rows"));
  assert_false(looks_up("Transpose", "table"));
  assert_false(looks_up("MatMul", "x scale"));
}

// ---- where they run ---------------------------------------------------------------------------

typedef struct model {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
} model;

static int set_up(void **state) {
  static model m;
  static const gcut_binding sizes[] = {{"batch", 1}, {"seq", 16}};
  gcut_trace_options tracing = {.bindings = sizes, .n_bindings = 2};
  const char *target = "LlamaDecoderLayer";
  gcut_cut_options cut = {.targets = &target, .n_targets = 1};
  assert_ok(gcut_graph_read("examples/models/llama/model.onnx", NULL, &m.graph, err));
  assert_ok(gcut_trace_create(m.graph, &tracing, &m.trace, err));
  assert_ok(gcut_plan_create(m.trace, &cut, &m.plan, err));
  *state = &m;
  return 0;
}

static int tear_down(void **state) {
  model *m = *state;
  gcut_plan_destroy(m->plan);
  gcut_trace_destroy(m->trace);
  gcut_graph_destroy(m->graph);
  return 0;
}

// Runs of the head on the host; no other part runs there.
static uint32_t runs_on_host(const model *m, const char *offload, uint32_t batches,
                             uint64_t budget) {
  gcut_problem *p;
  gcut_schedule *s;
  gcut_problem_options options = {.n_batches = batches, .budget = budget};
  uint32_t n = 0;
  assert_ok(gcut_problem_create(m->trace, m->plan, &options, &p, err));
  assert_ok(gcut_schedule_create(p, offload, NULL, &s, err));
  assert_ok(gcut_schedule_verify(p, s, err));
  for (uint32_t i = 0; i < p->n_parts; i++) assert_int_equal(p->parts[i].looks_up, i == 0);
  for (uint32_t i = 0; i < s->n_commands; i++) {
    const gcut_command *c = &s->commands[i];
    if (c->kind == GCUT_LOAD) assert_true(c->part != 0 || n == 0);
    if (c->kind != GCUT_RUN || c->queue != GCUT_QUEUE_HOST) continue;
    assert_int_equal(c->part, 0);
    n++;
  }
  gcut_schedule_destroy(s);
  gcut_problem_destroy(p);
  return n;
}

static void test_the_host_looks_up_where_weights_stream(void **state) {
  enum { BUDGET = 2 << 20 };
  assert_int_equal(runs_on_host(*state, "prefetch", 3, BUDGET), 3);
  assert_int_equal(runs_on_host(*state, "prefetch", 3, 0), 3);
  assert_int_equal(runs_on_host(*state, "partial:keep=2", 3, BUDGET), 3);
  assert_int_equal(runs_on_host(*state, "sequential", 3, BUDGET), 3);
  assert_int_equal(runs_on_host(*state, "sequential", 3, 0), 0); // to the byte what the plan says
  assert_int_equal(runs_on_host(*state, "resident", 3, BUDGET), 0);
}

// 128 KiB of table against rows of 4 KiB a batch; with batches outside it is loaded for each.
static void test_many_batches_are_worth_the_table(void **state) {
  enum { BUDGET = 4 << 20 };
  assert_int_equal(runs_on_host(*state, "prefetch", 30, BUDGET), 30);
  assert_int_equal(runs_on_host(*state, "prefetch", 40, BUDGET), 0);
  assert_int_equal(runs_on_host(*state, "prefetch:loop=batches", 40, BUDGET), 40);
}

// What the first layer reads of a batch goes up together: not the mask of the first batch behind
// the rows of the last.
static void test_batches_go_up_one_after_another(void **state) {
  const model *m = *state;
  gcut_problem *p;
  gcut_schedule *s;
  gcut_problem_options options = {.n_batches = 5, .budget = 2 << 20};
  uint32_t batch = 0, pushes = 0;
  assert_ok(gcut_problem_create(m->trace, m->plan, &options, &p, err));
  assert_ok(gcut_schedule_create(p, "prefetch", NULL, &s, err));
  for (uint32_t i = 0; i < s->n_commands; i++) {
    const gcut_command *c = &s->commands[i];
    if (c->kind != GCUT_PUSH) continue;
    assert_true(c->batch == batch || c->batch == batch + 1);
    batch = c->batch;
    pushes++;
  }
  assert_int_equal(batch, 4);
  assert_true(pushes >= 10); // rows and mask of each
  gcut_schedule_destroy(s);
  gcut_problem_destroy(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_only_picks_and_moves_looks_up),
      cmocka_unit_test(test_what_computes_on_floats_does_not),
      cmocka_unit_test_setup_teardown(test_the_host_looks_up_where_weights_stream, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_many_batches_are_worth_the_table, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_batches_go_up_one_after_another, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
