// Schedules of all strategies on random problems verify; broken ones are caught.
#include "graphcut/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/problem.h"

static const char *const offloads[] = {
    "resident",
    "resident:loop=parts",
    "resident:loop=batches,place=host",
    "sequential",
    "sequential:place=device",
    "sequential:place=host",
    "sequential:batches=2",
    "sequential:loop=batches",
};
enum { N_OFFLOADS = sizeof offloads / sizeof *offloads };

static uint64_t floor_of(const gcut_problem *problem, const char *offload) {
  gcut_problem p = *problem;
  gcut_schedule *s;
  gcut_error err;
  p.budget = 1;
  assert_int_equal(gcut_schedule_create(&p, offload, NULL, &s, &err), GCUT_BUDGET);
  const char *number = strstr(err.message, "at least ");
  assert_non_null(number);
  return strtoull(number + 9, NULL, 10);
}

static void check(const gcut_problem *problem, const char *offload, uint64_t seed) {
  gcut_schedule *s;
  gcut_error err = {""};
  gcut_status status = gcut_schedule_create(problem, offload, NULL, &s, &err);
  if (status != GCUT_OK)
    fail_msg("seed %llu, %s: %s", (unsigned long long)seed, offload, err.message);
  if (gcut_schedule_verify(problem, s, &err) != GCUT_OK) {
    gcut_schedule_print(problem, s, stderr);
    fail_msg("seed %llu, %s: %s", (unsigned long long)seed, offload, err.message);
  }
  gcut_schedule_destroy(s);
}

static void test_random_problems(void **state) {
  (void)state;
  gcut_arena *arena = gcut_arena_create();
  for (uint64_t seed = 1; seed <= 3000; seed++) {
    uint64_t random = seed * 77;
    gcut_arena_reset(arena);
    gcut_problem p = test_random_problem(arena, &random);
    const char *offload = offloads[seed % N_OFFLOADS];
    check(&p, offload, seed);
    uint64_t least = floor_of(&p, offload);
    if (least < 2) continue;
    p.budget = least;
    check(&p, offload, seed);
    p.budget = least + test_random_in(&random, 0, least);
    check(&p, offload, seed);
  }
  gcut_arena_destroy(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_problems)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
