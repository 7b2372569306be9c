// Building graphs: order, captures, uses, and every way in which a graph can be wrong.
#include "tracer/build.h"

#include "tests/support/check.h"

static gcut_graph *new_graph(void) {
  gcut_graph *g = NULL;
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  return g;
}

// A node of operator `op` in `body` with up to two inputs and one output.
static uint32_t add_node(gcut_graph *g, uint32_t body, const char *name, const char *op, uint32_t a,
                         uint32_t b, uint32_t output) {
  uint32_t inputs[] = {a, b}, n_inputs = b != GCUT_NONE ? 2 : a != GCUT_NONE ? 1 : 0;
  gcut_node_spec spec = {.name = name,
                         .op_type = op,
                         .body = body,
                         .inputs = inputs,
                         .n_inputs = n_inputs,
                         .outputs = &output,
                         .n_outputs = 1};
  return gcut_graph_add_node(g, &spec);
}

static void nodes_are_put_in_order(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t y = gcut_graph_add_value(g, 0, "y"), z = gcut_graph_add_value(g, 0, "z");
  uint32_t second = add_node(g, 0, "second", "Abs", y, GCUT_NONE, z);
  uint32_t first = add_node(g, 0, "", "Abs", x, GCUT_NONE, y);
  gcut_graph_add_output(g, 0, z);
  assert_ok(gcut_graph_finish(g, err));
  assert_int_equal(g->bodies[0].nodes[0], first);
  assert_int_equal(g->bodies[0].nodes[1], second);
  assert_string_equal(g->nodes[first].name, "Abs_1");
  assert_int_equal(g->nodes[first].version, 18);
  assert_non_null(g->nodes[first].op);
  assert_int_equal(gcut_graph_find_node(g, "second"), second);
  assert_int_equal(gcut_graph_find_node(g, "third"), GCUT_NONE);
  assert_int_equal(gcut_graph_find_value(g, 0, "y"), y);
  assert_int_equal(g->values[y].n_uses, 1);
  assert_int_equal(g->uses[g->values[y].first_use], second);
  gcut_graph_destroy(g);
}

static void a_cycle_is_named(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t y = gcut_graph_add_value(g, 0, "y"), z = gcut_graph_add_value(g, 0, "z");
  add_node(g, 0, "one", "Abs", y, GCUT_NONE, z);
  add_node(g, 0, "two", "Abs", z, GCUT_NONE, y);
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "cycle");
  gcut_graph_destroy(g);
}

static void a_node_that_reads_itself_is_a_cycle(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  add_node(g, 0, "self", "Abs", y, GCUT_NONE, y);
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "'self'");
  gcut_graph_destroy(g);
}

static void a_name_is_given_once(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  gcut_graph_add_value(g, 0, "y");
  gcut_graph_add_value(g, 0, "y");
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "'y' is defined twice");
  gcut_graph_destroy(g);
}

static void a_value_has_one_producer(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  add_node(g, 0, "one", "Abs", x, GCUT_NONE, y);
  add_node(g, 0, "two", "Abs", x, GCUT_NONE, y);
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "'y' is produced twice");
  gcut_graph_destroy(g);
}

static void what_nothing_produces_cannot_be_read(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t x = gcut_graph_add_value(g, 0, "x"), y = gcut_graph_add_value(g, 0, "y");
  add_node(g, 0, "one", "Abs", x, GCUT_NONE, y);
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "'x', which nothing produces");
  gcut_graph_destroy(g);
}

static void a_domain_must_be_imported(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  gcut_node_spec spec = {.name = "n",
                         .op_type = "Abs",
                         .domain = "there",
                         .inputs = &x,
                         .n_inputs = 1,
                         .outputs = &y,
                         .n_outputs = 1};
  gcut_graph_add_node(g, &spec);
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "'there' is not imported");
  gcut_graph_destroy(g);
}

static void an_unknown_operator_is_kept(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  uint32_t node = add_node(g, 0, "n", "NoSuchOperator", x, GCUT_NONE, y);
  assert_ok(gcut_graph_finish(g, err));
  assert_null(g->nodes[node].op);
  gcut_graph_destroy(g);
}

