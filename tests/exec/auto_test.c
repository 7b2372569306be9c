// The strategy auto: no other beats it in simulation, and of small problems it finds the optimum.
#include <math.h>
#include <stdio.h>

#include "tests/support/check.h"
#include "tests/support/machine.h"
#include "tests/support/problem.h"
#include "tests/support/schedules.h"

static gcut_profile random_machine(uint64_t *random) {
  gcut_profile m = plain_machine();
  m.up.rate = (double)test_random_in(random, 1, 100) * 1e6;
  m.up.both_rate = m.up.rate * (double)test_random_in(random, 50, 100) / 100;
  m.down = m.up;
  m.mapped_rate = m.up.rate * (double)test_random_in(random, 20, 100) / 100;
  m.device.flops_f32 = (double)test_random_in(random, 1, 1000) * 1e9;
  m.host.flops_f32 = m.device.flops_f32 / (double)test_random_in(random, 1, 200);
  m.device.memory_rate = (double)test_random_in(random, 1, 1000) * 1e9;
  m.host.memory_rate = m.device.memory_rate / (double)test_random_in(random, 1, 50);
  m.copy_seconds = (double)test_random_in(random, 0, 20) * 1e-6;
  m.disk_read_rate = (double)test_random_in(random, 1, 1000) * 1e6;
  m.disk_write_rate = m.disk_read_rate;
  return m;
}

// What auto compares: seconds, and a twentieth of those spent copying.
static double cost_of(const gcut_problem *p, const char *offload, const gcut_profile *m) {
  gcut_schedule *s;
  gcut_status status = gcut_schedule_create(p, offload, m, &s, NULL);
  if (status == GCUT_BUDGET) return INFINITY;
  assert_int_equal(status, GCUT_OK);
  gcut_summary sum = clock_schedule(p, s, m);
  return sum.seconds + 0.05 * sum.copy_seconds;
}

// auto against every other strategy by name.
static void expect_auto_best(const gcut_problem *p, const gcut_profile *m, uint64_t seed) {
  size_t n;
  const gcut_strategy *all = gcut_strategies(&n);
  double best = cost_of(p, "auto", m);
  assert_false(isinf(best));
  for (size_t i = 0; i < n; i++)
    if (strcmp(all[i].name, "auto") != 0 && cost_of(p, all[i].name, m) < best * (1 - 1e-9))
      fail_msg("problem %llu: %s beats auto", (unsigned long long)seed, all[i].name);
}

static void set_random_budget(gcut_problem *p, uint64_t *random) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < p->n_parts; i++) bytes += gcut_stage_bytes(&p->parts[i], NULL);
  p->budget = bytes / 3 + 30000 + test_random_in(random, 0, bytes);
}

static void test_auto_beats_every_strategy(void **state) {
  for (uint64_t seed = 1; seed <= 100; seed++) {
    uint64_t random = seed * 4242;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    gcut_profile m = random_machine(&random);
    set_random_budget(&p, &random);
    expect_auto_best(&p, &m, seed);
  }
}

static void count_trials(void *context, uint64_t done, uint64_t total) {
  uint64_t *trials = context;
  assert_true(total > 0);
  assert_true(done >= *trials); // it never goes back
  *trials = done;
}

static bool stop(void *context) {
  (void)context;
  return true;
}

// A long chain of many batches, where auto climbs instead of trying everything.
static void test_auto_beats_every_strategy_on_large_problems(void **state) {
  for (uint64_t seed = 1; seed <= 12; seed++) {
    uint64_t random = seed * 77777;
    gcut_arena_reset(*state);
    gcut_problem p =
        test_chain(*state, (uint32_t)test_random_in(&random, 20, 60),
                   (uint32_t)test_random_in(&random, 30, 80), 1 << 20, 1 << 16, 1 << 15);
    gcut_profile m = random_machine(&random);
    set_random_budget(&p, &random);
    uint64_t trials = 0;
    gcut_schedule *none;
    p.progress = (gcut_progress){count_trials, &trials};
    assert_true(cost_of(&p, "auto", &m) > 0);
    assert_true(trials > 3);
    p.progress = (gcut_progress){.stop = stop};
    assert_fails(gcut_schedule_create(&p, "auto", NULL, &none, err), GCUT_STOPPED, "by the caller");
    p.progress = (gcut_progress){NULL};
    expect_auto_best(&p, &m, seed);
  }
}

