// Gradient: every derivative against a difference quotient, broadcasting, and parts of a graph that
// cannot be differentiated.
#include <math.h>

#include "exec/cpu/call.h"
#include "tests/support/check.h"
#include "tracer/base/error.h"
#include "tracer/build.h"

enum { N_ROWS = 2, N = 3 };

// c = OP(a) or OP(a, b); a is [2, 3], b is [3]; then the gradients of c by a and b.
typedef struct model {
  gcut_graph *g;
  uint32_t a, b, c, da, db;
} model;

static uint32_t add_input(gcut_graph *g, const char *name, int rank, const gcut_dim *dims) {
  uint32_t v = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, name));
  gcut_type declared = {.type = GCUT_DOUBLE, .rank = (int16_t)rank, .dims = dims};
  gcut_value_declare(g, v, &declared);
  return v;
}

static void add_gradient(model *m, const char *y, uint32_t n_inputs) {
  gcut_string *names = gcut_arena_alloc(gcut_graph_arena(m->g), 2, sizeof *names);
  names[0] = (gcut_string){"a", 1};
  names[1] = (gcut_string){"b", 1};
  gcut_attribute attributes[] = {
      {.name = "y", .kind = GCUT_ATTRIBUTE_STRING, .n = 1, .s = {y, strlen(y)}},
      {.name = "xs", .kind = GCUT_ATTRIBUTE_STRINGS, .n = n_inputs, .strings = names}};
  uint32_t inputs[] = {m->a, m->b}, outputs[] = {m->da, m->db};
  gcut_graph_add_node(m->g, &(gcut_node_spec){.name = "gradient",
                                              .op_type = "Gradient",
                                              .domain = "ai.onnx.preview.training",
                                              .inputs = inputs,
                                              .outputs = outputs,
                                              .n_inputs = n_inputs,
                                              .n_outputs = n_inputs,
                                              .attributes = attributes,
                                              .n_attributes = 2});
}

static model make(const char *op_type, uint32_t n_inputs, const char *y) {
  model m;
  assert_ok(gcut_graph_create(&m.g, err));
  gcut_graph_add_opset(m.g, "", 13);
  gcut_graph_add_opset(m.g, "ai.onnx.preview.training", 1);
  m.a = add_input(m.g, "a", 2, (const gcut_dim[]){N_ROWS, N});
  m.b = add_input(m.g, "b", 1, (const gcut_dim[]){N});
  m.c = gcut_graph_add_value(m.g, 0, "c");
  m.da = gcut_graph_add_value(m.g, 0, "da");
  m.db = gcut_graph_add_value(m.g, 0, "db");
  uint32_t inputs[] = {m.a, m.b};
  gcut_graph_add_node(m.g, &(gcut_node_spec){.name = "op",
                                             .op_type = op_type,
                                             .inputs = inputs,
                                             .outputs = &m.c,
                                             .n_inputs = n_inputs,
                                             .n_outputs = 1});
  add_gradient(&m, y, n_inputs);
  assert_ok(gcut_graph_finish(m.g, err));
  return m;
}

typedef struct numbers {
  double a[N_ROWS * N], b[N], c[N_ROWS * N], da[N_ROWS * N], db[N];
} numbers;

static void set(gcut__cpu_env *env, uint32_t value, int rank, const int64_t *dims,
                const double *data) {
  gcut_tensor *t;
  assert_ok(gcut_tensor_wrap(GCUT_DOUBLE, rank, dims, data, &t, err));
  gcut__cpu_env_set(env, value, t);
  gcut_tensor_unref(t);
}

static void get(const gcut__cpu_env *env, uint32_t value, size_t n, double *out) {
  if (env->values[value]) memcpy(out, env->values[value]->data, n * sizeof *out);
}

