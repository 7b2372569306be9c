// Scopes of nodes that tell none: what their neighbours agree on.
#include "tests/support/check.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

static const int64_t dims[] = {4, 4};

static const char *path_of(const gcut_graph *g, const char *node) {
  uint32_t n = gcut_graph_find_node(g, node);
  assert_int_not_equal(n, GCUT_NONE);
  return g->scopes[g->nodes[n].scope].path;
}

typedef struct scopes {
  uint32_t model, first, second, inner;
} scopes;

static gcut_graph *begin(scopes *s) {
  gcut_graph *g = toy_begin();
  s->model = toy_scope(g, 0, "model", "");
  s->first = toy_scope(g, s->model, "layers.0", "");
  s->second = toy_scope(g, s->model, "layers.1", "");
  s->inner = toy_scope(g, s->second, "mlp", "");
  toy_input(g, "x", 2, dims);
  return g;
}

static void check(gcut_graph *g, const char *node, const char *expected) {
  toy_output(g, "y");
  assert_ok(gcut_graph_finish(g, err));
  assert_string_equal(path_of(g, node), expected);
  gcut_graph_destroy(g);
}

static void takes_the_scope_of_its_producers(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, s.first, "a", "Relu", "x", "a");
  toy_node(g, GCUT_NONE, "bare", "Abs", "a", "b");
  toy_node(g, s.second, "c", "Relu", "b", "y");
  check(g, "bare", "model.layers.0");
}

static void takes_the_scope_of_its_users(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, GCUT_NONE, "bare", "Abs", "x", "b");
  toy_node(g, s.inner, "c", "Relu", "b", "c");
  toy_node(g, s.second, "d", "Add", "b c", "y");
  check(g, "bare", "model.layers.1");
}

// Producers in two layers agree on the model; its users say more.
static void prefers_the_inner_scope(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, s.first, "a", "Relu", "x", "a");
  toy_node(g, s.second, "b", "Relu", "x", "b");
  toy_node(g, GCUT_NONE, "bare", "Add", "a b", "c");
  toy_node(g, s.inner, "d", "Relu", "c", "y");
  check(g, "bare", "model.layers.1.mlp");
}

// A residual sum and a norm in one, between the halves of a layer; the stream comes from the layer
// before and goes on to the next.
static void stays_in_the_layer_around_it(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, s.first, "a", "Relu", "x", "a");
  toy_node(g, s.second, "b", "Relu", "a", "b");
  toy_node(g, GCUT_NONE, "bare", "Add", "a b", "c");
  toy_node(g, s.inner, "d", "Relu", "c", "d");
  toy_node(g, s.model, "e", "Add", "c d", "y");
  check(g, "bare", "model.layers.1");
}

static void settles_for_what_all_share(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, GCUT_NONE, "bare", "Abs", "x", "b");
  toy_node(g, s.first, "c", "Relu", "b", "c");
  toy_node(g, s.second, "d", "Add", "b c", "y");
  check(g, "bare", "model");
}

static void passes_through_chains(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, GCUT_NONE, "one", "Abs", "x", "a");
  toy_node(g, GCUT_NONE, "two", "Abs", "a", "b");
  toy_node(g, s.first, "c", "Relu", "b", "y");
  check(g, "one", "model.layers.0");
}

static void leaves_the_root_to_graphs_without_scopes(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, GCUT_NONE, "one", "Abs", "x", "y");
  check(g, "one", "");
}

// The root is a scope that a node may tell.
static void keeps_what_nodes_tell(void **state) {
  (void)state;
  scopes s;
  gcut_graph *g = begin(&s);
  toy_node(g, s.first, "a", "Relu", "x", "a");
  toy_node(g, 0, "told", "Abs", "a", "b");
  toy_node(g, s.first, "c", "Relu", "b", "y");
  check(g, "told", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(takes_the_scope_of_its_producers),
      cmocka_unit_test(takes_the_scope_of_its_users),
      cmocka_unit_test(prefers_the_inner_scope),
      cmocka_unit_test(stays_in_the_layer_around_it),
      cmocka_unit_test(settles_for_what_all_share),
      cmocka_unit_test(passes_through_chains),
      cmocka_unit_test(leaves_the_root_to_graphs_without_scopes),
      cmocka_unit_test(keeps_what_nodes_tell),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
