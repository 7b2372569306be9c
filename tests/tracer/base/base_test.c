// Arena, interning, maps, types, narrow floats.
#include "tests/support/check.h"

#include <math.h>
#include <stdio.h>

#include "graphcut/dtype.h"
#include "tracer/base/arena.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"
#include "tracer/base/map.h"
#include "tracer/base/narrow.h"

static void arena_gives_zeroed_aligned_memory(void **state) {
  (void)state;
  gcut_arena *arena = gcut_arena_create();
  for (size_t n = 1; n < 100000; n = n * 3 + 1) {
    uint8_t *memory = gcut_arena_alloc(arena, n, 1);
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % (n >= 64 ? 64 : 16), 0);
    for (size_t i = 0; i < n; i++) assert_int_equal(memory[i], 0);
    memset(memory, 0xff, n);
  }
  gcut_arena_reset(arena);
  uint8_t *again = gcut_arena_alloc(arena, 1000, 1);
  for (size_t i = 0; i < 1000; i++) assert_int_equal(again[i], 0);
  gcut_arena_destroy(arena);
}

static void arena_refuses_overflow(void **state) {
  (void)state;
  gcut_arena *arena = gcut_arena_create();
  assert_null(gcut_arena_alloc(arena, SIZE_MAX, 2));
  assert_null(gcut_arena_alloc(arena, SIZE_MAX / 2, 1));
  assert_non_null(gcut_arena_alloc(arena, 0, 8));
  gcut_arena_destroy(arena);
}

static void interned_strings_are_one(void **state) {
  (void)state;
  gcut_arena *arena = gcut_arena_create();
  gcut_intern *table = gcut_intern_create(arena);
  assert_null(gcut_intern_find(table, "a", 1));
  const char *first[2000];
  char text[32];
  for (int i = 0; i < 2000; i++) {
    int n = snprintf(text, sizeof text, "name %d", i);
    first[i] = gcut_intern_add(table, text, (size_t)n);
  }
  for (int i = 0; i < 2000; i++) {
    int n = snprintf(text, sizeof text, "name %d", i);
    assert_ptr_equal(gcut_intern_add(table, text, (size_t)n), first[i]);
    assert_ptr_equal(gcut_intern_find(table, text, (size_t)n), first[i]);
    assert_string_equal(first[i], text);
  }
  assert_ptr_not_equal(gcut_intern_add(table, "name 1", 5), first[1]);
  gcut_intern_destroy(table);
  gcut_arena_destroy(arena);
}

static void maps_find_what_was_set(void **state) {
  (void)state;
  gcut_map map = {0};
  assert_int_equal(gcut_map_get(&map, 7), UINT32_MAX);
  for (uint32_t i = 0; i < 5000; i++) assert_true(gcut_map_set(&map, (uint64_t)i * 1000003, i));
  for (uint32_t i = 0; i < 5000; i++)
    assert_int_equal(gcut_map_get(&map, (uint64_t)i * 1000003), i);
  assert_true(gcut_map_set(&map, 1000003, 99));
  assert_int_equal(gcut_map_get(&map, 1000003), 99);
  assert_int_equal(gcut_map_get(&map, 1), UINT32_MAX);
  assert_int_equal(map.count, 5000);
  gcut_map_free(&map);
}

static void types_have_onnx_numbers_and_sizes(void **state) {
  (void)state;
  uint64_t bytes;
  assert_int_equal(GCUT_BFLOAT16, 16);
  assert_int_equal(GCUT_INT2, 26);
  assert_string_equal(gcut_dtype_name(GCUT_FLOAT8E4M3FNUZ), "float8e4m3fnuz");
  assert_string_equal(gcut_dtype_name((gcut_dtype)77), "undefined");
  assert_int_equal(gcut_dtype_find("int4", 4), GCUT_INT4);
  assert_int_equal(gcut_dtype_find("int", 3), GCUT_UNDEFINED);
  assert_true(gcut_dtype_bytes(GCUT_INT4, 5, &bytes));
  assert_int_equal(bytes, 3);
  assert_true(gcut_dtype_bytes(GCUT_UINT2, 5, &bytes));
  assert_int_equal(bytes, 2);
  assert_false(gcut_dtype_bytes(GCUT_DOUBLE, UINT64_MAX / 4, &bytes));
  assert_false(gcut_dtype_bytes(GCUT_UNDEFINED, 1, &bytes));
}

