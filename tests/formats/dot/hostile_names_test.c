// Hostile names stay text in every format of drawings.
#include <graphviz/cgraph.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/drawings.h"
#include "tests/support/folder.h"
#include "tracer/build.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hostile_names_stay_text_in_dot),
      cmocka_unit_test(hostile_names_stay_text_in_svg),
      cmocka_unit_test(hostile_names_stay_text_in_html),
      cmocka_unit_test(a_megabyte_name_is_shortened),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
