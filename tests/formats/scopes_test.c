// Scopes as exporters write them: dynamo's lists, the older one-string form, names of the
// TorchScript exporter, graphcut's own keys.
#include <stdio.h>
#include <stdlib.h>

#include "formats/scopes.h"
#include "tests/support/check.h"

static gcut_string text(const char *s) {
  return (gcut_string){s, s ? strlen(s) : 0};
}

// The path the hints give, with the class after a colon; "-" where they give none.
static void check(gcut__scope_hints hints, const char *expected) {
  gcut_graph *g;
  gcut__scope_memory memory = {0};
  char found[256] = "-";
  assert_ok(gcut_graph_create(&g, err));
  for (int i = 0; i < 2; i++) { // the second time from memory
    uint32_t scope = gcut__scope_find(g, 0, &hints, &memory);
    if (scope != GCUT_NONE)
      snprintf(found, sizeof found, "%s:%s", g->scopes[scope].path, g->scopes[scope].class_name);
    assert_string_equal(found, expected);
  }
  gcut_graph_destroy(g);
}

static void check_lists(const char *names, const char *classes, const char *expected) {
  check((gcut__scope_hints){.names = text(names), .classes = text(classes)}, expected);
}

static void reads_lists(void **state) {
  (void)state;
  check_lists(
      "['', 'model', 'model.layers.0', 'model.layers.0.self_attn', 'mul_3']",
      "['pkg.Llama', 'pkg.LlamaModel', 'pkg.LlamaDecoderLayer', 'pkg.Attention', 'aten.mul']",
      "model.layers.0.self_attn:pkg.Attention");
  check_lists("['', 'mean']", "['pkg.Net', 'aten.mean.dim']", ":pkg.Net");
  // Double quotes, escapes, commas and brackets inside strings.
  check_lists("[\"it's\", 'it\\'s.a, b]', 'n']", "['A', \"B, 'C'\", 'aten.x']",
              "it's.a, b]:B, 'C'");
  check_lists("['a\\x41\\\\', 'n']", "['K', 't']", "aA\\:K");
}

static void knows_nodes_without_a_module(void **state) {
  (void)state;
  check_lists("['mul_3']", "['aten.mul']", "-");
  check_lists("['_empty_nn_module_stack_from_metadata_hook', 'sym_size']",
              "['_empty_nn_module_stack_from_metadata_hook', 'aten.sym_size']", "-");
  check_lists("[]", "[]", "-");
  check((gcut__scope_hints){.name = text("Constant_17")}, "-");
  check((gcut__scope_hints){0}, "-");
}

// A module called from another than its parent keeps its own full path, below the caller.
static void follows_calls(void **state) {
  (void)state;
  check_lists("['', 'layers.0', 'rotary', 'n']", "['M', 'L', 'R', 't']", "layers.0.rotary:R");
  check_lists("['', 'layers.1', 'layers.10.x', 'n']", "['M', 'L', 'R', 't']",
              "layers.1.layers.10.x:R");
}

static void copes_with_broken_lists(void **state) {
  (void)state;
  check_lists("['a', 'a.b', 'n'", "['A']", "a.b:");
  check_lists("['a', 'a.b", "['A', 'B']", "a:A");
  check_lists("nonsense", "['A']", "-");
  check_lists("['a', 'n\\", "['A", "a:A");
}

static void reads_the_one_string_form(void **state) {
  (void)state;
  check((gcut__scope_hints){.namespace_path =
                                text(": net.Net/avgpool: nn.AdaptiveAvgPool2d/mean: aten.mean")},
        "avgpool:nn.AdaptiveAvgPool2d");
  check((gcut__scope_hints){.namespace_path = text("mean: aten.mean")}, "-");
}

static void reads_node_names(void **state) {
  (void)state;
  const struct {
    const char *name, *expected;
  } cases[] = {
      {"/m/model/layers.0/mlp/gate_proj/MatMul", "m.model.layers.0.mlp.gate_proj:"},
      {"/encoder/block/block.1/Erf", "encoder.block.1:"},
      {"/layer1/layer1.0/conv1/Conv", "layer1.0.conv1:"},
      {"/Constant_4", ":"},
      {"StatefulPartitionedCall/model/dense/MatMul", "StatefulPartitionedCall.model.dense:"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check((gcut__scope_hints){.name = text(cases[i].name)}, cases[i].expected);
}

// Metadata before names, lists before the one string, graphcut's own before all.
static void prefers_the_surest(void **state) {
  (void)state;
  gcut__scope_hints hints = {.name = text("/from/name/Op"),
                             .namespace_path = text(": A/path: B/n: t")};
  check(hints, "path:B");
  hints.names = text("['list', 'n']");
  hints.classes = text("['C', 't']");
  check(hints, "list:C");
  hints.own_names = text("['own', 'inner']");
  hints.own_classes = text("['', 'D']");
  check(hints, "own.inner:D");
}

static void stays_within_limits(void **state) {
  (void)state;
  char name[4096];
  size_t n = 0;
  while (n < 3000) n += (size_t)snprintf(name + n, sizeof name - n, "/segment%zu", n);
  gcut_graph *g;
  gcut__scope_memory memory = {0};
  assert_ok(gcut_graph_create(&g, err));
  gcut__scope_find(g, 0, &(gcut__scope_hints){.name = text(name)}, &memory);
  assert_true(g->n_scopes > 30 && g->n_scopes <= 65);
  for (uint32_t i = 0; i < g->n_scopes; i++) assert_true(strlen(g->scopes[i].path) <= 1024);
  gcut_graph_destroy(g);
}

// A list of 300,000 entries costs no more than reading it.
static void reads_long_lists(void **state) {
  (void)state;
  enum { N = 300000 };
  char *list = malloc(N * 5 + 3);
  assert_non_null(list);
  list[0] = '[';
  for (size_t i = 0; i < N; i++) memcpy(list + 1 + i * 5, "\"a\", ", 5);
  memcpy(list + 1 + N * 5, "]", 2);
  check_lists(list, list, "a:a");
  free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_lists),
      cmocka_unit_test(knows_nodes_without_a_module),
      cmocka_unit_test(follows_calls),
      cmocka_unit_test(copes_with_broken_lists),
      cmocka_unit_test(reads_the_one_string_form),
      cmocka_unit_test(reads_node_names),
      cmocka_unit_test(prefers_the_surest),
      cmocka_unit_test(stays_within_limits),
      cmocka_unit_test(reads_long_lists),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
