#include "tests/support/schedules.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tracer/base/arena.h"

const char *const every_offload[] = {
    "resident",
    "resident:loop=parts",
    "resident:loop=batches,place=host",
    "sequential",
    "sequential:place=device",
    "sequential:place=host",
    "sequential:batches=2",
    "sequential:prepare=each",
    "sequential:loop=batches",
    "prefetch",
    "prefetch:ahead=2",
    "prefetch:ahead=3,loop=batches",
    "prefetch:group=2,stream=1",
    "prefetch:group=3,stream=2,ahead=2,batches=2",
    "prefetch:place=host",
    "prefetch:place=device",
    "uva",
    "uva:bytes=20K",
    "uva:match=re:w[02],loop=parts",
    "uva:match=w1",
    "partial",
    "partial:keep=2",
    "partial:keep=3,order=prefix",
    "partial:keep=1,loop=batches",
    "partial:ahead=2,place=host",
    "hybrid",
    "hybrid:min-tokens=3000",
    "hybrid:min-tokens=2000,place=device",
    "hybrid:min-tokens=100000,loop=batches",
};
const size_t n_offloads = sizeof every_offload / sizeof *every_offload;

int set_up_arena(void **state) {
  *state = gcut_arena_create();
  return *state ? 0 : 1;
}

int tear_down_arena(void **state) {
  gcut_arena_destroy(*state);
  return 0;
}

gcut_schedule *schedule_for(const gcut_problem *problem, const char *offload) {
  gcut_schedule *s;
  gcut_error err = {""};
  if (gcut_schedule_create(problem, offload, NULL, &s, &err) != GCUT_OK)
    fail_msg("%s: %s", offload, err.message);
  return s;
}

uint64_t least_budget(const gcut_problem *problem, const char *offload) {
  gcut_problem p = *problem;
  gcut_schedule *s;
  gcut_error err;
  p.budget = 1;
  gcut_status status = gcut_schedule_create(&p, offload, NULL, &s, &err);
  gcut_schedule_destroy(s);
  if (status == GCUT_OK) return 0;
  assert_int_equal(status, GCUT_BUDGET);
  const char *number = strstr(err.message, "at least ");
  assert_non_null(number);
  return strtoull(number + strlen("at least "), NULL, 10);
}

void verify(const gcut_problem *problem, const char *offload, uint64_t seed) {
  gcut_schedule *s = schedule_for(problem, offload);
  gcut_error err = {""};
  if (gcut_schedule_verify(problem, s, &err) != GCUT_OK)
    fail_msg("problem %llu, %s: %s", (unsigned long long)seed, offload, err.message);
  if (problem->budget) assert_true(s->extent[GCUT_SPACE_DEVICE] <= problem->budget);
  gcut_schedule_destroy(s);
}
