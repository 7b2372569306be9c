// ONNX -> graph -> ONNX gives an equal graph; weights go where they should; a failure leaves
// nothing behind.
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/graph_equal.h"
#include "tests/support/proto.h"

static void check_round_trip(const char *path) {
  gcut_graph *graph = NULL, *again = NULL;
  gcut_error err = {{0}};
  char copy[300];
  keep_in_folder("copy.onnx", copy);
  gcut_status status = gcut_onnx_read(path, NULL, &graph, &err);
  if (status == GCUT_OK) status = gcut_onnx_write(graph, copy, &err);
  if (status == GCUT_OK) status = gcut_onnx_read(copy, NULL, &again, &err);
  if (status == GCUT_OK) status = gcut_graph_equal(graph, again, &err);
  if (status != GCUT_OK) fail_msg("%s: %s", path, err.message);
  gcut_graph_destroy(graph);
  gcut_graph_destroy(again);
}

static void keeps_the_examples(void **state) {
  (void)state;
  check_round_trip("examples/models/llama/model.onnx");
  check_round_trip("examples/models/mllama/model.onnx");
}

// Every model of the official cases: all attribute kinds, types, subgraphs, IR versions.
static void keeps_the_official_cases(void **state) {
  (void)state;
  static const char *const kinds[] = {"node", "simple", "pytorch-converted", "pytorch-operator"};
  int n = 0;
  for (int k = 0; k < 4; k++) {
    char path[600];
    snprintf(path, sizeof path, "/usr/share/libonnx-testdata/data/%s", kinds[k]);
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) {
      snprintf(path, sizeof path, "/usr/share/libonnx-testdata/data/%s/%s/model.onnx", kinds[k],
               entry->d_name);
      if (entry->d_name[0] == '.' || access(path, R_OK) != 0) continue;
      check_round_trip(path);
      n++;
    }
    if (dir) closedir(dir);
  }
  if (n == 0) skip();
}

// ---- where weights go -------------------------------------------------------------------------

// A model in a folder of its own with a small and a large external tensor, and a large inline one.
static void write_source(const char *where, char path[300]) {
  int64_t small[] = {4}, large[] = {2000};
  proto graph = {0}, data = {0};
  const struct {
    const char *name, *offset;
    const int64_t *dims;
  } external[] = {{"small", "0", small}, {"large", "64", large}};
  char name[300];
  mkdir(where, 0777);
  for (int i = 0; i < 10000; i++) pb_raw(&data, &(uint8_t){(uint8_t)(i * 7)}, 1);
  snprintf(name, sizeof name, "%s/weights.bin", where);
  pb_write_file(&data, name);
  pb_text(&graph, GRAPH_NAME, "g");
  for (int i = 0; i < 2; i++) {
    proto tensor = onnx_tensor(external[i].name, 1, 1, external[i].dims),
          location = onnx_entry("location", "weights.bin"),
          offset = onnx_entry("offset", external[i].offset);
    pb_message(&tensor, TENSOR_EXTERNAL, &location);
    pb_message(&tensor, TENSOR_EXTERNAL, &offset);
    pb_int(&tensor, TENSOR_LOCATION, 1);
    pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  }
  proto tensor = onnx_tensor("inline", 1, 1, large);
  pb_bytes(&tensor, TENSOR_RAW, data.data, 8000);
  pb_message(&graph, GRAPH_INITIALIZER, &tensor);
  pb_free(&data);
  proto model = onnx_model(&graph);
  snprintf(path, 300, "%s/model.onnx", where);
  pb_write_file(&model, path);
  pb_free(&model);
}

static const gcut_constant *constant_of(const gcut_graph *g, const char *name) {
  return &g->constants[g->values[gcut_graph_find_value(g, 0, name)].constant];
}

static const char *location_of(const gcut_graph *g, const char *name) {
  return g->files[constant_of(g, name)->file].location;
}

// Writes `graph` to `path` and reads it back, equal.
static gcut_graph *write_and_read(const gcut_graph *graph, const char *path) {
  gcut_graph *again;
  assert_ok(gcut_onnx_write(graph, path, err));
  assert_ok(gcut_onnx_read(path, NULL, &again, err));
  assert_ok(gcut_graph_equal(graph, again, err));
  return again;
}

