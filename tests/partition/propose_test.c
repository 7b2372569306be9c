// What graphs suggest as targets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graphcut/plan.h"
#include "tests/support/toy.h"

static const int64_t VECTOR[] = {0, 8}, SQUARE[] = {8, 8};

// Experts that an exporter spells out, by class and by numbered names alone: the layers lead, the
// experts follow as the finer target.
static void proposed_experts(void **state) {
  bool has_classes = *state == NULL;
  gcut_graph *g = toy_begin();
  char name[64], in[96], out[64];
  toy_input(g, "h0", 2, VECTOR);
  toy_weight(g, "W", 2, SQUARE);
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "layers.%d", i);
    uint32_t layer = toy_scope(g, 0, name, has_classes ? "pkg.Layer" : "");
    uint32_t experts = toy_scope(g, layer, "experts", has_classes ? "pkg.Experts" : "");
    for (int e = 0; e < 4; e++) {
      snprintf(name, sizeof name, "%d", e);
      uint32_t expert = toy_scope(g, experts, name, has_classes ? "pkg.Expert" : "");
      snprintf(in, sizeof in, "h%d W", i);
      snprintf(out, sizeof out, "up%d_%d", i, e);
      toy_node(g, expert, out, "MatMul", in, out);
      snprintf(in, sizeof in, "up%d_%d W", i, e);
      snprintf(out, sizeof out, "down%d_%d", i, e);
      toy_node(g, expert, out, "MatMul", in, out);
    }
    snprintf(in, sizeof in, "down%d_0 down%d_1 down%d_2 down%d_3 h%d", i, i, i, i, i);
    snprintf(out, sizeof out, "h%d", i + 1);
    toy_node(g, layer, out, "Sum", in, out);
  }
  toy_output(g, "h3");
  gcut_trace *trace = toy_trace(g, 4);
  gcut_proposals p;
  gcut_error err = {0};
  assert_int_equal(gcut_propose_targets(g, &p, &err), GCUT_OK);
  assert_int_equal(p.n, 3);
  assert_string_equal(p.items[0].target, has_classes ? "Layer" : "re:layers\\.\\d+$");
  const char *expert = has_classes ? "Expert" : "re:layers\\.\\d+\\.experts\\.\\d+$";
  assert_string_equal(p.items[2].target, expert);
  assert_int_equal(p.items[2].n_matches, 12);
  gcut_proposals_free(&p);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// What is proposed first for a graph, which it takes.
static const char *first_proposal(gcut_graph *g) {
  static char target[32];
  gcut_trace *trace = toy_trace(g, 4);
  gcut_proposals p;
  gcut_error err = {0};
  assert_int_equal(gcut_propose_targets(g, &p, &err), GCUT_OK);
  snprintf(target, sizeof target, "%s", p.items[0].target);
  gcut_proposals_free(&p);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
  return target;
}

// Layers of `n` nodes and the first of `more`, in each of which a module of a class of its own has
// all but one: layers lead as long as the first is no more than twice as large as another.
static const char *proposed_first(int n, int more) {
  gcut_graph *g = toy_begin();
  char name[64], in[64], out[64] = "h0";
  toy_input(g, "h0", 2, VECTOR);
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, "layers.%d", i);
    uint32_t layer = toy_scope(g, 0, name, "pkg.Layer"), inner = toy_scope(g, layer, "m", "pkg.M");
    for (int k = 0, all = i == 0 ? more : n; k < all; k++) {
      strcpy(in, out);
      snprintf(out, sizeof out, "x%d_%d", i, k);
      toy_node(g, k > 0 && k < n ? inner : layer, out, "Relu", in, out);
    }
  }
  toy_output(g, out);
  return first_proposal(g);
}

static void proposed_uneven_layers(void **state) {
  (void)state;
  assert_string_equal(proposed_first(5, 5), "Layer");
  assert_string_equal(proposed_first(5, 8), "Layer");
  assert_string_equal(proposed_first(5, 10), "Layer");
  assert_string_equal(proposed_first(5, 11), "M");
}

// Two encoders of layers, of which `more` nodes are in none: they are no stack, the layers are.
static const char *proposed_of_two(const char *a, const char *b, int more) {
  gcut_graph *g = toy_begin();
  const char *encoders[] = {a, b};
  char name[64], in[64], out[64] = "h0";
  toy_input(g, "h0", 2, VECTOR);
  for (int e = 0; e < 2; e++) {
    uint32_t encoder = toy_scope(g, 0, encoders[e], "pkg.Encoder"), layer = encoder;
    for (int k = 0; k < 9 + more; k++) {
      snprintf(name, sizeof name, "%s.layers.%d", encoders[e], k / 3);
      if (k % 3 == 0) layer = k < 9 ? toy_scope(g, encoder, name, "pkg.Layer") : encoder;
      strcpy(in, out);
      snprintf(out, sizeof out, "x%d_%d", e, k);
      toy_node(g, layer, out, "Relu", in, out);
    }
  }
  toy_output(g, out);
  return first_proposal(g);
}

static void proposed_stacks_in_two(void **state) {
  (void)state;
  assert_string_equal(proposed_of_two("text", "vision", 0), "Layer");
  assert_string_equal(proposed_of_two("text", "vision", 3), "Layer");
  assert_string_equal(proposed_of_two("text", "vision", 4), "Encoder");
  assert_string_equal(proposed_of_two("stages.0", "stages.1", 0), "Layer");
}

