// Runs that end early, and what a run says of itself on the way.
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/simulate.h"
#include "tests/support/check.h"
#include "tests/support/feed.h"
#include "tests/support/toy.h"

typedef struct fixture {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
  feed feed;
} fixture;

static int set_up(void **state) {
  fixture *x = calloc(1, sizeof *x);
  uint64_t random = 42;
  x->graph = toy_begin();
  toy_input(x->graph, "x", 2, (int64_t[]){0, 4});
  toy_weight(x->graph, "w", 2, (int64_t[]){4, 4});
  toy_node(x->graph, 0, "a", "MatMul", "x w", "y");
  toy_node(x->graph, 0, "b", "Relu", "y", "z");
  toy_node(x->graph, 0, "c", "MatMul", "z w", "out");
  toy_output(x->graph, "out");
  fill_weights(x->graph, &random);
  x->trace = toy_trace(x->graph, 0);
  x->feed = (feed){.graph = x->graph, .rows = {1, 2, 1}, .n = 3};
  uint32_t *nodes = x->graph->bodies[0].nodes;
  gcut_part_spec parts[] = {{.name = "p0", .nodes = nodes, .n_nodes = 1},
                            {.name = "p1", .nodes = nodes + 1, .n_nodes = 1},
                            {.name = "p2", .nodes = nodes + 2, .n_nodes = 1}};
  gcut_plan_spec spec = {.parts = parts, .n_parts = 3};
  *state = x;
  return gcut_plan_build(x->trace, &spec, &x->plan, NULL) == GCUT_OK ? 0 : 1;
}

static int tear_down(void **state) {
  fixture *x = *state;
  gcut_plan_destroy(x->plan);
  gcut_trace_destroy(x->trace);
  gcut_graph_destroy(x->graph);
  free(x);
  return 0;
}

static void test_a_failing_source_ends_the_run(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  gcut_run_options options = {.offload = "prefetch"};
  for (int at = 1; at <= 6; at++) { // three calls for shapes, three for the batches themselves
    bowl b = {0};
    x->feed.calls = 0;
    x->feed.fail_at = at;
    assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_FORMAT,
                 "the source failed");
  }
}

static void test_a_batch_that_changes_ends_the_run(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  gcut_run_options options = {.offload = "sequential"};
  x->feed.absent_at = 1;
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_FORMAT,
               "batch 0: has no input 'x'");
  x->feed.calls = 0;
  x->feed.absent_at = 4; // it was there when shapes were read
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_FORMAT,
               "changed while it was used");
}

static void test_a_failing_sink_ends_the_run(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {.fails = true};
  gcut_run_options options = {.offload = "sequential", .passes = 2};
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_IO,
               "the sink failed");
}

static void test_what_does_not_fit_is_refused_before_work(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  gcut_run_options options = {.offload = "sequential", .budget = 256};
  x->feed.calls = 0;
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_BUDGET,
               "at least ");
  assert_int_equal(x->feed.calls, 3); // shapes only
  assert_int_equal(b.given[0][0], 0);
}

static void test_devices_and_batches_are_checked(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  gcut_run_options options = {.device = "abacus"};
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_ARGUMENT,
               "no device 'abacus'");
  // Names of no device, wherever there is a card or not.
  static const char *const names[] = {
      "",      "cpu:1",   "cpu0",    "sim:",    "CUDA",    "cuda:", "cuda:x",
      "cuda0", "cuda:-1", "cuda: 1", "cuda:+1", "cuda:1 ", "cudax", "cuda:99999999999999999999"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *kind;
    options.device = names[i];
    assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_ARGUMENT,
                 "there are cpu, cuda, cuda:N and sim");
    assert_fails(gcut_device_kind(names[i], &kind, err), GCUT_ARGUMENT, "no device");
  }
  options.device = "cpu";
  x->feed.n = 0;
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_ARGUMENT,
               "no batches");
}

