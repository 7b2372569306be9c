// Drawings: views are deterministic and stay small, and what is drawn of a real decoder is what a
// golden file says (`make golden` rewrites it).
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/drawings.h"
#include "tests/support/folder.h"
#include "tracer/build.h"

static void equal_layers_are_folded(void **state) {
  (void)state;
  size_t size;
  gcut_graph *g = chain(500, "");
  draw(g, "re:model\\.layers\\.\\d+$", GCUT_VIEW_PARTS, "parts.dot");
  char *text = read_all(in_folder("parts.dot"), &size);
  assert_true(size < 10000);
  assert_non_null(strstr(text, "× "));
  assert_non_null(strstr(text, " … 499"));
  free(text);
  draw(g, NULL, GCUT_VIEW_LAYERS, "layers.dot");
  text = read_all(in_folder("layers.dot"), &size);
  assert_true(size < 10000);
  assert_non_null(strstr(text, "layers.1 … layers.499"));
  free(text);
  gcut_graph_destroy(g);
}

// Nodes that nothing connects, each with an input and an output of its own, in modules that are all
// different: nothing to fold by, and still no more is laid out than can be.
static void what_cannot_be_laid_out_is_folded(void **state) {
  (void)state;
  enum { MANY = 5000 };
  gcut_graph *g = NULL;
  char name[64];
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  for (uint32_t i = 0; i < MANY; i++) {
    snprintf(name, sizeof name, "x%u", i);
    uint32_t in = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, name));
    snprintf(name, sizeof name, "y%u", i);
    uint32_t out = gcut_graph_add_value(g, 0, name);
    char module[64] = "m";
    for (uint32_t k = i, at = 1; at < 8; k /= 26, at++) module[at] = (char)('a' + k % 26);
    gcut_node_spec spec = {.name = name,
                           .op_type = "Relu",
                           .scope = gcut_graph_add_scope(g, 0, module, ""),
                           .inputs = &in,
                           .n_inputs = 1,
                           .outputs = &out,
                           .n_outputs = 1};
    gcut_graph_add_node(g, &spec);
    gcut_graph_add_output(g, 0, out);
  }
  assert_ok(gcut_graph_finish(g, err));
  static const char *const files[] = {"many.svg", "many.svg", "many.svg", "many.html"};
  for (int k = 0; k < 4; k++) {
    size_t size;
    draw(g, NULL, (gcut_view)(k % 3), files[k]);
    char *text = read_all(in_folder(files[k]), &size);
    assert_non_null(strstr(text, k == 0 ? "inputs" : "5,000 inputs"));
    assert_true(k == 0 || strstr(text, "5,000 operators"));
    assert_true(size < 3000000);
    free(text);
  }
  gcut_graph_destroy(g);
}

// Each node reads the four before it: more labels than can be read.
static void a_thicket_has_no_labels(void **state) {
  (void)state;
  enum { MANY = 400 };
  gcut_graph *g = NULL;
  uint32_t last[4];
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  gcut_dim dims[] = {2};
  gcut_value_declare(g, x, &(gcut_type){.type = GCUT_FLOAT, .rank = 1, .dims = dims});
  for (int k = 0; k < 4; k++) last[k] = x;
  for (uint32_t i = 0; i < MANY; i++) {
    char name[16];
    snprintf(name, sizeof name, "v%u", i);
    uint32_t out = gcut_graph_add_value(g, 0, name);
    gcut_node_spec spec = {.name = name,
                           .op_type = "Sum",
                           .inputs = last,
                           .n_inputs = 4,
                           .outputs = &out,
                           .n_outputs = 1};
    gcut_graph_add_node(g, &spec);
    last[i % 4] = out;
  }
  gcut_graph_add_output(g, 0, last[(MANY - 1) % 4]);
  assert_ok(gcut_graph_finish(g, err));
  gcut_draw_options options = {.view = GCUT_VIEW_OPS, .part = GCUT_NONE};
  char *text = draw_text(g, NULL, options);
  assert_non_null(strstr(text, "links without their labels: too many to read"));
  assert_null(strstr(text, "point-size=\"8\""));
  free(text);
  gcut_graph_destroy(g);
}

