// If, Loop, Scan and sequences beyond the official cases: what is inferred of them in symbols, and
// what they compute.
#include <stdio.h>
#include <stdlib.h>

#include "exec/cpu/call.h"
#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tracer/base/error.h"

// A model from text: "inputs => outputs { nodes }".
static gcut_graph *parse(const char *text) {
  char *whole = malloc(strlen(text) + 100);
  assert_non_null(whole);
  sprintf(whole, "<ir_version: 8, opset_import: [\"\" : 17]> g %s", text);
  gcut_graph *g;
  assert_ok(gcut_gcir_parse(whole, strlen(whole), "test", NULL, &g, err));
  free(whole);
  return g;
}

// The type that tracing finds for a value of the main graph.
static void infers(const char *text, const char *name, const char *expected) {
  gcut_graph *g = parse(text);
  gcut_trace *t;
  char found[128];
  assert_ok(gcut_trace_create(g, NULL, &t, err));
  gcut_trace_format(t, gcut_graph_find_value(g, 0, name), found, sizeof found);
  char *number = strchr(found, '?');
  if (number && number[1] >= '0' && number[1] <= '9') // a symbol of its own, whatever its number
    memmove(number + 1, number + 1 + strspn(number + 1, "0123456789"),
            strlen(number + 1 + strspn(number + 1, "0123456789")) + 1);
  assert_string_equal(found, expected);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

enum { N = 4 };

typedef struct outcome {
  gcut_tensor *outputs[N];
  gcut_status status;
  gcut_error err;
} outcome;

static gcut_status run_nodes(const gcut_graph *g, gcut__cpu_runner *runner, gcut__cpu_env *env,
                             gcut_error *err) {
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++)
    GCUT_TRY(gcut__cpu_run_node(runner, env, g->bodies[0].nodes[i], err));
  return GCUT_OK;
}

// Runs the model on inputs, which it takes over.
static outcome run(const char *text, gcut_tensor **inputs, uint32_t n) {
  gcut_graph *g = parse(text);
  outcome o = {{0}};
  gcut__cpu_runner *runner;
  gcut__cpu_env env;
  assert_ok(gcut__cpu_runner_create(&runner, err));
  assert_ok(gcut__cpu_env_create(g, &env, err));
  assert_int_equal(g->bodies[0].n_inputs, n);
  for (uint32_t i = 0; i < n; i++) {
    gcut__cpu_env_set(&env, g->bodies[0].inputs[i], inputs[i]);
    gcut_tensor_unref(inputs[i]);
  }
  o.status = run_nodes(g, runner, &env, &o.err);
  for (uint32_t i = 0; i < g->bodies[0].n_outputs && o.status == GCUT_OK; i++)
    o.outputs[i] = gcut_tensor_ref(env.values[g->bodies[0].outputs[i]]);
  gcut__cpu_env_free(&env);
  gcut__cpu_runner_destroy(runner);
  gcut_graph_destroy(g);
  return o;
}

static void drop(outcome *o) {
  for (int i = 0; i < N; i++) gcut_tensor_unref(o->outputs[i]);
}

static gcut_tensor *tensor(gcut_dtype type, int rank, const int64_t *dims, const void *data) {
  gcut_tensor *t;
  assert_ok(gcut_tensor_create(type, rank, dims, &t, err));
  if (t->bytes > 0) memcpy(t->data, data, t->bytes);
  return t;
}

static gcut_tensor *number(int64_t value) {
  return tensor(GCUT_INT64, 0, NULL, &value);
}
static gcut_tensor *truth(uint8_t value) {
  return tensor(GCUT_BOOL, 0, NULL, &value);
}
static gcut_tensor *floats(int64_t n, const float *values) {
  return tensor(GCUT_FLOAT, 1, &n, values);
}

static void expect_floats(const gcut_tensor *t, uint64_t n, const float *values) {
  assert_int_equal(t->type, GCUT_FLOAT);
  assert_int_equal(t->count, n);
  assert_memory_equal(t->data, values, n * sizeof *values);
}

