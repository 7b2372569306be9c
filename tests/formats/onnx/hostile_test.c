// Every model of the hostile list is refused with its line; truncation at every byte never does
// worse; external data keeps to its folder; the odd models are read and survive a round trip.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/graph_equal.h"
#include "tests/support/hostile.h"

static gcut_status parse(const proto *model, gcut_error *err) {
  gcut_graph *graph;
  char *copy = malloc(model->size + 1); // no byte to spare behind it, for the sanitizer
  if (!copy) abort();
  copy = realloc(copy, model->size ? model->size : 1);
  if (model->size > 0) memcpy(copy, model->data, model->size);
  gcut_status status = gcut_onnx_parse(copy, model->size, "test.onnx", NULL, &graph, err);
  gcut_graph_destroy(graph);
  free(copy);
  return status;
}

static void check_line(const char *name, const gcut_error *err) {
  if (strchr(err->message, '\n') || strlen(err->message) < 10) fail_msg("%s: no line", name);
}

static void refuses_hostile_models(void **state) {
  (void)state;
  const hostile_case *c;
  for (size_t i = 0; (c = hostile_case_at(i)); i++) {
    gcut_error err = {{0}};
    proto model = {0};
    c->make(&model);
    gcut_status status = parse(&model, &err);
    pb_free(&model);
    check_line(c->name, &err);
    if (status != c->status || !strstr(err.message, c->message))
      fail_msg("%s: %s: %s", c->name, gcut_status_name(status), err.message);
  }
}

// The odd models are small and hold a bit of everything. Some cuts leave a whole model.
static void survives_truncation(void **state) {
  (void)state;
  for (size_t i = 0; i < n_odd_cases; i++) {
    proto model = {0};
    odd_cases[i].make(&model);
    size_t whole = model.size, step = whole < 4000 ? 1 : whole / 100;
    for (size_t size = 0; size < whole; size += step) {
      gcut_error err = {{0}};
      model.size = size;
      gcut_status status = parse(&model, &err);
      if (status != GCUT_OK && status != GCUT_FORMAT && status != GCUT_UNSUPPORTED)
        fail_msg("%s at %zu: %s", odd_cases[i].name, size, gcut_status_name(status));
      if (status != GCUT_OK) check_line(odd_cases[i].name, &err);
    }
    pb_free(&model);
  }
}

// Each byte in turn set to values that mean much to a parser.
static void survives_damage(void **state) {
  (void)state;
  static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
  for (size_t i = 0; i < n_odd_cases; i++) {
    proto model = {0};
    odd_cases[i].make(&model);
    size_t end = model.size < 4000 ? model.size : 20;
    for (size_t at = 0; at < end; at++) {
      uint8_t kept = model.data[at];
      for (size_t v = 0; v < sizeof values; v++) {
        gcut_error err = {{0}};
        model.data[at] = values[v];
        if (parse(&model, &err) != GCUT_OK) check_line(odd_cases[i].name, &err);
      }
      model.data[at] = kept;
    }
    pb_free(&model);
  }
}

static gcut_status round_trip(gcut_graph *graph, const char *path, gcut_error *err) {
  gcut_graph *again = NULL;
  gcut_status status = gcut_onnx_write(graph, path, err);
  if (status == GCUT_OK) status = gcut_onnx_read(path, NULL, &again, err);
  if (status == GCUT_OK) status = gcut_graph_equal(graph, again, err);
  gcut_graph_destroy(again);
  return status;
}

static void reads_odd_models(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/odd.onnx", folder);
  for (size_t i = 0; i < n_odd_cases; i++) {
    gcut_error err = {{0}};
    gcut_graph *graph;
    proto model = {0};
    odd_cases[i].make(&model);
    gcut_status status = gcut_onnx_parse(model.data, model.size, "odd.onnx", NULL, &graph, &err);
    if (status == GCUT_OK) status = gcut_graph_verify(graph, &err);
    if (status == GCUT_OK) status = round_trip(graph, path, &err);
    if (status != GCUT_OK) fail_msg("%s: %s", odd_cases[i].name, err.message);
    gcut_graph_destroy(graph);
    pb_free(&model);
  }
}

static void write_external(const hostile_external *c, char path[256]) {
  char where[200];
  snprintf(where, sizeof where, "%s/%s", folder, c->name);
  mkdir(where, 0777);
  if (c->prepare) c->prepare(where);
  snprintf(path, 256, "%s/model.onnx", where);
  proto model = hostile_external_model(c);
  pb_write_file(&model, path);
  pb_free(&model);
}

static void keeps_external_data_inside(void **state) {
  (void)state;
  for (size_t i = 0; i < n_hostile_externals; i++) {
    const hostile_external *c = &hostile_externals[i];
    gcut_error err = {{0}};
    gcut_graph *graph;
    char path[256];
    write_external(c, path);
    gcut_status status = gcut_onnx_read(path, NULL, &graph, &err);
    if (status != (c->message ? GCUT_FORMAT : GCUT_OK) ||
        (c->message && !strstr(err.message, c->message)))
      fail_msg("%s: %s: %s", c->name, gcut_status_name(status), err.message);
    if (status != GCUT_OK) continue;
    uint32_t w = gcut_graph_find_value(graph, 0, "w");
    assert_int_not_equal(w, GCUT_NONE);
    const gcut_constant *constant = &graph->constants[graph->values[w].constant];
    assert_int_equal(constant->data == NULL, c->missing);
    if (constant->data) assert_int_equal(*(const uint8_t *)constant->data, 1);
    gcut_graph_destroy(graph);
  }
}

static void follows_links_when_told(void **state) {
  (void)state;
  static const char *const linked[] = {"link", "link-folder", "hard-link"};
  const gcut_read_options options = {.follow_links = true};
  for (size_t i = 0; i < n_hostile_externals; i++) {
    bool wanted = false;
    for (size_t k = 0; k < 3; k++) wanted |= strcmp(hostile_externals[i].name, linked[k]) == 0;
    if (!wanted) continue;
    gcut_graph *graph;
    char path[256];
    write_external(&hostile_externals[i], path);
    assert_ok(gcut_onnx_read(path, &options, &graph, err));
    assert_non_null(graph->constants[0].data);
    gcut_graph_destroy(graph);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refuses_hostile_models),
      cmocka_unit_test(survives_truncation),
      cmocka_unit_test(survives_damage),
      cmocka_unit_test(reads_odd_models),
      cmocka_unit_test(keeps_external_data_inside),
      cmocka_unit_test(follows_links_when_told),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