// Runs the nodes on a and b, and fetches what came out.
static gcut_status run(const model *m, numbers *x, gcut_error *err) {
  static const int64_t dims[] = {N_ROWS, N};
  gcut__cpu_runner *runner;
  gcut__cpu_env env;
  GCUT_TRY(gcut__cpu_runner_create(&runner, err));
  GCUT_TRY(gcut__cpu_env_create(m->g, &env, err));
  set(&env, m->a, 2, dims, x->a);
  set(&env, m->b, 1, dims + 1, x->b);
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < m->g->n_nodes && status == GCUT_OK; i++)
    status = gcut__cpu_run_node(runner, &env, m->g->bodies[0].nodes[i], err);
  get(&env, m->c, N_ROWS * N, x->c);
  get(&env, m->da, N_ROWS * N, x->da);
  get(&env, m->db, N, x->db);
  gcut__cpu_env_free(&env);
  gcut__cpu_runner_destroy(runner);
  return status;
}

static const numbers start = {.a = {0.5, 1.25, 2, 0.75, 1.5, 3}, .b = {1.5, 2, 0.5}};

// The sum of c where element k of a (or of b) is moved by `step`.
static double moved(const model *m, bool of_b, int k, double step) {
  numbers x = start;
  double sum = 0;
  (of_b ? x.b : x.a)[k] += step;
  assert_ok(run(m, &x, err));
  for (int i = 0; i < N_ROWS * N; i++) sum += x.c[i];
  return sum;
}

static void expect_quotients(const model *m, bool of_b, const double *gradient, int n) {
  const double step = 1e-5;
  for (int k = 0; k < n; k++) {
    double quotient = (moved(m, of_b, k, step) - moved(m, of_b, k, -step)) / (2 * step);
    if (!(fabs(quotient - gradient[k]) <= 1e-6 * (1 + fabs(quotient))))
      fail_msg("%s, element %d: %g, expected %g", m->g->nodes[0].op_type, k, gradient[k], quotient);
  }
}

static void derivatives_are_difference_quotients(void **unused) {
  (void)unused;
  static const char *const operators[][18] = {{"Abs", "Cos", "Exp", "Identity", "Log", "Neg",
                                               "Relu", "Reciprocal", "Sin", "Sqrt", "Sigmoid",
                                               "Tanh"},
                                              {"Add", "Sub", "Mul", "Div", "Pow", "Sum"}};
  for (uint32_t n_inputs = 1; n_inputs <= 2; n_inputs++)
    for (size_t i = 0; operators[n_inputs - 1][i]; i++) {
      model m = make(operators[n_inputs - 1][i], n_inputs, "c");
      numbers x = start;
      assert_ok(run(&m, &x, err));
      expect_quotients(&m, false, x.da, N_ROWS * N);
      if (n_inputs == 2) expect_quotients(&m, true, x.db, N);
      gcut_graph_destroy(m.g);
    }
}

static void what_has_no_derivative(void **unused) {
  (void)unused;
  model m = make("Floor", 1, "c");
  numbers x = start;
  assert_fails(run(&m, &x, err), GCUT_UNSUPPORTED, "no derivative of Floor");
  gcut_graph_destroy(m.g);
}

static void names_that_are_wrong(void **unused) {
  (void)unused;
  numbers x = start;
  model m = make("Add", 2, "nothing");
  assert_fails(run(&m, &x, err), GCUT_FORMAT, "no value is named 'nothing'");
  gcut_graph_destroy(m.g);
  m = make("Add", 2, "a"); // by itself 1, by another 0
  assert_ok(run(&m, &x, err));
  for (int k = 0; k < N_ROWS * N; k++) assert_true(x.da[k] == 1);
  for (int k = 0; k < N; k++) assert_true(x.db[k] == 0);
  gcut_graph_destroy(m.g);
  m = make("Neg", 1, "b");
  assert_fails(run(&m, &x, err), GCUT_FORMAT, "neither in 'xs' nor in 'zs'");
  gcut_graph_destroy(m.g);
  m = make("Neg", 1, "da");
  assert_fails(run(&m, &x, err), GCUT_UNSUPPORTED, "no derivative of Gradient");
  gcut_graph_destroy(m.g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(derivatives_are_difference_quotients),
      cmocka_unit_test(what_has_no_derivative),
      cmocka_unit_test(names_that_are_wrong),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
