// The walk: collapsing, broadcasting, empty shapes.
#include "exec/cpu/ops/stride.h"

#include "tests/support/check.h"

static gcut__walk *walk_over(gcut_arena *arena, int rank, const int64_t *dims, int rank_x,
                             const int64_t *dims_x) {
  gcut__walk *walk;
  assert_ok(gcut__walk_create(arena, rank, dims, 2, &walk, err));
  gcut__walk_broadcast(walk, 0, rank, dims);
  gcut__walk_broadcast(walk, 1, rank_x, dims_x);
  return walk;
}

// Every element of operand 1 that the walk meets, in order.
static size_t visit(gcut__walk *walk, int64_t *seen) {
  size_t n = 0;
  for (bool more = gcut__walk_start(walk); more; more = gcut__walk_next(walk))
    for (int64_t k = 0; k < walk->inner; k++) {
      assert_int_equal(walk->offsets[0] + k * walk->steps[0], n);
      seen[n++] = walk->offsets[1] + k * walk->steps[1];
    }
  return n;
}

static void contiguous_is_one_row(void **unused) {
  (void)unused;
  gcut_arena *arena = gcut_arena_create();
  const int64_t dims[] = {2, 1, 3, 4};
  gcut__walk *walk = walk_over(arena, 4, dims, 4, dims);
  assert_true(gcut__walk_start(walk));
  assert_int_equal(walk->inner, 24);
  assert_int_equal(walk->steps[1], 1);
  assert_false(gcut__walk_next(walk));
  gcut_arena_destroy(arena);
}

static void broadcast_repeats(void **unused) {
  (void)unused;
  gcut_arena *arena = gcut_arena_create();
  int64_t seen[12];
  const int64_t dims[] = {2, 3, 2}, middle[] = {3, 1};
  assert_int_equal(visit(walk_over(arena, 3, dims, 2, middle), seen), 12);
  const int64_t expected[] = {0, 0, 1, 1, 2, 2, 0, 0, 1, 1, 2, 2};
  assert_memory_equal(seen, expected, sizeof expected);
  gcut_arena_destroy(arena);
}

static void transposed(void **unused) {
  (void)unused;
  gcut_arena *arena = gcut_arena_create();
  int64_t seen[6];
  const int64_t dims[] = {2, 3}, strides[] = {1, 2};
  gcut__walk *walk = walk_over(arena, 2, dims, 2, dims);
  gcut__walk_strides(walk, 1, strides);
  assert_int_equal(visit(walk, seen), 6);
  const int64_t expected[] = {0, 2, 4, 1, 3, 5};
  assert_memory_equal(seen, expected, sizeof expected);
  gcut_arena_destroy(arena);
}

static void scalars_and_nothing(void **unused) {
  (void)unused;
  gcut_arena *arena = gcut_arena_create();
  int64_t seen[1] = {-1};
  const int64_t empty[] = {4, 0, 3};
  assert_int_equal(visit(walk_over(arena, 0, NULL, 0, NULL), seen), 1);
  assert_int_equal(seen[0], 0);
  assert_int_equal(visit(walk_over(arena, 3, empty, 3, empty), seen), 0);
  gcut_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(contiguous_is_one_row),
      cmocka_unit_test(broadcast_repeats),
      cmocka_unit_test(transposed),
      cmocka_unit_test(scalars_and_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