static void keeps_external_data_in_its_folder(void **state) {
  (void)state;
  char where[300], path[300], copy[320];
  gcut_graph *graph;
  write_source(keep_in_folder("kept", where), path);
  assert_ok(gcut_onnx_read(path, NULL, &graph, err));
  snprintf(copy, sizeof copy, "%s/other.onnx", where);
  gcut_graph *again = write_and_read(graph, copy);
  assert_string_equal(location_of(again, "small"), "weights.bin");
  assert_string_equal(location_of(again, "large"), "weights.bin");
  assert_int_equal(constant_of(again, "large")->offset, 64);
  assert_string_equal(location_of(again, "inline"), "");
  gcut_graph_destroy(again);
  gcut_graph_destroy(graph);
}

static void moves_external_data_elsewhere(void **state) {
  (void)state;
  char where[300], path[300], copy[300];
  gcut_graph *graph;
  write_source(keep_in_folder("moved", where), path);
  assert_ok(gcut_onnx_read(path, NULL, &graph, err));
  gcut_graph *again = write_and_read(graph, keep_in_folder("moved.onnx", copy));
  assert_string_equal(location_of(again, "small"), ""); // small enough for the model itself
  assert_string_equal(location_of(again, "large"), "moved.onnx.data");
  assert_int_equal(constant_of(again, "large")->offset % 64, 0);
  assert_string_equal(location_of(again, "inline"), "");
  gcut_graph_destroy(again);
  gcut_graph_destroy(graph);
}

// What is missing cannot be moved: the reference stays.
static void keeps_references_to_missing_data(void **state) {
  (void)state;
  char where[300], path[300], copy[300], data[320];
  gcut_graph *graph;
  write_source(keep_in_folder("missing", where), path);
  snprintf(data, sizeof data, "%s/weights.bin", where);
  unlink(data);
  assert_ok(gcut_onnx_read(path, NULL, &graph, err));
  gcut_graph *again = write_and_read(graph, keep_in_folder("missing.onnx", copy));
  assert_null(constant_of(again, "large")->data);
  assert_string_equal(location_of(again, "large"), "weights.bin");
  gcut_graph_destroy(again);
  gcut_graph_destroy(graph);
}

// ---- what must not happen ---------------------------------------------------------------------

static void spares_its_source(void **state) {
  (void)state;
  char where[300], path[300], data[320], link_path[320];
  gcut_graph *graph;
  write_source(keep_in_folder("source", where), path);
  assert_ok(gcut_onnx_read(path, NULL, &graph, err));
  assert_fails(gcut_onnx_write(graph, path, err), GCUT_ARGUMENT, "is read from this file");
  snprintf(data, sizeof data, "%s/weights.bin", where);
  assert_fails(gcut_onnx_write(graph, data, err), GCUT_ARGUMENT, "is read from this file");
  snprintf(link_path, sizeof link_path, "%s/link.onnx", where);
  assert_int_equal(symlink("model.onnx", link_path), 0);
  assert_fails(gcut_onnx_write(graph, link_path, err), GCUT_ARGUMENT, "is read from this file");
  gcut_graph_destroy(graph);
}

static int count_files(const char *where) {
  int n = 0;
  DIR *dir = opendir(where);
  for (struct dirent *entry; dir && (entry = readdir(dir)) != NULL;) n += entry->d_name[0] != '.';
  if (dir) closedir(dir);
  return n;
}

static void leaves_nothing_behind(void **state) {
  (void)state;
  char where[300], path[300], full[320];
  gcut_graph *graph;
  write_source(keep_in_folder("failing", where), path);
  assert_ok(gcut_onnx_read(path, NULL, &graph, err));
  assert_fails(gcut_onnx_write(graph, "/dev/full", err), GCUT_IO, "No space left");
  assert_fails(gcut_onnx_write(graph, keep_in_folder("absent/model.onnx", full), err), GCUT_IO,
               "cannot be written");
  assert_fails(gcut_onnx_write(graph, where, err), GCUT_IO, "cannot be written"); // a folder
  assert_int_equal(count_files(where), 2);
  assert_ok(gcut_onnx_write(graph, "/dev/null", err));
  struct stat info;
  assert_int_equal(stat("/dev/null", &info), 0);
  assert_true(S_ISCHR(info.st_mode)); // not replaced
  gcut_graph_destroy(graph);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_the_examples),
      cmocka_unit_test(keeps_the_official_cases),
      cmocka_unit_test(keeps_external_data_in_its_folder),
      cmocka_unit_test(moves_external_data_elsewhere),
      cmocka_unit_test(keeps_references_to_missing_data),
      cmocka_unit_test(spares_its_source),
      cmocka_unit_test(leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