static void counts_refuse_overflow_and_negative_dims(void **state) {
  (void)state;
  uint64_t count;
  assert_true(gcut_checked_count(3, (int64_t[]){2, 3, 4}, &count));
  assert_int_equal(count, 24);
  assert_true(gcut_checked_count(0, NULL, &count));
  assert_int_equal(count, 1);
  assert_true(gcut_checked_count(2, (int64_t[]){0, 5}, &count));
  assert_int_equal(count, 0);
  assert_false(gcut_checked_count(2, (int64_t[]){INT64_C(1) << 32, INT64_C(1) << 32}, &count));
  assert_false(gcut_checked_count(3, (int64_t[]){0, INT64_C(1) << 32, INT64_C(1) << 32}, &count));
  assert_false(gcut_checked_count(1, (int64_t[]){-1}, &count));
}

// Every float16 survives the way through float; halfway cases round to even.
static void float16_round_trips(void **state) {
  (void)state;
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    float value = gcut_from_float16((uint16_t)bits);
    if (isnan(value))
      assert_true(isnan(gcut_from_float16(gcut_to_float16(value))));
    else
      assert_int_equal(gcut_to_float16(value), bits);
  }
  assert_int_equal(gcut_to_float16(65519.0f), 0x7bff);
  assert_int_equal(gcut_to_float16(65520.0f), 0x7c00);
  assert_int_equal(gcut_to_float16(0x1p-25f), 0x0000);
  assert_int_equal(gcut_to_float16(0x1.8p-25f), 0x0001);
  assert_int_equal(gcut_to_float16(1.0f + 0x1p-11f), 0x3c00);
  assert_int_equal(gcut_to_float16(1.0f + 0x1.8p-10f), 0x3c02);
}

static void bfloat16_round_trips(void **state) {
  (void)state;
  for (uint32_t bits = 0; bits < 0x10000; bits++) {
    float value = gcut_from_bfloat16((uint16_t)bits);
    if (isnan(value))
      assert_true(isnan(gcut_from_bfloat16(gcut_to_bfloat16(value))));
    else
      assert_int_equal(gcut_to_bfloat16(value), bits);
  }
  assert_int_equal(gcut_to_bfloat16(1.0f + 0x1p-8f), 0x3f80);
  assert_int_equal(gcut_to_bfloat16(1.0f + 0x1.8p-7f), 0x3f82);
}

static void a_message_is_one_line(void **state) {
  (void)state;
  gcut_error err;
  assert_int_equal(GCUT_FAIL(&err, GCUT_FORMAT, "node '%s'", "a\nb\x01\x1b[2J"), GCUT_FORMAT);
  assert_string_equal(err.message, "node 'a?b??[2J'");
  assert_int_equal(GCUT_FAIL(NULL, GCUT_IO, "no one listens"), GCUT_IO);
  assert_int_equal(gcut_status_exit(GCUT_UNSUPPORTED), 4);
  assert_string_equal(gcut_status_name(GCUT_BUDGET), "BUDGET");
}

static void a_long_message_says_what_is_wrong(void **state) {
  (void)state;
  char name[3000];
  gcut_error err;
  memset(name, 'a', sizeof name - 1);
  name[sizeof name - 1] = 0;
  assert_int_equal(GCUT_FAIL(&err, GCUT_FORMAT, "node '%s': %s", name, "no kernel"), GCUT_FORMAT);
  assert_int_equal(strlen(err.message), sizeof err.message - 1);
  assert_memory_equal(err.message, "node 'aaa", 9);
  assert_non_null(strstr(err.message, "aaa...aaa"));
  assert_string_equal(strchr(err.message, 0) - 12, "': no kernel");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arena_gives_zeroed_aligned_memory),
      cmocka_unit_test(arena_refuses_overflow),
      cmocka_unit_test(interned_strings_are_one),
      cmocka_unit_test(maps_find_what_was_set),
      cmocka_unit_test(types_have_onnx_numbers_and_sizes),
      cmocka_unit_test(counts_refuse_overflow_and_negative_dims),
      cmocka_unit_test(float16_round_trips),
      cmocka_unit_test(bfloat16_round_trips),
      cmocka_unit_test(a_message_is_one_line),
      cmocka_unit_test(a_long_message_says_what_is_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
