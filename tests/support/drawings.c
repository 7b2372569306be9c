#include "tests/support/drawings.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/xml.h"
#include "tracer/build.h"

char *read_all(const char *path, size_t *out_size) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  char *text = calloc(1, (size_t)size + 1);
  assert_int_equal(fread(text, 1, (size_t)size, file), size);
  fclose(file);
  *out_size = (size_t)size;
  return text;
}

gcut_graph *chain(uint32_t n, const char *poison) {
  gcut_graph *g = NULL;
  char name[512];
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  snprintf(name, sizeof name, "in%s", poison);
  uint32_t v = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, name));
  gcut_dim dims[] = {gcut_dim_symbol(g->dims, "batch", 5), 64};
  gcut_value_declare(g, v, &(gcut_type){.type = GCUT_FLOAT, .rank = 2, .dims = dims});
  uint32_t model = gcut_graph_add_scope(g, 0, "model", "");
  for (uint32_t i = 0; i < n; i++) {
    snprintf(name, sizeof name, "layers.%u%s", i, poison);
    uint32_t scope = gcut_graph_add_scope(g, model, name, poison);
    snprintf(name, sizeof name, "v%u%s", i, poison);
    uint32_t next = gcut_graph_add_value(g, 0, name);
    gcut_node_spec spec = {.name = name,
                           .op_type = *poison ? poison : "Relu",
                           .scope = scope,
                           .inputs = &v,
                           .n_inputs = 1,
                           .outputs = &next,
                           .n_outputs = 1};
    gcut_graph_add_node(g, &spec);
    v = next;
  }
  gcut_graph_add_output(g, 0, v);
  assert_ok(gcut_graph_finish(g, err));
  return g;
}

void draw_with(const gcut_graph *g, const char *target, gcut_draw_options options,
               const char *name) {
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL;
  assert_ok(gcut_trace_create(g, NULL, &trace, err));
  gcut_cut_options cut = {.targets = &target, .n_targets = target ? 1 : 0, .unrefined = true};
  if (target)
    assert_ok(gcut_plan_create(trace, &cut, &plan, err));
  else
    assert_ok(gcut_plan_whole(trace, &cut, &plan, err));
  assert_ok(gcut_draw(trace, plan, &options, in_folder(name), err));
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
}

void draw(const gcut_graph *g, const char *target, gcut_view view, const char *name) {
  draw_with(g, target, (gcut_draw_options){.view = view, .part = GCUT_NONE}, name);
}

char *draw_text(const gcut_graph *g, const char *target, gcut_draw_options options) {
  size_t size;
  draw_with(g, target, options, "text.dot");
  return read_all(in_folder("text.dot"), &size);
}

void assert_xml(const char *text) {
  const char *flaw = test_xml_flaw(text);
  if (flaw) fail_msg("%s", flaw);
}
