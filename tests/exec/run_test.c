// Plans run: random graphs, cut anywhere, under every strategy, give the bits of the uncut graph.
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/feed.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

enum { N_GRAPHS = 1200 };

static const char *const offloads[] = {
    "resident",
    "resident:place=host,loop=parts",
    "sequential",
    "sequential:place=device",
    "sequential:batches=2",
    "prefetch",
    "prefetch:prepare=each",
    "prefetch:ahead=2,place=device",
    "prefetch:group=3,stream=2,loop=batches",
    "uva",
    "uva:bytes=64",
    "partial:keep=2",
    "partial:keep=1,order=prefix,ahead=0",
    "hybrid:min-tokens=6",
    "hybrid:min-tokens=1000",
    "auto",
};
enum { N_OFFLOADS = sizeof offloads / sizeof *offloads };

static feed make_feed(const gcut_graph *g, uint64_t *random) {
  feed f = {.graph = g, .n = 1 + random_below(random, MOST_BATCHES)};
  for (size_t b = 0; b < f.n; b++) f.rows[b] = 1 + random_below(random, 3);
  return f;
}

// ---- graphs -----------------------------------------------------------------------------------

// What plain arithmetic lacks: views, values of unknown size, sequences, inputs handed on.
static void add_specials(gcut_graph *g, uint64_t *random, uint32_t n_values) {
  char in[64];
  snprintf(in, sizeof in, "v%u", random_below(random, n_values));
  switch (random_below(random, 6)) {
  case 0: // a size that depends on data crosses parts
    toy_node(g, 0, "special0", "NonZero", in, "special_a");
    toy_node(g, 0, "special1", "Transpose", "special_a", "special_b");
    toy_node(g, 0, "special2", "Shape", "special_b", "special_c");
    toy_output(g, "special_b");
    toy_output(g, "special_c");
    break;
  case 1: // a view of a view is an output, and read again
    toy_node(g, 0, "special0", "Identity", in, "special_a");
    toy_node(g, 0, "special1", "Flatten", "special_a", "special_b");
    toy_node(g, 0, "special2", "Neg", "special_b", "special_c");
    toy_output(g, "special_b");
    toy_output(g, "special_c");
    break;
  case 2: // a sequence holds what lay in the slab
    toy_node(g, 0, "special0", "Exp", in, "special_a");
    toy_node(g, 0, "special1", "SequenceConstruct", "special_a v0", "special_b");
    toy_node(g, 0, "special2", "SequenceLength", "special_b", "special_c");
    toy_output(g, "special_b");
    toy_output(g, "special_c");
    break;
  case 3: toy_output(g, "v0"); break; // an input is an output
  case 4: random_prepared(g); break;
  default: break;
  }
}

static gcut_graph *make_graph(uint64_t seed, uint64_t *random) {
  *random = seed;
  uint32_t n = 3 + random_below(random, 25);
  gcut_graph *g = random_graph(random, n);
  uint32_t n_values = 0;
  char name[16];
  do snprintf(name, sizeof name, "v%u", n_values);
  while (toy_value(g, name) != GCUT_NONE && ++n_values);
  add_specials(g, random, n_values);
  fill_weights(g, random);
  return g;
}

static void expect_same(const bowl *a, const bowl *b, const feed *f, uint64_t seed,
                        const char *offload) {
  for (size_t i = 0; i < f->n; i++) {
    for (uint32_t k = 0; k < a->n_outputs; k++) {
      assert_int_equal(a->given[i][k], 1);
      assert_int_equal(b->given[i][k], 1);
    }
    if (memcmp(a->digests[i], b->digests[i], sizeof a->digests[i]))
      fail_msg("graph %llu, %s: batch %zu differs", (unsigned long long)seed, offload, i);
  }
}

// ---- properties -------------------------------------------------------------------------------

