// Budgets: the least that a strategy names is the least that it runs in, of the device and of the
// host.
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/problem.h"
#include "tests/support/schedules.h"

enum { N_PROBLEMS = 3000 };

// A part that looks up needs none of the budget where its weights are more than it hands on.
static bool needs_none(const gcut_problem *p, uint32_t part) {
  const gcut_stage *s = &p->parts[part];
  uint64_t handed = 0;
  for (uint32_t b = 0; b < p->n_batches; b++) {
    uint32_t c = p->classes[b];
    for (uint32_t k = 0; k < s->n_inputs; k++) {
      if (p->activations[s->inputs[k]].forms[c] == GCUT_FORM_HEAP) return false;
      handed += p->activations[s->inputs[k]].bytes[c];
    }
    for (uint32_t k = 0; k < s->n_outputs; k++) {
      if (p->activations[s->outputs[k]].forms[c] == GCUT_FORM_HEAP) return false;
      handed += p->activations[s->outputs[k]].bytes[c];
    }
  }
  return s->looks_up && gcut_stage_bytes(s, NULL) > handed;
}

// What any schedule needs that runs a part on the device with all its weights there.
static uint64_t worst_step(const gcut_problem *p) {
  uint64_t worst = 0;
  for (uint32_t i = 0; i < p->n_parts; i++)
    for (uint32_t c = 0; c < p->n_classes && !needs_none(p, i); c++) {
      const gcut_stage *s = &p->parts[i];
      uint64_t need = gcut_stage_bytes(s, NULL) + gcut_range_bytes(s->work[c].workspace);
      for (uint32_t k = 0; k < s->n_inputs; k++)
        need += gcut_range_bytes(p->activations[s->inputs[k]].bytes[c]);
      for (uint32_t k = 0; k < s->n_outputs; k++)
        need += gcut_range_bytes(p->activations[s->outputs[k]].bytes[c]);
      if (need > worst) worst = need;
    }
  return worst;
}

static void test_least_budget_is_exact(void **state) {
  for (uint64_t seed = 1; seed <= N_PROBLEMS; seed++) {
    uint64_t random = seed * 991;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    const char *offload = every_offload[seed % n_offloads];
    uint64_t least = least_budget(&p, offload);
    if (strcmp(offload, "sequential") == 0) assert_int_equal(least, worst_step(&p));
    if (least < 2) continue;
    gcut_schedule *s;
    p.budget = least - 1;
    assert_int_equal(gcut_schedule_create(&p, offload, NULL, &s, NULL), GCUT_BUDGET);
    assert_null(s);
    p.budget = least;
    verify(&p, offload, seed);
  }
}

// Keeping more may need less: with three slots, the small part in the middle that stays puts the
// two large ones into the same slot.
static void test_partial_finds_what_needs_least(void **state) {
  static const uint64_t bytes[] = {8 * 25600, 25600, 25600, 25600, 8 * 25600, 25600, 25600};
  gcut_problem p = test_chain(*state, 7, 2, 256, 0, 0);
  uint64_t least = UINT64_MAX;
  for (uint32_t i = 0; i < 7; i++) ((gcut_weight *)p.parts[i].weights)->bytes = bytes[i];
  for (uint32_t keep = 0; keep <= 7; keep++) {
    char offload[40];
    snprintf(offload, sizeof offload, "partial:keep=%u,ahead=2", keep);
    uint64_t needs = least_budget(&p, offload);
    if (needs < least) least = needs;
  }
  assert_true(least < least_budget(&p, "partial:keep=0,ahead=2"));
  assert_int_equal(least_budget(&p, "partial:ahead=2"), least);
}

static void test_prefetch_needs_two_neighbours(void **state) {
  gcut_problem p = test_chain(*state, 9, 3, 1000 * 256, 256, 512);
  assert_int_equal(least_budget(&p, "prefetch"), 2 * 1000 * 256 + 256 + 256 + 512);
  ((gcut_weight *)p.parts[4].weights)->bytes *= 3; // one large part does not make both slots large
  assert_int_equal(least_budget(&p, "prefetch"), 4 * 1000 * 256 + 256 + 256 + 512);
}

static void test_refusal_names_what_forces_it(void **state) {
  gcut_problem p = test_chain(*state, 3, 2, 256000, 512, 256);
  gcut_schedule *s;
  gcut_error err;
  ((gcut_weight *)p.parts[1].weights)->bytes = 512000;
  p.budget = 300000;
  assert_int_equal(gcut_schedule_create(&p, "sequential", NULL, &s, &err), GCUT_BUDGET);
  assert_non_null(strstr(err.message, "at least 513280"));
  assert_non_null(strstr(err.message, "part 'part1'"));
  assert_non_null(strstr(err.message, "512000 are weight 'w1.0'"));
}

