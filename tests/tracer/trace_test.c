// Tracing: symbols, bindings, contents, folding, and what a node may do wrong.
#include "graphcut/trace.h"

#include "tests/support/check.h"
#include "tracer/build.h"

// A graph under construction: values by name.
typedef struct fixture {
  gcut_graph *g;
} fixture;

static fixture begin(void) {
  fixture f = {0};
  assert_ok(gcut_graph_create(&f.g, err));
  gcut_graph_add_opset(f.g, "", 18);
  return f;
}

static uint32_t input(fixture f, const char *name, gcut_dtype type, int rank,
                      const gcut_dim *dims) {
  uint32_t v = gcut_graph_add_input(f.g, 0, gcut_graph_add_value(f.g, 0, name));
  gcut_type declared = {
      .kind = GCUT_KIND_TENSOR, .type = (uint8_t)type, .rank = (int16_t)rank, .dims = dims};
  gcut_value_declare(f.g, v, &declared);
  return v;
}

static gcut_dim symbol(fixture f, const char *name) {
  return gcut_dim_symbol(f.g->dims, name, strlen(name));
}

static uint32_t ints(fixture f, const char *name, int64_t n, const int64_t *values) {
  int64_t *data = gcut_arena_copy(gcut_graph_arena(f.g), values, (size_t)n * sizeof *values);
  gcut_constant k = {.name = name,
                     .type = GCUT_INT64,
                     .rank = 1,
                     .dims = &n,
                     .bytes = (uint64_t)n * 8,
                     .file = GCUT_NONE,
                     .data = data};
  uint32_t v = gcut_graph_add_value(f.g, 0, name);
  gcut_graph_add_initializer(f.g, 0, v, gcut_graph_add_constant(f.g, &k));
  return v;
}

static uint32_t node(fixture f, const char *name, const char *op, uint32_t a, uint32_t b) {
  uint32_t inputs[] = {a, b}, output = gcut_graph_add_value(f.g, 0, name);
  gcut_node_spec spec = {.name = name,
                         .op_type = op,
                         .inputs = inputs,
                         .n_inputs = b != GCUT_NONE ? 2 : 1,
                         .outputs = &output,
                         .n_outputs = 1};
  gcut_graph_add_node(f.g, &spec);
  return output;
}

static void expect_type(const gcut_trace *t, uint32_t value, const char *text) {
  char buffer[128];
  gcut_trace_format(t, value, buffer, sizeof buffer);
  assert_string_equal(buffer, text);
}

static void symbols_flow_and_are_bound(void **state) {
  (void)state;
  fixture f = begin();
  uint32_t x = input(f, "x", GCUT_FLOAT, 2, (gcut_dim[]){symbol(f, "batch"), 4});
  uint32_t y = node(f, "y", "Relu", x, GCUT_NONE), z = node(f, "z", "Add", x, y);
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  uint64_t bytes;
  assert_ok(gcut_trace_create(f.g, NULL, &t, err));
  expect_type(t, z, "float[batch,4]");
  assert_false(gcut_trace_bytes(t, z, &bytes));
  gcut_trace_destroy(t);
  gcut_binding three = {"batch", 3};
  assert_ok(
      gcut_trace_create(f.g, &(gcut_trace_options){.bindings = &three, .n_bindings = 1}, &t, err));
  expect_type(t, z, "float[3,4]");
  assert_true(gcut_trace_bytes(t, z, &bytes));
  assert_int_equal(bytes, 48);
  gcut_trace_destroy(t);
  gcut_graph_destroy(f.g);
}

static void bindings_must_make_sense(void **state) {
  (void)state;
  fixture f = begin();
  input(f, "x", GCUT_FLOAT, 1, (gcut_dim[]){symbol(f, "n")});
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  gcut_binding other = {"m", 3}, zero = {"n", 0};
  assert_fails(
      gcut_trace_create(f.g, &(gcut_trace_options){.bindings = &other, .n_bindings = 1}, &t, err),
      GCUT_ARGUMENT, "'m'");
  assert_fails(
      gcut_trace_create(f.g, &(gcut_trace_options){.bindings = &zero, .n_bindings = 1}, &t, err),
      GCUT_ARGUMENT, "at least 1");
  assert_null(t);
  gcut_graph_destroy(f.g);
}

static void inputs_unify_with_their_declarations(void **state) {
  (void)state;
  fixture f = begin();
  gcut_dim n = symbol(f, "n");
  uint32_t x = input(f, "x", GCUT_FLOAT, 2, (gcut_dim[]){gcut_dim_add(f.g->dims, n, 1), n});
  uint32_t y = node(f, "y", "Relu", x, GCUT_NONE);
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  gcut_input_shape good = {x, GCUT_FLOAT, 2, (int64_t[]){6, 5}},
                   bad = {x, GCUT_FLOAT, 2, (int64_t[]){5, 5}};
  gcut_input_shape flat = {x, GCUT_FLOAT, 1, (int64_t[]){5}},
                   typed = {x, GCUT_INT64, 2, (int64_t[]){6, 5}};
  assert_ok(gcut_trace_create(f.g, &(gcut_trace_options){.inputs = &good, .n_inputs = 1}, &t, err));
  expect_type(t, y, "float[6,5]");
  gcut_trace_destroy(t);
  assert_fails(
      gcut_trace_create(f.g, &(gcut_trace_options){.inputs = &bad, .n_inputs = 1}, &t, err),
      GCUT_ARGUMENT, "dimension 1 is 5, the model declares n, which is 4 here");
  assert_fails(
      gcut_trace_create(f.g, &(gcut_trace_options){.inputs = &flat, .n_inputs = 1}, &t, err),
      GCUT_ARGUMENT, "rank");
  assert_fails(
      gcut_trace_create(f.g, &(gcut_trace_options){.inputs = &typed, .n_inputs = 1}, &t, err),
      GCUT_ARGUMENT, "int64");
  gcut_graph_destroy(f.g);
}

