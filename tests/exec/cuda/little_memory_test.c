// A card of which little is free: that is the budget, where none is given.
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/open_card.h"

enum { MIB = 1 << 20 };

static gcut_status read_floats(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  (void)context, (void)batch;
  return gcut_tensor_create_uninitialized(GCUT_FLOAT, 1, (int64_t[]){64 * MIB}, inputs, err);
}

static gcut_status drop(void *context, size_t batch, gcut_tensor *const *made, gcut_error *err) {
  (void)context, (void)batch, (void)made, (void)err;
  return GCUT_OK;
}

// 256 MiB go in and come out.
static void what_is_free_is_the_budget(void **state) {
  static const char text[] = "<ir_version: 10, opset_import: [\"\": 18]> g (float[67108864] x) =>"
                             " (float[67108864] y) { y = Relu(x) }";
  static const char *const little[] = {"629145600", "314572800"}; // 600 and 300 MiB
  if (!*state) skip();
  gcut_graph *g;
  gcut_trace *trace;
  gcut_plan *plan;
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &trace, err));
  assert_ok(gcut_plan_whole(trace, NULL, &plan, err));
  gcut_run_options options = {.device = "cuda"};
  gcut_source source = {.read = read_floats, .n_batches = 1};
  gcut_sink sink = {.write = drop};
  gcut_run_result result;
  for (size_t i = 0; i < sizeof little / sizeof *little; i++) {
    setenv("GCUT_EMULATED_FREE", little[i], 1);
    assert_fails(gcut_run(g, plan, &options, &source, &sink, &result, err), GCUT_BUDGET,
                 "needs at least 536870912");
  }
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

static char found; // what *state points to where there is a card in software

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(what_is_free_is_the_budget,
                                argc > 0 && open_card_in_software(argv[0]) ? &found : NULL),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
