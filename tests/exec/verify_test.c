// Schedules of all strategies on random problems verify, within any budget that is not refused.
#include "tests/support/check.h"
#include "tests/support/problem.h"
#include "tests/support/schedules.h"

enum { N_PROBLEMS = 3000 };

static void test_every_schedule_verifies(void **state) {
  for (uint64_t seed = 1; seed <= N_PROBLEMS; seed++) {
    uint64_t random = seed * 77;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    const char *offload = every_offload[seed % n_offloads];
    verify(&p, offload, seed);
    uint64_t least = least_budget(&p, offload);
    if (least == 0) continue;
    p.budget = least;
    verify(&p, offload, seed);
    p.budget = least + test_random_in(&random, 0, least);
    verify(&p, offload, seed);
  }
}

static void test_options_are_checked(void **state) {
  static const char *const wrong[] = {
      "nothing",           "prefetch:ahead",         "prefetch:ahead=x",     "prefetch:steps=1",
      "prefetch:ahead=-1", "prefetch:ahead=99999",   "resident:loop=x",      "uva:bytes=12Q",
      "uva:match=re:(",    "prefetch:prepare=twice", "partial:order=random", "sequential:",
      "prefetch:group=0"};
  gcut_problem p = test_chain(*state, 2, 1, 256, 256, 256);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    gcut_schedule *s;
    gcut_error err = {""};
    gcut_status status = gcut_schedule_create(&p, wrong[i], NULL, &s, &err);
    if (strcmp(wrong[i], "sequential:") == 0)
      assert_int_equal(status, GCUT_OK);
    else
      assert_int_equal(status, GCUT_ARGUMENT);
    gcut_schedule_destroy(s);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_every_schedule_verifies, set_up_arena, tear_down_arena),
      cmocka_unit_test_setup_teardown(test_options_are_checked, set_up_arena, tear_down_arena),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
