// What bodies of control operators keep for the next batch.
#include <stdlib.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/feed.h"

// The branch views a table that the part makes of no input, too large to be folded. The table lies
// where the batch has its workspace, which moves as the first part's results stay on the device or
// do not.
static const char text[] =
    "<ir_version: 10, opset_import: [\"\": 18]> g (float[n,4] x) => (float[n,4] y)"
    "<float none = {0}, float much = {90000}, float one = {1}> {"
    " table = Range(none, much, one) high = ReduceMax<keepdims = 0>(x) c = Less(high, much)"
    " z = If<then_branch = t () => (float[n,4] a) {"
    " shape = Constant<value_ints = [4, 22500]>() rows = Reshape(table, shape)"
    " p = MatMul(x, rows) last = Constant<value_ints = [1]>() mean = ReduceMean(p, last)"
    " a = Add(x, mean) },"
    " else_branch = e () => (float[n,4] b) { b = Neg(x) }>(c) y = Abs(z) }";

static uint64_t least_budget(const gcut_graph *g, const gcut_plan *plan, feed *f) {
  gcut_run_options options = {.offload = "sequential:prepare=each", .budget = 1};
  gcut_run_result result;
  gcut_error err;
  bowl b = {0};
  assert_int_equal(run(g, plan, &options, f, &b, &result, &err), GCUT_BUDGET);
  const char *least = strstr(err.message, "needs at least ");
  assert_non_null(least);
  return strtoull(least + strlen("needs at least "), NULL, 10);
}

static void views_are_made_anew(void **unused) {
  (void)unused;
  gcut_graph *g;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_run_result result;
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &trace, err));
  gcut_cut_options cut = {.targets = (const char *[]){"Abs"}, .n_targets = 1};
  assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  assert_int_equal(plan->n_parts, 2);
  feed f = {.graph = g, .rows = {64, 64, 64, 64}, .n = 4};
  gcut_run_options options = {.offload = "sequential:prepare=each"};
  bowl expected = {0};
  assert_ok(run(g, plan, &options, &f, &expected, &result, err));
  uint64_t least = least_budget(g, plan, &f);
  for (uint64_t more = 0; more < 8192; more += 256) {
    bowl b = {0};
    options.budget = least + more;
    assert_ok(run(g, plan, &options, &f, &b, &result, err));
    assert_memory_equal(b.digests, expected.digests, sizeof b.digests);
  }
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(views_are_made_anew)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
