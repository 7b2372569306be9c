// Values inside a part: no two alive at once share a byte, and little is wasted.
#include "tests/support/check.h"
#include "tests/support/laid.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

static gcut_plan *whole_of(const gcut_trace *trace) {
  gcut_plan *plan;
  assert_ok(gcut_plan_whole(trace, NULL, &plan, err));
  return plan;
}

static const gcut__home *home_of(const gcut__layout *l, uint32_t value) {
  for (uint32_t i = 0; i < l->n_homes; i++)
    if (l->homes[i].value == value) return &l->homes[i];
  return NULL;
}

static void add_two_indices(gcut_graph *g) {
  gcut_dim two = 2;
  gcut_type type = {.type = GCUT_INT64, .rank = 1, .dims = &two};
  uint32_t index = gcut_graph_add_value(g, 0, "index");
  gcut_value_declare(g, index, &type);
  gcut_graph_add_input(g, 0, index);
}

static void test_a_chain_needs_two_values(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, (int64_t[]){16, 16});
  toy_node(g, 0, "a", "Relu", "x", "v0");
  toy_node(g, 0, "b", "Neg", "v0", "v1");
  toy_node(g, 0, "c", "Relu", "v1", "v2");
  toy_node(g, 0, "d", "Neg", "v2", "v3");
  toy_node(g, 0, "e", "Relu", "v3", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  const gcut__layout l = it.layout;
  assert_int_equal(l.bytes, 2 * 16 * 16 * 4);
  assert_int_equal(home_of(&l, toy_value(g, "y"))->kind, GCUT__HOME_OUTPUT);
  assert_int_equal(l.n_steps, 5);
  assert_int_equal(l.traffic, 10 * 16 * 16 * 4);
  take_up(&it);
}

