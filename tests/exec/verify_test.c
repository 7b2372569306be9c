// Schedules of all strategies on random problems verify, within any budget that is not refused;
// schedules broken in any one place are caught.
#include "graphcut/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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
enum { N_OFFLOADS = sizeof offloads / sizeof *offloads, N_PROBLEMS = 3000 };

static int set_up(void **state) {
  *state = gcut_arena_create();
  return *state ? 0 : 1;
}

static int tear_down(void **state) {
  gcut_arena_destroy(*state);
  return 0;
}

static gcut_schedule *create(const gcut_problem *problem, const char *offload) {
  gcut_schedule *s;
  gcut_error err = {""};
  if (gcut_schedule_create(problem, offload, NULL, &s, &err) != GCUT_OK)
    fail_msg("%s: %s", offload, err.message);
  return s;
}

// The least budget, as refusing one byte names it; 0 where none is needed.
static uint64_t least_budget(const gcut_problem *problem, const char *offload) {
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

static void verify(const gcut_problem *problem, const char *offload, uint64_t seed) {
  gcut_schedule *s = create(problem, offload);
  gcut_error err = {""};
  if (gcut_schedule_verify(problem, s, &err) != GCUT_OK)
    fail_msg("problem %llu, %s: %s", (unsigned long long)seed, offload, err.message);
  if (problem->budget) assert_true(s->extent[GCUT_SPACE_DEVICE] <= problem->budget);
  gcut_schedule_destroy(s);
}

static void test_every_schedule_verifies(void **state) {
  for (uint64_t seed = 1; seed <= N_PROBLEMS; seed++) {
    uint64_t random = seed * 77;
    gcut_arena_reset(*state);
    gcut_problem p = test_random_problem(*state, &random);
    const char *offload = offloads[seed % N_OFFLOADS];
    verify(&p, offload, seed);
    uint64_t least = least_budget(&p, offload);
    if (least == 0) continue;
    p.budget = least;
    verify(&p, offload, seed);
    p.budget = least + test_random_in(&random, 0, least);
    verify(&p, offload, seed);
  }
}

// ---- budgets ----------------------------------------------------------------------------------

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
    const char *offload = offloads[seed % N_OFFLOADS];
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
  gcut_schedule *s = create(p, offload);
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
    const char *offload = offloads[seed % N_OFFLOADS];
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
    gcut_schedule *s = create(&p, "auto");
    assert_true(s->extent[GCUT_SPACE_DEVICE] <= p.budget);
    gcut_schedule_destroy(s);
    uint64_t least = least_host_budget(&p, "auto");
    if (least == 0) continue;
    p.host_budget = least - 1;
    assert_int_equal(gcut_schedule_create(&p, "auto", NULL, &s, NULL), GCUT_BUDGET);
    verify_host(&p, least, "auto", seed);
    for (size_t i = 0; i < N_OFFLOADS; i++) {
      p.host_budget = 0;
      if (gcut_schedule_create(&p, offloads[i], NULL, &s, NULL) != GCUT_OK) continue;
      gcut_schedule_destroy(s);
      if (strstr(offloads[i], "uva:") || strstr(offloads[i], "group=")) continue; // not auto's
      uint64_t other = least_host_budget(&p, offloads[i]);
      if (other < least)
        fail_msg("problem %llu: %s needs %llu, auto %llu", (unsigned long long)seed, offloads[i],
                 (unsigned long long)other, (unsigned long long)least);
    }
  }
}

// Sixteen batches between two parts, room for three: the rest waits in the file, each written once.
static void test_spill_writes_what_does_not_fit(void **state) {
  gcut_problem p = test_chain(*state, 2, 16, 256, 4096, 0);
  gcut_error err = {""};
  uint32_t spilled = 0;
  p.host_budget = 3 * 4096;
  gcut_schedule *s = create(&p, "sequential:place=host");
  assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_OK);
  for (uint32_t i = 0; i < s->n_commands; i++) spilled += s->commands[i].kind == GCUT_SPILL;
  assert_in_range(spilled, 13, 14);
  gcut_schedule_destroy(s);
}

// ---- broken schedules -------------------------------------------------------------------------

static gcut_command *command_of(gcut_schedule *s, gcut_command_kind kind, uint64_t *random) {
  uint32_t n = 0, pick;
  for (uint32_t i = 0; i < s->n_commands; i++) n += s->commands[i].kind == kind;
  if (n == 0) return NULL;
  pick = (uint32_t)test_random_in(random, 0, n - 1);
  for (uint32_t i = 0;; i++)
    if (s->commands[i].kind == kind && pick-- == 0) return &s->commands[i];
}

