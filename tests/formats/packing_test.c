// Packed models: every part's weights are one run of the data file, tied ones lie there once, and
// reading gives the same model.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/schedule.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

enum { LARGE = 1024, PAGE = 4096 };

static void cut(const gcut_trace *t, gcut_plan **out) {
  assert_ok(gcut_plan_create(t, NULL, out, err));
}

typedef struct opened {
  gcut_graph *graph;
  gcut_trace *trace;
  gcut_plan *plan;
} opened;

static opened open_model(const char *path) {
  opened o;
  assert_ok(gcut_graph_read(path, NULL, &o.graph, err));
  assert_ok(gcut_trace_create(o.graph, NULL, &o.trace, err));
  cut(o.trace, &o.plan);
  return o;
}

static void close_model(opened *o) {
  gcut_plan_destroy(o->plan);
  gcut_trace_destroy(o->trace);
  gcut_graph_destroy(o->graph);
}

static int by_offset(const void *a, const void *b) {
  const gcut_constant *const *x = a, *const *y = b;
  return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

// The larger initializers of a part that no earlier part reads; checks where they lie.
static uint32_t check_part(const opened *o, const gcut_part *p, bool *seen, uint64_t *end) {
  const gcut_constant *own[256];
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_constants; i++) {
    uint32_t number = o->graph->values[p->constants[i]].constant;
    if (number == GCUT_NONE || seen[number] || o->graph->constants[number].bytes < LARGE) continue;
    seen[number] = true;
    own[n++] = &o->graph->constants[number];
    assert_true(*o->graph->files[own[n - 1]->file].location != '\0');
  }
  qsort(own, n, sizeof *own, by_offset);
  for (uint32_t i = 0; i < n; i++) {
    assert_true(own[i]->offset >= *end);
    if (i == 0) assert_int_equal(own[i]->offset % PAGE, 0);
    if (i > 0) assert_int_equal(own[i]->offset, gcut_range_bytes(*end)); // no gap
    *end = own[i]->offset + own[i]->bytes;
  }
  return n;
}

static void one_run_a_part(void **state) {
  const char *path = in_folder(*state);
  opened source = open_model("examples/models/llama/model.onnx");
  assert_ok(gcut_graph_pack(source.trace, source.plan, path, err));
  opened packed = open_model(path);
  assert_int_equal(packed.plan->n_parts, source.plan->n_parts);
  bool *seen = calloc(packed.graph->n_constants, sizeof *seen);
  uint64_t end = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < packed.plan->n_parts; i++)
    n += check_part(&packed, &packed.plan->parts[i], seen, &end);
  assert_int_equal(n, 2 + 4 * 7); // embedding and head, seven matrices a layer
  free(seen);
  close_model(&packed);
  close_model(&source);
}

// Two names for the same elements: written once, read as one.
static void tied(void **state) {
  (void)state;
  static const int64_t shape[] = {0, 32}, square[] = {32, 32};
  static float elements[32 * 32];
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, shape);
  for (int i = 0; i < 2; i++) {
    gcut_constant k = {.name = i ? "B" : "A",
                       .type = GCUT_FLOAT,
                       .rank = 2,
                       .dims = square,
                       .bytes = sizeof elements,
                       .file = GCUT_NONE,
                       .data = elements};
    gcut_graph_add_initializer(g, 0, gcut_graph_add_value(g, 0, k.name),
                               gcut_graph_add_constant(g, &k));
  }
  toy_node(g, 0, "first", "MatMul", "x A", "a");
  toy_node(g, 0, "second", "MatMul", "a B", "b");
  toy_output(g, "b");
  gcut_trace *t = toy_trace(g, 3);
  const char *target = "MatMul", *path = in_folder("tied.onnx");
  gcut_cut_options options = {.targets = &target, .n_targets = 1};
  gcut_plan *plan;
  gcut_graph *again;
  assert_ok(gcut_plan_create(t, &options, &plan, err));
  assert_ok(gcut_graph_pack(t, plan, path, err));
  assert_ok(gcut_graph_read(path, NULL, &again, err));
  assert_int_equal(again->constants[0].offset, again->constants[1].offset);
  assert_int_equal(again->files[again->constants[0].file].bytes, sizeof elements);
  gcut_graph_destroy(again);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

// Neither the model nor its data is written over.
static void over_its_source(void **state) {
  (void)state;
  char path[256], moved[256];
  snprintf(path, sizeof path, "%s", in_folder("source.onnx"));
  snprintf(moved, sizeof moved, "%s", in_folder("moved.onnx"));
  opened source = open_model("examples/models/llama/model.onnx");
  assert_ok(gcut_graph_pack(source.trace, source.plan, path, err));
  close_model(&source);
  source = open_model(path);
  assert_fails(gcut_graph_pack(source.trace, source.plan, path, err), GCUT_ARGUMENT, "source.onnx");
  assert_int_equal(rename(path, moved), 0); // the model's data has the name that is asked for
  assert_fails(gcut_graph_pack(source.trace, source.plan, path, err), GCUT_ARGUMENT,
               "source.onnx.data");
  close_model(&source);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_prestate(one_run_a_part, "packed.onnx"),
      cmocka_unit_test_prestate(one_run_a_part, "packed.gcir"),
      cmocka_unit_test(tied),
      cmocka_unit_test(over_its_source),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