static double best_of(double best, const gcut_problem *p, const gcut_profile *m, const char *tail,
                      const char *format, ...) GCUT_PRINTF(5, 6);
// The shorter of `best` and what the offload with these last options takes.
static double best_of(double best, const gcut_problem *p, const gcut_profile *m, const char *tail,
                      const char *format, ...) {
  char text[160];
  va_list args;
  va_start(args, format);
  size_t used = (size_t)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  snprintf(text + used, sizeof text - used, "%s", tail);
  return fmin(best, cost_of(p, text, m));
}

// Up to each weight in turn.
static double best_mapped(double best, const gcut_problem *p, const gcut_profile *m,
                          const char *tail) {
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < p->n_parts; i++)
    for (uint32_t k = 0; k < p->parts[i].n_weights; k++) {
      bytes += p->parts[i].weights[k].bytes;
      best = best_of(best, p, m, tail, "uva:bytes=%llu,", (unsigned long long)bytes);
    }
  return best;
}

static double best_streamed(double best, const gcut_problem *p, const gcut_profile *m,
                            uint32_t ahead, const char *tail) {
  for (uint32_t keep = 0; keep <= p->n_parts; keep++)
    for (int prefix = 0; prefix < 2; prefix++)
      best = best_of(best, p, m, tail, "partial:keep=%u,order=%s,ahead=%u,", keep,
                     prefix ? "prefix" : "strided", ahead);
  for (uint32_t group = 1; group <= p->n_parts; group++)
    for (uint32_t stream = 0; stream <= group; stream++)
      best =
          best_of(best, p, m, tail, "prefetch:group=%u,stream=%u,ahead=%u,", group, stream, ahead);
  for (uint32_t tokens = 0; tokens <= 4001 * p->n_batches; tokens += 100)
    best = best_of(best, p, m, tail, "hybrid:min-tokens=%u,ahead=%u,", tokens, ahead);
  return best;
}

// Everything that can be asked for, by brute force.
static double exhaustive(const gcut_problem *p, const gcut_profile *m) {
  double best = INFINITY;
  char tail[64];
  for (uint32_t batches = 1; batches <= p->n_batches; batches++)
    for (int place = 0; place < 2; place++) {
      snprintf(tail, sizeof tail, "batches=%u,place=%s", batches, place ? "device" : "host");
      best = best_of(best, p, m, tail, "resident:");
      best = best_of(best, p, m, tail, "sequential:");
      best = best_of(best, p, m, tail, "uva:");
      best = best_mapped(best, p, m, tail);
      for (uint32_t ahead = 0; ahead <= 3; ahead++) best = best_streamed(best, p, m, ahead, tail);
    }
  return best;
}

static void test_auto_finds_the_optimum_of_small_problems(void **state) {
  uint32_t tried = 0;
  for (uint64_t seed = 1; tried < 12; seed++) {
    uint64_t random = seed * 31;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    gcut_profile m = random_machine(&random);
    if (p.n_parts > 4 || p.n_batches > 3 || p.n_passes > 2) continue;
    set_random_budget(&p, &random);
    double found = cost_of(&p, "auto", &m), best = exhaustive(&p, &m);
    if (isinf(best)) continue;
    if (found > best * (1 + 1e-9))
      fail_msg("problem %llu: auto costs %.9g s, the best there is %.9g s",
               (unsigned long long)seed, found, best);
    tried++;
  }
}

static void test_auto_says_what_it_chose(void **state) {
  gcut_profile m = plain_machine();
  gcut_problem p = make_chain(*state, 6, 8, 1.0, 0.5);
  gcut_schedule *s, *again;
  assert_ok(gcut_schedule_create(&p, "auto", &m, &s, err));
  assert_string_not_equal(s->offload, "auto");
  assert_non_null(strstr(s->note, s->offload));
  assert_non_null(strstr(s->note, "next best"));
  assert_ok(gcut_schedule_create(&p, s->offload, &m, &again, err)); // it can be asked for by name
  assert_int_equal(again->n_commands, s->n_commands);
  gcut_schedule_destroy(again);
  gcut_schedule_destroy(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_auto_beats_every_strategy, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_auto_beats_every_strategy_on_large_problems,
                                      set_up_arena, tear_down_arena),
      cmocka_unit_test_setup_teardown(test_auto_finds_the_optimum_of_small_problems, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_auto_says_what_it_chose, set_up_arena, tear_down_arena),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
