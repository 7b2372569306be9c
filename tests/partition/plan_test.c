// Properties of every plan, on random graphs: it verifies, it can be run part by part with nothing
// but what it lists, and its inputs, outputs and bytes are those that brute force finds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "graphcut/plan.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

static void release(gcut_trace *trace) {
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

static bool holds(const uint32_t *list, uint32_t n, uint32_t item) {
  for (uint32_t i = 0; i < n; i++)
    if (list[i] == item) return true;
  return false;
}

static bool makes(const gcut_graph *g, const gcut_part *p, uint32_t value) {
  return g->values[value].producer != GCUT_NONE &&
         holds(p->nodes, p->n_nodes, g->values[value].producer);
}

static bool reads(const gcut_graph *g, const gcut_part *p, uint32_t value) {
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *node = &g->nodes[p->nodes[i]];
    if (holds(gcut_node_inputs(g, node), node->n_inputs, value)) return true;
  }
  return false;
}

static bool is_constant(const gcut_trace *t, uint32_t value) {
  return t->facts[value].constant != NULL;
}

// By definition, whatever made the plan.
static void check_lists(const gcut_trace *t, const gcut_plan *plan) {
  const gcut_graph *g = t->graph;
  for (uint32_t v = 0; v < g->n_values; v++) {
    bool fetched = holds(plan->fetches, plan->n_fetches, v), later = false;
    for (uint32_t i = plan->n_parts; i-- > 0;) {
      const gcut_part *p = &plan->parts[i];
      bool outside = reads(g, p, v) && !makes(g, p, v);
      bool input = outside && !is_constant(t, v);
      bool own = makes(g, p, v) && !holds(p->recomputed, p->n_recomputed, g->values[v].producer);
      assert_int_equal(holds(p->inputs, p->n_inputs, v), input);
      assert_int_equal(holds(p->constants, p->n_constants, v), outside && is_constant(t, v));
      assert_int_equal(holds(p->outputs, p->n_outputs, v), own && (later || fetched));
      assert_int_equal(holds(p->consumed, p->n_consumed, v), input && !later && !fetched);
      later |= input;
    }
  }
}

static void check_bytes(const gcut_trace *t, const gcut_plan *plan) {
  uint64_t crossing = 0;
  for (uint32_t v = 0; v < t->graph->n_values; v++) {
    uint64_t bytes, n_readers = 0;
    for (uint32_t i = 0; i < plan->n_parts; i++)
      n_readers += holds(plan->parts[i].inputs, plan->parts[i].n_inputs, v);
    if (n_readers == 0) continue;
    assert_true(gcut_trace_bytes(t, v, &bytes));
    crossing += bytes * (n_readers - (t->graph->values[v].producer == GCUT_NONE));
  }
  assert_int_equal(plan->crossing_bytes, crossing);
  assert_true(plan->crossing_bytes <= plan->unrefined_bytes);
  assert_true(plan->unrefined_bytes <= plan->pipeline_bytes);
}

// Runs the plan on a store of values: a part sees its inputs and constants, no more.
static void check_run(const gcut_trace *t, const gcut_plan *plan) {
  const gcut_graph *g = t->graph;
  bool *stored = calloc(g->n_values, 1), *local = malloc(g->n_values);
  for (uint32_t i = 0; i < g->bodies[0].n_inputs; i++) stored[g->bodies[0].inputs[i]] = true;
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    const gcut_part *p = &plan->parts[i];
    memset(local, 0, g->n_values);
    for (uint32_t k = 0; k < p->n_inputs; k++) assert_true(stored[p->inputs[k]]);
    for (uint32_t k = 0; k < p->n_inputs; k++) local[p->inputs[k]] = true;
    for (uint32_t k = 0; k < p->n_constants; k++) local[p->constants[k]] = true;
    for (uint32_t k = 0; k < p->n_nodes; k++) {
      const gcut_node *node = &g->nodes[p->nodes[k]];
      for (uint32_t r = 0; r < node->n_inputs; r++)
        assert_true(local[gcut_node_inputs(g, node)[r]]);
      for (uint32_t o = 0; o < node->n_outputs; o++) local[gcut_node_outputs(g, node)[o]] = true;
    }
    for (uint32_t k = 0; k < p->n_outputs; k++) assert_true(local[p->outputs[k]]);
    for (uint32_t k = 0; k < p->n_outputs; k++) stored[p->outputs[k]] = true;
    for (uint32_t k = 0; k < p->n_consumed; k++) stored[p->consumed[k]] = false;
  }
  for (uint32_t k = 0; k < plan->n_fetches; k++) assert_true(stored[plan->fetches[k]]);
  free(stored);
  free(local);
}

