// What parts make of weights alone: found in the layout, made once for several batches where there
// is room, and never read when something else lies there.
#include <inttypes.h>
#include <string.h>

#include "graphcut/simulate.h"
#include "tests/support/check.h"
#include "tests/support/laid.h"
#include "tests/support/problem.h"
#include "tests/support/toy.h"
#include "tracer/build.h"

// ---- the layout -------------------------------------------------------------------------------

static uint64_t prepared_at(const laid *it, const char *value) {
  for (uint32_t i = 0; i < it->layout.n_homes; i++)
    if (it->layout.homes[i].value == toy_value(it->graph, value))
      return it->layout.homes[i].prepared;
  return GCUT_NOT_PREPARED;
}

static uint32_t n_of_weights(const laid *it) {
  uint32_t n = 0;
  for (uint32_t s = 0; s < it->layout.n_steps; s++) n += it->layout.steps[s].of_weights;
  return n;
}

static gcut_graph *begin(void) {
  gcut_graph *g = toy_begin();
  toy_input(g, "x", 2, (int64_t[]){16, 16});
  toy_weight(g, "W", 2, (int64_t[]){16, 16});
  toy_weight(g, "V", 2, (int64_t[]){16, 16});
  return g;
}

// Of a chain the end is kept; what lies between is not read once it is made.
static void test_what_others_read_is_kept(void **state) {
  (void)state;
  const uint64_t bytes = 16 * 16 * 4;
  gcut_graph *g = begin();
  toy_node(g, 0, "a", "Add", "W V", "sum");
  toy_node(g, 0, "b", "Neg", "sum", "right");
  toy_node(g, 0, "c", "MatMul", "x right", "product");
  toy_node(g, 0, "d", "Relu", "product", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  assert_int_equal(n_of_weights(&it), 2);
  assert_int_equal(it.layout.prepared, bytes);
  assert_int_equal(prepared_at(&it, "right"), 0);
  assert_int_equal(prepared_at(&it, "sum"), GCUT_NOT_PREPARED);
  assert_int_equal(prepared_at(&it, "product"), GCUT_NOT_PREPARED);
  assert_int_equal(it.layout.prepared_traffic, 5 * bytes);
  assert_true(it.layout.prepared_traffic < it.layout.traffic);
  take_up(&it);
}

// A view of what is kept lies where that does; one of a weight is made with every batch.
static void test_views_are_kept_with_what_they_show(void **state) {
  (void)state;
  gcut_graph *g = begin();
  toy_node(g, 0, "a", "Add", "W V", "sum");
  toy_node(g, 0, "b", "Identity", "sum", "view");
  toy_node(g, 0, "c", "Identity", "W", "seen");
  toy_node(g, 0, "d", "MatMul", "x view", "product");
  toy_node(g, 0, "e", "MatMul", "product seen", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  assert_int_equal(prepared_at(&it, "sum"), 0);
  assert_int_equal(prepared_at(&it, "view"), 0);
  assert_int_equal(prepared_at(&it, "seen"), GCUT_NOT_PREPARED);
  assert_int_equal(it.layout.prepared, 16 * 16 * 4);
  take_up(&it);
}

// What leaves the part has a place of its own, and what is drawn differs from batch to batch.
static void test_outputs_and_draws_are_not(void **state) {
  (void)state;
  gcut_graph *g = begin();
  toy_node(g, 0, "a", "Add", "W V", "sum");
  toy_node(g, 0, "b", "RandomNormalLike", "W", "drawn");
  toy_node(g, 0, "c", "MatMul", "x drawn", "product");
  toy_node(g, 0, "d", "MatMul", "product sum", "y");
  toy_output(g, "y");
  toy_output(g, "sum");
  laid it = lay_out(g);
  assert_int_equal(n_of_weights(&it), 0);
  assert_int_equal(it.layout.prepared, 0);
  take_up(&it);
}

// ---- the problem ------------------------------------------------------------------------------

static void retype(gcut_graph *g, const char *name, gcut_dtype type) {
  gcut_value *v = &g->values[toy_value(g, name)];
  gcut_constant *k = v->constant == GCUT_NONE ? NULL : &g->constants[v->constant];
  gcut_type declared = v->declared;
  declared.type = (uint8_t)type;
  gcut_value_declare(g, toy_value(g, name), &declared);
  if (!k) return;
  k->bytes = k->bytes / 4 * (type == GCUT_INT8 ? 1 : 2);
  k->type = type;
}

// Weights of eight bits, a product of float16: at float16's rate.
static void test_arithmetic_counts_in_what_it_makes(void **state) {
  (void)state;
  gcut_graph *g = begin();
  toy_weight(g, "scale", 1, (int64_t[]){16});
  retype(g, "x", GCUT_FLOAT16);
  retype(g, "W", GCUT_INT8);
  retype(g, "scale", GCUT_FLOAT16);
  toy_node(g, 0, "a", "DequantizeLinear", "W scale", "right");
  toy_node(g, 0, "b", "MatMul", "x right", "y");
  toy_output(g, "y");
  laid it = lay_out(g);
  gcut_problem *p;
  gcut_problem_options options = {.n_batches = 1};
  assert_ok(gcut_problem_create(it.trace, it.plan, &options, &p, err));
  assert_int_equal(p->parts[0].type, GCUT_FLOAT16);
  assert_int_equal(p->parts[0].work[0].prepared, 16 * 16 * 2);
  gcut_problem_destroy(p);
  take_up(&it);
}

// ---- schedules --------------------------------------------------------------------------------

enum { PREPARED = 1024, PARTS = 3, BATCHES = 4 };

// Each part makes so much of its weights.
static gcut_problem chain(gcut_arena *arena) {
  gcut_problem p = test_chain(arena, PARTS, BATCHES, 4096, 512, 256);
  for (uint32_t i = 0; i < PARTS; i++) {
    gcut_work *work = (gcut_work *)p.parts[i].work;
    work->prepared = PREPARED;
    work->prepared_traffic = work->traffic / 2;
  }
  return p;
}

static gcut_schedule *create(const gcut_problem *p, const char *offload) {
  gcut_schedule *s;
  assert_ok(gcut_schedule_create(p, offload, NULL, &s, err));
  assert_ok(gcut_schedule_verify(p, s, err));
  return s;
}

static uint32_t count(const gcut_schedule *s, gcut_command_kind kind) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_commands; i++) n += s->commands[i].kind == kind;
  return n;
}

