// Ranges and pools against a plain array of bytes.
#include "tracer/base/spans.h"

#include "graphcut/schedule.h"
#include "tests/support/check.h"
#include "tests/support/problem.h"

enum { BYTES = 400, STEPS = 3000 };

static uint32_t owner_at(const gcut__spans *s, uint64_t at) {
  uint32_t i = gcut__spans_find(s, at);
  return i < s->n && s->items[i].begin <= at ? s->items[i].owner : 0;
}

static void test_spans_know_the_last_owner(void **state) {
  (void)state;
  uint32_t bytes[BYTES] = {0};
  uint64_t random = 7;
  gcut__spans s = {0};
  for (uint32_t owner = 1; owner <= STEPS; owner++) {
    uint64_t begin = test_random_in(&random, 0, BYTES - 2);
    uint64_t end = test_random_in(&random, begin + 1, BYTES - 1);
    assert_true(gcut__spans_set(&s, begin, end, owner));
    for (uint64_t i = begin; i < end; i++) bytes[i] = owner;
    for (uint64_t i = 0; i < BYTES; i++) assert_int_equal(owner_at(&s, i), bytes[i]);
    for (uint32_t i = 1; i < s.n; i++) assert_true(s.items[i - 1].end <= s.items[i].begin);
  }
  gcut__spans_free(&s);
}

typedef struct block {
  uint64_t offset, bytes;
} block;

static void expect_disjoint(const block *blocks, uint32_t n, const block *b) {
  for (uint32_t i = 0; i < n; i++)
    assert_true(b->offset + gcut_range_bytes(b->bytes) <= blocks[i].offset ||
                blocks[i].offset + gcut_range_bytes(blocks[i].bytes) <= b->offset);
}

static void test_pool_hands_out_what_is_free(void **state) {
  (void)state;
  block blocks[64];
  uint32_t n = 0;
  uint64_t random = 11, limit = 40 * GCUT_RANGE_ALIGN;
  gcut__pool pool = {.limit = limit};
  for (int step = 0; step < STEPS; step++) {
    block b = {.bytes = test_random_in(&random, 1, 6 * GCUT_RANGE_ALIGN)};
    if (n < 64 && test_random_in(&random, 0, 1) &&
        gcut__pool_take(&pool, b.bytes, &b.offset) == GCUT_OK) {
      assert_true(b.offset % GCUT_RANGE_ALIGN == 0 && b.offset + b.bytes <= limit);
      expect_disjoint(blocks, n, &b);
      blocks[n++] = b;
    } else if (n > 0) {
      uint32_t i = (uint32_t)test_random_in(&random, 0, n - 1);
      assert_int_equal(gcut__pool_give(&pool, blocks[i].offset, blocks[i].bytes), GCUT_OK);
      blocks[i] = blocks[--n];
    }
  }
  while (n > 0) {
    n--;
    assert_int_equal(gcut__pool_give(&pool, blocks[n].offset, blocks[n].bytes), GCUT_OK);
  }
  uint64_t offset; // all of it is one piece again
  assert_int_equal(gcut__pool_take(&pool, limit, &offset), GCUT_OK);
  assert_int_equal(gcut__pool_take(&pool, 1, &offset), GCUT_BUDGET);
  gcut__pool_free(&pool);
}

static void test_pool_fits_best(void **state) {
  (void)state;
  gcut__pool pool = {.limit = UINT64_MAX / 2};
  uint64_t a, b, c, d, found;
  assert_int_equal(gcut__pool_take(&pool, 1024, &a), GCUT_OK);
  assert_int_equal(gcut__pool_take(&pool, 256, &b), GCUT_OK);
  assert_int_equal(gcut__pool_take(&pool, 512, &c), GCUT_OK);
  assert_int_equal(gcut__pool_take(&pool, 256, &d), GCUT_OK);
  assert_int_equal(gcut__pool_give(&pool, a, 1024), GCUT_OK);
  assert_int_equal(gcut__pool_give(&pool, c, 512), GCUT_OK);
  assert_int_equal(gcut__pool_take(&pool, 500, &found), GCUT_OK);
  assert_int_equal(found, c);
  assert_int_equal(pool.peak, 2048);
  gcut__pool_free(&pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_spans_know_the_last_owner),
      cmocka_unit_test(test_pool_hands_out_what_is_free),
      cmocka_unit_test(test_pool_fits_best),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
