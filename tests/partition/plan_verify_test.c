// What the verifier finds in damaged plans, and what is made of plans by hand.
#include <stdio.h>

#include "graphcut/plan.h"
#include "tests/support/check.h"
#include "tests/support/plan_check.h"
#include "tests/support/toy.h"

// ---- what the verifier finds ------------------------------------------------------------------

typedef void damage(gcut_plan *plan);

static void drop_input(gcut_plan *p) {
  p->parts[1].n_inputs--;
}
static void repeat_input(gcut_plan *p) {
  p->parts[1].inputs[0] = p->parts[1].inputs[1];
}
static void drop_output(gcut_plan *p) {
  p->parts[0].n_outputs--;
}
static void drop_node(gcut_plan *p) {
  p->parts[1].n_nodes--;
}
static void node_twice(gcut_plan *p) {
  p->parts[1].nodes[0] = p->parts[0].nodes[0];
}
static void node_out_of_range(gcut_plan *p) {
  p->parts[0].nodes[0] = 1000000;
}
static void value_out_of_range(gcut_plan *p) {
  p->parts[1].inputs[0] = GCUT_NONE;
}
static void swap_parts(gcut_plan *p) {
  gcut_part first = p->parts[0];
  p->parts[0] = p->parts[1];
  p->parts[1] = first;
}
static void keep_consumed(gcut_plan *p) {
  p->parts[1].n_consumed--;
}
static void consume_early(gcut_plan *p) {
  p->parts[1].consumed = p->parts[1].inputs;
  p->parts[1].n_consumed = p->parts[1].n_inputs;
}
static void drop_constant(gcut_plan *p) {
  p->parts[1].n_constants--;
}
static void wrong_bytes(gcut_plan *p) {
  p->parts[1].input_bytes++;
}
static void no_parts(gcut_plan *p) {
  p->n_parts = 0;
}
static void recompute_nowhere(gcut_plan *p) {
  p->parts[0].recomputed = p->parts[0].nodes;
  p->parts[0].n_recomputed = 1;
}

// x -> a -> b -> c, weights in every node, x and a read by two parts.
static gcut_trace *chain(void) {
  static const int64_t shape[] = {0, 4}, square[] = {4, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_weight(g, "W", 2, square);
  toy_node(g, 0, "first", "MatMul", "x W", "a");
  toy_node(g, 0, "second", "MatMul", "a W", "b");
  toy_node(g, 0, "second_more", "Sum", "b a x", "b2");
  toy_node(g, 0, "third", "MatMul", "b2 W", "c");
  toy_node(g, 0, "third_more", "Add", "c x", "d");
  toy_output(g, "d");
  return toy_trace(g, 3);
}

static void verifier(void **state) {
  (void)state;
  static damage *const damages[] = {
      drop_input,        repeat_input,       drop_output,   drop_node,        node_twice,
      node_out_of_range, swap_parts,         keep_consumed, consume_early,    drop_constant,
      wrong_bytes,       value_out_of_range, no_parts,      recompute_nowhere};
  gcut_trace *t = chain();
  const char *target = "re:(first|second|third)$";
  gcut_cut_options options = {.targets = &target, .n_targets = 1, .unrefined = true};
  for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
    gcut_plan *plan;
    gcut_error err = {0};
    assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
    assert_int_equal(plan->n_parts, 3);
    assert_int_equal(gcut_plan_verify(t, plan, &err), GCUT_OK);
    damages[i](plan);
    if (gcut_plan_verify(t, plan, &err) != GCUT_FORMAT) fail_msg("damage %zu went unseen", i);
    assert_true(strncmp(err.message, "plan: ", 6) == 0);
    gcut_plan_destroy(plan);
  }
  plan_release(t);
}

// ---- plans by hand ----------------------------------------------------------------------------

static gcut_status build(const gcut_trace *t, const char *const *parts, uint32_t n_parts,
                         const char *recomputed, gcut_plan **out, gcut_error *err) {
  gcut_part_spec specs[8] = {0};
  uint32_t nodes[8][8], again[8][8];
  for (uint32_t p = 0; p < n_parts; p++) {
    char text[256], *rest = text, *name;
    snprintf(text, sizeof text, "%s", parts[p]);
    specs[p] = (gcut_part_spec){.name = "p", .nodes = nodes[p], .recomputed = again[p]};
    while ((name = strsep(&rest, " ")))
      nodes[p][specs[p].n_nodes++] = gcut_graph_find_node(t->graph, name);
    if (recomputed && p + 1 == n_parts)
      again[p][specs[p].n_recomputed++] = gcut_graph_find_node(t->graph, recomputed);
  }
  gcut_plan_spec spec = {.parts = specs, .n_parts = n_parts};
  return gcut_plan_build(t, &spec, out, err);
}

static void by_hand(void **state) {
  (void)state;
  gcut_trace *t = chain();
  gcut_plan *plan;
  gcut_error err = {0};
  const char *good[] = {"first second", "second_more third third_more"};
  assert_int_equal(build(t, good, 2, NULL, &plan, &err), GCUT_OK);
  plan_check(t, plan);
  gcut_plan_destroy(plan);

  assert_int_equal(build(t, good, 2, "second", &plan, &err), GCUT_OK);
  plan_check(t, plan);
  assert_int_equal(plan->parts[1].n_recomputed, 1);
  assert_int_equal(plan->parts[1].n_inputs, 2); // b is made again of a
  assert_int_equal(plan->parts[0].n_outputs, 1);
  gcut_plan_destroy(plan);

  const char *missing[] = {"first second", "second_more third"};
  assert_int_equal(build(t, missing, 2, NULL, &plan, &err), GCUT_FORMAT);
  assert_string_equal(err.message, "node 'third_more' (Add) is in no part");
  const char *twice[] = {"first second", "second second_more third third_more"};
  assert_int_equal(build(t, twice, 2, NULL, &plan, &err), GCUT_FORMAT);
  assert_string_equal(err.message, "node 'second' is in two parts: 0 'p' and 1 'p'");
  const char *backwards[] = {"second_more third third_more", "first second"};
  assert_int_equal(build(t, backwards, 2, NULL, &plan, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "parts must come in the order in which they run"));
  const char *cycle[] = {"first third third_more", "second second_more"};
  assert_int_equal(build(t, cycle, 2, NULL, &plan, &err), GCUT_FORMAT);
  assert_string_equal(err.message, "parts wait for each other: part 0 'p' reads 'b2' of part 1 "
                                   "'p', which needs part 0 'p'");
  const char *early[] = {"first", "second second_more third third_more"};
  assert_int_equal(build(t, early, 2, "third", &plan, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "recomputes node 'third', which no earlier part runs"));
  plan_release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(verifier),
      cmocka_unit_test(by_hand),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
