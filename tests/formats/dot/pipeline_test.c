// What the eye looks for first: cuts, on one axis and across the whole drawing, and in other views
// the parts that modules are in.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/drawings.h"
#include "tests/support/folder.h"

static char *draw_decoder(const char *target, gcut_view view, const char *name) {
  gcut_graph *g = NULL;
  size_t size;
  assert_ok(gcut_graph_read("examples/models/llama/model.onnx", NULL, &g, err));
  draw(g, target, view, name);
  gcut_graph_destroy(g);
  return read_all(in_folder(name), &size);
}

static double number_after(const char *text, const char *key) {
  const char *at = strstr(text, key);
  assert_non_null(at);
  return strtod(at + strlen(key), NULL);
}

// Frames of different widths stand between the cuts of a decoder.
static void cuts_are_lines_across_the_drawing(void **state) {
  (void)state;
  char *text = draw_decoder("LlamaDecoderLayer", GCUT_VIEW_PARTS, "cuts.svg");
  const char *line = text;
  int n = 0;
  for (; (line = strstr(line, "<polyline fill=\"none\" stroke=\"#d0021b\"")); line++, n++) {
    double right;
    assert_int_equal(1, sscanf(strstr(line, "points=\"0,"), "points=\"0,%*f %lf,", &right));
    assert_float_equal(number_after(text, "viewBox=\"0.00 0.00 ") - 8, right, 1);
  }
  assert_int_equal(3, n); // and one in the stack
  free(text);
}

static void cuts_stand_below_each_other(void **state) {
  (void)state;
  char *text = draw_decoder("LlamaDecoderLayer", GCUT_VIEW_PARTS, "axis.svg");
  double first = 0;
  int n = 0;
  for (char *at = text; (at = strstr(at, ">cut</text>")); at++, n++) {
    char *begin = at;
    while (strncmp(begin, "<text", 5) != 0) begin--;
    double x = number_after(begin, " x=\"");
    if (n == 0) first = x;
    assert_float_equal(first, x, 0.01);
  }
  assert_int_equal(3, n); // and one in the stack
  free(text);
}

// Of 500 equal parts there is a cut to see; the stack of the others says what it hides.
static void folded_cuts_are_counted(void **state) {
  (void)state;
  gcut_graph *g = chain(500, "");
  size_t size;
  draw(g, "re:model\\.layers\\.\\d+$", GCUT_VIEW_PARTS, "folded.dot");
  char *text = read_all(in_folder("folded.dot"), &size);
  free(text);
  gcut_graph_destroy(g);
}

// A frame in one part says so, once; of what is cut through, each module does.
static void modules_say_which_parts_they_are_in(void **state) {
  (void)state;
  char *text = draw_decoder("LlamaDecoderLayer", GCUT_VIEW_LAYERS, "layers.dot");
  assert_non_null(strstr(text, ">part 1<"));
  assert_null(strstr(strstr(text, ">part 1<") + 1, ">part 1<"));
  assert_non_null(strstr(text, ">parts 2 … 4<"));
  free(text);
  text = draw_decoder("MatMul", GCUT_VIEW_LAYERS, "products.dot");
  for (int part = 5; part < 9; part++) {
    char label[16];
    snprintf(label, sizeof label, ">part %d<", part);
    assert_non_null(strstr(text, label));
  }
  free(text);
}

static void one_part_is_not_named(void **state) {
  (void)state;
  gcut_graph *g = chain(5, "");
  size_t size;
  draw(g, NULL, GCUT_VIEW_LAYERS, "one.dot");
  char *text = read_all(in_folder("one.dot"), &size);
  assert_null(strstr(text, ">part 0<"));
  free(text);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cuts_are_lines_across_the_drawing),
      cmocka_unit_test(cuts_stand_below_each_other),
      cmocka_unit_test(folded_cuts_are_counted),
      cmocka_unit_test(modules_say_which_parts_they_are_in),
      cmocka_unit_test(one_part_is_not_named),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
