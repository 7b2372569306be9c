// The choice of a micro-batch: the best of all sizes and strategies, and nothing that does not fit.
#include <math.h>
#include <stdio.h>

#include "graphcut/run.h"
#include "graphcut/simulate.h"
#include "graphcut/slicing.h"
#include "tests/support/random_graph.h"
#include "tests/support/sliced.h"

enum { N_TRIALS = 24 };

typedef struct setting { // a chain of products with a symbolic batch, on a random machine
  sliced_model model;
  gcut_trace *symbolic, *whole;
  gcut_slicing *slicing;
  gcut_plan *plan;
  gcut_problem_options sizes;
  gcut_profile machine;
  int64_t batch;
} setting;

// The weights are in a file that is not there: nobody needs them.
static void write_chain(uint32_t n, char *text) {
  char *at = text + sprintf(text, SLICED_HEAD "(float[batch,16] v0) => (y) <");
  for (uint32_t i = 0; i < n; i++)
    at += sprintf(at,
                  "%sfloat[16,16] w%u = [\"location\": \"none.bin\", \"offset\": \"0\","
                  " \"length\": \"1024\"]",
                  i ? "," : "", i);
  at += sprintf(at, "> {");
  for (uint32_t i = 0; i < n; i++)
    at += sprintf(at, " s%u = MatMul(v%u, w%u) v%u = Relu(s%u)", i, i, i, i + 1, i);
  sprintf(at, " y = Identity(v%u) }", n);
}

static setting open_setting(uint64_t *random) {
  static char text[SLICED_TEXT];
  setting s = {.batch = 2 + random_below(random, 20)};
  write_chain(2 + random_below(random, 4), text);
  s.model = sliced_open(text);
  gcut_binding batch = {"batch", s.batch};
  gcut_trace_options bound = {.bindings = &batch, .n_bindings = 1};
  assert_ok(gcut_trace_folded(s.model.graph, NULL, &s.symbolic, err));
  assert_ok(gcut_trace_folded(s.model.graph, &bound, &s.whole, err));
  gcut_cut_options cut = {.cutter = "balanced", .n_parts = 1 + random_below(random, 3)};
  assert_ok(gcut_plan_create(s.whole, &cut, &s.plan, err));
  assert_ok(gcut_slicing_create(s.symbolic, s.plan->fetches, s.plan->n_fetches, &s.slicing, err));
  assert_int_equal(gcut_slicing_batch(s.slicing, s.whole), s.batch);
  assert_ok(gcut_profile_read("laptop-8gb-assumed", &s.machine, err));
  s.machine.device.node_seconds *= random_below(random, 3) * 1e-3;
  s.machine.up.rate = s.machine.up.both_rate = 1e6 * (1 + random_below(random, 400));
  s.machine.device.flops_f32 = 1e6 * (1 + random_below(random, 4000));
  s.machine.copy_seconds = 1e-6 * random_below(random, 3);
  s.sizes = (gcut_problem_options){.n_batches = 1 + random_below(random, 4),
                                   .n_passes = 1,
                                   .budget = 1024 + random_below(random, 9000),
                                   .slicing = s.slicing};
  return s;
}

static void close_setting(setting *s) {
  gcut_slicing_destroy(s->slicing);
  gcut_plan_destroy(s->plan);
  gcut_trace_destroy(s->whole);
  gcut_trace_destroy(s->symbolic);
  sliced_close(&s->model);
}

// Infinite where it does not fit.
static double clock_one(const setting *s, uint32_t micro_batch, const char *offload) {
  gcut_problem_options sizes = s->sizes;
  gcut_problem *problem;
  gcut_schedule *schedule;
  gcut_timeline timeline;
  gcut_summary sum = {.seconds = INFINITY};
  sizes.micro_batch = micro_batch;
  assert_ok(gcut_problem_create(s->whole, s->plan, &sizes, &problem, err));
  gcut_error refusal = {{0}};
  gcut_status status = gcut_schedule_create(problem, offload, &s->machine, &schedule, &refusal);
  if (status == GCUT_OK) {
    assert_ok(gcut_schedule_verify(problem, schedule, err));
    assert_ok(gcut_simulate(problem, schedule, &s->machine, &timeline, err));
    assert_ok(gcut_timeline_summarise(problem, schedule, &timeline, &sum, err));
    gcut_timeline_free(&timeline);
    gcut_schedule_destroy(schedule);
  }
  assert_true(status == GCUT_OK || status == GCUT_BUDGET);
  gcut_problem_destroy(problem);
  return sum.seconds;
}

