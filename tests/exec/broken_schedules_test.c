// Schedules broken in any one place are caught, as are the hazards that others shipped.
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/problem.h"
#include "tests/support/schedules.h"

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
  return schedule_for(out, every_offload[seed % n_offloads]);
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

// The command once more, right behind itself.
static void double_command(gcut_schedule *s, uint32_t at) {
  s->commands = realloc(s->commands, (s->n_commands + 1u) * sizeof *s->commands);
  memmove(s->commands + at + 1, s->commands + at, (s->n_commands - at) * sizeof *s->commands);
  s->n_commands++;
  for (uint32_t i = 0; i < s->n_waits; i++) s->waits[i] += s->waits[i] >= at;
  for (uint32_t w = 0; w < s->commands[at].n_waits; w++)
    assert_true(s->waits[s->commands[at].first_wait + w] < at);
}

static void test_doubled_writes_are_caught(void **state) {
  for (uint64_t seed = 1; seed <= 600; seed++) {
    gcut_problem p;
    gcut_error err = {""};
    uint64_t random = seed;
    gcut_schedule *s = random_schedule(*state, seed, &p);
    gcut_command *c = command_of(s, GCUT_WRITE, &random);
    if (c) {
      double_command(s, (uint32_t)(c - s->commands));
      assert_int_equal(gcut_schedule_verify(&p, s, &err), GCUT_MISMATCH);
      assert_non_null(strstr(err.message, "twice"));
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
  gcut_schedule *s = schedule_for(&p, "prefetch:ahead=1");
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
  gcut_schedule *s = schedule_for(&p, "prefetch:ahead=1");
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
  gcut_schedule *s = schedule_for(&p, "sequential:place=host");
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_removed_waits_are_caught, set_up_arena, tear_down_arena),
      cmocka_unit_test_setup_teardown(test_moved_ranges_are_caught, set_up_arena, tear_down_arena),
      cmocka_unit_test_setup_teardown(test_moved_operands_are_caught, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_missing_commands_are_caught, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_doubled_drops_are_caught, set_up_arena, tear_down_arena),
      cmocka_unit_test_setup_teardown(test_doubled_writes_are_caught, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_slot_overwritten_at_wrap_around, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_read_before_its_copy_ends, set_up_arena,
                                      tear_down_arena),
      cmocka_unit_test_setup_teardown(test_buffer_reused_while_copied_out, set_up_arena,
                                      tear_down_arena),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
