// Fuzzing of GCIR: any text gives a graph or an error, and a graph can be written and read back as
// an equal one.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "tests/support/graph_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A folder of this process's own: what is read may refer to files, but finds none.
static const char *output_path(void) {
  static char folder[] = "/tmp/graphcut-fuzz-XXXXXX", path[64];
  if (!path[0]) {
    if (!mkdtemp(folder)) abort();
    snprintf(path, sizeof path, "%s/x.gcir", folder);
  }
  return path;
}

static void check_round_trip(const gcut_graph *graph) {
  gcut_graph *again;
  gcut_error err;
  const char *path = output_path();
  gcut_status status = gcut_gcir_write(graph, path, &err);
  if (status == GCUT_UNSUPPORTED || status == GCUT_FORMAT) return; // elements of a missing file
  if (status == GCUT_OK) status = gcut_gcir_read(path, NULL, &again, &err);
  if (status == GCUT_OK) status = gcut_graph_equal(graph, again, &err);
  if (status != GCUT_OK) {
    fprintf(stderr, "%s\n", err.message);
    abort();
  }
  gcut_graph_destroy(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  gcut_graph *graph;
  gcut_error err;
  if (gcut_gcir_parse(data, size, output_path(), NULL, &graph, &err) != GCUT_OK) return 0;
  check_round_trip(graph);
  gcut_graph_destroy(graph);
  return 0;
}