#define GROWING                                                                                    \
  "(int64 m, float[n] x) => (float[k] y) { y = Loop (m, , x) <body: graph = b (int64 i, bool c, "  \
  "float[p] a) => (c, float[q] r) { r = Concat <axis: int = 0> (a, x) }> }"
#define COUNTING                                                                                   \
  "(float[seq,4] x) => (float[s,4] y) { m = Size (x) t = Constant <value_int: int = 1> () "        \
  "u = Cast <to: int = 9> (t) y = Loop (m, u) <body: graph = b (int64 i, bool c) => (d, z) { "     \
  "d = Identity (c) zero = Constant <value_int: int = 0> () z = Gather (x, zero) }> }"

static void loops_are_inferred(void **unused) {
  (void)unused;
  infers(GROWING, "y", "float[?]");
  infers(COUNTING, "y", "float[4*seq,4]");
  infers("(bool c, float[n] x) => (float[k] y) { y = If (c) <then_branch: graph = t () => (a) { a "
         "= Concat <axis: int = 0> (x, x) }, else_branch: graph = e () => (b) { b = Neg (x) }> }",
         "y", "float[?]");
  infers("(bool c, float[n,2] x) => (float[n,2] y) { y = If (c) <then_branch: graph = t () => (a) "
         "{ a = Abs (x) }, else_branch: graph = e () => (b) { b = Neg (x) }> }",
         "y", "float[n,2]");
  infers("(float[2] s, float[t,b,2] x) => (float[2] f, float[t,b] y) { f, y = Scan (s, x) "
         "<num_scan_inputs: int = 1, scan_input_axes: ints = [1], scan_output_axes: ints = [-1], "
         "body: graph = g (a, e) => (a2, r) { a2 = Identity (a) r = ReduceSum <keepdims: int = 0> "
         "(e, k) k = Constant <value_ints: ints = [1]> () }> }",
         "y", "float[t,b]");
}

static void loops_carry_what_grows(void **unused) {
  (void)unused;
  outcome o = run(GROWING, (gcut_tensor *[]){number(2), floats(2, (float[]){1, 2})}, 2);
  assert_int_equal(o.status, GCUT_OK);
  expect_floats(o.outputs[0], 6, (float[]){1, 2, 1, 2, 1, 2});
  drop(&o);
}

// A trip count that nobody lives to see, ended by the condition; with a condition false from the
// start the stacked output is empty, in the shape that the body declares.
#define UNTIL                                                                                      \
  "(bool c, float[n] x) => (float[n] y, float[k,2] z) { m = Constant <value_int: int = "           \
  "9223372036854775807> () y, z = Loop (m, c, x) <body: graph = b (int64 i, bool d, float[n] a) "  \
  "=> (bool e, float[n] a2, float[2] s) { a2 = Identity (a) three = Constant <value_int: int = "   \
  "3> () e = Less (i, three) s = Constant <value_floats: floats = [1.0, 2.0]> () }> }"

static void loops_end_by_their_condition(void **unused) {
  (void)unused;
  outcome o = run(UNTIL, (gcut_tensor *[]){truth(1), floats(1, (float[]){7})}, 2);
  assert_int_equal(o.status, GCUT_OK);
  expect_floats(o.outputs[0], 1, (float[]){7});
  expect_floats(o.outputs[1], 8, (float[]){1, 2, 1, 2, 1, 2, 1, 2});
  drop(&o);
  o = run(UNTIL, (gcut_tensor *[]){truth(0), floats(1, (float[]){7})}, 2);
  assert_int_equal(o.status, GCUT_OK);
  assert_int_equal(o.outputs[1]->rank, 2);
  assert_int_equal(o.outputs[1]->dims[0], 0);
  assert_int_equal(o.outputs[1]->dims[1], 2);
  drop(&o);
}