static uint32_t count_prepared_runs(const gcut_schedule *s) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_commands; i++)
    n += s->commands[i].kind == GCUT_RUN && s->commands[i].prepared != GCUT_NOT_PREPARED;
  return n;
}

static void expect(gcut_arena *arena, const char *offload, uint64_t budget, uint32_t prepares,
                   uint32_t runs) {
  gcut_problem p = chain(arena);
  p.budget = budget;
  gcut_schedule *s = create(&p, offload);
  if (count(s, GCUT_PREPARE) != prepares || count_prepared_runs(s) != runs)
    fail_msg("%s in %" PRIu64 ": prepared %u times, for %u runs", offload, budget,
             count(s, GCUT_PREPARE), count_prepared_runs(s));
  gcut_schedule_destroy(s);
}

static void test_several_batches_are_given_it(void **state) {
  const uint32_t all = PARTS * BATCHES;
  expect(*state, "prefetch", 0, PARTS, all);
  expect(*state, "prefetch:batches=2", 0, 2 * PARTS, all);
  expect(*state, "sequential", 100000, PARTS, all);
  expect(*state, "resident:loop=parts", 0, PARTS, all);
  expect(*state, "prefetch:prepare=each", 0, 0, 0);
  expect(*state, "prefetch:batches=1", 0, 0, 0); // no batch comes after the first
  expect(*state, "prefetch:batches=3", 0, PARTS, 3 * PARTS);
  expect(*state, "sequential", 0, 0, 0); // takes the least that it can
}

// Weights that stay keep what is made of them for all of the run, whichever loop is outside.
static void test_what_stays_is_made_once(void **state) {
  const uint32_t all = PARTS * BATCHES;
  expect(*state, "resident", 100000, PARTS, all);
  expect(*state, "resident:loop=parts", 100000, PARTS, all);
  expect(*state, "partial:keep=1,loop=batches", 100000, 1, BATCHES);
  expect(*state, "partial:keep=1", 100000, PARTS, all);
  expect(*state, "resident", 0, 0, 0); // nothing says that there is room
  const uint64_t needs = PARTS * (4096 + PREPARED) + 2 * (512 + 512) + 256;
  expect(*state, "resident", needs, PARTS, all);
  expect(*state, "resident", needs - 1, 0, 0);
}

// A byte less than it needs with two batches in flight, and nothing is kept.
static void test_budgets_come_first(void **state) {
  const uint64_t needs = 4096 + PREPARED + 2 * (512 + 512) + 256;
  expect(*state, "sequential:place=host", needs, PARTS, PARTS * BATCHES);
  expect(*state, "sequential:place=host", needs - 1, 0, 0);
}