// If with two branches that read `x` of the graph around them; the second branch's If reads it one
// level deeper.
static void captures_reach_through_nested_bodies(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t outer = gcut_graph_add_body(g, "outer"), inner = gcut_graph_add_body(g, "inner");
  uint32_t a = gcut_graph_add_value(g, inner, "same name");
  add_node(g, inner, "inner abs", "Abs", x, GCUT_NONE, a);
  gcut_graph_add_output(g, inner, a);
  gcut_attribute body = {.name = "body", .kind = GCUT_ATTRIBUTE_GRAPH, .n = 1, .body = inner};
  uint32_t b = gcut_graph_add_value(g, outer, "same name");
  gcut_node_spec spec = {.name = "middle",
                         .op_type = "Unknown",
                         .body = outer,
                         .outputs = &b,
                         .n_outputs = 1,
                         .attributes = &body,
                         .n_attributes = 1};
  uint32_t middle = gcut_graph_add_node(g, &spec);
  gcut_graph_add_output(g, outer, b);
  gcut_attribute around = {.name = "body", .kind = GCUT_ATTRIBUTE_GRAPH, .n = 1, .body = outer};
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  spec = (gcut_node_spec){.name = "top",
                          .op_type = "Unknown",
                          .outputs = &y,
                          .n_outputs = 1,
                          .attributes = &around,
                          .n_attributes = 1};
  uint32_t top = gcut_graph_add_node(g, &spec);
  assert_ok(gcut_graph_finish(g, err));
  assert_int_equal(g->nodes[middle].n_captures, 1);
  assert_int_equal(g->nodes[top].n_captures, 1);
  assert_int_equal(gcut_node_captures(g, &g->nodes[top])[0], x);
  assert_int_equal(g->values[x].n_uses, 3);
  gcut_graph_destroy(g);
}

static void a_body_does_not_see_its_sibling(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t one = gcut_graph_add_body(g, "one"), two = gcut_graph_add_body(g, "two");
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t a = gcut_graph_add_value(g, one, "a"), b = gcut_graph_add_value(g, two, "b");
  add_node(g, one, "n1", "Abs", x, GCUT_NONE, a);
  add_node(g, two, "n2", "Abs", a, GCUT_NONE, b);
  gcut_attribute both[] = {{.name = "one", .kind = GCUT_ATTRIBUTE_GRAPH, .n = 1, .body = one},
                           {.name = "two", .kind = GCUT_ATTRIBUTE_GRAPH, .n = 1, .body = two}};
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  gcut_node_spec spec = {.name = "if",
                         .op_type = "Unknown",
                         .outputs = &y,
                         .n_outputs = 1,
                         .attributes = both,
                         .n_attributes = 2};
  gcut_graph_add_node(g, &spec);
  assert_fails(gcut_graph_finish(g, err), GCUT_FORMAT, "does not see");
  gcut_graph_destroy(g);
}

static void scopes_form_a_tree(void **state) {
  (void)state;
  gcut_graph *g = new_graph();
  uint32_t model = gcut_graph_add_scope(g, 0, "model", "");
  uint32_t layer = gcut_graph_add_scope(g, model, "layers.0", "pkg.Layer");
  assert_int_equal(gcut_graph_add_scope(g, model, "layers.0", ""), layer);
  assert_int_equal(gcut_graph_add_scope(g, 0, "model", "pkg.Model"), model);
  assert_string_equal(g->scopes[layer].path, "model.layers.0");
  assert_string_equal(g->scopes[model].class_name, "pkg.Model");
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x")),
           y = gcut_graph_add_value(g, 0, "y");
  gcut_node_spec spec = {
      .op_type = "Abs", .scope = layer, .inputs = &x, .n_inputs = 1, .outputs = &y, .n_outputs = 1};
  gcut_graph_add_node(g, &spec);
  assert_ok(gcut_graph_finish(g, err));
  assert_int_equal(g->scopes[layer].n_nodes, 1);
  assert_int_equal(g->scopes[0].n_nodes, 1);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_are_put_in_order),
      cmocka_unit_test(a_cycle_is_named),
      cmocka_unit_test(a_node_that_reads_itself_is_a_cycle),
      cmocka_unit_test(a_name_is_given_once),
      cmocka_unit_test(a_value_has_one_producer),
      cmocka_unit_test(what_nothing_produces_cannot_be_read),
      cmocka_unit_test(a_domain_must_be_imported),
      cmocka_unit_test(an_unknown_operator_is_kept),
      cmocka_unit_test(captures_reach_through_nested_bodies),
      cmocka_unit_test(a_body_does_not_see_its_sibling),
      cmocka_unit_test(scopes_form_a_tree),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
