#include "graphcut/tensor.h"

#include "tests/support/check.h"

static void views_share_and_keep_their_base(void **state) {
  (void)state;
  gcut_tensor *base = NULL, *view = NULL;
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 2, (int64_t[]){2, 3}, &base, err));
  assert_int_equal(base->bytes, 24);
  assert_ok(gcut_tensor_view(base, GCUT_FLOAT, 1, (int64_t[]){6}, &view, err));
  ((float *)base->data)[5] = 7;
  gcut_tensor_unref(base);
  assert_true(((float *)view->data)[5] == 7);
  gcut_tensor_unref(view);
}

static void a_view_must_have_as_many_bytes(void **state) {
  (void)state;
  gcut_tensor *base = NULL, *view = NULL;
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 1, (int64_t[]){6}, &base, err));
  assert_fails(gcut_tensor_view(base, GCUT_FLOAT, 1, (int64_t[]){5}, &view, err), GCUT_ARGUMENT,
               "view");
  assert_null(view);
  gcut_tensor_unref(base);
}

static void impossible_shapes_are_refused(void **state) {
  (void)state;
  gcut_tensor *t = NULL;
  assert_fails(gcut_tensor_create(GCUT_FLOAT, 1, (int64_t[]){-1}, &t, err), GCUT_ARGUMENT, "dims");
  assert_fails(gcut_tensor_create(GCUT_FLOAT, 2, (int64_t[]){INT64_MAX, 2}, &t, err), GCUT_ARGUMENT,
               "dims");
  assert_fails(gcut_tensor_create(GCUT_FLOAT, 33, (int64_t[33]){0}, &t, err), GCUT_ARGUMENT,
               "rank");
  assert_fails(gcut_tensor_create(GCUT_UNDEFINED, 0, NULL, &t, err), GCUT_ARGUMENT, "undefined");
}

static void strings_are_owned_and_compared_by_bytes(void **state) {
  (void)state;
  gcut_tensor *a = NULL, *b = NULL;
  assert_ok(gcut_tensor_create(GCUT_STRING, 1, (int64_t[]){2}, &a, err));
  assert_ok(gcut_tensor_create(GCUT_STRING, 1, (int64_t[]){2}, &b, err));
  assert_ok(gcut_tensor_set_string(a, 0, "x\0y", 3, err));
  assert_ok(gcut_tensor_set_string(b, 0, "x\0y", 3, err));
  assert_true(gcut_tensor_equal(a, b));
  assert_ok(gcut_tensor_set_string(b, 0, "x\0z", 3, err));
  assert_false(gcut_tensor_equal(a, b));
  assert_fails(gcut_tensor_set_string(a, 2, "", 0, err), GCUT_ARGUMENT, "element");
  gcut_tensor_unref(a);
  gcut_tensor_unref(b);
}

static void sequences_hold_references(void **state) {
  (void)state;
  gcut_tensor *item = NULL, *sequence = NULL, *none = NULL;
  assert_ok(gcut_tensor_create(GCUT_INT64, 0, NULL, &item, err));
  assert_ok(gcut_tensor_sequence(GCUT_INT64, (gcut_tensor *[]){item, item}, 2, &sequence, err));
  gcut_tensor_unref(item);
  assert_int_equal(sequence->n_items, 2);
  assert_int_equal(sequence->items[1]->count, 1);
  assert_true(gcut_tensor_equal(sequence, sequence));
  assert_ok(gcut_tensor_none(GCUT_INT64, &none, err));
  assert_false(gcut_tensor_equal(sequence, none));
  gcut_tensor_unref(sequence);
  gcut_tensor_unref(none);
  gcut_tensor_unref(NULL);
}

static void slices_are_taken_and_placed(void **state) {
  static const int32_t elements[2 * 3 * 2] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  gcut_tensor *whole, *copy, *part;
  (void)state;
  assert_ok(gcut_tensor_create(GCUT_INT32, 3, (int64_t[]){2, 3, 2}, &whole, err));
  assert_ok(gcut_tensor_create(GCUT_INT32, 3, (int64_t[]){2, 3, 2}, &copy, err));
  memcpy(whole->data, elements, sizeof elements);
  for (int axis = 0; axis < 3; axis++) {
    for (int64_t first = 0; first < whole->dims[axis]; first++) {
      assert_ok(gcut_tensor_slice(whole, axis, first, 1, &part, err));
      assert_int_equal(part->count, 12 / whole->dims[axis]);
      assert_ok(gcut_tensor_place(copy, axis, first, part, err));
      gcut_tensor_unref(part);
    }
    assert_true(gcut_tensor_equal(whole, copy));
    memset(copy->data, 0, copy->bytes);
  }
  assert_ok(gcut_tensor_slice(whole, 1, 1, 2, &part, err));
  assert_memory_equal(part->data, ((int32_t[]){2, 3, 4, 5, 8, 9, 10, 11}), 32);
  assert_fails(gcut_tensor_place(copy, 1, 2, part, err), GCUT_ARGUMENT, "axis 1");
  assert_fails(gcut_tensor_place(copy, 0, 0, part, err), GCUT_ARGUMENT, "does not fit");
  gcut_tensor_unref(part);
  assert_ok(gcut_tensor_slice(whole, 0, 1, 1, &part, err)); // lies together: by reference
  assert_ptr_equal(part->data, (char *)whole->data + 24);
  gcut_tensor_unref(whole); // which it keeps
  assert_memory_equal(part->data, elements + 6, 24);
  assert_fails(gcut_tensor_slice(part, 0, 1, 1, &whole, err), GCUT_ARGUMENT, "no elements 1 to 2");
  assert_fails(gcut_tensor_slice(part, 3, 0, 1, &whole, err), GCUT_ARGUMENT, "axis 3");
  gcut_tensor_unref(part);
  gcut_tensor_unref(copy);
  assert_ok(gcut_tensor_create(GCUT_INT4, 1, (int64_t[]){4}, &whole, err));
  assert_fails(gcut_tensor_slice(whole, 0, 0, 2, &part, err), GCUT_ARGUMENT, "no elements");
  gcut_tensor_unref(whole);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slices_are_taken_and_placed),
      cmocka_unit_test(views_share_and_keep_their_base),
      cmocka_unit_test(a_view_must_have_as_many_bytes),
      cmocka_unit_test(impossible_shapes_are_refused),
      cmocka_unit_test(strings_are_owned_and_compared_by_bytes),
      cmocka_unit_test(sequences_hold_references),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