static void check(const gcut_trace *t, const gcut_plan *plan) {
  gcut_error err = {0};
  if (gcut_plan_verify(t, plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  check_lists(t, plan);
  check_bytes(t, plan);
  check_run(t, plan);
}

// What the graph's random blocks can be cut by.
static const gcut_cut_options *choices(uint64_t *state, gcut_cut_options *o) {
  static const char *const targets[] = {"Block", "Add", "MatMul", "re:n\\d*5$", "Relu", "Sum"};
  static const char *two[2];
  *o = (gcut_cut_options){.targets = two, .n_targets = 1 + random_below(state, 2)};
  two[0] = targets[random_below(state, 6)];
  two[1] = targets[random_below(state, 6)];
  o->targets_per_part = random_below(state, 4);
  o->unrefined = random_below(state, 2);
  return o;
}

static void random_plans(void **state) {
  (void)state;
  uint64_t seed = 1;
  int n_cut = 0;
  for (int round = 0; round < 400; round++) {
    gcut_trace *t = toy_trace(random_graph(&seed, 4 + random_below(&seed, 40)), 3);
    gcut_cut_options options;
    gcut_plan *plan;
    gcut_error err = {0};
    gcut_status status = gcut_plan_create(t, choices(&seed, &options), &plan, &err);
    if (status == GCUT_OK) {
      check(t, plan);
      n_cut++;
    } else {
      assert_int_equal(status, GCUT_ARGUMENT); // targets that match nothing
    }
    gcut_plan_destroy(plan);
    release(t);
  }
  assert_true(n_cut > 200);
}

// ---- the other cutters ------------------------------------------------------------------------

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
  uint32_t n_cut = 0, n_refused = 0;
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
      check(t, plan);
      assert_int_equal(plan->n_parts, least);
      for (uint32_t i = 0; i < plan->n_parts; i++)
        assert_true(plan->parts[i].peak_bytes <= options.budget);
      n_cut++;
    } else {
      assert_non_null(strstr(err.message, "alone takes that"));
      n_refused++;
    }
    gcut_plan_destroy(plan);
    gcut_plan_destroy(all);
    release(t);
  }
  assert_true(n_cut > 10 && n_refused > 2);
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
  check(t, plan);
  gcut_plan_destroy(plan);
  options.budget--;
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_BUDGET);
  release(t);
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
  release(t);
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
  release(t);
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
    check_lists(t, plan);
    check_run(t, plan);
    gcut_plan_destroy(plan);
    options.n_parts = n + 1;
    assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_ARGUMENT);
    gcut_plan_destroy(all);
    release(t);
  }
}

// A chain of equal layers falls into equal parts, cut where least crosses.
static void balanced_chain(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 8}, square[] = {8, 8};
  gcut_graph *g = toy_begin();
  toy_input(g, "h0", 2, shape);
  for (int i = 0; i < 12; i++) {
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
  toy_output(g, "h12");
  gcut_trace *t = toy_trace(g, 4);
  gcut_cut_options options = {.n_parts = 4};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 4);
  for (uint32_t i = 0; i < 4; i++) {
    assert_int_equal(plan->parts[i].weight_bytes, 3 * 8 * 8 * 4);
    assert_int_equal(plan->parts[i].n_inputs, 1);
  }
  gcut_plan_destroy(plan);
  release(t);
}

static void whole(void **state) {
  (void)state;
  uint64_t seed = 7;
  gcut_trace *t = toy_trace(random_graph(&seed, 30), 3);
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_whole(t, NULL, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 1);
  assert_int_equal(plan->crossing_bytes, 0);
  check(t, plan);
  gcut_plan_destroy(plan);
  release(t);
}

// A graph in which nothing has to run still has a plan.
static void nothing_to_run(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_output(g, "x");
  gcut_trace *t = toy_trace(g, 0);
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, NULL, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 1);
  assert_int_equal(plan->parts[0].n_nodes, 0);
  assert_int_equal(gcut_plan_verify(t, plan, &err), GCUT_OK);
  gcut_plan_destroy(plan);
  release(t);
}

// A body of one node that reads `from` of the main graph and, where it is given, a weight of its
// own.
static uint32_t body(gcut_graph *g, const char *op_type, uint32_t from, const char *weight,
                     const char *output) {
  static const int64_t dims[] = {1, 4};
  static const float zeros[4];
  uint32_t b = gcut_graph_add_body(g, op_type), inputs[2] = {from, GCUT_NONE};
  uint32_t v = gcut_graph_add_value(g, b, output);
  gcut_node_spec spec = {.op_type = op_type,
                         .body = b,
                         .inputs = inputs,
                         .n_inputs = weight ? 2 : 1,
                         .outputs = &v,
                         .n_outputs = 1};
  if (weight) {
    gcut_constant k = {.name = weight,
                       .type = GCUT_FLOAT,
                       .rank = 2,
                       .dims = dims,
                       .bytes = sizeof zeros,
                       .file = GCUT_NONE,
                       .data = zeros};
    inputs[1] = gcut_graph_add_value(g, b, weight);
    gcut_graph_add_initializer(g, b, inputs[1], gcut_graph_add_constant(g, &k));
  }
  gcut_graph_add_node(g, &spec);
  gcut_graph_add_output(g, b, v);
  return b;
}

