// Cutters: by budget no more parts than dynamic programming along the graph's order finds, and
// fewer where another order allows it; balanced ones as many as asked.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/plan.h"
#include "tests/support/check.h"
#include "tests/support/plan_check.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

// The peak of the nodes [from, to) of the whole plan as a part of their own.
static uint64_t peak_alone(const gcut_trace *t, const gcut_plan *all, uint32_t from, uint32_t to) {
  const gcut_part *p = &all->parts[0];
  gcut_part_spec parts[3] = {{.name = "before", .nodes = p->nodes, .n_nodes = from},
                             {.name = "it", .nodes = p->nodes + from, .n_nodes = to - from},
                             {.name = "after", .nodes = p->nodes + to, .n_nodes = p->n_nodes - to}};
  gcut_plan_spec spec = {.parts = parts, .n_parts = 3};
  gcut_plan *plan;
  gcut_error err = {0};
  if (gcut_plan_build(t, &spec, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  uint64_t peak = 0;
  for (uint32_t i = 0; i < plan->n_parts; i++)
    if (!strcmp(plan->parts[i].name, "it")) peak = plan->parts[i].peak_bytes;
  gcut_plan_destroy(plan);
  return peak;
}

// Fewest parts along the whole plan's order that fit, by dynamic programming; 0 where none do.
static uint32_t fewest(const gcut_trace *t, const gcut_plan *all, uint64_t budget) {
  uint32_t n = all->parts[0].n_nodes, least[64] = {0};
  for (uint32_t to = 1; to <= n; to++) {
    least[to] = UINT32_MAX;
    for (uint32_t from = 0; from < to; from++)
      if (least[from] != UINT32_MAX && least[from] + 1 < least[to] &&
          peak_alone(t, all, from, to) <= budget)
        least[to] = least[from] + 1;
  }
  return least[n] == UINT32_MAX ? 0 : least[n];
}

static void by_budget(void **state) {
  (void)state;
  uint64_t seed = 31;
  uint32_t n_cut = 0, n_fewer = 0, n_refused = 0;
  for (int round = 0; round < 400; round++) {
    gcut_trace *t = toy_trace(random_graph(&seed, 6 + random_below(&seed, 14)), 3);
    gcut_plan *all, *plan;
    gcut_error err = {0};
    assert_int_equal(gcut_plan_whole(t, NULL, &all, &err), GCUT_OK);
    gcut_cut_options options = {.budget = 700 + random_below(&seed, 1600)};
    options.unrefined = random_below(&seed, 2);
    uint32_t least = fewest(t, all, options.budget);
    gcut_status status = gcut_plan_create(t, &options, &plan, &err);
    assert_int_equal(status, least ? GCUT_OK : GCUT_BUDGET);
    if (least) {
      plan_check(t, plan);
      assert_true(plan->n_parts <= least);
      n_fewer += plan->n_parts < least;
      for (uint32_t i = 0; i < plan->n_parts; i++)
        assert_true(plan->parts[i].peak_bytes <= options.budget);
      n_cut++;
    } else {
      assert_non_null(strstr(err.message, "alone takes that"));
      n_refused++;
    }
    gcut_plan_destroy(plan);
    gcut_plan_destroy(all);
    plan_release(t);
  }
  assert_true(n_cut > 10 && n_fewer > 10 && n_refused > 2);
}

// What the message says would do does, and a byte less does not.
static void least_budget(void **state) {
  (void)state;
  uint64_t seed = 37;
  gcut_trace *t = toy_trace(random_graph(&seed, 40), 3);
  gcut_cut_options options = {.budget = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_BUDGET);
  const char *takes = strstr(err.message, "least that would do is ");
  assert_non_null(takes);
  options.budget = strtoull(takes + strlen("least that would do is "), NULL, 10);
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
  plan_check(t, plan);
  gcut_plan_destroy(plan);
  options.budget--;
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_BUDGET);
  plan_release(t);
}

static void budget_of_symbols(void **state) {
  (void)state;
  uint64_t seed = 41;
  gcut_trace *t = toy_trace(random_graph(&seed, 20), 0);
  gcut_cut_options options = {.budget = 1000};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_ARGUMENT);
  assert_non_null(strstr(err.message, "give sizes to its symbols"));
  plan_release(t);
}

