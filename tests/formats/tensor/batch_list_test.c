// Lists of batches: natural order, test data directories, what a graph's types tell of an array.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "graphcut/formats.h"
#include "tests/support/folder.h"
#include "tracer/build.h"

static gcut_tensor *make(gcut_dtype type, int64_t n) {
  gcut_tensor *t;
  assert_int_equal(gcut_tensor_create(type, 1, &n, &t, NULL), GCUT_OK);
  for (uint64_t i = 0; i < t->bytes; i++) ((uint8_t *)t->data)[i] = (uint8_t)(i * 29 + 7);
  return t;
}

// A graph of inputs a: int4, b: float8e4m3fn, c: a sequence; and an output y: float.
static gcut_graph *make_graph(void) {
  gcut_graph *g;
  assert_int_equal(gcut_graph_create(&g, NULL), GCUT_OK);
  static const struct {
    const char *name;
    gcut_type type;
  } inputs[] = {
      {"a", {.type = GCUT_INT4, .rank = -1}},
      {"b", {.type = GCUT_FLOAT8E4M3FN, .rank = -1}},
      {"c", {.kind = GCUT_KIND_SEQUENCE, .type = GCUT_FLOAT, .rank = -1}},
  };
  for (int i = 0; i < 3; i++) {
    uint32_t v = gcut_graph_add_value(g, 0, inputs[i].name);
    gcut_value_declare(g, v, &inputs[i].type);
    gcut_graph_add_input(g, 0, v);
  }
  gcut_graph_add_output(g, 0, gcut_graph_add_value(g, 0, "y"));
  return g;
}

static void save(const char *file, const char *name, gcut_tensor *t) {
  gcut_batch batch = {0};
  assert_int_equal(gcut_batch_add(&batch, name, t, NULL), GCUT_OK);
  assert_int_equal(gcut_npz_write(in_folder(file), &batch, NULL), GCUT_OK);
  gcut_batch_free(&batch);
}

static void lists_in_natural_order(void **state) {
  (void)state;
  static const char *const names[] = {"b10.npz", "b2.npz", "a.npz", "b02.npz", "b1x.npz"};
  static const char *const sorted[] = {"a.npz", "b1x.npz", "b02.npz", "b2.npz", "b10.npz"};
  gcut_tensor *t = make(GCUT_FLOAT, 2);
  for (int i = 0; i < 5; i++) save(names[i], "x", t);
  gcut_tensor_unref(t);
  fclose(fopen(in_folder("notes.txt"), "w"));
  gcut_batch_list list;
  assert_int_equal(gcut_batch_list_open(folder, &list, NULL), GCUT_OK);
  assert_int_equal(list.n, 5);
  for (int i = 0; i < 5; i++) assert_string_equal(list.paths[i], in_folder(sorted[i]));
  gcut_batch_list_free(&list);
  assert_int_equal(gcut_batch_list_open(in_folder("b2.npz"), &list, NULL), GCUT_OK);
  assert_int_equal(list.n, 1);
  gcut_batch_list_free(&list);
  assert_int_equal(gcut_batch_list_open(in_folder("b3.npz"), &list, NULL), GCUT_FORMAT);
  fclose(fopen(in_folder("input_0.pb"), "w"));
  assert_int_equal(gcut_batch_list_open(folder, &list, NULL), GCUT_FORMAT);
}

