// Schedules of three models under every strategy stay what they were (`make golden` rewrites them).
// A strategy is a pure function of sizes, so these files change only where someone meant to.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"

typedef struct model {
  const char *path, *target, *golden;
  size_t n_bindings;
  gcut_binding bindings[2];
} model;

static const model models[] = {
    {"examples/models/llama/model.onnx",
     "LlamaDecoderLayer",
     "tests/golden/llama.schedules",
     2,
     {{"batch", 1}, {"seq", 16}}},
    {"examples/models/mllama/model.onnx",
     "MllamaVisionEncoderLayer",
     "tests/golden/mllama.schedules",
     0,
     {{0}}},
    {"examples/models/mlp.gcir", "Block", "tests/golden/mlp.schedules", 1, {{"batch", 4}}},
};
enum { N_MODELS = sizeof models / sizeof *models, N_BATCHES = 3 };

// All strategies' schedules, one after the other.
static char *print_schedules(const gcut_problem *p) {
  char *text = NULL;
  size_t size = 0, n;
  FILE *stream = open_memstream(&text, &size);
  const gcut_strategy *all = gcut_strategies(&n);
  for (size_t i = 0; i < n; i++) {
    gcut_schedule *s;
    assert_ok(gcut_schedule_create(p, all[i].name, NULL, &s, err));
    assert_ok(gcut_schedule_verify(p, s, err));
    gcut_schedule_print(p, s, stream);
    gcut_schedule_destroy(s);
  }
  fclose(stream);
  return text;
}

static char *read_all(const char *path) {
  char *text = NULL, buffer[4096];
  size_t size = 0, n;
  FILE *file = fopen(path, "r"), *stream = open_memstream(&text, &size);
  while (file && (n = fread(buffer, 1, sizeof buffer, file)) > 0) fwrite(buffer, 1, n, stream);
  if (file) fclose(file);
  fclose(stream);
  return text;
}

static char *schedules_of(const model *m) {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_problem *problem;
  gcut_trace_options tracing = {.bindings = m->bindings, .n_bindings = m->n_bindings};
  gcut_cut_options cut = {.targets = &m->target, .n_targets = 1};
  gcut_problem_options sizes = {.n_batches = N_BATCHES};
  assert_ok(gcut_graph_read(m->path, NULL, &graph, err));
  assert_ok(gcut_trace_create(graph, &tracing, &trace, err));
  assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  assert_ok(gcut_problem_create(trace, plan, &sizes, &problem, err));
  char *text = print_schedules(problem);
  gcut_problem_destroy(problem);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(graph);
  return text;
}

static void test_schedules_are_as_the_golden_files_say(void **state) {
  (void)state;
  for (size_t i = 0; i < N_MODELS; i++) {
    char *text = schedules_of(&models[i]);
    if (getenv("GCUT_GOLDEN")) {
      FILE *file = fopen(models[i].golden, "w");
      assert_non_null(file);
      fputs(text, file);
      fclose(file);
    }
    char *wanted = read_all(models[i].golden);
    if (strcmp(text, wanted) != 0)
      fail_msg("%s: run `make golden`, look at the difference", models[i].golden);
    free(wanted);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_schedules_are_as_the_golden_files_say)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