// All that stand in a row link to the last: so many long links overrun Graphviz's stack.
static void the_longest_links_are_left_out(void **state) {
  (void)state;
  enum { MANY = 500 };
  gcut_graph *g = NULL;
  uint32_t values[MANY + 1], sum;
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  values[0] = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  gcut_dim dims[] = {2};
  gcut_value_declare(g, values[0], &(gcut_type){.type = GCUT_FLOAT, .rank = 1, .dims = dims});
  for (uint32_t i = 0; i < MANY; i++) {
    values[i + 1] = gcut_graph_add_value(g, 0, "");
    gcut_node_spec spec = {.name = "step",
                           .op_type = "Relu",
                           .inputs = &values[i],
                           .n_inputs = 1,
                           .outputs = &values[i + 1],
                           .n_outputs = 1};
    gcut_graph_add_node(g, &spec);
  }
  sum = gcut_graph_add_value(g, 0, "y");
  gcut_node_spec spec = {
      .op_type = "Sum", .inputs = values + 1, .n_inputs = MANY, .outputs = &sum, .n_outputs = 1};
  gcut_graph_add_node(g, &spec);
  gcut_graph_add_output(g, 0, sum);
  assert_ok(gcut_graph_finish(g, err));
  draw(g, NULL, GCUT_VIEW_OPS, "fan.svg");
  size_t size;
  char *text = read_all(in_folder("fan.svg"), &size);
  assert_non_null(strstr(text, "links and values left out: too many to read"));
  free(text);
  gcut_graph_destroy(g);
}

// Modules that link to each other at random.
static void a_thicket_has_no_frames(void **state) {
  (void)state;
  enum { MANY = 700, MODULES = 90 };
  gcut_graph *g = NULL;
  uint32_t values[MANY + 1], seed = 1;
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  values[0] = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  for (uint32_t i = 1; i <= MANY; i++) {
    char name[16], module[16];
    uint32_t read[2];
    for (int k = 0; k < 2; k++) {
      seed = seed * 1664525u + 1013904223u;
      read[k] = values[(seed >> 8) % i];
    }
    snprintf(name, sizeof name, "v%u", i);
    snprintf(module, sizeof module, "m%u", (seed >> 4) % MODULES);
    values[i] = gcut_graph_add_value(g, 0, name);
    gcut_node_spec spec = {.name = name,
                           .op_type = "Add",
                           .scope = gcut_graph_add_scope(g, 0, module, ""),
                           .inputs = read,
                           .n_inputs = 2,
                           .outputs = &values[i],
                           .n_outputs = 1};
    gcut_graph_add_node(g, &spec);
  }
  gcut_graph_add_output(g, 0, values[MANY]);
  assert_ok(gcut_graph_finish(g, err));
  char *text = draw_text(g, NULL, (gcut_draw_options){.view = GCUT_VIEW_OPS, .part = GCUT_NONE});
  assert_non_null(strstr(text, "modules without frames"));
  assert_null(strstr(text, "subgraph"));
  free(text);
  gcut_graph_destroy(g);
}

static void the_same_graph_gives_the_same_bytes(void **state) {
  (void)state;
  size_t a, b;
  gcut_graph *g = chain(7, "");
  draw(g, "Relu", GCUT_VIEW_OPS, "a.svg");
  draw(g, "Relu", GCUT_VIEW_OPS, "b.svg");
  char *first = read_all(in_folder("a.svg"), &a), *second = read_all(in_folder("b.svg"), &b);
  assert_int_equal(a, b);
  assert_memory_equal(first, second, a);
  free(first);
  free(second);
  gcut_graph_destroy(g);
}