// Two rows of sixteen, read and written by each node; the other fourteen nobody touches.
static void test_picked_rows_are_the_traffic(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  add_two_indices(g);
  toy_input(g, "x", 2, (int64_t[]){16, 16});
  toy_node(g, 0, "pick", "Gather", "x index", "rows");
  toy_node(g, 0, "negate", "Neg", "rows", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  const gcut__layout l = it.layout;
  assert_int_equal(l.traffic, 2 * 8 + 4 * 2 * 16 * 4);
  take_up(&it);
}

// Of 64 matrices two are picked for two rows; they are read where they are.
static void test_gathered_experts_have_no_place(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  add_two_indices(g);
  toy_input(g, "w", 3, (int64_t[]){64, 16, 16});
  toy_input(g, "x", 3, (int64_t[]){2, 16, 1});
  toy_node(g, 0, "pick", "Gather", "w index", "gathered");
  toy_node(g, 0, "multiply", "MatMul", "gathered x", "product");
  toy_node(g, 0, "negate", "Neg", "product", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  const gcut__layout l = it.layout;
  assert_int_equal(l.n_steps, 2);
  assert_true(l.steps[0].fusion == 0 && l.steps[1].fusion == GCUT_NONE);
  assert_null(home_of(&l, toy_value(g, "gathered")));
  assert_int_equal(l.bytes, gcut_range_bytes(2 * 16 * 4));
  uint64_t row = 2 * 16 * 4;
  assert_int_equal(l.traffic, 2 * 16 * 16 * 4 + 2 * 8 + 2 * row + 2 * row);
  assert_true(l.flops == 2 * 2 * 16 * 16 + 2 * 16);
  take_up(&it);
}

static void test_views_keep_their_base_alive(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, (int64_t[]){16, 16});
  toy_node(g, 0, "a", "Relu", "x", "base");
  toy_node(g, 0, "b", "Flatten", "base", "view");
  toy_node(g, 0, "c", "Relu", "x", "other");
  toy_node(g, 0, "d", "Add", "view other", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  const gcut__layout l = it.layout;
  assert_int_equal(home_of(&l, toy_value(g, "view"))->kind, GCUT__HOME_VIEW);
  assert_int_not_equal(home_of(&l, toy_value(g, "base"))->offset,
                       home_of(&l, toy_value(g, "other"))->offset);
  assert_int_equal(l.bytes, 2 * 16 * 16 * 4);
  take_up(&it);
}

static void test_unknown_sizes_live_on_the_heap(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, (int64_t[]){4, 4});
  toy_node(g, 0, "a", "NonZero", "x", "found");
  toy_node(g, 0, "b", "Shape", "found", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  const gcut__layout l = it.layout;
  assert_int_equal(home_of(&l, toy_value(g, "found"))->kind, GCUT__HOME_HEAP);
  take_up(&it);
}

// a and b in one step that makes both; of c and d, in one step, d alone.
static void test_a_step_of_several_nodes_makes_what_others_read(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, (int64_t[]){16, 16});
  uint32_t a = toy_node(g, 0, "a", "Relu", "x", "v0"), b = toy_node(g, 0, "b", "Neg", "v0", "v1"),
           c = toy_node(g, 0, "c", "Add", "v0 v1", "v2"),
           d = toy_node(g, 0, "d", "Flatten", "v2", "v3");
  toy_node(g, 0, "e", "Sub", "v3 v0", "y");
  toy_output(g, "y");
  gcut_trace *trace = toy_trace(g, 0);
  gcut_plan *plan = whole_of(trace);
  gcut_arena *arena = gcut_arena_create();
  const uint32_t x = toy_value(g, "x"), both[] = {toy_value(g, "v1"), toy_value(g, "v0")},
                 one = toy_value(g, "v3");
  const gcut__fusion fusions[] = {{b, &a, &x, both, 1, 1, 2}, {d, &c, both, &one, 1, 2, 1}};
  gcut__layout l;
  assert_ok(gcut__layout_create_fused(trace, &plan->parts[0], fusions, 2, arena, &l, err));
  assert_int_equal(l.n_steps, 3);
  assert_int_equal(l.steps[0].n_homes, 2);
  assert_int_equal(l.homes[0].value, both[0]);
  assert_int_equal(l.homes[1].value, both[1]);
  assert_int_equal(l.steps[0].n_drops, 0);
  assert_null(home_of(&l, toy_value(g, "v2")));
  assert_int_equal(home_of(&l, one)->kind, GCUT__HOME_WORKSPACE); // no view of v2
  assert_int_equal(l.steps[1].n_drops, 1);                        // v0 is read again
  assert_int_equal(l.drops[l.steps[1].first_drop], both[0]);
  assert_int_equal(l.bytes, 3 * 16 * 16 * 4);
  assert_int_equal(l.traffic, (1 + 2 + 2 + 1 + 2 + 1) * 16 * 16 * 4);
  gcut_arena_destroy(arena);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// a and c in one step, which stands where a does: what c makes is there from then on.
static void test_a_step_stands_where_the_first_of_its_nodes_does(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, (int64_t[]){16, 16});
  uint32_t a = toy_node(g, 0, "a", "Relu", "x", "v0"), b = toy_node(g, 0, "b", "Neg", "v0", "v1"),
           c = toy_node(g, 0, "c", "Abs", "x", "v2");
  toy_node(g, 0, "d", "Sub", "v1 v2", "y");
  toy_output(g, "y");
  gcut_trace *trace = toy_trace(g, 0);
  gcut_plan *plan = whole_of(trace);
  gcut_arena *arena = gcut_arena_create();
  const uint32_t x = toy_value(g, "x"), both[] = {toy_value(g, "v2"), toy_value(g, "v0")};
  const gcut__fusion fusion = {a, &c, &x, both, 1, 1, 2};
  gcut__layout l;
  assert_ok(gcut__layout_create_fused(trace, &plan->parts[0], &fusion, 1, arena, &l, err));
  assert_int_equal(l.n_steps, 3);
  assert_int_equal(l.steps[0].node, a);
  assert_int_equal(l.steps[0].n_homes, 2);
  assert_int_equal(l.steps[1].node, b);
  assert_int_equal(l.steps[1].n_drops, 1); // v0; v2 is read again
  assert_int_equal(l.drops[l.steps[1].first_drop], both[1]);
  assert_int_equal(l.bytes, 3 * 16 * 16 * 4);
  gcut_arena_destroy(arena);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// ---- random graphs ----------------------------------------------------------------------------

typedef struct life {
  uint32_t first, last; // steps
} life;

static life life_of(const gcut_graph *g, const gcut__layout *l, uint32_t value) {
  life x = {UINT32_MAX, 0};
  for (uint32_t s = 0; s < l->n_steps; s++) {
    const gcut_node *node = &g->nodes[l->steps[s].node];
    for (uint32_t i = 0; i < node->n_outputs; i++)
      if (gcut_node_outputs(g, node)[i] == value) x = (life){s, s};
    for (uint32_t i = 0; i < node->n_inputs; i++)
      if (gcut_node_inputs(g, node)[i] == value) x.last = s;
  }
  return x;
}

static void expect_apart(const gcut_graph *g, const gcut__layout *l) {
  for (uint32_t i = 0; i < l->n_homes; i++)
    for (uint32_t k = 0; k < i; k++) {
      const gcut__home *a = &l->homes[i], *b = &l->homes[k];
      if (a->kind != GCUT__HOME_WORKSPACE || b->kind != GCUT__HOME_WORKSPACE) continue;
      if (a->offset + a->bytes <= b->offset || b->offset + b->bytes <= a->offset) continue;
      life x = life_of(g, l, a->value), y = life_of(g, l, b->value);
      assert_true(x.last < y.first || y.last < x.first);
    }
}

static void test_values_alive_at_once_lie_apart(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    uint64_t random = seed;
    gcut_graph *g = random_graph(&random, 30);
    gcut_trace *trace = toy_trace(g, 100);
    gcut_plan *plan = whole_of(trace);
    gcut_arena *arena = gcut_arena_create();
    gcut__layout l;
    assert_ok(gcut__layout_create(trace, &plan->parts[0], arena, &l, err));
    expect_apart(g, &l);
    assert_true(l.n_drops == l.n_homes);
    gcut_arena_destroy(arena);
    gcut_plan_destroy(plan);
    gcut_trace_destroy(trace);
    gcut_graph_destroy(g);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_chain_needs_two_values),
      cmocka_unit_test(test_picked_rows_are_the_traffic),
      cmocka_unit_test(test_gathered_experts_have_no_place),
      cmocka_unit_test(test_views_keep_their_base_alive),
      cmocka_unit_test(test_unknown_sizes_live_on_the_heap),
      cmocka_unit_test(test_a_step_of_several_nodes_makes_what_others_read),
      cmocka_unit_test(test_a_step_stands_where_the_first_of_its_nodes_does),
      cmocka_unit_test(test_values_alive_at_once_lie_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
