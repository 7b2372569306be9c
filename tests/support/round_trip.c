#include "tests/support/round_trip.h"

#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/graph_equal.h"

gcut_graph *parse_gcir(const char *text) {
  gcut_graph *g;
  gcut_error err;
  if (gcut_gcir_parse(text, strlen(text), in_folder("t.gcir"), NULL, &g, &err) != GCUT_OK)
    fail_msg("%s", err.message);
  return g;
}

void write_file(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  fclose(file);
}

char *read_file(const char *path) {
  static char text[65536];
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

void assert_equal(const gcut_graph *a, const gcut_graph *b) {
  gcut_error err;
  if (gcut_graph_equal(a, b, &err) != GCUT_OK) fail_msg("%s", err.message);
}

void check_round_trip(const gcut_graph *g) {
  gcut_graph *again = NULL;
  gcut_error err;
  if (gcut_graph_write(g, in_folder("again.gcir"), &err) != GCUT_OK ||
      gcut_graph_read(in_folder("again.gcir"), NULL, &again, &err) != GCUT_OK)
    fail_msg("%s", err.message);
  assert_equal(g, again);
  gcut_graph_destroy(again);
}

char *repeated(const char *before, const char *unit, size_t n, const char *after) {
  char *text = malloc(strlen(before) + n * strlen(unit) + strlen(after) + 1);
  assert_non_null(text);
  strcpy(text, before);
  char *at = text + strlen(text);
  for (size_t i = 0; i < n; i++, at += strlen(unit)) strcpy(at, unit);
  strcpy(at, after);
  return text;
}
