// Test data files: what is written is read back, and what is wrong refused.
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/proto.h"

static char path[] = "/tmp/graphcut-pb-XXXXXX";

// Takes over the tensor.
static void check_round_trip(gcut_tensor *tensor, gcut_kind kind) {
  gcut_tensor *again;
  char *name;
  assert_ok(gcut_tensor_write_pb(path, tensor, "some name", err));
  assert_ok(gcut_tensor_read_pb(path, kind, &again, &name, err));
  assert_string_equal(name, "some name");
  assert_true(gcut_tensor_equal(tensor, again));
  free(name);
  gcut_tensor_unref(again);
  gcut_tensor_unref(tensor);
}

static gcut_tensor *numbers(gcut_dtype type, int rank, const int64_t *dims) {
  gcut_tensor *tensor;
  assert_ok(gcut_tensor_create(type, rank, dims, &tensor, err));
  for (uint64_t i = 0; i < tensor->bytes; i++) ((uint8_t *)tensor->data)[i] = (uint8_t)(i * 37 + 1);
  return tensor;
}

static void keeps_tensors_of_every_type(void **state) {
  (void)state;
  static const int64_t dims[] = {3, 5}, none[] = {2, 0};
  for (int type = 1; type < GCUT_N_DTYPES; type++) {
    if (type == GCUT_STRING) continue;
    check_round_trip(numbers((gcut_dtype)type, 2, dims), GCUT_KIND_TENSOR);
    check_round_trip(numbers((gcut_dtype)type, 2, none), GCUT_KIND_TENSOR);
    check_round_trip(numbers((gcut_dtype)type, 0, NULL), GCUT_KIND_TENSOR);
  }
}

static void keeps_strings(void **state) {
  (void)state;
  static const int64_t two[] = {2};
  gcut_tensor *tensor;
  assert_ok(gcut_tensor_create(GCUT_STRING, 1, two, &tensor, err));
  assert_ok(gcut_tensor_set_string(tensor, 0, "a\0\xff", 3, err));
  check_round_trip(tensor, GCUT_KIND_TENSOR);
}

static void keeps_sequences_and_nothing(void **state) {
  (void)state;
  static const int64_t dims[] = {2, 3};
  gcut_tensor *items[2] = {numbers(GCUT_FLOAT, 1, dims), numbers(GCUT_FLOAT, 2, dims)}, *sequence;
  assert_ok(gcut_tensor_sequence(GCUT_FLOAT, items, 2, &sequence, err));
  gcut_tensor_unref(items[0]);
  gcut_tensor_unref(items[1]);
  check_round_trip(sequence, GCUT_KIND_SEQUENCE);
  gcut_tensor *none;
  assert_ok(gcut_tensor_none(GCUT_UNDEFINED, &none, err));
  check_round_trip(none, GCUT_KIND_OPTIONAL);
}

// An optional with a value is read as the value.
static void opens_optionals(void **state) {
  (void)state;
  static const int64_t two[] = {2};
  proto tensor = onnx_tensor("inner", 1, 1, two), optional = {0};
  pb_bytes(&tensor, TENSOR_RAW, "12345678", 8);
  pb_text(&optional, 1, "outer");
  pb_int(&optional, 2, 1);
  pb_message(&optional, 3, &tensor);
  pb_write_file(&optional, path);
  pb_free(&optional);
  gcut_tensor *read;
  assert_ok(gcut_tensor_read_pb(path, GCUT_KIND_OPTIONAL, &read, NULL, err));
  assert_int_equal(read->kind, GCUT_KIND_TENSOR);
  assert_memory_equal(read->data, "12345678", 8);
  gcut_tensor_unref(read);
}

static void refuses_damage(void **state) {
  (void)state;
  static const int64_t two[] = {2};
  proto tensor = onnx_tensor("t", 1, 1, two);
  pb_bytes(&tensor, TENSOR_RAW, "12345678", 8);
  for (size_t whole = tensor.size; tensor.size > 0; tensor.size--) {
    gcut_tensor *read;
    if (tensor.size == whole) continue;
    pb_write_file(&tensor, path);
    gcut_error err = {{0}};
    assert_int_equal(gcut_tensor_read_pb(path, GCUT_KIND_TENSOR, &read, NULL, &err), GCUT_FORMAT);
    assert_non_null(strstr(err.message, path));
    assert_null(read);
  }
  pb_free(&tensor);
  gcut_tensor *read;
  assert_fails(gcut_tensor_read_pb("/absent", GCUT_KIND_TENSOR, &read, NULL, err), GCUT_FORMAT,
               "No such file");
  assert_fails(gcut_tensor_read_pb("/tmp", GCUT_KIND_TENSOR, &read, NULL, err), GCUT_FORMAT,
               "not a regular file");
}

static void refuses_external_data(void **state) {
  (void)state;
  static const int64_t two[] = {2};
  proto tensor = onnx_tensor("t", 1, 1, two), entry = onnx_entry("location", "passwd");
  pb_message(&tensor, TENSOR_EXTERNAL, &entry);
  pb_int(&tensor, TENSOR_LOCATION, 1);
  pb_write_file(&tensor, path);
  pb_free(&tensor);
  gcut_tensor *read;
  assert_fails(gcut_tensor_read_pb(path, GCUT_KIND_TENSOR, &read, NULL, err), GCUT_FORMAT,
               "external data");
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
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_tensors_of_every_type),
      cmocka_unit_test(keeps_strings),
      cmocka_unit_test(keeps_sequences_and_nothing),
      cmocka_unit_test(opens_optionals),
      cmocka_unit_test(refuses_damage),
      cmocka_unit_test(refuses_external_data),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