static void types_of_the_graph(void **state) {
  (void)state;
  gcut_graph *g = make_graph();
  gcut_tensor *small = make(GCUT_INT4, 5), *narrow = make(GCUT_FLOAT8E4M3FN, 3);
  gcut_tensor *out = make(GCUT_FLOAT, 2), *wide = make(GCUT_UINT8, 3);
  ((uint8_t *)small->data)[2] &= 0xf; // the unused half of the last byte
  gcut_batch batch = {0}, back;
  assert_int_equal(gcut_batch_add(&batch, "a", small, NULL), GCUT_OK);
  assert_int_equal(gcut_batch_add(&batch, "b", narrow, NULL), GCUT_OK);
  assert_int_equal(gcut_batch_add(&batch, "b", narrow, NULL), GCUT_ARGUMENT);
  assert_int_equal(gcut_npz_write(in_folder("in.npz"), &batch, NULL), GCUT_OK);
  assert_int_equal(gcut_npz_read(in_folder("in.npz"), &back, NULL), GCUT_FORMAT); // float8: which?
  save("out.npz", "out", out);
  save("range.npz", "a", wide);
  gcut_batch_list list;
  assert_int_equal(gcut_batch_list_open(folder, &list, NULL), GCUT_OK);
  gcut_error err;
  if (gcut_batch_read(&list, 0, g, false, &back, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_true(gcut_tensor_equal(gcut_batch_find(&back, "a"), small));
  assert_true(gcut_tensor_equal(gcut_batch_find(&back, "b"), narrow));
  gcut_batch_free(&back);
  assert_int_equal(gcut_batch_read(&list, 1, g, true, &back, NULL), GCUT_OK);
  assert_true(gcut_tensor_equal(gcut_batch_find(&back, "y"), out)); // "out" stood for it
  gcut_batch_free(&back);
  assert_int_equal(gcut_batch_read(&list, 2, g, false, &back, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "out of range for int4"));
  assert_int_equal(gcut_batch_read(&list, 3, g, false, &back, &err), GCUT_ARGUMENT);
  gcut_batch_list_free(&list);
  gcut_tensor *all[] = {small, narrow, out, wide};
  for (int i = 0; i < 4; i++) gcut_tensor_unref(all[i]);
  gcut_batch_free(&batch);
  gcut_graph_destroy(g);
}

static void test_data_directory(void **state) {
  (void)state;
  gcut_graph *g = make_graph();
  gcut_tensor *small = make(GCUT_INT4, 4), *item = make(GCUT_FLOAT, 2), *sequence;
  assert_int_equal(gcut_tensor_sequence(GCUT_FLOAT, &item, 1, &sequence, NULL), GCUT_OK);
  gcut_error err;
  if (gcut_tensor_write_pb(in_folder("input_0.pb"), small, "any", &err) != GCUT_OK ||
      gcut_tensor_write_pb(in_folder("input_2.pb"), sequence, "name", &err) != GCUT_OK ||
      gcut_tensor_write_pb(in_folder("output_0.pb"), item, "", &err) != GCUT_OK)
    fail_msg("%s", err.message);
  gcut_batch_list list;
  gcut_batch batch;
  assert_int_equal(gcut_batch_list_open(folder, &list, NULL), GCUT_OK);
  assert_true(list.test_data && list.n == 1);
  if (gcut_batch_read(&list, 0, g, false, &batch, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(batch.n, 2);
  assert_true(gcut_tensor_equal(gcut_batch_find(&batch, "a"), small));
  assert_true(gcut_tensor_equal(gcut_batch_find(&batch, "c"), sequence));
  gcut_batch_free(&batch);
  assert_int_equal(gcut_batch_read(&list, 0, g, true, &batch, NULL), GCUT_OK);
  assert_true(gcut_tensor_equal(gcut_batch_find(&batch, "y"), item));
  gcut_batch_free(&batch);
  assert_int_equal(gcut_tensor_write_pb(in_folder("input_3.pb"), small, "", NULL), GCUT_OK);
  assert_int_equal(gcut_batch_read(&list, 0, g, false, &batch, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "the model has 3"));
  gcut_batch_list_free(&list);
  gcut_tensor *all[] = {small, item, sequence};
  for (int i = 0; i < 3; i++) gcut_tensor_unref(all[i]);
  gcut_graph_destroy(g);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {CASE(lists_in_natural_order), CASE(types_of_the_graph),
                                     CASE(test_data_directory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