static void expect_caught(const gcut_problem *p, const gcut_schedule *s, const char *what) {
  gcut_error err = {""};
  if (gcut_schedule_verify(p, s, &err) == GCUT_MISMATCH) return;
  gcut_schedule_print(p, s, stderr);
  fail_msg("not caught: %s", what);
}

static gcut_schedule *random_schedule(gcut_arena *arena, uint64_t seed, gcut_problem *out) {
  uint64_t random = seed * 31337;
  gcut_arena_reset(arena);
  *out = test_random_problem(arena, &random);
  return create(out, offloads[seed % N_OFFLOADS]);
}

static void test_removed_waits_are_caught(void **state) {
  for (uint64_t seed = 1; seed <= 300; seed++) {
    gcut_problem p;
    gcut_schedule *s = random_schedule(*state, seed, &p);
    for (uint32_t i = 0; i < s->n_commands; i++) {
      gcut_command *c = &s->commands[i];
      for (uint32_t w = 0; w < c->n_waits; w++) { // each in turn comes last, and is left out
        uint32_t *waits = s->waits + c->first_wait, last = c->n_waits - 1, kept = waits[w];
        waits[w] = waits[last];
        waits[last] = kept;
        c->n_waits--;
        expect_caught(&p, s, "a wait less");
        c->n_waits++;
        waits[last] = waits[w];
        waits[w] = kept;
      }
    }
    gcut_schedule_destroy(s);
  }
}

static void test_moved_ranges_are_caught(void **state) {
  static const gcut_command_kind kinds[] = {GCUT_LOAD, GCUT_PUSH, GCUT_PULL, GCUT_DROP};
  for (uint64_t seed = 1; seed <= 1200; seed++) {
    gcut_problem p;
    uint64_t random = seed;
    gcut_schedule *s = random_schedule(*state, seed, &p);
    gcut_command *c = command_of(s, kinds[seed % 4], &random);
    if (c && c->bytes && !(c->kind == GCUT_DROP && c->space == GCUT_SPACE_HEAP)) {
      uint64_t *moved =
          c->kind == GCUT_DROP || (seed & 4 && c->kind != GCUT_LOAD) ? &c->from : &c->to;
      *moved += seed & 8 ? 256 : -256;
      expect_caught(&p, s, "a range moved");
    }
    gcut_schedule_destroy(s);
  }
}

static void test_moved_operands_are_caught(void **state) {
  for (uint64_t seed = 1; seed <= 600; seed++) {
    gcut_problem p;
    uint64_t random = seed;
    gcut_schedule *s = random_schedule(*state, seed, &p);
    if (s->n_places) {
      gcut_place *place = &s->places[test_random_in(&random, 0, s->n_places - 1)];
      uint64_t kept = place->offset;
      place->offset = kept == GCUT_ON_HEAP ? 0 : GCUT_ON_HEAP;
      expect_caught(&p, s, "an operand on the wrong side");
      if (kept != GCUT_ON_HEAP && !place->output) {
        place->offset = kept + 256;
        expect_caught(&p, s, "an operand read elsewhere");
      }
    }
    gcut_schedule_destroy(s);
  }
}

static void remove_command(gcut_schedule *s, uint32_t at) {
  memmove(s->commands + at, s->commands + at + 1, (s->n_commands - at - 1) * sizeof *s->commands);
  s->n_commands--;
  for (uint32_t i = 0; i < s->n_waits; i++)
    if (s->waits[i] >= at && s->waits[i] > 0) s->waits[i]--;
}

static void test_missing_commands_are_caught(void **state) {
  static const gcut_command_kind kinds[] = {GCUT_LOAD, GCUT_PUSH, GCUT_PULL, GCUT_DROP,
                                            GCUT_RUN,  GCUT_READ, GCUT_WRITE};
  for (uint64_t seed = 1; seed <= 1400; seed++) {
    gcut_problem p;
    uint64_t random = seed;
    gcut_schedule *s = random_schedule(*state, seed, &p);
    gcut_command *c = command_of(s, kinds[seed % 7], &random);
    if (c) {
      remove_command(s, (uint32_t)(c - s->commands));
      expect_caught(&p, s, "a command less");
    }
    gcut_schedule_destroy(s);
  }
}