// Layers of two kinds in one stack, of which the larger has one of the smaller within.
static void proposed_layers_within_layers(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  char name[64], in[64], out[64] = "h0";
  toy_input(g, "h0", 2, VECTOR);
  uint32_t model = toy_scope(g, 0, "model", "pkg.Model");
  for (int k = 0; k < 24; k++) { // four layers of six nodes
    snprintf(name, sizeof name, "model.layers.%d", k / 6);
    bool hybrid = k / 6 % 2;
    uint32_t layer = toy_scope(g, model, name, hybrid ? "pkg.Hybrid" : "pkg.Mamba");
    if (hybrid && k % 6 > 2) {
      strcat(name, ".mamba");
      layer = toy_scope(g, layer, name, "pkg.Mamba");
    }
    strcpy(in, out);
    snprintf(out, sizeof out, "x%d", k);
    toy_node(g, layer, out, "Relu", in, out);
  }
  toy_output(g, out);
  assert_string_equal(first_proposal(g), "Hybrid,Mamba");
}

// Layers of two kinds that names alone tell, each with a feed-forward part that all share.
static void proposed_layers_around_what_is_alike(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  char name[64], in[64], out[64] = "h0";
  toy_input(g, "h0", 2, VECTOR);
  for (int k = 0; k < 8; k++) {
    snprintf(name, sizeof name, "layers.%d", k);
    uint32_t layer = toy_scope(g, 0, name, ""), mixer = toy_scope(g, layer, "mixer", ""),
             mlp = toy_scope(g, layer, "mlp", "");
    int n = k % 2 ? 10 : 3;
    for (int i = 0; i < n + 4; i++) {
      strcpy(in, out);
      snprintf(out, sizeof out, "x%d_%d", k, i);
      toy_node(g, i < n ? mixer : mlp, out, "Relu", in, out);
    }
  }
  toy_output(g, out);
  assert_string_equal(first_proposal(g), "re:layers\\.\\d+$");
}

static void link_node(gcut_graph *g, uint32_t scope, const char *op, const char *more, char *at,
                      int *number) {
  char in[96], out[32];
  snprintf(in, sizeof in, "%s %s", at, more);
  snprintf(out, sizeof out, "x%d", ++*number);
  toy_node(g, scope, out, op, in, out);
  strcpy(at, out);
}

// Blocks of a residual stream, each with more nodes without weights than the one before: what they
// weigh tells that they are alike, and no part of them has the stream to itself.
static const char *proposed_residual(const char *format, bool has_classes) {
  gcut_graph *g = toy_begin();
  char name[64], at[32] = "h0", stream[32] = "h0";
  int number = 0;
  toy_input(g, "h0", 2, VECTOR);
  toy_weight(g, "W", 2, SQUARE);
  for (int i = 0; i < 3; i++) {
    snprintf(name, sizeof name, format, i);
    uint32_t block = toy_scope(g, 0, name, has_classes ? "pkg.Block" : "");
    uint32_t mlp = toy_scope(g, block, "mlp", has_classes ? "pkg.Mlp" : "");
    link_node(g, block, "MatMul", "W", at, &number);
    for (int k = 0; k <= 4 * i; k++) link_node(g, block, "Relu", "", at, &number);
    link_node(g, mlp, "MatMul", "W", at, &number);
    link_node(g, mlp, "MatMul", "W", at, &number);
    link_node(g, block, "Add", stream, at, &number);
    strcpy(stream, at);
  }
  toy_output(g, at);
  return first_proposal(g);
}

static void proposed_residual_blocks(void **state) {
  (void)state;
  assert_string_equal(proposed_residual("blocks.%d", true), "Block");
  assert_string_equal(proposed_residual("blocks.%d", false), "re:blocks\\.\\d+$");
  assert_string_equal(proposed_residual("stage1.block1-%d", false),
                      "re:stage\\d+\\.block\\d+\\-\\d+$");
  assert_string_equal(proposed_residual("mixed%dc", false), "re:mixed\\d+[a-z]$");
}

// Blocks of two kinds, three each, with two branches side by side: branches are more and cover as
// much, but what one makes waits for the other.
static void proposed_blocks_of_branches(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  char name[64], at[32] = "h0", stream[32] = "h0", sum[64];
  int number = 0;
  toy_input(g, "h0", 2, VECTOR);
  toy_weight(g, "W", 2, SQUARE);
  for (int i = 0; i < 6; i++) {
    snprintf(name, sizeof name, "blocks.%d", i);
    uint32_t block = toy_scope(g, 0, name, i < 3 ? "pkg.A" : "pkg.B");
    for (int b = 0; b < 2; b++) {
      snprintf(name, sizeof name, "branch%d", b);
      uint32_t branch = toy_scope(g, block, name, "pkg.Branch");
      if (b > 0) strcpy(sum, at);
      strcpy(at, stream);
      link_node(g, branch, "MatMul", "W", at, &number);
      link_node(g, branch, "MatMul", "W", at, &number);
    }
    link_node(g, block, "Add", sum, at, &number);
    strcpy(stream, at);
  }
  toy_output(g, at);
  assert_string_equal(first_proposal(g), "A,B");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(proposed_experts),
      cmocka_unit_test_prestate(proposed_experts, "by name"),
      cmocka_unit_test(proposed_uneven_layers),
      cmocka_unit_test(proposed_stacks_in_two),
      cmocka_unit_test(proposed_layers_within_layers),
      cmocka_unit_test(proposed_layers_around_what_is_alike),
      cmocka_unit_test(proposed_residual_blocks),
      cmocka_unit_test(proposed_blocks_of_branches),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
