// What a run is asked to compute: names, patterns, what targets read and make.
#include <stdio.h>
#include <string.h>

#include "graphcut/plan.h"
#include "tests/support/check.h"
#include "tests/support/toy.h"

static const int64_t ROWS[] = {0, 8}, SQUARE[] = {8, 8};

// x -> two layers, each a Linear "up" (a product and a bias), a Relu, and a MatMul with a weight
// that is turned first; a mask of the shape of x goes into both.
static gcut_graph *model(void) {
  gcut_graph *g = toy_begin();
  char name[32], in[64], out[32];
  toy_input(g, "x", 2, ROWS);
  toy_weight(g, "W", 2, SQUARE);
  toy_node(g, 0, "shape", "Shape", "x", "size");
  toy_node(g, 0, "mask", "ConstantOfShape", "size", "mask");
  toy_node(g, 0, "turn", "Transpose", "W", "V");
  for (int i = 0; i < 2; i++) {
    snprintf(name, sizeof name, "layers.%d", i);
    uint32_t layer = toy_scope(g, 0, name, "pkg.Layer");
    uint32_t up = toy_scope(g, layer, "up", "pkg.Linear");
    snprintf(in, sizeof in, i ? "y%d W" : "x W", i - 1);
    snprintf(out, sizeof out, "p%d", i);
    toy_node(g, up, "product", "MatMul", in, out);
    snprintf(in, sizeof in, "p%d mask", i);
    snprintf(out, sizeof out, "u%d", i);
    toy_node(g, up, "bias", "Add", in, out);
    snprintf(in, sizeof in, "u%d", i);
    snprintf(out, sizeof out, "r%d", i);
    toy_node(g, layer, "relu", "Relu", in, out);
    snprintf(in, sizeof in, "r%d V", i);
    snprintf(out, sizeof out, "y%d", i);
    toy_node(g, layer, "down", "MatMul", in, out);
  }
  toy_output(g, "y1");
  return g;
}

// Names of what `texts` (separated by ";") ask for, or the message that refuses it.
static void fetched(const gcut_trace *trace, const char *texts, char *out, size_t size) {
  char copy[256];
  const char *list[8];
  gcut_cut_options options = {.fetch = list};
  gcut_error err = {""};
  gcut_plan *plan;
  snprintf(copy, sizeof copy, "%s", texts);
  for (char *t = strtok(copy, ";"); t; t = strtok(NULL, ";")) list[options.n_fetch++] = t;
  *out = 0;
  if (gcut_plan_whole(trace, &options, &plan, &err) != GCUT_OK) {
    snprintf(out, size, "%s", err.message);
    return;
  }
  for (uint32_t i = 0; i < plan->n_fetches; i++)
    snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? " " : "",
             trace->graph->values[plan->fetches[i]].name);
  gcut_plan_destroy(plan);
}

static const struct {
  const char *texts, *values;
} cases[] = {
    {"u1;u0", "u1 u0"},
    {"W", "W"},
    {"re:p\\d$", "p0 p1"},
    {"in:Linear", "x y0"}, // inside, products: not from outside; a mask of shapes alone
    {"in:pkg.Linear;in:re:layers;re:x", "x y0"}, // each once
    {"in:MatMul", "x r0 y0 r1"},                 // no weight, turned or not
    {"out:Linear", "u0 u1"},                     // of the module, what others read
    {"out:Layer", "y0 y1"},                      // the model's output, too
    {"in:layers.1.up;y1", "y0 y1"},
    {"out:MatMul;p0", "p0 y0 p1 y1 p0"}, // by name in any case, as often as it is named
};

static void test_what_is_fetched(void **state) {
  (void)state;
  for (int64_t rows = 0; rows <= 3; rows += 3) { // the same at any shapes
    gcut_graph *g = model();
    gcut_trace *trace = toy_trace(g, rows);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      char found[1024];
      fetched(trace, cases[i].texts, found, sizeof found);
      assert_string_equal(found, cases[i].values);
    }
    gcut_trace_destroy(trace);
    gcut_graph_destroy(g);
  }
}

static const struct {
  const char *texts, *message;
} refused[] = {
    {"u", "fetch: there is no value 'u'; nearest: "},
    {"re:q", "fetch: there is no value 're:q'"},
    {"re:W", "fetch: there is no value 're:W'"}, // a weight is no activation
    {"re:(", "pattern"},
    {"in:Linea",
     "target 'Linea' matches no operator type, module class, module or node; nearest: 'Li"},
    {"in:Transpose", "fetch: 'in:Transpose': all of it comes of weights and shapes alone"},
};

static void test_what_is_refused(void **state) {
  (void)state;
  gcut_graph *g = model();
  gcut_trace *trace = toy_trace(g, 0);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    char found[1024];
    fetched(trace, refused[i].texts, found, sizeof found);
    if (!strstr(found, refused[i].message)) fail_msg("%s: %s", refused[i].texts, found);
  }
  gcut_trace_destroy(trace);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_what_is_fetched),
      cmocka_unit_test(test_what_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
