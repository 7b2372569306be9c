// Experts spelled out: every type and both layouts against sums made here, exactly, for elements
// are small integers; indices that are none; and that gathered matrices take no memory.
#include <stdio.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/inputs.h"

enum { EXPERTS = 5, N = 7, K = 9 };

static int64_t element(int64_t i) {
  return i * 7919 % 5 - 2;
}

// Most rows of an experiment go to one expert, more than are multiplied at once; one expert has
// none.
static int64_t expert_of(int64_t row) {
  static const int64_t others[] = {0, 2, -1, 3};
  return row % 11 ? 2 - (row % 2 ? EXPERTS : 0) : others[row / 11 % 4];
}

typedef struct experiment {
  gcut_graph *graph;
  int64_t rows;
  int64_t (*pick)(int64_t row);
  gcut_tensor *result;
} experiment;

static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const experiment *e = context;
  (void)batch;
  gcut_status status = make_inputs(e->graph, e->rows, inputs, err);
  for (uint32_t i = 0; i < e->graph->bodies[0].n_inputs && status == GCUT_OK; i++)
    for (uint64_t k = 0; k < inputs[i]->count; k++)
      if (inputs[i]->type == GCUT_FLOAT)
        ((float *)inputs[i]->data)[k] = (float)element((int64_t)k + i);
      else if (inputs[i]->type == GCUT_INT64)
        ((int64_t *)inputs[i]->data)[k] = e->pick((int64_t)k);
      else
        ((int32_t *)inputs[i]->data)[k] = (int32_t)e->pick((int64_t)k);
  return status;
}

static gcut_status keep(void *context, size_t batch, gcut_tensor *const *outputs, gcut_error *err) {
  experiment *e = context;
  const gcut_tensor *y = outputs[0];
  (void)batch;
  gcut_status status = gcut_tensor_create(y->type, y->rank, y->dims, &e->result, err);
  if (status == GCUT_OK && y->bytes) memcpy(e->result->data, y->data, y->bytes);
  return status;
}

static gcut_status run(experiment *e, const char *text, uint64_t budget, bool unfused,
                       gcut_error *err) {
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_run_result result;
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &e->graph, err));
  assert_ok(gcut_trace_folded(e->graph, NULL, &trace, err));
  assert_int_equal(trace->n_fused, 1);
  assert_ok(gcut_plan_whole(trace, &(gcut_cut_options){.unfused = unfused}, &plan, err));
  gcut_status status =
      gcut_run(e->graph, plan, &(gcut_run_options){.budget = budget},
               &(gcut_source){read_inputs, e, 1}, &(gcut_sink){keep, e}, &result, err);
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  gcut_graph_destroy(e->graph);
  return status;
}

// ---- results ------------------------------------------------------------------------------------

static int64_t weight_at(bool turned, int64_t e, int64_t n, int64_t k) {
  return element(turned ? (e * K + k) * N + n : (e * N + n) * K + k);
}

// w is input 0, ids input 1, x input 2, with a row for as many indices as share it.
static int64_t expected_at(const experiment *e, bool turned, int64_t shared, int64_t row,
                           int64_t n) {
  int64_t expert = (e->pick(row) + EXPERTS) % EXPERTS, sum = 0;
  for (int64_t k = 0; k < K; k++)
    sum += weight_at(turned, expert, n, k) * element(row / shared * K + k + 2);
  return sum;
}

static void check(const char *text, bool turned, int64_t rows, int64_t shared) {
  experiment e = {.rows = rows, .pick = expert_of};
  assert_ok(run(&e, text, 0, false, err));
  assert_int_equal(e.result->count, rows * shared * N);
  const float *y = e.result->data;
  for (int64_t r = 0; r < rows * shared; r++)
    for (int64_t n = 0; n < N; n++)
      if ((int64_t)y[r * N + n] != expected_at(&e, turned, shared, r, n))
        fail_msg("row %d, column %d: %g in %s", (int)r, (int)n, (double)y[r * N + n], text);
  gcut_tensor_unref(e.result);
}

#define HEAD "<ir_version: 10, opset_import: [\"\": 18]> g "

