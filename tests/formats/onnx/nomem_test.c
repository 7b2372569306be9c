// Reading and writing with the first, second, third ... allocation failing: always GCUT_NOMEM (or
// GCUT_IO from stdio), never a crash, a leak or a half-written file.
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/failing.h"
#include "tests/support/hostile.h"

static char path[] = "/tmp/graphcut-nomem-XXXXXX";

// Writes with every allocation failing in turn.
static void check_writing(const char *name, const gcut_graph *graph) {
  for (long n = 0;; n++) {
    gcut_error err;
    failing_after(n);
    gcut_status status = gcut_onnx_write(graph, path, &err);
    bool failed = failing_has();
    failing_after(-1);
    if (status == GCUT_OK && !failed) return;
    if (status != GCUT_NOMEM && status != GCUT_IO)
      fail_msg("%s: writing: allocation %ld: %s", name, n, gcut_status_name(status));
  }
}

static void check_reading(const char *name, const proto *model) {
  for (long n = 0;; n++) {
    gcut_graph *graph;
    gcut_error err;
    failing_after(n);
    gcut_status status =
        gcut_onnx_parse(model->data, model->size, "nomem.onnx", NULL, &graph, &err);
    bool failed = failing_has();
    failing_after(-1);
    if (status == GCUT_OK && !failed) {
      check_writing(name, graph);
      gcut_graph_destroy(graph);
      return;
    }
    if (status != GCUT_NOMEM)
      fail_msg("%s: allocation %ld: %s: %s", name, n, gcut_status_name(status), err.message);
    assert_null(graph);
  }
}

static void survives_failing_allocations(void **state) {
  (void)state;
  for (size_t i = 0; i < n_odd_cases; i++) {
    proto model = {0};
    odd_cases[i].make(&model);
    check_reading(odd_cases[i].name, &model);
    pb_free(&model);
  }
}

static int make_file(void **state) {
  (void)state;
  return mkstemp(path) < 0;
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(survives_failing_allocations)};
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