static void test_sim_computes_nothing(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  gcut_run_options options = {.device = "sim", .offload = "prefetch"};
  assert_ok(run(x->graph, x->plan, &options, &x->feed, &b, &result, err));
  assert_true(result.simulated);
  assert_true(result.seconds > 0);
  assert_true(result.bytes_up > 0);
  assert_int_equal(b.given[0][0], 0);
}

static void test_spill_folder_must_be_there(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  gcut_run_options options = {
      .offload = "sequential:place=host", .host_budget = 256, .spill_folder = "/nowhere/at/all"};
  assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_IO,
               "/nowhere/at/all");
}

static void count_progress(void *context, uint64_t done, uint64_t total) {
  _Atomic uint64_t *count = context;
  assert_true(done <= total);
  assert_int_equal(total, 9);
  atomic_fetch_add(count, 1);
}

static void test_progress_counts_parts_and_batches(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  _Atomic uint64_t count = 0;
  gcut_run_options options = {.progress = {count_progress, (void *)&count}};
  assert_ok(run(x->graph, x->plan, &options, &x->feed, &b, &result, err));
  assert_int_equal(count, 9);
}

static bool stop_at_zero(void *context) {
  return atomic_fetch_sub((_Atomic int *)context, 1) == 0;
}

// However far it is: the run ends with what was asked for, and a part more is not computed.
static void test_a_run_can_be_stopped(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  static const char *const ways[] = {"sequential", "prefetch", "sequential:batches=1", "resident"};
  for (int at = 0; at < 9; at++) {
    bowl b = {0};
    _Atomic int left = at;
    gcut_run_options options = {.offload = ways[at % 4],
                                .progress = {.context = (void *)&left, .stop = stop_at_zero}};
    assert_fails(run(x->graph, x->plan, &options, &x->feed, &b, &result, err), GCUT_STOPPED,
                 "stopped by the caller");
    assert_int_equal(left, -1); // nobody asked again
    assert_true(b.given[0][0] + b.given[1][0] + b.given[2][0] < 3);
  }
}

static void test_tracing_and_cutting_can_be_stopped(void **state) {
  fixture *x = *state;
  for (int at = 0; at < 3; at++) {
    _Atomic int left = at;
    gcut_plan *plan;
    gcut_cut_options options = {.cutter = "balanced",
                                .n_parts = 2,
                                .progress = {.context = (void *)&left, .stop = stop_at_zero}};
    assert_fails(gcut_plan_create(x->trace, &options, &plan, err), GCUT_STOPPED, "by the caller");
    assert_null(plan);
  }
  _Atomic int left = 0;
  gcut_trace *trace;
  gcut_trace_options options = {.progress = {.context = (void *)&left, .stop = stop_at_zero}};
  assert_fails(gcut_trace_create(x->graph, &options, &trace, err), GCUT_STOPPED, "by the caller");
  assert_null(trace);
}

static void test_timeline_is_written(void **state) {
  fixture *x = *state;
  gcut_run_result result;
  bowl b = {0};
  char path[] = "/tmp/graphcut-timeline-XXXXXX", text[200] = "";
  close(mkstemp(path));
  gcut_run_options options = {.timeline = path};
  assert_ok(run(x->graph, x->plan, &options, &x->feed, &b, &result, err));
  FILE *file = fopen(path, "r");
  assert_true(fread(text, 1, sizeof text - 1, file) > 0);
  fclose(file);
  unlink(path);
  assert_non_null(strstr(text, "traceEvents"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_failing_source_ends_the_run, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_batch_that_changes_ends_the_run, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_failing_sink_ends_the_run, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_what_does_not_fit_is_refused_before_work, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(test_devices_and_batches_are_checked, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_sim_computes_nothing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_spill_folder_must_be_there, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_progress_counts_parts_and_batches, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_a_run_can_be_stopped, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_tracing_and_cutting_can_be_stopped, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_timeline_is_written, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