static const char straight[] =
    HEAD "(float[5,7,9] w, int64[rows] ids, float[rows,9] x) => (float[rows,7] y)"
         "<int64[1] last = {-1}> {"
         " wt = Cast<to = %d>(w) xt = Cast<to = %d>(x) i = Unsqueeze(ids, last)"
         " g = GatherND(wt, i) column = Unsqueeze(xt, last) p = MatMul(g, column)"
         " s = Squeeze(p, last) y = Cast<to = 1>(s) }";

static const char turned_over[] =
    HEAD "(float[5,9,7] w, int32[rows] ids, float[rows,1,9] x) => (float[rows,1,7] y) {"
         " wt = Cast<to = %d>(w) xt = Cast<to = %d>(x) g = Gather(wt, ids) p = MatMul(xt, g)"
         " y = Cast<to = 1>(p) }";

static void test_types_and_layouts(void **state) {
  (void)state;
  static const gcut_dtype types[] = {GCUT_FLOAT, GCUT_DOUBLE, GCUT_FLOAT16, GCUT_BFLOAT16};
  char text[1024];
  for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
    snprintf(text, sizeof text, straight, types[t], types[t]);
    check(text, false, 2500, 1);
    check(text, false, 1, 1);
    snprintf(text, sizeof text, turned_over, types[t], types[t]);
    check(text, true, 2500, 1);
    check(text, true, 0, 1);
  }
}

// A row of x for three choices, by either operator.
static void test_shared_rows(void **state) {
  (void)state;
  check(HEAD "(float[5,7,9] w, int64[rows,3] ids, float[rows,9] x) => (float[rows,3,7] y) {"
             " g = Gather(w, ids) y = Einsum<equation = \"tank,tk->tan\">(g, x) }",
        false, 700, 3);
  check(HEAD "(float[5,9,7] w, int64[rows,3,1] ids, float[rows,1,1,9] x)"
             " => (float[rows,3,1,7] y) { g = GatherND(w, ids) y = MatMul(x, g) }",
        true, 700, 3);
  check(HEAD "(float[5,7,9] w, int64[rows,3] ids, float[rows,1,9] x) => (float[rows,3,7,1] y)"
             "<int64[1] last = {-1}> { g = Gather(w, ids) c = Unsqueeze(x, last)"
             " y = MatMul(g, c) }",
        false, 2, 3);
}

// ---- indices that are none ----------------------------------------------------------------------

static int64_t past_the_end(int64_t row) {
  return row == 3 ? EXPERTS : 0;
}
static int64_t before_the_start(int64_t row) {
  return row == 3 ? -EXPERTS - 1 : 0;
}
static int64_t far_away(int64_t row) {
  return row == 3 ? INT64_MIN : 0;
}

static void test_bad_indices(void **state) {
  (void)state;
  char text[1024];
  snprintf(text, sizeof text, straight, GCUT_FLOAT, GCUT_FLOAT);
  for (int unfused = 0; unfused < 2; unfused++) { // in the same words
    experiment e = {.rows = 8, .pick = past_the_end};
    assert_fails(run(&e, text, 0, unfused, err), GCUT_FORMAT,
                 "(GatherND): index 5 of an axis of 5 elements");
    e.pick = before_the_start;
    assert_fails(run(&e, text, 0, unfused, err), GCUT_FORMAT,
                 "(GatherND): index -6 of an axis of 5 elements");
    e.pick = far_away;
    assert_fails(run(&e, text, 0, unfused, err), GCUT_FORMAT, "index -9223372036854775808 of");
  }
}

// ---- memory -------------------------------------------------------------------------------------

// Gathered, 1,000 matrices of 16 KB.
static void test_a_budget_without_the_gathered(void **state) {
  (void)state;
  static const char text[] =
      HEAD "(float[5,64,64] w, int64[rows] ids, float[rows,64,1] x) => (float[rows,64,1] y) {"
           " g = Gather(w, ids) y = MatMul(g, x) }";
  experiment e = {.rows = 1000, .pick = expert_of};
  assert_ok(run(&e, text, 1 << 20, false, err));
  gcut_tensor_unref(e.result);
  assert_fails(run(&e, text, 8 << 20, true, err), GCUT_BUDGET, "budget");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types_and_layouts),
      cmocka_unit_test(test_shared_rows),
      cmocka_unit_test(test_bad_indices),
      cmocka_unit_test(test_a_budget_without_the_gathered),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
