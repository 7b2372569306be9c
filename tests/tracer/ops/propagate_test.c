// Shape arithmetic while tracing: what is known of the elements of small integer tensors.
#include "tests/support/check.h"
#include "tracer/build.h"

#include "graphcut/trace.h"

static uint32_t add_input(gcut_graph *g, const char *name, gcut_dtype type) {
  uint32_t v = gcut_graph_add_input(g, 0, gcut_graph_add_value(g, 0, name));
  gcut_dim dims[] = {gcut_dim_symbol(g->dims, "n", 1), 4};
  gcut_type declared = {.type = (uint8_t)type, .rank = 2, .dims = dims};
  gcut_value_declare(g, v, &declared);
  return v;
}

static uint32_t add_constant(gcut_graph *g, const char *name, gcut_dtype type, int64_t n,
                             const void *data) {
  uint64_t bytes = (uint64_t)n * gcut_dtype_bits(type) / 8;
  gcut_constant k = {.name = name,
                     .type = type,
                     .rank = 1,
                     .dims = &n,
                     .bytes = bytes,
                     .file = GCUT_NONE,
                     .data = gcut_arena_copy(gcut_graph_arena(g), data, bytes)};
  uint32_t v = gcut_graph_add_value(g, 0, name);
  gcut_graph_add_initializer(g, 0, v, gcut_graph_add_constant(g, &k));
  return v;
}

// A node whose operands are names separated by spaces; its output has its own name.
static void add_node(gcut_graph *g, const char *output, const char *op_type, const char *operands,
                     const gcut_attribute *attribute) {
  uint32_t inputs[8], n = 0, y = gcut_graph_add_value(g, 0, output);
  char text[256], *rest = text, *name;
  strcpy(text, operands);
  while ((name = strsep(&rest, " "))) inputs[n++] = gcut_graph_find_value(g, 0, name);
  gcut_node_spec spec = {.name = output,
                         .op_type = op_type,
                         .inputs = inputs,
                         .n_inputs = n,
                         .outputs = &y,
                         .n_outputs = 1,
                         .attributes = attribute,
                         .n_attributes = attribute ? 1 : 0};
  gcut_graph_add_node(g, &spec);
}

// Elements as "n,4"; "?" where they are not known.
static const char *content(const gcut_trace *t, const char *name, char *text) {
  const gcut_fact *fact = &t->facts[gcut_graph_find_value(t->graph, 0, name)];
  size_t size = 0;
  if (!fact->content) return "?";
  for (uint32_t k = 0; k < fact->n_content; k++) {
    if (k > 0) text[size++] = ',';
    size += (size_t)gcut_dims_format(t->dims, fact->content[k], text + size, 100);
  }
  text[size] = 0;
  return text;
}

static const struct {
  const char *op_type, *operands, *expected;
} cases[] = {
    {"Add", "shape one", "n + 1,5"},
    {"Sub", "shape shape", "0,0"},
    {"Mul", "shape two", "2*n,8"},
    {"Mul", "shape shape", "n*n,16"},
    {"Div", "minus two", "-3"}, // toward zero
    {"Div", "shape zero", "?"},
    {"Div", "zero shape", "0,0"},
    {"Mod", "minus two", "1"},
    {"Neg", "minus", "7"},
    {"Abs", "minus", "7"},
    {"Sign", "shape", "1,1"},
    {"Max", "shape zero", "n,4"},
    {"Min", "shape zero one", "0,0"},
    {"Equal", "shape shape", "1,1"},
    {"Equal", "shape zero", "0,0"},
    {"Equal", "shape one", "?"},
    {"Less", "zero shape", "1,1"},
    {"Greater", "zero shape", "0,0"},
    {"GreaterOrEqual", "shape one", "1,1"},
    {"LessOrEqual", "shape zero", "0,0"},
    {"Where", "yes_no shape minus", "n,-7"},
    {"Not", "yes_no", "0,1"},
    {"And", "yes_no yes_no", "1,0"},
    {"Or", "yes_no no_yes", "1,1"},
    {"Xor", "yes_no no_yes", "1,1"},
    {"ReduceProd", "shape", "4*n"},
    {"ReduceSum", "shape", "n + 4"},
    {"ReduceMin", "minus_four", "-7"},
    {"ReduceMax", "minus_four", "4"},
    {"CumSum", "shape axis", "n,n + 4"},
    {"CumProd", "shape axis", "n,4*n"},
    {"Clip", "minus_four zero one", "0,1"},
    {"Pow", "shape two", "?"},
};

static gcut_graph *begin(void) {
  gcut_graph *g;
  assert_ok(gcut_graph_create(&g, err));
  gcut_graph_add_opset(g, "", 26);
  add_input(g, "x", GCUT_FLOAT);
  add_node(g, "shape", "Shape", "x", NULL);
  add_constant(g, "zero", GCUT_INT64, 1, (const int64_t[]){0});
  add_constant(g, "axis", GCUT_INT64, 1, (const int64_t[]){0});
  add_constant(g, "one", GCUT_INT64, 1, (const int64_t[]){1});
  add_constant(g, "two", GCUT_INT64, 1, (const int64_t[]){2});
  add_constant(g, "minus", GCUT_INT64, 1, (const int64_t[]){-7});
  add_constant(g, "minus_four", GCUT_INT64, 2, (const int64_t[]){-7, 4});
  add_constant(g, "yes_no", GCUT_BOOL, 2, (const uint8_t[]){1, 0});
  add_constant(g, "no_yes", GCUT_BOOL, 2, (const uint8_t[]){0, 1});
  return g;
}

static void elements_are_followed(void **unused) {
  (void)unused;
  char text[1024];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gcut_graph *g = begin();
    gcut_trace *t;
    add_node(g, "y", cases[i].op_type, cases[i].operands, NULL);
    assert_ok(gcut_graph_finish(g, err));
    assert_ok(gcut_trace_create(g, NULL, &t, err));
    const char *found = content(t, "y", text);
    if (strcmp(found, cases[i].expected) != 0)
      fail_msg("%s(%s): %s, expected %s", cases[i].op_type, cases[i].operands, found,
               cases[i].expected);
    gcut_trace_destroy(t);
    gcut_graph_destroy(g);
  }
}

// What a narrower type cannot hold is not known.
static void casts_keep_what_fits(void **unused) {
  (void)unused;
  static const struct {
    gcut_dtype type;
    const char *expected;
  } targets[] = {{GCUT_INT32, "n,300"},
                 {GCUT_INT8, "?"},
                 {GCUT_UINT16, "n,300"},
                 {GCUT_BOOL, "1,1"},
                 {GCUT_FLOAT, "?"}};
  char text[1024];
  for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
    gcut_graph *g = begin();
    gcut_trace *t;
    gcut_attribute to = {.name = "to", .kind = GCUT_ATTRIBUTE_INT, .n = 1, .i = targets[i].type};
    add_constant(g, "by", GCUT_INT64, 2, (const int64_t[]){1, 75});
    add_node(g, "product", "Mul", "shape by", NULL);
    add_node(g, "y", "Cast", "product", &to);
    assert_ok(gcut_graph_finish(g, err));
    assert_ok(gcut_trace_create(g, NULL, &t, err));
    assert_string_equal(content(t, "y", text), targets[i].expected);
    gcut_trace_destroy(t);
    gcut_graph_destroy(g);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elements_are_followed),
      cmocka_unit_test(casts_keep_what_fits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