static void every_format_is_what_it_says(void **state) {
  (void)state;
  static const struct {
    const char *file, *begins;
  } formats[] = {{"f.dot", "digraph"},
                 {"f.svg", "<?xml"},
                 {"f.png", "\x89PNG"},
                 {"f.pdf", "%PDF"},
                 {"f.html", "<!DOCTYPE html>"}};
  gcut_graph *g = chain(3, "");
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    size_t size;
    draw(g, "Relu", GCUT_VIEW_PARTS, formats[i].file);
    char *text = read_all(in_folder(formats[i].file), &size);
    assert_memory_equal(text, formats[i].begins, strlen(formats[i].begins));
    free(text);
  }
  gcut_graph_destroy(g);
}

static void an_unknown_extension_writes_nothing(void **state) {
  (void)state;
  gcut_graph *g = chain(2, "");
  gcut_trace *trace = NULL;
  assert_ok(gcut_trace_create(g, NULL, &trace, err));
  gcut_draw_options options = {.view = GCUT_VIEW_LAYERS, .part = GCUT_NONE};
  assert_fails(gcut_draw(trace, NULL, &options, in_folder("x.jpeg"), err), GCUT_ARGUMENT, ".html");
  assert_int_equal(access(in_folder("x.jpeg"), F_OK), -1);
  assert_fails(gcut_draw(trace, NULL, &options, "/nowhere/x.svg", err), GCUT_IO, "/nowhere");
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// Fills of the hottest and the coldest step, light and dark.
// A model's name, which all its classes begin with, says nothing of what they do.
static void a_norm_of_a_mixture_is_a_norm(void **state) {
  (void)state;
  static const char *const classes[] = {"moe.Qwen3MoeRMSNorm", "moe.Qwen3MoeMLP",
                                        "moe.Qwen3MoeSparseMoeBlock"};
  static const char *const fills[] = {"#fdf3cf", "#e4f3dc", "#f3e3f7"};
  gcut_graph *g = NULL;
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  uint32_t v = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, "x"));
  uint32_t model = gcut_graph_add_scope(g, 0, "model", "moe.Qwen3MoeModel");
  for (uint32_t i = 0; i < 6; i++) { // two operators a module
    char name[8] = {(char)('a' + i), 0}, within[8] = {(char)('p' + i / 2), 0};
    uint32_t next = gcut_graph_add_value(g, 0, name);
    gcut_node_spec spec = {.name = name,
                           .op_type = "Relu",
                           .scope = gcut_graph_add_scope(g, model, within, classes[i / 2]),
                           .inputs = &v,
                           .n_inputs = 1,
                           .outputs = &next,
                           .n_outputs = 1};
    gcut_graph_add_node(g, &spec);
    v = next;
  }
  gcut_graph_add_output(g, 0, v);
  assert_ok(gcut_graph_finish(g, err));
  char *text = draw_text(g, NULL, (gcut_draw_options){.view = GCUT_VIEW_LAYERS, .part = GCUT_NONE});
  for (size_t i = 0; i < 3; i++) assert_non_null(strstr(text, fills[i]));
  free(text);
  gcut_graph_destroy(g);
}

static void parts_link_to_their_own_drawings(void **state) {
  (void)state;
  gcut_graph *g = chain(3, "");
  size_t size;
  draw_with(g, "re:v1$", (gcut_draw_options){.part = GCUT_NONE, .linked = true}, "a \"b\".svg");
  char *text = read_all(in_folder("a \"b\".svg"), &size);
  assert_non_null(strstr(text, "xlink:href=\"a%20%22b%22.part-1.svg\""));
  free(text);
  text = read_all(in_folder("a \"b\".part-1.svg"), &size);
  assert_non_null(strstr(text, "xlink:href=\"a%20%22b%22.svg\""));
  free(text);
  gcut_graph_destroy(g);
}

