// Target matching, cutting at targets, and what is refused, on a toy decoder.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graphcut/formats.h"
#include "graphcut/plan.h"
#include "tests/support/toy.h"

static const int64_t VECTOR[] = {0, 8}, SQUARE[] = {8, 8};

// ids -> embed -> three layers of attn and mlp -> norm -> head; a mask that every layer reads.
static gcut_graph *decoder(void) {
  gcut_graph *g = toy_begin();
  toy_input(g, "ids", 2, VECTOR);
  toy_input(g, "given", 2, VECTOR);
  toy_weight(g, "W", 2, SQUARE);
  uint32_t model = toy_scope(g, 0, "model", "pkg.Model");
  toy_node(g, model, "embed", "Relu", "ids", "h0");
  toy_node(g, model, "mask", "Neg", "given", "m");
  for (int i = 0; i < 3; i++) {
    char name[32], attn[32], out[32], in[64];
    snprintf(name, sizeof name, "layers.%d", i);
    uint32_t layer = toy_scope(g, model, name, "pkg.Layer");
    uint32_t a = toy_scope(g, layer, "attn", "pkg.Attention");
    uint32_t f = toy_scope(g, layer, "mlp", "pkg.Mlp");
    snprintf(name, sizeof name, "qk%d", i);
    snprintf(in, sizeof in, "h%d W", i);
    snprintf(attn, sizeof attn, "a%d", i);
    toy_node(g, a, name, "MatMul", in, attn);
    snprintf(name, sizeof name, "masked%d", i);
    snprintf(in, sizeof in, "a%d m", i);
    snprintf(out, sizeof out, "b%d", i);
    toy_node(g, a, name, "Add", in, out);
    snprintf(name, sizeof name, "up%d", i);
    snprintf(in, sizeof in, "b%d W", i);
    snprintf(out, sizeof out, "h%d", i + 1);
    toy_node(g, f, name, "MatMul", in, out);
  }
  toy_node(g, model, "norm", "Sigmoid", "h3", "n3");
  toy_node(g, 0, "lm_head", "MatMul", "n3 W", "logits");
  toy_output(g, "logits");
  return g;
}

static gcut_plan *cut(const gcut_trace *trace, const char *targets, uint32_t per_part,
                      const char *ignore) {
  char text[256], ignored[256], *rest = text, *rest_ignored = ignored;
  const char *list[16], *ignore_list[16];
  gcut_cut_options options = {.targets = list, .ignore = ignore_list, .unrefined = true};
  options.targets_per_part = per_part;
  snprintf(text, sizeof text, "%s", targets);
  while (rest) list[options.n_targets++] = gcut_target_next(&rest);
  if (ignore) {
    snprintf(ignored, sizeof ignored, "%s", ignore);
    while (rest_ignored) ignore_list[options.n_ignore++] = gcut_target_next(&rest_ignored);
  }
  gcut_plan *plan;
  gcut_error err = {0};
  gcut_status status = gcut_plan_create(trace, &options, &plan, &err);
  if (status != GCUT_OK) fail_msg("%s: %s", targets, err.message);
  status = gcut_plan_verify(trace, plan, &err);
  if (status != GCUT_OK) fail_msg("%s: %s", targets, err.message);
  return plan;
}

