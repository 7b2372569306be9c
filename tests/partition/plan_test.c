// Properties of every plan, on random graphs: it verifies, it can be run part by part with nothing
// but what it lists, and its inputs, outputs and bytes are those that brute force finds.
#include "graphcut/formats.h"
#include "graphcut/plan.h"
#include "tests/support/check.h"
#include "tests/support/plan_check.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

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
      plan_check(t, plan);
      n_cut++;
    } else {
      assert_int_equal(status, GCUT_ARGUMENT); // targets that match nothing
    }
    gcut_plan_destroy(plan);
    plan_release(t);
  }
  assert_true(n_cut > 200);
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
  plan_check(t, plan);
  gcut_plan_destroy(plan);
  plan_release(t);
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
  plan_release(t);
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
  assert_true(plan_holds(p->inputs, p->n_inputs, toy_value(g, "a")) ||
              plan_holds(p->nodes, p->n_nodes, gcut_graph_find_node(g, "first")));
  assert_int_equal(p->weight_bytes, 16);
  assert_int_equal(p->n_constants, 1);
  assert_int_not_equal(g->values[p->constants[0]].body, 0);
  p->constants[0] = toy_value(g, "x");
  assert_int_equal(gcut_plan_verify(t, plan, &err), GCUT_FORMAT);
  gcut_plan_destroy(plan);
  plan_release(t);
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
  plan_check_lists(t, plan);
  plan_check_run(t, plan);
  gcut_plan_destroy(plan);
  plan_release(t);
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
  plan_check_lists(other, again);
  assert_int_equal(again->n_parts, plan->n_parts);
  assert_int_equal(again->crossing_bytes, 3 * plan->crossing_bytes);
  assert_int_equal(gcut_plan_rebase(t, plan, &fetch, 1, &less, &err), GCUT_OK);
  plan_check_lists(t, less);
  plan_check_run(t, less);
  gcut_plan_destroy(less);
  gcut_plan_destroy(again);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(other);
  plan_release(t);
}

// At known sizes z belongs with the first product; while they are to be computed, of a shape in the
// second block, it can come no earlier than that, nor can what reads it.
static void sizes_of_a_later_part(void **state) {
  static const char text[] =
      "<ir_version: 10, opset_import: [\"\": 18]> g (float[batch,4] x, float[4,4] w)"
      " => (float[batch,2,2] y, float[batch,4] b2) <int64[2] two = {2, 2}> {"
      " a1 = MatMul(x, w) a2 = Relu(a1) b1 = Gelu(a2) b2 = Relu(b1)"
      " rows = Shape<start = 0, end = 1>(b2) sizes = Concat<axis = 0>(rows, two)"
      " z = Reshape(a2, sizes) y = Neg(z) }";
  (void)state;
  gcut_graph *g;
  gcut_trace *sized, *symbolic;
  gcut_plan *plan, *other;
  gcut_binding three = {"batch", 3};
  gcut_trace_options tracing = {.bindings = &three, .n_bindings = 1};
  assert_ok(gcut_gcir_parse(text, sizeof text - 1, "sizes", NULL, &g, err));
  assert_ok(gcut_trace_create(g, &tracing, &sized, err));
  assert_ok(gcut_trace_create(g, NULL, &symbolic, err));
  uint32_t a[] = {0, 1, 6, 7}, b[] = {2, 3};
  gcut_part_spec parts[] = {{.name = "a", .nodes = a, .n_nodes = 4},
                            {.name = "b", .nodes = b, .n_nodes = 2}};
  gcut_plan_spec spec = {.parts = parts, .n_parts = 2};
  assert_ok(gcut_plan_build(sized, &spec, &plan, err));
  assert_int_equal(plan->parts[0].n_nodes, 4);
  assert_ok(gcut_plan_rebase(symbolic, plan, NULL, 0, &other, err));
  assert_int_equal(other->parts[0].n_nodes, 2);
  assert_int_equal(other->parts[1].n_nodes, 6);
  gcut_plan_destroy(other);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(symbolic);
  gcut_trace_destroy(sized);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_plans),
      cmocka_unit_test(whole),
      cmocka_unit_test(nothing_to_run),
      cmocka_unit_test(control_flow),
      cmocka_unit_test(symbolic),
      cmocka_unit_test(rebased),
      cmocka_unit_test(sizes_of_a_later_part),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