// What the bodies of an If read counts as read by the If; their weights are its weights.
static void control_flow(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_node(g, 0, "first", "Relu", "x", "a");
  toy_node(g, 0, "sum", "ReduceSum", "x", "s");
  toy_node(g, 0, "condition", "IsNaN", "s", "c");
  uint32_t a = toy_value(g, "a"), condition = toy_value(g, "c");
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  gcut_attribute *branches = GCUT_NEW_ARRAY(gcut_graph_arena(g), gcut_attribute, 2);
  branches[0] = (gcut_attribute){.name = "then_branch", .kind = GCUT_ATTRIBUTE_GRAPH, .n = 1};
  branches[1] = (gcut_attribute){.name = "else_branch", .kind = GCUT_ATTRIBUTE_GRAPH, .n = 1};
  branches[0].body = body(g, "Add", a, "inner", "then_y");
  branches[1].body = body(g, "Neg", a, NULL, "else_y");
  gcut_node_spec spec = {.name = "choice",
                         .op_type = "If",
                         .inputs = &condition,
                         .n_inputs = 1,
                         .outputs = &y,
                         .n_outputs = 1,
                         .attributes = branches,
                         .n_attributes = 2};
  gcut_graph_add_node(g, &spec);
  toy_output(g, "y");
  gcut_trace *t = toy_trace(g, 3);
  const char *target = "If";
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  if (gcut_plan_create(t, &options, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  if (gcut_plan_verify(t, plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(plan->n_parts, 2);
  const gcut_part *p = &plan->parts[1];
  assert_true(holds(p->inputs, p->n_inputs, toy_value(g, "a")) ||
              holds(p->nodes, p->n_nodes, gcut_graph_find_node(g, "first")));
  assert_int_equal(p->weight_bytes, 16);
  assert_int_equal(p->n_constants, 1);
  assert_int_not_equal(g->values[p->constants[0]].body, 0);
  p->constants[0] = toy_value(g, "x");
  assert_int_equal(gcut_plan_verify(t, plan, &err), GCUT_FORMAT);
  gcut_plan_destroy(plan);
  release(t);
}

// Symbolic shapes: the same parts, no bytes.
static void symbolic(void **state) {
  (void)state;
  uint64_t seed = 11;
  gcut_trace *t = toy_trace(random_graph(&seed, 40), 0);
  const char *target = "Add";
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
  assert_false(plan->sized);
  assert_int_equal(plan->crossing_bytes, 0);
  check_lists(t, plan);
  check_run(t, plan);
  gcut_plan_destroy(plan);
  release(t);
}

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
  release(t);
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
  check(t, plan);
  gcut_plan_destroy(plan);

  assert_int_equal(build(t, good, 2, "second", &plan, &err), GCUT_OK);
  check(t, plan);
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
  release(t);
}

static void rebased(void **state) {
  (void)state;
  uint64_t seed = 5;
  gcut_graph *g = random_graph(&seed, 60);
  gcut_trace *t = toy_trace(g, 3), *other;
  const char *target = "Add", *fetch = "v20";
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_binding binding = {"n", 9};
  gcut_trace_options tracing = {.bindings = &binding, .n_bindings = 1};
  gcut_plan *plan, *again, *less;
  gcut_error err = {0};
  assert_int_equal(gcut_trace_create(g, &tracing, &other, &err), GCUT_OK);
  assert_int_equal(gcut_plan_create(t, &options, &plan, &err), GCUT_OK);
  assert_int_equal(gcut_plan_rebase(other, plan, NULL, 0, &again, &err), GCUT_OK);
  check_lists(other, again);
  assert_int_equal(again->n_parts, plan->n_parts);
  assert_int_equal(again->crossing_bytes, 3 * plan->crossing_bytes);
  assert_int_equal(gcut_plan_rebase(t, plan, &fetch, 1, &less, &err), GCUT_OK);
  check_lists(t, less);
  check_run(t, less);
  gcut_plan_destroy(less);
  gcut_plan_destroy(again);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(other);
  release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_plans),   cmocka_unit_test(by_budget),
      cmocka_unit_test(least_budget),   cmocka_unit_test(budget_of_symbols),
      cmocka_unit_test(sizes_of_data),  cmocka_unit_test(balanced),
      cmocka_unit_test(balanced_chain), cmocka_unit_test(whole),
      cmocka_unit_test(nothing_to_run), cmocka_unit_test(control_flow),
      cmocka_unit_test(symbolic),       cmocka_unit_test(verifier),
      cmocka_unit_test(by_hand),        cmocka_unit_test(rebased),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