// Four parts of a vision-language model in balance: of about as many weights, and all different.
static void parts_of_one_size_are_not_equal(void **state) {
  (void)state;
  gcut_graph *g = NULL;
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL;
  size_t size;
  assert_ok(gcut_graph_read("examples/models/mllama/model.onnx", NULL, &g, err));
  assert_ok(gcut_trace_create(g, NULL, &trace, err));
  assert_ok(gcut_plan_create(trace, &(gcut_cut_options){.n_parts = 4}, &plan, err));
  gcut_draw_options options = {.part = GCUT_NONE};
  assert_ok(gcut_draw(trace, plan, &options, in_folder("balanced.dot"), err));
  char *text = read_all(in_folder("balanced.dot"), &size);
  assert_null(strstr(text, "× "));
  for (uint32_t p = 0; p < plan->n_parts; p++) {
    char title[16];
    snprintf(title, sizeof title, "<b>%u  ", p);
    assert_non_null(strstr(text, title));
  }
  free(text);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

// Told how far they are: what is drawn, cut, searched for.
static void tell(void *context, uint64_t done, uint64_t total) {
  uint64_t *last = context;
  assert_true(done <= total);
  last[0]++;
  last[1] = total;
}

static void drawings_and_cuts_say_how_far_they_are(void **state) {
  (void)state;
  uint64_t drawn[2] = {0}, cut[2] = {0};
  gcut_graph *g = chain(6, "");
  gcut_trace *trace = NULL;
  gcut_plan *plan = NULL;
  const char *target = "Relu";
  assert_ok(gcut_trace_create(g, NULL, &trace, err));
  gcut_cut_options how = {.targets = &target, .n_targets = 1, .progress = {tell, cut}};
  assert_ok(gcut_plan_create(trace, &how, &plan, err));
  assert_true(cut[0] > 2 && cut[1] == 4);
  gcut_draw_options options = {.part = GCUT_NONE, .progress = {tell, drawn}};
  assert_ok(gcut_draw(trace, plan, &options, in_folder("told.html"), err));
  assert_true(drawn[0] > 3 && drawn[0] == drawn[1]); // each drawing of the page
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

static void a_decoder_is_drawn_as_the_golden_file_says(void **state) {
  (void)state;
  static const char golden[] = "tests/golden/llama.parts.dot";
  gcut_graph *g = NULL;
  assert_ok(gcut_graph_read("examples/models/llama/model.onnx", NULL, &g, err));
  draw(g, "LlamaDecoderLayer", GCUT_VIEW_PARTS, "llama.dot");
  size_t actual, expected;
  char *text = read_all(in_folder("llama.dot"), &actual);
  if (getenv("GCUT_GOLDEN")) {
    FILE *file = fopen(golden, "wb");
    assert_non_null(file);
    fwrite(text, 1, actual, file);
    fclose(file);
  }
  char *wanted = read_all(golden, &expected);
  assert_string_equal(text, wanted);
  free(text);
  free(wanted);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_layers_are_folded),
      cmocka_unit_test(what_cannot_be_laid_out_is_folded),
      cmocka_unit_test(a_thicket_has_no_labels),
      cmocka_unit_test(the_longest_links_are_left_out),
      cmocka_unit_test(a_thicket_has_no_frames),
      cmocka_unit_test(the_same_graph_gives_the_same_bytes),
      cmocka_unit_test(every_format_is_what_it_says),
      cmocka_unit_test(an_unknown_extension_writes_nothing),
      cmocka_unit_test(a_norm_of_a_mixture_is_a_norm),
      cmocka_unit_test(parts_link_to_their_own_drawings),
      cmocka_unit_test(parts_of_one_size_are_not_equal),
      cmocka_unit_test(drawings_and_cuts_say_how_far_they_are),
      cmocka_unit_test(a_decoder_is_drawn_as_the_golden_file_says),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
