// Whether two model files hold the same graph: equal A B. Says where they differ; exit status 1.
#include <stdio.h>

#include "graphcut/formats.h"
#include "tests/support/graph_equal.h"

int main(int argc, char **argv) {
  gcut_error err = {{0}};
  gcut_graph *a = NULL, *b = NULL;
  if (argc != 3) {
    fprintf(stderr, "usage: equal A B\n");
    return 2;
  }
  gcut_status status = gcut_graph_read(argv[1], NULL, &a, &err);
  if (status == GCUT_OK) status = gcut_graph_read(argv[2], NULL, &b, &err);
  if (status == GCUT_OK) status = gcut_graph_equal(a, b, &err);
  if (status != GCUT_OK) fprintf(stderr, "%s and %s: %s\n", argv[1], argv[2], err.message);
  gcut_graph_destroy(a);
  gcut_graph_destroy(b);
  return status != GCUT_OK;
}
