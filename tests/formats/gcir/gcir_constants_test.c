// Constants of GCIR texts that lie in other files, and what is written beside a text.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/round_trip.h"

static const char referring[] =
    HEADER "g () => (a, b) <float[2] a = [\"location\": \"w.bin\", \"offset\": \"4\", \"length\": "
           "\"8\"], float[100] b = [\"location\": \"gone.bin\"]> {}";

static void refers_to_files(void **state) {
  (void)state;
  const float w[] = {1, 2, 3};
  write_file(in_folder("w.bin"), w, sizeof w);
  gcut_graph *g = parse_gcir(referring);
  const gcut_constant *a = &g->constants[0], *b = &g->constants[1];
  assert_memory_equal(a->data, w + 1, 8);
  assert_true(b->data == NULL && b->bytes == 400);
  check_round_trip(g);
  gcut_graph_destroy(g);
  static const char *const unsafe[] = {"../w.bin", "/etc/passwd", "a/../../w.bin",
                                       "",         ".",           "link.bin"};
  assert_int_equal(symlink("w.bin", in_folder("link.bin")), 0);
  for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++) {
    char text[256];
    gcut_error err;
    snprintf(text, sizeof text, HEADER "g () => (a) <float a = [\"location\": \"%s\"]> {}",
             unsafe[i]);
    assert_int_equal(gcut_gcir_parse(text, strlen(text), in_folder("t.gcir"), NULL, &g, &err),
                     GCUT_FORMAT);
  }
}

static void refuses_references_that_say_nothing(void **state) {
  static const struct {
    const char *entries, *why;
  } cases[] = {
      {"\"location\": \"w.bin\", \"ofset\": \"4\"", "external data has no 'ofset'"},
      {"\"location\": \"w.bin\", \"location\": \"v.bin\"", "location is said twice"},
      {"\"location\": \"w.bin\", \"offset\": \"0\", \"offset\": \"4\"", "offset is said twice"},
      {"\"offset\": \"0\"", "without a location"}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[256];
    gcut_graph *g;
    snprintf(text, sizeof text, HEADER "g () => (a) <float a = [%s]> {}", cases[i].entries);
    assert_fails(gcut_gcir_parse(text, strlen(text), in_folder("t.gcir"), NULL, &g, err),
                 GCUT_FORMAT, cases[i].why);
  }
}

// A constant too large for the text, in a graph made of text alone: goes to a file beside it, and
// follows the graph to other folders.
static void copies_what_it_cannot_refer_to(void **state) {
  (void)state;
  char *text =
      repeated(HEADER "g () => (a, s) <int32[1000] a = {1", ", -7", 999, "}, int8 s = {3}> {}");
  gcut_graph *g = parse_gcir(text), *there, *back;
  free(text);
  struct stat info;
  assert_int_equal(mkdir(in_folder("sub"), 0777), 0);
  assert_int_equal(gcut_graph_write(g, in_folder("sub/m.gcir"), NULL), GCUT_OK);
  assert_int_equal(stat(in_folder("sub/m.gcir.data"), &info), 0);
  assert_int_equal(info.st_size, 4000);
  assert_int_equal(gcut_graph_read(in_folder("sub/m.gcir"), NULL, &there, NULL), GCUT_OK);
  assert_equal(g, there);
  // Beside its data it refers to it, also when it is written over itself; elsewhere it copies.
  assert_int_equal(gcut_graph_write(there, in_folder("sub/n.gcir"), NULL), GCUT_OK);
  assert_true(stat(in_folder("sub/n.gcir.data"), &info) != 0);
  assert_int_equal(gcut_graph_write(there, in_folder("sub/m.gcir"), NULL), GCUT_OK);
  assert_int_equal(gcut_graph_write(there, in_folder("o.gcir"), NULL), GCUT_OK);
  assert_int_equal(stat(in_folder("o.gcir.data"), &info), 0);
  static const char *const copies[] = {"sub/n.gcir", "sub/m.gcir", "o.gcir"};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(gcut_graph_read(in_folder(copies[i]), NULL, &back, NULL), GCUT_OK);
    assert_equal(g, back);
    gcut_graph_destroy(back);
  }
  // What must go to the very file that others are in: all of it is written anew.
  text =
      repeated(HEADER "g () => (a, c) <int32[1000] a = [\"location\": \"m.gcir.data\"], uint8[300] "
                      "c = {1",
               ", 9", 299, "}> {}");
  gcut_graph_destroy(there);
  assert_int_equal(gcut_gcir_parse(text, strlen(text), in_folder("sub/m.gcir"), NULL, &there, NULL),
                   GCUT_OK);
  free(text);
  assert_int_equal(gcut_graph_write(there, in_folder("sub/m.gcir"), NULL), GCUT_OK);
  assert_int_equal(gcut_graph_read(in_folder("sub/m.gcir"), NULL, &back, NULL), GCUT_OK);
  assert_equal(there, back);
  assert_int_equal(((const int32_t *)back->constants[0].data)[999], -7);
  gcut_graph_destroy(back);
  gcut_graph_destroy(there);
  gcut_graph_destroy(g);
}

static void writes_whole_or_not_at_all(void **state) {
  (void)state;
  gcut_graph *g = parse_gcir(HEADER "g () => () {}");
  gcut_error err;
  assert_int_equal(gcut_graph_write(g, in_folder("no/where.gcir"), &err), GCUT_IO);
  assert_int_equal(gcut_gcir_write(g, "/dev/full", &err), GCUT_IO);
  assert_int_equal(mkdir(in_folder("x.gcir"), 0777), 0); // a folder in the way
  assert_int_equal(gcut_graph_write(g, in_folder("x.gcir"), &err), GCUT_IO);
  gcut_graph_destroy(g);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      CASE(refers_to_files),
      CASE(refuses_references_that_say_nothing),
      CASE(copies_what_it_cannot_refer_to),
      CASE(writes_whole_or_not_at_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