static void test_doubled_drops_are_caught(void **state) {
  for (uint64_t seed = 1; seed <= 600; seed++) {
    gcut_problem p;
    uint64_t random = seed;
    gcut_schedule *s = random_schedule(*state, seed, &p);
    gcut_command *c = command_of(s, GCUT_DROP, &random);
    if (c) {
      gcut_command twice = *c;
      s->commands = realloc(s->commands, (s->n_commands + 1u) * sizeof *s->commands);
      s->commands[s->n_commands++] = twice;
      expect_caught(&p, s, "a drop twice");
    }
    gcut_schedule_destroy(s);
  }
}

// ---- hazards that shipped elsewhere -----------------------------------------------------------

static gcut_command *load_of(gcut_schedule *s, uint32_t part, uint32_t pass) {
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (s->commands[i].kind == GCUT_LOAD && s->commands[i].part == part &&
        s->commands[i].pass == pass)
      return &s->commands[i];
  return NULL;
}

// vLLM #54975: with units no multiple of slots, the first load of the next round took a slot whose
// last reader was not done.
static void test_slot_overwritten_at_wrap_around(void **state) {
  gcut_problem p = test_chain(*state, 5, 2, 4096, 256, 256);
  gcut_error err = {""};
  p.n_passes = 2;
  gcut_schedule *s = create(&p, "prefetch:ahead=1");
  assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_OK);
  gcut_command *wrapped = load_of(s, 0, 1);
  assert_non_null(wrapped);
  assert_true(wrapped->n_waits > 0);
  wrapped->n_waits = 0;
  assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_MISMATCH);
  assert_non_null(strstr(err.message, "load part0"));
  gcut_schedule_destroy(s);
}

// Weights read before their copy is complete.
static void test_read_before_its_copy_ends(void **state) {
  gcut_problem p = test_chain(*state, 5, 2, 4096, 256, 256);
  gcut_error err = {""};
  gcut_schedule *s = create(&p, "prefetch:ahead=1");
  uint32_t i = 0;
  while (s->commands[i].kind != GCUT_RUN) i++;
  gcut_command *run = &s->commands[i];
  uint32_t kept = 0;
  for (uint32_t w = 0; w < run->n_waits; w++) { // all waits but the one for the weights
    uint32_t wait = s->waits[run->first_wait + w];
    if (s->commands[wait].kind != GCUT_LOAD) s->waits[run->first_wait + kept++] = wait;
  }
  assert_int_equal(kept, run->n_waits - 1);
  run->n_waits = kept;
  assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_MISMATCH);
  assert_non_null(strstr(err.message, "weights may be read before"));
  gcut_schedule_destroy(s);
}

// A buffer handed out while a copy out of it is under way (llm-compressor reads activations on the
// copy stream without telling the allocator).
static void test_buffer_reused_while_copied_out(void **state) {
  gcut_problem p = test_chain(*state, 2, 4, 4096, 256, 256);
  gcut_error err = {""};
  gcut_schedule *s = create(&p, "sequential:place=host");
  for (uint32_t i = 0; i < s->n_commands; i++) { // runs wait for no pull
    gcut_command *c = &s->commands[i];
    uint32_t kept = 0;
    for (uint32_t w = 0; c->kind == GCUT_RUN && w < c->n_waits; w++)
      if (s->commands[s->waits[c->first_wait + w]].kind != GCUT_PULL)
        s->waits[c->first_wait + kept++] = s->waits[c->first_wait + w];
    if (c->kind == GCUT_RUN) c->n_waits = kept;
  }
  assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_MISMATCH);
  assert_non_null(strstr(err.message, "may still be in use"));
  gcut_schedule_destroy(s);
}

// ---- options ----------------------------------------------------------------------------------

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
      cmocka_unit_test_setup_teardown(test_every_schedule_verifies, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_least_budget_is_exact, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_partial_finds_what_needs_least, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_prefetch_needs_two_neighbours, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_refusal_names_what_forces_it, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_least_host_budget_is_exact, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_auto_runs_in_the_least_there_is, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_spill_writes_what_does_not_fit, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_removed_waits_are_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_moved_ranges_are_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_moved_operands_are_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_missing_commands_are_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_doubled_drops_are_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_slot_overwritten_at_wrap_around, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_read_before_its_copy_ends, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_buffer_reused_while_copied_out, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_options_are_checked, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
