// Plan files: what is written is read back, and nothing else is accepted.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "graphcut/plan.h"
#include "tests/support/random_graph.h"
#include "tests/support/toy.h"

static char folder[] = "/tmp/graphcut-plan-XXXXXX", path[64];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return 1;
  snprintf(path, sizeof path, "%s/plan.json", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

static void release(gcut_trace *trace) {
  gcut_graph_destroy((gcut_graph *)trace->graph);
  gcut_trace_destroy(trace);
}

// x -> first -> second -> third, the second in a block; "twin" names two nodes.
static gcut_graph *chain(void) {
  static const int64_t shape[] = {0, 4};
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_node(g, 0, "first", "Relu", "x", "a");
  toy_node(g, 0, "second", "Neg", "a", "b");
  toy_node(g, 0, "twin", "Abs", "b", "c");
  toy_node(g, 0, "twin", "Exp", "c", "d");
  toy_node(g, 0, "third", "Add", "d a", "e");
  toy_output(g, "e");
  return g;
}

static gcut_plan *cut(const gcut_trace *t, const char *target) {
  gcut_cut_options options = {.targets = &target, .n_targets = 1, .targets_per_part = 1};
  gcut_plan *plan;
  gcut_error err = {0};
  if (gcut_plan_create(t, &options, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  return plan;
}

static void same_ids(const uint32_t *a, uint32_t n_a, const uint32_t *b, uint32_t n_b) {
  assert_int_equal(n_a, n_b);
  for (uint32_t i = 0; i < n_a; i++) assert_int_equal(a[i], b[i]);
}

static void same_plan(const gcut_plan *a, const gcut_plan *b) {
  assert_int_equal(a->n_parts, b->n_parts);
  assert_int_equal(a->fingerprint, b->fingerprint);
  assert_int_equal(a->unfused, b->unfused);
  assert_int_equal(a->crossing_bytes, b->crossing_bytes);
  assert_string_equal(a->origin.cutter, b->origin.cutter);
  assert_int_equal(a->origin.n_targets, b->origin.n_targets);
  same_ids(a->fetches, a->n_fetches, b->fetches, b->n_fetches);
  same_ids(a->folded, a->n_folded, b->folded, b->n_folded);
  for (uint32_t i = 0; i < a->n_parts; i++) {
    const gcut_part *x = &a->parts[i], *y = &b->parts[i];
    assert_string_equal(x->name, y->name);
    same_ids(x->nodes, x->n_nodes, y->nodes, y->n_nodes);
    same_ids(x->recomputed, x->n_recomputed, y->recomputed, y->n_recomputed);
    same_ids(x->inputs, x->n_inputs, y->inputs, y->n_inputs);
    same_ids(x->outputs, x->n_outputs, y->outputs, y->n_outputs);
    assert_int_equal(x->peak_bytes, y->peak_bytes);
  }
}

static void round_trip(const gcut_trace *t, const gcut_plan *plan) {
  gcut_plan *back;
  gcut_error err = {0};
  if (gcut_plan_write(t, plan, path, &err) != GCUT_OK) fail_msg("%s", err.message);
  if (gcut_plan_read(t, path, &back, &err) != GCUT_OK) fail_msg("%s", err.message);
  same_plan(plan, back);
  gcut_plan_destroy(back);
}

static void round_trips(void **state) {
  (void)state;
  uint64_t seed = 3;
  for (int round = 0; round < 30; round++) {
    gcut_trace *t = toy_trace(random_graph(&seed, 50), 3);
    gcut_plan *plan = cut(t, "Add");
    plan->unfused = round % 2;
    round_trip(t, plan);
    gcut_plan_destroy(plan);
    release(t);
  }
}

static void equal_names(void **state) {
  (void)state;
  gcut_trace *t = toy_trace(chain(), 3);
  gcut_plan *plan = cut(t, "re:(second|third)$");
  round_trip(t, plan);
  gcut_plan_destroy(plan);
  release(t);
}

// The same bytes each time, whatever was there before.
static void stable(void **state) {
  (void)state;
  uint64_t seed = 9;
  gcut_trace *t = toy_trace(random_graph(&seed, 50), 3);
  gcut_plan *plan = cut(t, "Add");
  gcut_error err = {0};
  json_t *first, *second;
  json_error_t why;
  assert_int_equal(gcut_plan_write(t, plan, path, &err), GCUT_OK);
  assert_non_null(first = json_load_file(path, 0, &why));
  assert_int_equal(gcut_plan_write(t, plan, path, &err), GCUT_OK);
  assert_non_null(second = json_load_file(path, 0, &why));
  assert_true(json_equal(first, second));
  json_decref(first);
  json_decref(second);
  gcut_plan_destroy(plan);
  release(t);
}

// ---- what is refused --------------------------------------------------------------------------

static char *plan_text(const gcut_trace *t, const gcut_plan *plan) {
  gcut_error err = {0};
  json_error_t why;
  assert_int_equal(gcut_plan_write(t, plan, path, &err), GCUT_OK);
  json_t *file = json_load_file(path, 0, &why);
  char *text = json_dumps(file, JSON_INDENT(1));
  json_decref(file);
  return text;
}

// The plan file with its first `from` replaced.
static void refuses(const char *from, const char *to, const char *expected) {
  gcut_trace *t = toy_trace(chain(), 3);
  gcut_plan *plan = cut(t, "re:(second|third)$"), *back;
  char *text = plan_text(t, plan), edited[4096];
  char *at = strstr(text, from);
  if (!at) fail_msg("no '%s' in %s", from, text);
  int n =
      snprintf(edited, sizeof edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  gcut_error err = {0};
  if (gcut_plan_parse(t, edited, (size_t)n, "p.json", &back, &err) != GCUT_FORMAT)
    fail_msg("'%s' for '%s' was taken", to, from);
  assert_null(back);
  if (strncmp(err.message, "p.json: ", 8)) fail_msg("%s", err.message);
  if (!strstr(err.message, expected)) fail_msg("'%s' lacks '%s'", err.message, expected);
  free(text);
  gcut_plan_destroy(plan);
  release(t);
}

static void refused(void **state) {
  (void)state;
  refuses("{", "[", "no JSON at line 2");
  refuses("graphcut-plan", "graphcut-plum", "this is no plan file");
  refuses("\"version\": 1", "\"version\": 2", "another version");
  refuses("\"version\": 1", "\"version\": \"1\"", "'version' is no whole number");
  refuses("\"fuse\": true", "\"fuse\": 1", "'fuse' is neither true nor false");
  refuses("\"parts\": [", "\"fetch\": [", "no JSON");
  refuses("\"parts\": [", "\"folded\": [", "'parts' is missing");
  refuses("\"nodes\": [", "\"recomputed\": [", "'nodes' is missing");
  refuses("\"parts\": [", "\"prats\": [", "a plan has no 'prats'; nearest: 'parts'");
  refuses("\"fuse\"", "\"fused\"", "a plan has no 'fused'; nearest: 'fuse'");
  refuses("\"nodes\"", "\"node\"", "a part has no 'node'; nearest: 'nodes'");
  refuses("\"targets\": [", "\"tragets\": [", "'cutter' has no 'tragets'; nearest: 'targets'");
  refuses("\"fuse\"", "\"fu\\u0007e\"", "a plan has no 'fu?e'");
  refuses("\"first\"", "\"firts\"", "'firts' is named by the plan, but no node of the model");
  refuses("\"first\"", "true", "'nodes' holds something that is no string");
  refuses("\"first\"", "\"fir\\u0000st\"", "no JSON"); // NUL is refused by the parser
  refuses("\"first\"", "\"second\"", "is in two parts");
  refuses("    \"second\"", "\"first\"", "is in two parts");
  refuses("\"first\"", "\"third\"", "two parts");
  refuses("    \"second\",", "", "node 'second' (Neg) is in no part");
  refuses("\"first\"", "\"first\", \"first\"", "lists node 'first' twice");
  refuses("\"first\"", "99", "'99' is named");
  refuses("\"first\"", "-1", "'-1' is named");
  refuses("[\n  \"e\"", "[\n  \"z\"", "'z' is fetched, but no value of the model");
  refuses("\"targets_per_part\": 1", "\"targets_per_part\": -1", "out of range");
  refuses("\"name\": \"head\"", "\"name\": \"head\", \"name\": \"tail\"", "no JSON");
}

// Plans edited by hand, in parts of the nodes' names and places: the twins are 2 and 3.
static gcut_status edit(const gcut_trace *t, const char *const *parts, size_t n, gcut_plan **out,
                        gcut_error *err) {
  char text[1024];
  int used = snprintf(text, sizeof text,
                      "{\"format\": \"graphcut-plan\", \"version\": 1, \"model\": \"\", "
                      "\"fingerprint\": \"%016llx\", \"parts\": [",
                      (unsigned long long)gcut_graph_fingerprint(t->graph));
  for (size_t i = 0; i < n; i++)
    used += snprintf(text + used, sizeof text - (size_t)used, "%s{\"name\": \"%zu\", %s}",
                     i ? ", " : "", i, parts[i]);
  used += snprintf(text + used, sizeof text - (size_t)used, "]}");
  gcut_status status = gcut_plan_parse(t, text, (size_t)used, "p.json", out, err);
  if (status == GCUT_OK) status = gcut_plan_verify(t, *out, err);
  return status;
}

static void edited(void **state) {
  (void)state;
  gcut_trace *t = toy_trace(chain(), 3);
  gcut_plan *plan;
  gcut_error err = {0};
  const char *good[] = {"\"nodes\": [\"first\", \"second\"]", "\"nodes\": [\"third\", 2, 3]"};
  if (edit(t, good, 2, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(plan->parts[1].n_nodes, 3);
  assert_int_equal(plan->parts[1].n_inputs, 2);
  gcut_plan_destroy(plan);
  const char *again[] = {"\"nodes\": [\"first\", \"second\"]",
                         "\"nodes\": [\"third\", 2, 3], \"recomputed\": [\"second\"]"};
  if (edit(t, again, 2, &plan, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(plan->parts[1].n_inputs, 1);
  gcut_plan_destroy(plan);
  const char *turned[] = {good[1], good[0]};
  assert_int_equal(edit(t, turned, 2, &plan, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "parts must come in the order in which they run"));
  const char *cycle[] = {"\"nodes\": [\"first\", \"third\"]", "\"nodes\": [\"second\", 2, 3]"};
  assert_int_equal(edit(t, cycle, 2, &plan, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "p.json: parts wait for each other"));
  assert_int_equal(edit(t, NULL, 0, &plan, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "has no part"));
  release(t);
}

static void other_model(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 4};
  gcut_trace *t = toy_trace(chain(), 3);
  gcut_plan *plan = cut(t, "re:(second|third)$"), *back;
  char *text = plan_text(t, plan);
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  toy_node(g, 0, "first", "Relu", "x", "a");
  toy_node(g, 0, "fourth", "Neg", "a", "b");
  toy_output(g, "b");
  gcut_trace *other = toy_trace(g, 3);
  gcut_error err = {0};
  assert_int_equal(gcut_plan_parse(other, text, strlen(text), "p.json", &back, &err), GCUT_FORMAT);
  assert_string_equal(err.message,
                      "p.json: made for another model, '', not for '': it lacks 4 of the plan's 5 "
                      "nodes, such as 'second', and 1 of its nodes are not in the plan, such as "
                      "'fourth'");
  ((gcut_graph *)other->graph)->path = "new/a.onnx";
  const char *named = strstr(text, "\"model\": \"\"");
  assert_non_null(named);
  char *renamed = malloc(strlen(text) + 16);
  sprintf(renamed, "%.*s\"model\": \"a.onnx\"%s", (int)(named - text), text,
          named + strlen("\"model\": \"\""));
  assert_int_equal(gcut_plan_parse(other, renamed, strlen(renamed), "p.json", &back, &err),
                   GCUT_FORMAT);
  assert_non_null(
      strstr(err.message, "made for another export of 'a.onnx' than this one: it lacks"));
  free(renamed);
  free(text);
  gcut_plan_destroy(plan);
  release(other);
  release(t);
}

// Every beginning of a file, and every byte changed, gives a plan or one line.
static void damaged(void **state) {
  (void)state;
  gcut_trace *t = toy_trace(chain(), 3);
  gcut_plan *plan = cut(t, "re:(second|third)$"), *back;
  char *text = plan_text(t, plan);
  size_t n = strlen(text);
  uint64_t seed = 1;
  for (size_t i = 0; i < n; i++) {
    gcut_error err = {0};
    assert_int_equal(gcut_plan_parse(t, text, i, "p.json", &back, &err), GCUT_FORMAT);
    char kept = text[i];
    text[i] = (char)random_next(&seed);
    if (gcut_plan_parse(t, text, n, "p.json", &back, &err) == GCUT_OK)
      gcut_plan_destroy(back);
    else
      assert_true(strlen(err.message) > 0 && !strchr(err.message, '\n'));
    text[i] = kept;
  }
  free(text);
  gcut_plan_destroy(plan);
  release(t);
}

static void not_written(void **state) {
  (void)state;
  gcut_trace *t = toy_trace(chain(), 3);
  gcut_plan *plan = cut(t, "re:(second|third)$"), *back;
  gcut_error err = {0};
  assert_int_equal(gcut_plan_write(t, plan, "/nonexistent/plan.json", &err), GCUT_IO);
  assert_int_equal(gcut_plan_read(t, "/nonexistent/plan.json", &back, &err), GCUT_FORMAT);
  gcut_plan_destroy(plan);
  release(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(round_trips), cmocka_unit_test(equal_names), cmocka_unit_test(stable),
      cmocka_unit_test(refused),     cmocka_unit_test(other_model), cmocka_unit_test(damaged),
      cmocka_unit_test(not_written), cmocka_unit_test(edited),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
