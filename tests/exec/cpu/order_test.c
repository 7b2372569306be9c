// Channels last and back, and which shapes it makes a difference to.
#include "exec/cpu/order.h"

#include "tests/support/check.h"

static void turns_and_turns_back(void **unused) {
  (void)unused;
  static const int64_t dims[] = {2, 3, 2, 2};
  // Batch b, channel c, place s as 100 b + 10 c + s.
  uint16_t x[24], turned[24], back[24];
  for (int i = 0; i < 24; i++) x[i] = (uint16_t)(i / 12 * 100 + i / 4 % 3 * 10 + i % 4);
  gcut__cpu_turn(sizeof *x, 4, dims, true, x, turned);
  static const uint16_t expected[] = {0,   10,  20,  1,   11,  21,  2,   12,  22,  3,   13,  23,
                                      100, 110, 120, 101, 111, 121, 102, 112, 122, 103, 113, 123};
  assert_memory_equal(turned, expected, sizeof expected);
  gcut__cpu_turn(sizeof *x, 4, dims, false, turned, back);
  assert_memory_equal(back, x, sizeof x);
}

static void matters(void **unused) {
  (void)unused;
  assert_true(gcut__cpu_order_matters(3, (const int64_t[]){1, 2, 2}));
  assert_false(gcut__cpu_order_matters(4, (const int64_t[]){5, 8, 1, 1}));
  assert_false(gcut__cpu_order_matters(4, (const int64_t[]){5, 1, 8, 8}));
  assert_false(gcut__cpu_order_matters(2, (const int64_t[]){5, 8}));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(turns_and_turns_back),
                                     cmocka_unit_test(matters)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
