// Reading and writing with the first, second, third ... allocation failing: always GCUT_NOMEM (or
// GCUT_IO from stdio), never a crash, a leak or a half-written file. The linker puts the functions
// below before malloc and its kin.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/hostile.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

static long allowed = -1; // allocations before they fail; -1: any number
static bool failed;

static bool fails(void) {
  if (allowed < 0) return false;
  if (allowed > 0) {
    allowed--;
    return false;
  }
  return failed = true;
}

void *__wrap_malloc(size_t size) {
  return fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
  return fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *memory, size_t size) {
  return fails() ? NULL : __real_realloc(memory, size);
}
void *__wrap_aligned_alloc(size_t align, size_t size) {
  return fails() ? NULL : __real_aligned_alloc(align, size);
}

static char path[] = "/tmp/graphcut-nomem-XXXXXX";

// Writes with every allocation failing in turn.
static void check_writing(const char *name, const gcut_graph *graph) {
  for (long n = 0;; n++) {
    gcut_error err;
    allowed = n;
    failed = false;
    gcut_status status = gcut_onnx_write(graph, path, &err);
    allowed = -1;
    if (status == GCUT_OK && !failed) return;
    if (status != GCUT_NOMEM && status != GCUT_IO)
      fail_msg("%s: writing: allocation %ld: %s", name, n, gcut_status_name(status));
  }
}

static void check_reading(const char *name, const proto *model) {
  for (long n = 0;; n++) {
    gcut_graph *graph;
    gcut_error err;
    allowed = n;
    failed = false;
    gcut_status status =
        gcut_onnx_parse(model->data, model->size, "nomem.onnx", NULL, &graph, &err);
    allowed = -1;
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
