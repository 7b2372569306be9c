// Drawings: hostile names stay text in every format, views are deterministic and stay small, and
// what is drawn of a real decoder is what a golden file says (`make golden` rewrites it).
#include <graphviz/cgraph.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/xml.h"
#include "tracer/build.h"

static char *read_all(const char *path, size_t *out_size) {
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

// A chain of `n` nodes, each in a layer module of its own; every name carries `poison`.
static gcut_graph *chain(uint32_t n, const char *poison) {
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

static void draw_with(const gcut_graph *g, const char *target, gcut_draw_options options,
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

static void draw(const gcut_graph *g, const char *target, gcut_view view, const char *name) {
  draw_with(g, target, (gcut_draw_options){.view = view, .part = GCUT_NONE}, name);
}

// What a drawing of DOT text holds.
static char *draw_text(const gcut_graph *g, const char *target, gcut_draw_options options) {
  size_t size;
  draw_with(g, target, options, "text.dot");
  return read_all(in_folder("text.dot"), &size);
}

static void assert_xml(const char *text) {
  const char *flaw = test_xml_flaw(text);
  if (flaw) fail_msg("%s", flaw);
}

// ---- hostile names ----------------------------------------------------------------------------

// What ends strings, tags, comments and scripts of every format, begins escapes of Graphviz and of
// terminals, and is no UTF-8.
#define POISON                                                                                     \
  "\\N\\G&amp;&{\"'}]>--><script>alert(1)</script><i onload=\"x\">\n\xff\x01\x1b[2J\xc2\x9b"

// Labels of HTML are XML.
static void assert_markup(void *object, const char *attribute) {
  char *label = agget(object, (char *)attribute), *wrapped = NULL;
  if (!label || !aghtmlstr(label)) return;
  assert_true(asprintf(&wrapped, "<x>%s</x>", label) > 0);
  assert_xml(wrapped);
  free(wrapped);
}

static int count_groups(Agraph_t *graph) {
  int n = 0;
  assert_markup(graph, "label");
  for (Agraph_t *g = agfstsubg(graph); g; g = agnxtsubg(g)) n += 1 + count_groups(g);
  return n;
}

// DOT as Graphviz's own parser reads it: as many things as the same graph with harmless names has.
static void assert_same_dot(const char *hostile, const char *harmless) {
  Agraph_t *a = agmemread(hostile), *b = agmemread(harmless);
  assert_true(a && b);
  assert_int_equal(agnnodes(a), agnnodes(b));
  assert_int_equal(agnedges(a), agnedges(b));
  assert_int_equal(count_groups(a), count_groups(b));
  for (Agnode_t *n = agfstnode(a); n; n = agnxtnode(a, n)) {
    assert_markup(n, "label");
    for (Agedge_t *e = agfstout(a, n); e; e = agnxtout(a, e)) assert_markup(e, "label");
  }
  agclose(a);
  agclose(b);
}

static void draw_hostile(gcut_graph *g, int view, const char *name) {
  draw_with(g, view == GCUT_VIEW_PARTS ? "re:v2" : NULL,
            (gcut_draw_options){.view = (gcut_view)view, .part = GCUT_NONE}, name);
}

static void hostile_names_stay_text_in_dot(void **state) {
  (void)state;
  gcut_graph *g = chain(4, POISON), *harmless = chain(4, "Poison");
  for (int view = GCUT_VIEW_PARTS; view <= GCUT_VIEW_OPS; view++) {
    size_t size;
    draw_hostile(g, view, "x.dot");
    draw_hostile(harmless, view, "y.dot");
    char *text = read_all(in_folder("x.dot"), &size), *other = read_all(in_folder("y.dot"), &size);
    assert_non_null(strstr(text, "&lt;script"));
    assert_same_dot(text, other);
    free(text);
    free(other);
  }
  gcut_graph_destroy(g);
  gcut_graph_destroy(harmless);
}

static void hostile_names_stay_text_in_svg(void **state) {
  (void)state;
  gcut_graph *g = chain(4, POISON);
  int labels = 0, tooltips = 0;
  for (int view = GCUT_VIEW_PARTS; view <= GCUT_VIEW_OPS; view++) {
    size_t size;
    draw_hostile(g, view, "x.svg");
    char *text = read_all(in_folder("x.svg"), &size);
    assert_int_equal(strlen(text), size);
    assert_xml(text);
    assert_non_null(strstr(text, "&lt;script"));
    for (const char *c = text; (c = strstr(c, "\\\u2060N\\\u2060G&amp;amp;&amp;{")); c++) {
      const char *before = c;
      while (*before != '"' && *before != '>') before--;
      labels += *before == '>';
      tooltips += *before == '"';
    }
    free(text);
  }
  assert_true(labels > 10 && tooltips > 10);
  gcut_graph_destroy(g);
}

// A page's names are in its data, JSON in which no < stands, and in drawings of SVG in turn.
static void hostile_names_stay_text_in_html(void **state) {
  (void)state;
  gcut_graph *g = chain(4, POISON);
  size_t size, i;
  draw_hostile(g, GCUT_VIEW_PARTS, "x.html");
  char *text = read_all(in_folder("x.html"), &size), *data = strstr(text, "id=\"data\">");
  assert_non_null(data);
  data += strlen("id=\"data\">");
  char *end = strchr(data, '<');
  assert_memory_equal(end, "</script>", 9);
  json_t *root = json_loadb(data, (size_t)(end - data), 0, NULL), *page;
  assert_non_null(root);
  assert_true(json_array_size(json_object_get(root, "pages")) > 3);
  json_array_foreach(json_object_get(root, "pages"), i, page)
      assert_xml(json_string_value(json_object_get(page, "svg")));
  json_decref(root);
  assert_null(strstr(strstr(end + 9, "<script>") + 8, "<script")); // the page's own is the last
  free(text);
  gcut_graph_destroy(g);
}

static void a_megabyte_name_is_shortened(void **state) {
  (void)state;
  gcut_graph *g = NULL;
  char *name = malloc(1 << 20);
  memset(name, 'x', (1 << 20) - 1);
  name[(1 << 20) - 1] = '\0';
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 18);
  uint32_t x = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, name));
  uint32_t y = gcut_graph_add_value(g, 0, "y");
  gcut_node_spec spec = {
      .name = name, .op_type = "Relu", .inputs = &x, .n_inputs = 1, .outputs = &y, .n_outputs = 1};
  gcut_graph_add_node(g, &spec);
  gcut_graph_add_output(g, 0, y);
  assert_ok(gcut_graph_finish(g, err));
  size_t size;
  draw(g, NULL, GCUT_VIEW_PARTS, "long.svg");
  free(read_all(in_folder("long.svg"), &size));
  assert_true(size < 20000);
  gcut_graph_destroy(g);
  free(name);
}

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
  assert_non_null(strstr(text, "time computing, up to 500 µs"));
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
      cmocka_unit_test(hostile_names_stay_text_in_dot),
      cmocka_unit_test(hostile_names_stay_text_in_svg),
      cmocka_unit_test(hostile_names_stay_text_in_html),
      cmocka_unit_test(a_megabyte_name_is_shortened),
      cmocka_unit_test(equal_layers_are_folded),
      cmocka_unit_test(what_cannot_be_laid_out_is_folded),
      cmocka_unit_test(a_thicket_has_no_labels),
      cmocka_unit_test(the_same_graph_gives_the_same_bytes),
      cmocka_unit_test(every_format_is_what_it_says),
      cmocka_unit_test(an_unknown_extension_writes_nothing),
      cmocka_unit_test(a_norm_of_a_mixture_is_a_norm),
      cmocka_unit_test(boxes_are_heated),
      cmocka_unit_test(time_comes_from_a_timeline_of_the_same_plan),
      cmocka_unit_test(two_plans_are_held_against_each_other),
      cmocka_unit_test(parts_link_to_their_own_drawings),
      cmocka_unit_test(parts_of_one_size_are_not_equal),
      cmocka_unit_test(drawings_and_cuts_say_how_far_they_are),
      cmocka_unit_test(a_decoder_is_drawn_as_the_golden_file_says),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