static uint64_t floor_of(const gcut_graph *g, const gcut_plan *plan, gcut_run_options options,
                         feed *f) {
  options.budget = 1;
  gcut_run_result result;
  bowl b = {0};
  gcut_error err;
  gcut_status status = run(g, plan, &options, f, &b, &result, &err);
  if (status == GCUT_OK) return 0;
  assert_int_equal(status, GCUT_BUDGET);
  return strtoull(strstr(err.message, "at least ") + strlen("at least "), NULL, 10);
}

static void check_graph(uint64_t seed) {
  uint64_t random;
  gcut_graph *g = make_graph(seed, &random);
  gcut_trace *trace = toy_trace(g, 0);
  gcut_plan *whole, *plan = random_cut(trace, &random, 4);
  feed f = make_feed(g, &random);
  const char *offload = offloads[seed % N_OFFLOADS];
  bowl expected = {0}, found = {.early = seed % 3 == 0};
  gcut_run_result result;
  gcut_run_options plain = {.offload = "resident"}, options = {.offload = offload};
  assert_ok(gcut_plan_whole(trace, NULL, &whole, err));
  assert_ok(run(g, whole, &plain, &f, &expected, &result, err));
  options.passes = 1 + random_below(&random, 2);
  if (random_below(&random, 2)) options.budget = floor_of(g, plan, options, &f);
  assert_ok(run(g, plan, &options, &f, &found, &result, err));
  expect_same(&expected, &found, &f, seed, offload);
  if (options.budget) assert_true(result.peak_device_bytes <= options.budget);
  gcut_plan_destroy(plan);
  gcut_plan_destroy(whole);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

static void test_cut_runs_give_the_uncut_bits(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= N_GRAPHS; seed++) check_graph(seed);
}

static void test_host_budget_spills_and_gives_the_same_bits(void **state) {
  (void)state;
  uint32_t spilled = 0;
  for (uint64_t seed = 5000; seed < 5300; seed++) {
    uint64_t random;
    gcut_graph *g = make_graph(seed, &random);
    gcut_trace *trace = toy_trace(g, 0);
    gcut_plan *plan = random_cut(trace, &random, 4);
    feed f = make_feed(g, &random);
    bowl expected = {.early = seed % 2}, found = {.early = seed % 2};
    gcut_run_result result;
    gcut_error err = {{0}};
    gcut_run_options options = {.offload = "sequential:place=host"};
    assert_ok(run(g, plan, &options, &f, &expected, &result, err));
    options.host_budget = result.peak_host_bytes * 2 / 3 + 1;
    uint64_t all = result.peak_host_bytes;
    gcut_status status = run(g, plan, &options, &f, &found, &result, &err);
    if (status != GCUT_BUDGET) {
      assert_int_equal(status, GCUT_OK);
      expect_same(&expected, &found, &f, seed, "host budget");
      spilled += result.peak_host_bytes < all;
    }
    gcut_plan_destroy(plan);
    gcut_trace_destroy(trace);
    gcut_graph_destroy(g);
  }
  assert_true(spilled > 50);
}

// ---- peaks ------------------------------------------------------------------------------------

static uint64_t largest_peak(const gcut_plan *plan) {
  uint64_t most = 0;
  for (uint32_t p = 0; p < plan->n_parts; p++)
    if (plan->parts[p].peak_bytes > most) most = plan->parts[p].peak_bytes;
  return most;
}