static void refuses(const char *targets, const char *expected) {
  gcut_trace *trace = toy_trace(decoder(), 4);
  gcut_cut_options options = {.targets = &targets, .n_targets = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(trace, &options, &plan, &err), GCUT_ARGUMENT);
  assert_null(plan);
  if (!strstr(err.message, expected)) fail_msg("'%s' lacks '%s'", err.message, expected);
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

static void expect_parts(const char *targets, uint32_t per_part, const char *ignore,
                         const char *names) {
  gcut_trace *trace = toy_trace(decoder(), 4);
  gcut_plan *plan = cut(trace, targets, per_part, ignore);
  char text[512] = "";
  for (uint32_t p = 0; p < plan->n_parts; p++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", p ? " " : "",
             plan->parts[p].name);
  assert_string_equal(text, names);
  gcut_plan_destroy(plan);
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

static void vocabulary(void **state) {
  (void)state;
  const char *layers = "head model.layers.0 model.layers.1 model.layers.2";
  expect_parts("Layer", 1, NULL, layers);
  expect_parts("pkg.Layer", 1, NULL, layers);
  expect_parts("re:model\\.layers\\.\\d$", 1, NULL, layers);
  expect_parts("re:model\\.layers", 1, NULL, layers); // nested modules collapse
  expect_parts("Layer,Attention,MatMul", 1, NULL,
               "head model.layers.0 model.layers.1 "
               "model.layers.2 lm_head");
  expect_parts("model.layers.1", 1, NULL, "head model.layers.1");
  expect_parts("up1", 1, NULL, "head up1");
  expect_parts("re:(up|qk)[01]{1,1}", 1, NULL, "head qk0 up0 qk1 up1");
  expect_parts("MatMul", 1, NULL, "head qk0 up0 qk1 up1 qk2 up2 lm_head");
  expect_parts("Mlp,Attention", 1, NULL,
               "head model.layers.0.attn model.layers.0.mlp model.layers.1.attn "
               "model.layers.1.mlp model.layers.2.attn model.layers.2.mlp");
}

static void per_part(void **state) {
  (void)state;
  expect_parts("MatMul", 3, NULL, "head qk0 … qk1 up1 … up2 lm_head");
  expect_parts("Layer", 2, NULL, "head model.layers.0 … layers.1 model.layers.2");
  expect_parts("Layer", 100, NULL, "head model.layers.0 … layers.2");
}

static void ignoring(void **state) {
  (void)state;
  expect_parts("MatMul", 1, "Mlp,lm_head", "head qk0 qk1 qk2");
  expect_parts("Layer", 1, "model.layers.1", "head model.layers.0 model.layers.2");
  expect_parts("Attention", 1, "re:model\\.layers\\.[02]$", "head model.layers.1.attn");
}

static void head_and_tail(void **state) {
  (void)state;
  gcut_trace *trace = toy_trace(decoder(), 4);
  gcut_plan *plan = cut(trace, "Layer", 1, NULL);
  const gcut_graph *g = trace->graph;
  assert_int_equal(plan->n_parts, 4);
  assert_int_equal(plan->parts[0].n_nodes, 2); // embed and the mask
  assert_int_equal(plan->parts[3].n_nodes, 5); // the last layer, norm and lm_head
  assert_int_equal(plan->parts[1].n_inputs, 2);
  assert_int_equal(plan->parts[1].n_consumed, 1); // the mask lives on
  assert_int_equal(plan->parts[1].consumed[0], toy_value(g, "h0"));
  assert_int_equal(plan->parts[3].n_consumed, 2);
  assert_int_equal(plan->parts[1].weight_bytes, 8 * 8 * 4); // one W, read twice
  assert_int_equal(plan->parts[1].n_constants, 1);
  assert_int_equal(plan->parts[1].input_bytes, 2 * 4 * 8 * 4);
  assert_int_equal(plan->crossing_bytes, 6 * 4 * 8 * 4);
  assert_int_equal(plan->pipeline_bytes, 6 * 4 * 8 * 4); // every layer reads the mask anyway
  // weights, h and m, the output, a0 and b0 at once, each in a range of 256 bytes
  assert_int_equal(plan->parts[1].peak_bytes, (1 + 2 + 1 + 2) * 256);
  assert_true(plan->sized);
  gcut_plan_destroy(plan);
  gcut_graph_destroy((gcut_graph *)g);
  gcut_trace_destroy(trace);
}

static void no_match(void **state) {
  (void)state;
  refuses("Leyer", "nearest: 'Layer'");
  refuses("MatMull", "'MatMull' matches no operator type");
  refuses("model.layer.1", "'model.layers.1'");
  refuses("re:nothing", "'re:nothing' matches no");
  refuses("re:(", "no pattern");
  refuses("", "matches no");
}

static void hostile_pattern(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x0", 2, VECTOR);
  for (int i = 0; i < 200; i++) {
    char name[64], in[16], out[16];
    snprintf(name, sizeof name, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d", i);
    snprintf(in, sizeof in, "x%d", i);
    snprintf(out, sizeof out, "x%d", i + 1);
    toy_node(g, 0, name, "Relu", in, out);
  }
  toy_output(g, "x200");
  gcut_trace *trace = toy_trace(g, 4);
  const char *target = "re:(a+)+$";
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(trace, &options, &plan, &err), GCUT_ARGUMENT);
  assert_non_null(strstr(err.message, "too costly"));
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// A module whose two nodes are joined through one outside.
static void cycle(void **state) {
  (void)state;
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, VECTOR);
  uint32_t block = toy_scope(g, 0, "block", "pkg.Block");
  toy_node(g, block, "first", "Relu", "x", "a");
  toy_node(g, 0, "between", "Neg", "a", "b");
  toy_node(g, block, "last", "Add", "a b", "c");
  toy_output(g, "c");
  gcut_trace *trace = toy_trace(g, 4);
  const char *target = "Block";
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(trace, &options, &plan, &err), GCUT_ARGUMENT);
  assert_string_equal(err.message, "target 'Block': 'block' cannot be one part, for it feeds "
                                   "itself from outside: 'first' (Relu) -> 'between' (Neg) -> "
                                   "'last' (Add)");
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

static void fetching(void **state) {
  (void)state;
  gcut_trace *trace = toy_trace(decoder(), 4);
  const char *target = "Layer", *fetch = "h2";
  gcut_cut_options options = {
      .targets = &target, .n_targets = 1, .fetch = &fetch, .n_fetch = 1, .unrefined = true};
  gcut_plan *plan;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_create(trace, &options, &plan, &err), GCUT_OK);
  assert_int_equal(plan->n_parts, 3); // the third layer and what follows are not needed
  assert_int_equal(plan->parts[2].n_outputs, 1);
  assert_int_equal(plan->parts[2].outputs[0], toy_value(trace->graph, "h2"));
  gcut_plan_destroy(plan);
  fetch = "h9";
  assert_int_equal(gcut_plan_create(trace, &options, &plan, &err), GCUT_ARGUMENT);
  assert_non_null(strstr(err.message, "there is no value 'h9'; nearest: 'h"));
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

static void target_lists(void **state) {
  (void)state;
  char text[] = "a,re:x{1,2}(y,z)[,],re:\\,b,in:re:d{1,2},out:re:(e,f),c,";
  char *rest = text;
  assert_string_equal(gcut_target_next(&rest), "a");
  assert_string_equal(gcut_target_next(&rest), "re:x{1,2}(y,z)[,]");
  assert_string_equal(gcut_target_next(&rest), "re:\\,b");
  assert_string_equal(gcut_target_next(&rest), "in:re:d{1,2}");
  assert_string_equal(gcut_target_next(&rest), "out:re:(e,f)");
  assert_string_equal(gcut_target_next(&rest), "c");
  assert_string_equal(gcut_target_next(&rest), "");
  assert_null(gcut_target_next(&rest));
}

static void proposals(void **state) {
  (void)state;
  gcut_graph *g = decoder();
  gcut_trace *trace = toy_trace(g, 4);
  gcut_proposals p;
  gcut_error err = {0};
  assert_int_equal(gcut_propose_targets(g, &p, &err), GCUT_OK);
  assert_int_equal(p.n, 3);
  assert_string_equal(p.items[0].target, "Layer");
  assert_int_equal(p.items[0].n_matches, 3);
  assert_string_equal(p.items[1].target, "Attention");
  assert_string_equal(p.items[2].target, "Mlp");
  gcut_proposals_free(&p);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(vocabulary),   cmocka_unit_test(per_part),
      cmocka_unit_test(ignoring),     cmocka_unit_test(head_and_tail),
      cmocka_unit_test(no_match),     cmocka_unit_test(hostile_pattern),
      cmocka_unit_test(cycle),        cmocka_unit_test(fetching),
      cmocka_unit_test(target_lists), cmocka_unit_test(proposals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