static void test_the_clock_knows_it(void **state) {
  gcut_problem p = chain(*state);
  p.budget = 100000;
  gcut_profile profile = {.device = {.memory_rate = 1e6, .flops_f32 = 1e15},
                          .up = {.rate = 1e9, .both_rate = 1e9},
                          .down = {.rate = 1e9, .both_rate = 1e9},
                          .disk_read_rate = 1e9,
                          .disk_write_rate = 1e9};
  double computing[2];
  for (int each = 0; each < 2; each++) {
    gcut_schedule *s =
        create(&p, each ? "resident:loop=parts,prepare=each" : "resident:loop=parts");
    gcut_timeline timeline;
    gcut_summary sum;
    assert_ok(gcut_simulate(&p, s, &profile, &timeline, err));
    assert_ok(gcut_timeline_summarise(&p, s, &timeline, &sum, err));
    computing[each] = sum.compute_seconds;
    gcut_timeline_free(&timeline);
    gcut_schedule_destroy(s);
  }
  const double traffic = 4096 / 1e6;
  assert_true(computing[1] > PARTS * BATCHES * traffic * 0.999);
  assert_true(computing[1] < PARTS * BATCHES * traffic * 1.001);
  assert_true(computing[0] > PARTS * (BATCHES + 1) * traffic / 2 * 0.999);
  assert_true(computing[0] < PARTS * (BATCHES + 1) * traffic / 2 * 1.001);
}

// ---- broken schedules -------------------------------------------------------------------------

static gcut_command *find(gcut_schedule *s, gcut_command_kind kind) {
  for (uint32_t i = 0; i < s->n_commands; i++)
    if (s->commands[i].kind == kind) return &s->commands[i];
  return NULL;
}

static void expect_caught(const gcut_problem *p, gcut_schedule *s, const char *why) {
  gcut_error err = {""};
  assert_int_equal(gcut_schedule_verify(p, s, &err), GCUT_MISMATCH);
  if (!strstr(err.message, why)) fail_msg("'%s', not '%s'", err.message, why);
}

static void test_reading_elsewhere_is_caught(void **state) {
  gcut_problem p = chain(*state);
  gcut_schedule *s = create(&p, "prefetch");
  find(s, GCUT_RUN)->prepared += 256;
  expect_caught(&p, s, "what was prepared lies at");
  gcut_schedule_destroy(s);
}

static void test_never_made_is_caught(void **state) {
  gcut_problem p = chain(*state);
  gcut_schedule *s = create(&p, "prefetch:prepare=each");
  find(s, GCUT_RUN)->prepared = 0;
  expect_caught(&p, s, "what was prepared is not there");
  gcut_schedule_destroy(s);
}

static void test_made_elsewhere_is_caught(void **state) {
  gcut_problem p = chain(*state);
  gcut_schedule *s = create(&p, "prefetch");
  gcut_command *c = find(s, GCUT_PREPARE);
  c->prepared = c->from;
  expect_caught(&p, s, "overlaps what command");
  gcut_schedule_destroy(s);
}

// The workspace of the batch before takes bytes of it: the next batch would read them.
static void test_overwritten_is_caught(void **state) {
  gcut_problem p = chain(*state);
  gcut_schedule *s = create(&p, "prefetch");
  gcut_command *c = find(s, GCUT_RUN);
  c->to = c->prepared;
  expect_caught(&p, s, "may still be in use"); // by the command itself
  c->prepared = GCUT_NOT_PREPARED;
  expect_caught(&p, s, "for other shapes, or overwritten");
  gcut_schedule_destroy(s);
}

static void test_other_shapes_are_caught(void **state) {
  gcut_problem p = chain(*state);
  gcut_schedule *s = create(&p, "prefetch");
  uint32_t classes[BATCHES] = {0, 1, 0, 0};
  for (uint32_t i = 0; i < PARTS; i++) {
    gcut_work *work = GCUT_NEW_ARRAY(*state, gcut_work, 2);
    work[0] = work[1] = p.parts[i].work[0];
    ((gcut_stage *)p.parts)[i].work = work;
  }
  for (uint32_t i = 0; i < p.n_activations; i++) {
    gcut_activation *a = &((gcut_activation *)p.activations)[i];
    a->bytes = gcut_arena_copy(*state, (uint64_t[]){a->bytes[0], a->bytes[0]}, 16);
    a->forms = gcut_arena_copy(*state, (uint8_t[]){a->forms[0], a->forms[0]}, 2);
  }
  p.classes = classes;
  p.n_classes = 2;
  expect_caught(&p, s, "for other shapes, or overwritten");
  gcut_schedule_destroy(s);
  s = create(&p, "prefetch"); // which makes it again wherever shapes change
  assert_int_equal(count(s, GCUT_PREPARE), 3 * PARTS);
  gcut_schedule_destroy(s);
}

static int set_up(void **state) {
  *state = gcut_arena_create();
  return *state ? 0 : 1;
}

static int tear_down(void **state) {
  gcut_arena_destroy(*state);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_others_read_is_kept),
      cmocka_unit_test(test_views_are_kept_with_what_they_show),
      cmocka_unit_test(test_outputs_and_draws_are_not),
      cmocka_unit_test(test_arithmetic_counts_in_what_it_makes),
      cmocka_unit_test_setup_teardown(test_several_batches_are_given_it, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_what_stays_is_made_once, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_budgets_come_first, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_the_clock_knows_it, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_reading_elsewhere_is_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_never_made_is_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_made_elsewhere_is_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_overwritten_is_caught, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_other_shapes_are_caught, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
