// Drawings that are coloured: by what parts hold, by the time they took, by another plan.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/drawings.h"
#include "tests/support/folder.h"

static void boxes_are_heated(void **state) {
  (void)state;
  static const char *const hottest[] = {"#f26d45", "#a9410e"};
  gcut_graph *g = NULL;
  assert_ok(gcut_graph_read("examples/models/llama/model.onnx", NULL, &g, err));
  for (int view = GCUT_VIEW_PARTS; view <= GCUT_VIEW_OPS; view++)
    for (int dark = 0; dark < 2; dark++) {
      gcut_draw_options options = {
          .view = (gcut_view)view, .part = GCUT_NONE, .by = GCUT_HEAT_WEIGHTS, .dark = dark};
      char *text = draw_text(g, "LlamaDecoderLayer", options);
      char fill[40];
      snprintf(fill, sizeof fill, "fillcolor=\"%s\"", hottest[dark]);
      assert_non_null(strstr(text, fill));
      assert_non_null(strstr(text, "weights, up to "));
      free(text);
    }
  // Shapes are symbolic: nothing is known to be computed, and that is said.
  char *text = draw_text(
      g, "LlamaDecoderLayer",
      (gcut_draw_options){.view = GCUT_VIEW_LAYERS, .part = GCUT_NONE, .by = GCUT_HEAT_FLOPS});
  assert_non_null(strstr(text, "give sizes with --set"));
  free(text);
  gcut_graph_destroy(g);
}

static void time_comes_from_a_timeline_of_the_same_plan(void **state) {
  (void)state;
  gcut_graph *g = chain(5, "");
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL;
  const char *target = "Relu";
  gcut_cut_options cut = {.targets = &target, .n_targets = 1, .unrefined = true};
  assert_ok(gcut_trace_create(g, NULL, &trace, err));
  assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  char timeline[300];
  snprintf(timeline, sizeof timeline, "%s/t.json", folder);
  FILE *file = fopen(timeline, "w");
  fprintf(file, "{\"otherData\":{\"parts\":[");
  for (uint32_t p = 0; p < plan->n_parts; p++)
    fprintf(file, "%s\"%s\"", p ? "," : "", plan->parts[p].name);
  fprintf(file, "]},\"traceEvents\":[{\"ph\":\"X\",\"cat\":\"run\",\"tid\":3,\"ts\":0,\"dur\":2500,"
                "\"args\":{\"part\":1}}]}");
  fclose(file);
  gcut_draw_options options = {.part = GCUT_NONE, .by = GCUT_HEAT_TIME, .timeline = timeline};
  char *text = draw_text(g, "Relu", options);
  // Part 0 stands alone; the four others are one box, and took that on the average.
  assert_non_null(strstr(text, "time computing, up to 625 µs"));
  free(text);
  gcut_plan *whole = NULL;
  assert_ok(gcut_plan_whole(trace, &(gcut_cut_options){0}, &whole, err));
  assert_fails(gcut_draw(trace, whole, &options, in_folder("x.svg"), err), GCUT_ARGUMENT,
               "cut as the run did");
  options.timeline = NULL;
  assert_fails(gcut_draw(trace, plan, &options, in_folder("x.svg"), err), GCUT_ARGUMENT,
               "timeline");
  gcut_plan_destroy(whole);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// Cuts that both plans have, and those of one alone, have colours of their own.
static void two_plans_are_held_against_each_other(void **state) {
  (void)state;
  gcut_graph *g = chain(6, "");
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL, *other = NULL;
  const char *all = "Relu", *some = "re:v(1|4)$";
  gcut_cut_options cut = {.targets = &all, .n_targets = 1, .unrefined = true};
  assert_ok(gcut_trace_create(g, NULL, &trace, err));
  assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  cut.targets = &some;
  assert_ok(gcut_plan_create(trace, &cut, &other, err));
  gcut_draw_options options = {.view = GCUT_VIEW_LAYERS, .part = GCUT_NONE, .against = other};
  size_t size;
  assert_ok(gcut_draw(trace, plan, &options, in_folder("two.dot"), err));
  char *text = read_all(in_folder("two.dot"), &size);
  assert_non_null(strstr(text, "by the other"));
  free(text);
  options.against = plan;
  options.view = GCUT_VIEW_PARTS;
  assert_ok(gcut_draw(trace, other, &options, in_folder("two.dot"), err));
  text = read_all(in_folder("two.dot"), &size);
  assert_non_null(
      strstr(text, "<td width=\"360\" height=\"2\" cellpadding=\"0\" bgcolor=\"#7b2d8e\">"));
  assert_non_null(strstr(text, "the other plan: parts 1 … 3"));
  free(text);
  gcut_plan_destroy(other);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(boxes_are_heated),
      cmocka_unit_test(time_comes_from_a_timeline_of_the_same_plan),
      cmocka_unit_test(two_plans_are_held_against_each_other),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