// The least host budget, as refusing one byte names it; 0 where none is needed.
static uint64_t least_host_budget(const gcut_problem *problem, const char *offload) {
  gcut_problem p = *problem;
  gcut_schedule *s;
  gcut_error err;
  p.host_budget = 1;
  gcut_status status = gcut_schedule_create(&p, offload, NULL, &s, &err);
  gcut_schedule_destroy(s);
  if (status == GCUT_OK) return 0;
  assert_int_equal(status, GCUT_BUDGET);
  assert_non_null(strstr(err.message, "host budget of 1 bytes"));
  return strtoull(strstr(err.message, "at least ") + strlen("at least "), NULL, 10);
}

static void verify_host(gcut_problem *p, uint64_t budget, const char *offload, uint64_t seed) {
  gcut_error err = {""};
  p->host_budget = budget;
  gcut_schedule *s = schedule_for(p, offload);
  if (gcut_schedule_verify(p, s, &err) != GCUT_OK)
    fail_msg("problem %llu, %s: %s", (unsigned long long)seed, offload, err.message);
  assert_true(s->extent[GCUT_SPACE_HOST] <= budget);
  gcut_schedule_destroy(s);
}

// One byte less than the least is refused; the least, and anything between it and what an
// unbounded run takes, runs and spills.
static void test_least_host_budget_is_exact(void **state) {
  for (uint64_t seed = 1; seed <= N_PROBLEMS; seed++) {
    uint64_t random = seed * 1234567;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    const char *offload = every_offload[seed % n_offloads];
    if (test_random_in(&random, 0, 1)) p.budget = least_budget(&p, offload);
    uint64_t least = least_host_budget(&p, offload);
    if (least == 0) continue;
    gcut_schedule *s;
    p.host_budget = least - 1;
    assert_int_equal(gcut_schedule_create(&p, offload, NULL, &s, NULL), GCUT_BUDGET);
    verify_host(&p, least, offload, seed);
    verify_host(&p, least + test_random_in(&random, 1, least), offload, seed);
  }
}

// auto runs with any device memory at all, since the host can compute everything; and with as
// little host memory as any strategy it knows.
static void test_auto_runs_in_the_least_there_is(void **state) {
  for (uint64_t seed = 1; seed <= 100; seed++) {
    uint64_t random = (seed + 4000000) * 48271;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    p.budget = test_random_in(&random, 1, 20000);
    gcut_schedule *s = schedule_for(&p, "auto");
    assert_true(s->extent[GCUT_SPACE_DEVICE] <= p.budget);
    gcut_schedule_destroy(s);
    uint64_t least = least_host_budget(&p, "auto");
    if (least == 0) continue;
    p.host_budget = least - 1;
    assert_int_equal(gcut_schedule_create(&p, "auto", NULL, &s, NULL), GCUT_BUDGET);
    verify_host(&p, least, "auto", seed);
    for (size_t i = 0; i < n_offloads; i++) {
      p.host_budget = 0;
      if (gcut_schedule_create(&p, every_offload[i], NULL, &s, NULL) != GCUT_OK) continue;
      gcut_schedule_destroy(s);
      if (strstr(every_offload[i], "uva:") || strstr(every_offload[i], "group="))
        continue; // not auto's
      uint64_t other = least_host_budget(&p, every_offload[i]);
      if (other < least)
        fail_msg("problem %llu: %s needs %llu, auto %llu", (unsigned long long)seed,
                 every_offload[i], (unsigned long long)other, (unsigned long long)least);
    }
  }
}

// Sixteen batches between two parts, room for three: the rest waits in the file, each written once.
static void test_spill_writes_what_does_not_fit(void **state) {
  gcut_problem p = test_chain(*state, 2, 16, 256, 4096, 0);
  gcut_error err = {""};
  uint32_t spilled = 0;
  p.host_budget = 3 * 4096;
  gcut_schedule *s = schedule_for(&p, "sequential:place=host");
  assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_OK);
  for (uint32_t i = 0; i < s->n_commands; i++) spilled += s->commands[i].kind == GCUT_SPILL;
  assert_in_range(spilled, 13, 14);
  gcut_schedule_destroy(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_least_budget_is_exact, set_up_arena, tear_down_arena),
      cmocka_unit_test_setup_teardown(test_partial_finds_what_needs_least, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_prefetch_needs_two_neighbours, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_refusal_names_what_forces_it, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_least_host_budget_is_exact, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_auto_runs_in_the_least_there_is, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_spill_writes_what_does_not_fit, set_up_arena,
                                      tear_down_arena),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