static void states_move_by_reference(void **unused) {
  (void)unused;
  gcut_tensor *x = gcut_tensor_ref(floats(1, (float[]){7}));
  outcome o = run(UNTIL, (gcut_tensor *[]){truth(1), x}, 2);
  assert_int_equal(o.status, GCUT_OK);
  assert_ptr_equal(o.outputs[0]->data, x->data);
  drop(&o);
  gcut_tensor_unref(x);
}

static void expect_failure(const char *text, gcut_tensor **inputs, uint32_t n,
                           const char *message) {
  outcome o = run(text, inputs, n);
  assert_int_equal(o.status, GCUT_FORMAT);
  assert_non_null(strstr(o.err.message, message));
  drop(&o);
}

static void what_does_not_fit_is_refused(void **unused) {
  (void)unused;
  int64_t two = 2;
  expect_failure(
      UNTIL,
      (gcut_tensor *[]){tensor(GCUT_BOOL, 1, &two, (uint8_t[]){1, 1}), floats(1, (float[]){7})}, 2,
      "not one bool");
  // the stacked output changes its shape from turn to turn
  expect_failure(
      "(int64 m, float[n] x) => (float[k] y, float[t,u] z) { y, z = Loop (m, , x) <body: "
      "graph = b (int64 i, bool c, float[p] a) => (c, float[q] r, float[s] o) { r = "
      "Concat <axis: int = 0> (a, x) o = Identity (a) }> }",
      (gcut_tensor *[]){number(3), floats(1, (float[]){1})}, 2, "differs");
  // sequences of two lengths
  expect_failure("(float[n] x) => (seq(float[n]) y) { s = SequenceConstruct (x, x) u = "
                 "SequenceConstruct (x) y = SequenceMap (s, u) <body: graph = b (float[n] a, "
                 "float[n] e) => (float[n] r) { r = Add (a, e) }> }",
                 (gcut_tensor *[]){floats(1, (float[]){1})}, 1, "items");
  expect_failure("(int64 p, float[n] x) => (float[n] y) { s = SequenceConstruct (x, x) y = "
                 "SequenceAt (s, p) }",
                 (gcut_tensor *[]){number(2), floats(1, (float[]){1})}, 2, "position 2");
  expect_failure("(int64 p, float[n] x) => (int64 y) { s = SplitToSequence (x, p) y = "
                 "SequenceLength (s) }",
                 (gcut_tensor *[]){number(0), floats(1, (float[]){1})}, 2, "pieces of 0");
  expect_failure("(float[a] s, float[b] x) => (float[a] f, float[t] y) { f, y = Scan (s, x, s) "
                 "<num_scan_inputs: int = 2, body: graph = g (float[a] p, float q, float r) => "
                 "(float[a] p2, float q2) { p2 = Identity (p) q2 = Add (q, r) }> }",
                 (gcut_tensor *[]){floats(2, (float[]){1, 2}), floats(1, (float[]){1})}, 2,
                 "elements");
}

static void scan_of_nothing(void **unused) {
  (void)unused;
  outcome o = run(
      "(float[2] s, float[t,2] x) => (float[2] f, float[t,2] y) { f, y = Scan (s, x) "
      "<num_scan_inputs: int = 1, body: graph = g (float[2] a, float[2] e) => (float[2] "
      "a2, float[2] r) { a2 = Add (a, e) r = Identity (a2) }> }",
      (gcut_tensor *[]){floats(2, (float[]){1, 2}), tensor(GCUT_FLOAT, 2, (int64_t[]){0, 2}, NULL)},
      2);
  assert_int_equal(o.status, GCUT_OK);
  expect_floats(o.outputs[0], 2, (float[]){1, 2});
  assert_int_equal(o.outputs[1]->dims[0], 0);
  assert_int_equal(o.outputs[1]->dims[1], 2);
  drop(&o);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loops_are_inferred),           cmocka_unit_test(loops_carry_what_grows),
      cmocka_unit_test(loops_end_by_their_condition), cmocka_unit_test(states_move_by_reference),
      cmocka_unit_test(what_does_not_fit_is_refused), cmocka_unit_test(scan_of_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