// Shape -> Gather -> Concat-like arithmetic stays symbolic and folds once the symbol is bound.
static void shape_arithmetic_is_carried_and_folded(void **state) {
  (void)state;
  fixture f = begin();
  uint32_t x = input(f, "x", GCUT_FLOAT, 2, (gcut_dim[]){symbol(f, "batch"), 6});
  uint32_t shape = node(f, "shape", "Shape", x, GCUT_NONE);
  uint32_t target = node(f, "target", "Mul", shape, ints(f, "factors", 2, (int64_t[]){2, 1}));
  uint32_t half = node(f, "half", "Div", target, ints(f, "divisors", 2, (int64_t[]){1, 2}));
  uint32_t y = node(f, "y", "Reshape", x, ints(f, "flat", 1, (int64_t[]){-1}));
  uint32_t z = node(f, "z", "Reshape", y, half);
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  assert_ok(gcut_trace_create(f.g, NULL, &t, err));
  expect_type(t, y, "float[6*batch]");
  expect_type(t, z, "float[2*batch,3]");
  assert_false(t->folded[f.g->values[half].producer]);
  gcut_trace_destroy(t);
  gcut_binding five = {"batch", 5};
  assert_ok(
      gcut_trace_create(f.g, &(gcut_trace_options){.bindings = &five, .n_bindings = 1}, &t, err));
  expect_type(t, z, "float[10,3]");
  assert_true(t->folded[f.g->values[half].producer]);
  assert_non_null(t->facts[half].constant);
  assert_int_equal(((const int64_t *)t->facts[half].constant->data)[0], 10);
  assert_false(t->folded[f.g->values[z].producer]);
  gcut_trace_destroy(t);
  gcut_graph_destroy(f.g);
}

static void a_view_of_a_constant_is_a_constant(void **state) {
  (void)state;
  fixture f = begin();
  uint32_t k = ints(f, "k", 6, (int64_t[]){1, 2, 3, 4, 5, 6});
  uint32_t y = node(f, "y", "Reshape", k, ints(f, "shape", 2, (int64_t[]){2, 3}));
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  assert_ok(gcut_trace_create(f.g, NULL, &t, err));
  expect_type(t, y, "int64[2,3]");
  assert_non_null(t->facts[y].constant);
  assert_ptr_equal(t->facts[y].constant->data, t->facts[k].constant->data);
  gcut_trace_destroy(t);
  gcut_graph_destroy(f.g);
}

static void expect_node_error(const char *op, uint32_t n_inputs, gcut_dtype second,
                              const char *text) {
  fixture f = begin();
  uint32_t inputs[3];
  for (uint32_t i = 0; i < 3; i++) {
    char name[8] = {(char)('a' + i), 0};
    inputs[i] = input(f, name, i == 1 ? second : GCUT_FLOAT, 1,
                      (gcut_dim[]){3 + (i == 1 && second == GCUT_FLOAT)});
  }
  uint32_t output = gcut_graph_add_value(f.g, 0, "out");
  gcut_node_spec spec = {.name = "culprit",
                         .op_type = op,
                         .inputs = inputs,
                         .n_inputs = n_inputs,
                         .outputs = &output,
                         .n_outputs = 1};
  gcut_graph_add_node(f.g, &spec);
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  assert_fails(gcut_trace_create(f.g, NULL, &t, err), GCUT_FORMAT, "'culprit'");
  assert_fails(gcut_trace_create(f.g, NULL, &t, err), GCUT_FORMAT, text);
  gcut_graph_destroy(f.g);
}

static void wrong_nodes_are_named(void **state) {
  (void)state;
  expect_node_error("Add", 1, GCUT_FLOAT, "input 1 is missing");
  expect_node_error("Add", 3, GCUT_FLOAT, "3 inputs");
  expect_node_error("Add", 2, GCUT_INT64, "must agree");
  expect_node_error("Add", 2, GCUT_FLOAT, "broadcast");
  expect_node_error("And", 2, GCUT_FLOAT, "bool");
}

static void an_unknown_operator_gives_unknown_values(void **state) {
  (void)state;
  fixture f = begin();
  uint32_t x = input(f, "x", GCUT_FLOAT, 1, (gcut_dim[]){3});
  uint32_t y = node(f, "y", "NoSuchOperator", x, GCUT_NONE), z = node(f, "z", "Relu", y, GCUT_NONE);
  assert_ok(gcut_graph_finish(f.g, err));
  gcut_trace *t = NULL;
  assert_ok(gcut_trace_create(f.g, NULL, &t, err));
  assert_int_equal(t->facts[y].type.rank, -1);
  assert_int_equal(t->facts[z].type.rank, -1);
  gcut_trace_destroy(t);
  gcut_graph_destroy(f.g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(symbols_flow_and_are_bound),
      cmocka_unit_test(bindings_must_make_sense),
      cmocka_unit_test(inputs_unify_with_their_declarations),
      cmocka_unit_test(shape_arithmetic_is_carried_and_folded),
      cmocka_unit_test(a_view_of_a_constant_is_a_constant),
      cmocka_unit_test(wrong_nodes_are_named),
      cmocka_unit_test(an_unknown_operator_gives_unknown_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