// The best that any strategy named alone, and auto, make of slices of that size.
static double best_of(const setting *s, uint32_t micro_batch) {
  size_t n;
  const gcut_strategy *strategies = gcut_strategies(&n);
  double best = INFINITY;
  for (size_t i = 0; i < n; i++) {
    double seconds = clock_one(s, micro_batch, strategies[i].name);
    if (seconds < best) best = seconds;
  }
  return best;
}

static void check_choice(const setting *s, uint32_t *n_sliced) {
  double whole = best_of(s, 0), sliced = INFINITY;
  for (uint32_t n = 1; n < s->batch; n *= 2) sliced = fmin(sliced, best_of(s, n));
  gcut_micro_choice c;
  gcut_error err = {{0}};
  gcut_status status =
      gcut_micro_choose(s->whole, s->plan, &s->sizes, "auto", &s->machine, &c, &err);
  if (isinf(whole) && isinf(sliced)) {
    assert_int_equal(status, GCUT_BUDGET);
    return;
  }
  assert_int_equal(status, GCUT_OK);
  double best = sliced < 0.95 * whole ? sliced : whole;
  if (c.seconds > best * (1 + 1e-9)) fail_msg("%g s, where %g would do", c.seconds, best);
  assert_true((c.micro_batch != 0) == (sliced < 0.95 * whole));
  assert_true(clock_one(s, c.micro_batch, "auto") <= c.seconds * (1 + 1e-9));
  if (isfinite(c.next_seconds) && c.micro_batch) assert_true(c.next_seconds >= c.seconds);
  *n_sliced += c.micro_batch != 0;
}

static void the_best_of_all_sizes_is_chosen(void **state) {
  uint64_t random = 12;
  uint32_t n_sliced = 0;
  (void)state;
  for (int i = 0; i < N_TRIALS; i++) {
    setting s = open_setting(&random);
    check_choice(&s, &n_sliced);
    close_setting(&s);
  }
  assert_true(n_sliced > 0 && n_sliced < N_TRIALS);
}

// The slices that are named fit; twice as large ones do not.
static void the_largest_slices_that_fit_are_named(void **state) {
  uint64_t random = 7;
  uint32_t n_named = 0;
  (void)state;
  for (int i = 0; i < N_TRIALS; i++) {
    setting s = open_setting(&random);
    uint32_t n;
    assert_ok(gcut_micro_fit(s.whole, s.plan, &s.sizes, "sequential", &s.machine, &n, err));
    if (n) assert_true(isfinite(clock_one(&s, n, "sequential")));
    if (n && n * 2 < s.batch) assert_true(isinf(clock_one(&s, n * 2, "sequential")));
    if (!n) assert_true(isinf(clock_one(&s, 1, "sequential")));
    if (n && isinf(clock_one(&s, 0, "sequential"))) {
      gcut_micro_choice c;
      assert_ok(gcut_micro_choose(s.whole, s.plan, &s.sizes, "sequential", &s.machine, &c, err));
      assert_in_range(c.micro_batch, 1, n);
      n_named++;
    }
    close_setting(&s);
  }
  assert_true(n_named > 0);
}

// As many slices as a batch has, the last of what is left.
static void slices_are_counted(void **state) {
  uint64_t random = 3;
  (void)state;
  setting s = open_setting(&random);
  for (uint32_t n = 1; n <= s.batch + 1; n++) {
    gcut_problem *problem;
    gcut_problem_options sizes = s.sizes;
    uint32_t each = n < s.batch ? (uint32_t)((s.batch + n - 1) / n) : 1;
    sizes.micro_batch = n;
    assert_ok(gcut_problem_create(s.whole, s.plan, &sizes, &problem, err));
    assert_int_equal(problem->n_batches, each * sizes.n_batches);
    uint64_t bytes = 0;
    for (uint32_t b = 0; b < each; b++) bytes += problem->activations[0].bytes[problem->classes[b]];
    assert_int_equal(bytes, s.batch * 16 * 4);
    gcut_problem_destroy(problem);
  }
  close_setting(&s);
}

static void halving_ends(void **state) {
  (void)state;
  assert_int_equal(gcut_micro_halve(0, 64), 32);
  assert_int_equal(gcut_micro_halve(0, 65), 64);
  assert_int_equal(gcut_micro_halve(32, 64), 16);
  assert_int_equal(gcut_micro_halve(0, 2), 1);
  assert_int_equal(gcut_micro_halve(1, 64), 0);
  assert_int_equal(gcut_micro_halve(0, 1), 0);
  assert_int_equal(gcut_micro_halve(0, INT64_MAX), UINT32_C(1) << 31);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_of_all_sizes_is_chosen),
      cmocka_unit_test(the_largest_slices_that_fit_are_named),
      cmocka_unit_test(slices_are_counted),
      cmocka_unit_test(halving_ends),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