// What depends on data lives on the host: it counts as nothing, and does not stop the rest.
static void sizes_of_data(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_node(g, 0, "first", "Relu", "x", "a");
  toy_node(g, 0, "which", "NonZero", "a", "where");
  toy_node(g, 0, "turn", "Transpose", "where", "turned");
  toy_node(g, 0, "last", "Neg", "a", "b");
  toy_output(g, "turned");
  toy_output(g, "b");
  gcut_trace *t = toy_trace(g, 3);
  gcut_cut_options options = {.budget = 512};
  gcut_plan *plan;
  gcut_error err = {0};
  if (gcut_plan_create(t, &options, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  if (gcut_plan_verify(t, plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_true(plan->sized);
  for (uint32_t i = 0; i < plan->n_parts; i++)
    assert_true(plan->parts[i].peak_bytes <= options.budget);
  gcut_plan_destroy(plan);
  plan_release(t);
}

static void balanced(void **state) {
  (void)state;
  uint64_t seed = 43;
  for (int round = 0; round < 60; round++) {
    gcut_trace *t = toy_trace(random_graph(&seed, 30), random_below(&seed, 2) ? 3 : 0);
    gcut_plan *all, *plan;
    gcut_error err = {0};
    assert_int_equal(gcut_plan_whole(t, NULL, &all, &err), GCUT_OK);
    uint32_t n = all->parts[0].n_nodes;
    gcut_cut_options options = {.n_parts = 1 + random_below(&seed, 8)};
    if (options.n_parts > n) options.n_parts = n;
    if (gcut_plan_create(t, &options, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
    assert_int_equal(plan->n_parts, options.n_parts);
    plan_check_lists(t, plan);
    plan_check_run(t, plan);
    gcut_plan_destroy(plan);
    options.n_parts = n + 1;
    assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_ARGUMENT);
    gcut_plan_destroy(all);
    plan_release(t);
  }
}

// x, then layers: a product with a square matrix, and its sum with what it read: h<n>.
static gcut_graph *begin_layers(int n) {
  static const int64_t shape[] = {0, 8}, square[] = {8, 8};
  gcut_graph *g = toy_begin();
  toy_input(g, "h0", 2, shape);
  for (int i = 0; i < n; i++) {
    char name[16], in[32], out[16];
    snprintf(name, sizeof name, "W%d", i);
    toy_weight(g, name, 2, square);
    snprintf(in, sizeof in, "h%d W%d", i, i);
    snprintf(out, sizeof out, "a%d", i);
    toy_node(g, 0, "", "MatMul", in, out);
    snprintf(in, sizeof in, "a%d h%d", i, i);
    snprintf(out, sizeof out, "h%d", i + 1);
    toy_node(g, 0, "", "Add", in, out);
  }
  return g;
}

enum { LAYER_BYTES = 8 * 8 * 4 };

// A chain of equal layers falls into equal parts, cut where least crosses.
static void balanced_chain(void **state) {
  (void)state;
  gcut_graph *g = begin_layers(12);
  toy_output(g, "h12");
  gcut_trace *t = toy_trace(g, 4);
  gcut_cut_options options = {.n_parts = 4};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 4);
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(plan->parts[i].weight_bytes, 3 * LAYER_BYTES);
    assert_int_equal(plan->parts[i].n_inputs, 1);
  }
  gcut_plan_destroy(plan);
  plan_release(t);
}

// One node that takes more than all others together is a part; the others share the rest evenly.
static void balanced_before_a_large_node(void **state) {
  (void)state;
  gcut_graph *g = begin_layers(8);
  toy_weight(g, "head", 2, (int64_t[]){8, 160});
  toy_node(g, 0, "", "MatMul", "h8 head", "y");
  toy_output(g, "y");
  gcut_trace *t = toy_trace(g, 4);
  gcut_cut_options options = {.n_parts = 5};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 5);
  for (uint32_t i = 0; i < 4; i++) assert_int_equal(plan->parts[i].weight_bytes, 2 * LAYER_BYTES);
  assert_int_equal(plan->parts[4].weight_bytes, 20 * LAYER_BYTES);
  gcut_plan_destroy(plan);
  plan_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(by_budget),
      cmocka_unit_test(least_budget),
      cmocka_unit_test(budget_of_symbols),
      cmocka_unit_test(sizes_of_data),
      cmocka_unit_test(balanced),
      cmocka_unit_test(balanced_chain),
      cmocka_unit_test(balanced_before_a_large_node),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
