// What repeats in graphs whose exporters left no modules.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graphcut/formats.h"
#include "graphcut/plan.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

static const int64_t VECTOR[] = {0, 8}, SQUARE[] = {8, 8};

static void expect_proposal(const gcut_graph *g, const char *target, uint32_t n_matches) {
  gcut_proposals p;
  gcut_error err = {0};
  if (gcut_propose_targets(g, &p, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(p.n, 1);
  assert_string_equal(p.items[0].target, target);
  assert_int_equal(p.items[0].n_matches, n_matches);
  gcut_proposals_free(&p);
}

static void forget_modules(gcut_graph *g) {
  for (uint32_t n = 0; n < g->n_nodes; n++) g->nodes[n].scope = 0;
  g->n_scopes = 1;
}

// A stack of equal blocks without a name: cut at the first node of each; the first and the last may
// read other things than those between.
static void proposed_by_structure(void **state) {
  bool ends_differ = *state != NULL;
  gcut_graph *g = toy_begin();
  toy_input(g, "x0", 2, VECTOR);
  toy_weight(g, "W", 2, SQUARE);
  toy_node(g, 0, "", "Exp", "x0", "m");
  for (int i = 0; i < 9; i++) {
    char in[32], out[32];
    snprintf(in, sizeof in, "x%d", i);
    snprintf(out, sizeof out, "x%d", i + 1);
    toy_node(g, 0, "", "Neg", in, i < 8 ? out : "h0");
  }
  for (int i = 0; i < 6; i++) {
    char in[32], out[32];
    snprintf(in, sizeof in, "h%d", i);
    snprintf(out, sizeof out, "a%d", i);
    toy_node(g, 0, "", "Relu", in, out);
    snprintf(in, sizeof in, "a%d W", i);
    snprintf(out, sizeof out, "b%d", i);
    toy_node(g, 0, "", "MatMul", in, out);
    snprintf(in, sizeof in, ends_differ && i == 0 ? "b%d x0" : "b%d m", i);
    snprintf(out, sizeof out, "c%d", i);
    toy_node(g, 0, "", "Mul", in, out);
    snprintf(in, sizeof in, ends_differ && i == 5 ? "c%d m" : "c%d h%d", i, i);
    snprintf(out, sizeof out, "h%d", i + 1);
    toy_node(g, 0, "", "Add", in, out);
  }
  toy_output(g, "h6");
  gcut_trace *trace = toy_trace(g, 4);
  gcut_plan *plan;
  gcut_error err = {0};
  expect_proposal(g, "Relu_10,Relu_14,Relu_18,Relu_22,Relu_26,Relu_30", 6);
  assert_int_equal(gcut_plan_create(trace, NULL, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 7);
  for (uint32_t i = 1; i < 7 && !ends_differ; i++)
    assert_int_equal(plan->parts[i].n_nodes - plan->parts[i].n_recomputed, 4);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// A node named after its output, reading `in` and the weight there, if any; its output is `out`.
static void add(gcut_graph *g, const char *op_type, const char *in, const char *weight, int layer,
                const char *out) {
  char name[32], inputs[128];
  snprintf(name, sizeof name, "%s%d", out, layer);
  snprintf(inputs, sizeof inputs, "%s %s", in, weight);
  toy_node(g, 0, name, op_type, inputs, name);
}

// Each layer scales, multiplies and adds what came in. Every third has a product more, of the other
// input; the first makes a mask from sizes that all use.
static gcut_graph *irregular(void) {
  static const int64_t ROW[] = {8}, WIDE[] = {8, 16}, TALL[] = {16, 8};
  gcut_graph *g = toy_begin();
  char h[32] = "x", in[64];
  toy_input(g, "x", 2, VECTOR);
  toy_input(g, "other", 2, VECTOR);
  toy_weight(g, "scale", 1, ROW);
  toy_weight(g, "up", 2, WIDE);
  toy_weight(g, "down", 2, TALL);
  toy_weight(g, "square", 2, SQUARE);
  for (int i = 0; i < 7; i++) {
    add(g, "Mul", h, "scale", i, "norm");
    if (i == 0) {
      add(g, "Shape", "norm0", "", i, "size");
      add(g, "ConstantOfShape", "size0", "", i, "zeros");
      add(g, "ReduceSum", "zeros0", "", i, "mask");
    }
    snprintf(in, sizeof in, "norm%d", i);
    add(g, "MatMul", in, "up", i, "up");
    snprintf(in, sizeof in, "up%d mask0", i);
    add(g, "Add", in, "", i, "masked");
    snprintf(in, sizeof in, "masked%d", i);
    add(g, "MatMul", in, "down", i, "down");
    snprintf(in, sizeof in, "down%d %s", i, h);
    if (i % 3 == 2) {
      add(g, "MatMul", "other", "square", i, "cross");
      snprintf(in + strlen(in), sizeof in - strlen(in), " cross%d", i);
    }
    add(g, "Sum", in, "", i, "h");
    snprintf(h, sizeof h, "h%d", i);
  }
  toy_output(g, "h6");
  return g;
}

static void layers_of_two_kinds(void **state) {
  (void)state;
  gcut_graph *g = irregular();
  gcut_trace *trace = toy_trace(g, 4);
  expect_proposal(g, "norm0,norm1,norm2,norm3,norm4,norm5,norm6", 7);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// No two layers have a weight of the same shape.
static void layers_that_widen(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  char in[32] = "x", weight[32], bias[32];
  toy_input(g, "x", 2, VECTOR);
  for (int i = 0; i < 6; i++) {
    int64_t dims[] = {8 + i, 9 + i};
    snprintf(weight, sizeof weight, "W%d", i);
    snprintf(bias, sizeof bias, "b%d", i);
    toy_weight(g, weight, 2, dims);
    toy_weight(g, bias, 1, dims + 1);
    add(g, "MatMul", in, weight, i, "product");
    snprintf(in, sizeof in, "product%d", i);
    add(g, "Add", in, bias, i, "sum");
    snprintf(in, sizeof in, "sum%d", i);
    add(g, "Relu", in, "", i, "h");
    snprintf(in, sizeof in, "h%d", i);
  }
  toy_output(g, "h5");
  gcut_trace *trace = toy_trace(g, 4);
  expect_proposal(g, "product0,product1,product2,product3,product4,product5", 6);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// Decoders as exporters write them, had they left no names: every layer, the first with the code
// that all share, and those of a vision tower before them.
static void exported_without_names(void **state) {
  static const struct {
    const char *path;
    uint32_t n;
  } models[] = {{"examples/models/llama/model.onnx", 4}, {"examples/models/mllama/model.onnx", 9}};
  (void)state;
  for (size_t i = 0; i < 2; i++) {
    gcut_graph *g;
    gcut_proposals p;
    gcut_error err = {0};
    if (gcut_graph_read(models[i].path, NULL, &g, &err) != GCUT_OK) fail_msg("%s", err.message);
    forget_modules(g);
    assert_int_equal(gcut_propose_targets(g, &p, &err), GCUT_OK);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.items[0].n_matches, models[i].n);
    gcut_proposals_free(&p);
    gcut_graph_destroy(g);
  }
}

// Whatever repeats in a graph by chance can be cut at.
static void what_is_proposed_can_be_cut(void **state) {
  (void)state;
  uint64_t seed = 53;
  uint32_t n_proposed = 0;
  for (int round = 0; round < 300; round++) {
    gcut_graph *g = random_graph(&seed, 10 + random_below(&seed, 90));
    gcut_trace *t = toy_trace(g, 3);
    if (round % 2) forget_modules(g);
    gcut_proposals p;
    gcut_plan *plan;
    gcut_error err = {0};
    if (gcut_propose_targets(g, &p, &err) != GCUT_OK) fail_msg("%s", err.message);
    n_proposed += p.n > 0;
    gcut_proposals_free(&p);
    if (gcut_plan_create(t, NULL, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
    if (gcut_plan_verify(t, plan, &err) != GCUT_OK) fail_msg("%s", err.message);
    gcut_plan_destroy(plan);
    gcut_trace_destroy(t);
    gcut_graph_destroy(g);
  }
  assert_true(n_proposed > 10);
}

// Two layers that run three times each are no parts, for each feeds itself through the other: each
// time is one.
static void cut_where_modules_run_again(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "h0", 2, VECTOR);
  toy_weight(g, "W", 2, SQUARE);
  for (int i = 0; i < 6; i++) {
    char in[32], out[32];
    uint32_t layer = toy_scope(g, 0, i % 2 ? "layers.1" : "layers.0", "pkg.Layer");
    snprintf(in, sizeof in, "h%d W", i);
    snprintf(out, sizeof out, "a%d", i);
    toy_node(g, layer, "", "MatMul", in, out);
    snprintf(in, sizeof in, "a%d", i);
    snprintf(out, sizeof out, "b%d", i);
    toy_node(g, layer, "", "Relu", in, out);
    snprintf(in, sizeof in, "b%d h%d", i, i);
    snprintf(out, sizeof out, "h%d", i + 1);
    toy_node(g, layer, "", "Add", in, out);
  }
  toy_output(g, "h6");
  gcut_trace *t = toy_trace(g, 2);
  gcut_plan *plan;
  gcut_error err = {0};
  if (gcut_plan_create(t, &(gcut_cut_options){0}, &plan, &err) != GCUT_OK)
    fail_msg("%s", err.message);
  assert_int_equal(plan->n_parts, 6);
  for (uint32_t p = 0; p < plan->n_parts; p++) assert_int_equal(plan->parts[p].n_nodes, 3);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(proposed_by_structure),
      cmocka_unit_test_prestate(proposed_by_structure, "ends differ"),
      cmocka_unit_test(layers_of_two_kinds),
      cmocka_unit_test(layers_that_widen),
      cmocka_unit_test(exported_without_names),
      cmocka_unit_test(what_is_proposed_can_be_cut),
      cmocka_unit_test(cut_where_modules_run_again),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