// One part at a time takes what the plan says of its largest part, however the graph is cut.
static void test_the_peak_of_a_run_is_the_planned_one(void **state) {
  (void)state;
  for (uint64_t seed = 7000; seed < 7300; seed++) {
    uint64_t random;
    gcut_graph *g = make_graph(seed, &random);
    feed f = make_feed(g, &random);
    for (size_t b = 1; b < f.n; b++) f.rows[b] = f.rows[0];
    gcut_trace *trace = toy_trace(g, f.rows[0]);
    gcut_plan *plan = random_cut(trace, &random, 4);
    gcut_run_options options = {.offload = "sequential"};
    gcut_run_result result;
    bowl b = {0};
    assert_ok(run(g, plan, &options, &f, &b, &result, err));
    if (result.peak_device_bytes != largest_peak(plan))
      fail_msg("graph %llu: %llu bytes, planned %llu", (unsigned long long)seed,
               (unsigned long long)result.peak_device_bytes,
               (unsigned long long)largest_peak(plan));
    gcut_plan_destroy(plan);
    gcut_trace_destroy(trace);
    gcut_graph_destroy(g);
  }
}

// Of a chain whose every value is an output only what the next part reads is held, where outputs
// are given as they are made; else all of them, till the last part is done.
static void test_early_outputs_are_not_held(void **state) {
  (void)state;
  enum { LENGTH = 20, ROWS = 64 };
  uint64_t random = 1;
  gcut_graph *g = toy_begin();
  char node[16], from[16] = "x", to[16];
  toy_input(g, "x", 2, (int64_t[]){0, 4});
  for (int i = 0; i < LENGTH; i++) {
    snprintf(node, sizeof node, "n%d", i);
    snprintf(to, sizeof to, "y%d", i);
    toy_node(g, 0, node, "Neg", from, to);
    toy_output(g, to);
    memcpy(from, to, sizeof from);
  }
  gcut_trace *trace = toy_trace(g, 0);
  gcut_plan *plan = random_cut(trace, &random, 1);
  feed f = {.graph = g, .rows = {ROWS, ROWS, ROWS}, .n = 3};
  bowl held = {0}, early = {.early = true};
  gcut_run_options options = {.offload = "sequential"};
  gcut_run_result result;
  assert_ok(run(g, plan, &options, &f, &held, &result, err));
  assert_true(result.peak_host_bytes >= LENGTH * f.n * ROWS * 16);
  assert_ok(run(g, plan, &options, &f, &early, &result, err));
  assert_true(result.peak_host_bytes <= 3 * f.n * ROWS * 16);
  expect_same(&held, &early, &f, 0, "early");
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// A table read at sizes alone is none of a run's weights, whatever sizes the batches have.
static void test_what_no_shape_runs_is_not_loaded(void **state) {
  (void)state;
  enum { TABLE_ROWS = 4096 };
  uint64_t random = 7;
  gcut_graph *g = toy_begin();
  gcut_plan *plan;
  bowl b = {0};
  gcut_run_result result;
  gcut_run_options options = {.offload = "sequential"};
  toy_input(g, "x", 2, (int64_t[]){0, 4});
  toy_weight(g, "table", 2, (int64_t[]){TABLE_ROWS, 4});
  toy_node(g, 0, "a", "Shape", "x", "size");
  toy_node(g, 0, "b", "Gather", "table size", "rows");
  toy_node(g, 0, "c", "ReduceSum", "rows", "sum");
  toy_node(g, 0, "d", "Add", "x sum", "out");
  toy_output(g, "out");
  fill_weights(g, &random);
  gcut_trace *trace = toy_trace(g, 0);
  assert_ok(gcut_plan_whole(trace, NULL, &plan, err));
  for (int64_t rows = 1; rows <= 2; rows++) { // batches of one shape, and of two
    feed f = {.graph = g, .rows = {1, rows}, .n = 2};
    assert_ok(run(g, plan, &options, &f, &b, &result, err));
    assert_true(result.peak_device_bytes < TABLE_ROWS * 4);
  }
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_cut_runs_give_the_uncut_bits),
      cmocka_unit_test(test_host_budget_spills_and_gives_the_same_bits),
      cmocka_unit_test(test_the_peak_of_a_run_is_the_planned_one),
      cmocka_unit_test(test_early_outputs_are_not_held),
      cmocka_unit_test(test_what_no_shape_runs_is_not_loaded),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
