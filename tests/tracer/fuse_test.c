// Fused groups: norms and gates as exporters spell them, what comes close but is something else,
// and what is found in whole models.
#include <stdio.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/groups.h"

// ---- texts --------------------------------------------------------------------------------------

static const char rms_norm[] =
    HEAD "(float[batch,seq,16] x) => (float[batch,seq,16] y)"
         "<float[16] w = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, float two = {2},"
         " float e = {0.001}, int64[1] axis = {-1}> {"
         " square = Pow(x, two) mean = ReduceMean(square, axis) sum = Add(mean, e)"
         " root = Sqrt(sum) factor = Reciprocal(root) scaled = Mul(x, factor) y = Mul(w, scaled) }";

// In float32 between Casts, with a quotient instead of Reciprocal.
static const char rms_casts[] =
    HEAD "(float16[batch,seq,2] x) => (float16[batch,seq,2] y)"
         "<float16[2] w = {1, 1}, float two = {2}, float one = {1}, float e = {0.001},"
         " int64[1] axis = {-1}> {"
         " wide = Cast<to = 1>(x) square = Pow(wide, two) mean = ReduceMean(square, axis)"
         " sum = Add(e, mean) root = Sqrt(sum) factor = Div(one, root) scaled = Mul(wide, factor)"
         " narrow = Cast<to = 10>(scaled) y = Mul(narrow, w) }";

static const char layer_norm[] =
    HEAD "(float[batch,seq,2] x) => (float[batch,seq,2] y)"
         "<float[2] w = {1, 1}, float[2] b = {0, 0}, float two = {2}, float e = {0.001},"
         " int64[1] axis = {-1}> {"
         " mean = ReduceMean(x, axis) d = Sub(x, mean) square = Pow(d, two)"
         " variance = ReduceMean(square, axis) sum = Add(variance, e) root = Sqrt(sum)"
         " normal = Div(d, root) scaled = Mul(normal, w) y = Add(scaled, b) }";

static const char swiglu[] = HEAD "(float[batch,8] g, float[batch,8] u) => (float[batch,8] y) {"
                                  " s = Sigmoid(g) silu = Mul(g, s) y = Mul(silu, u) }";

static const char gelu[] =
    HEAD "(float[batch,8] x) => (float[batch,8] y)"
         "<float root = {1.4142135}, float one = {1}, float half = {0.5}> {"
         " q = Div(x, root) erf = Erf(q) bell = Add(erf, one) part = Mul(half, bell)"
         " y = Mul(x, part) }";

static const char gelu_tanh[] =
    HEAD "(float[batch,8] x) => (float[batch,8] y)"
         "<float three = {3}, float c = {0.044715}, float r = {0.79788458}, float one = {1},"
         " float half = {0.5}> {"
         " h = Mul(x, half) cube = Pow(x, three) k = Mul(cube, c) sum = Add(x, k)"
         " z = Mul(sum, r) t = Tanh(z) bell = Add(t, one) y = Mul(h, bell) }";

// ---- found --------------------------------------------------------------------------------------

static void patterns_are_found(void **state) {
  (void)state;
  expect(rms_norm, "", "", "rms_norm x w: 7 nodes, 0 shapes");
  expect(rms_casts, "", "", "rms_norm x w: 9 nodes, 0 shapes");
  expect(layer_norm, "", "", "layer_norm x w b: 9 nodes, 0 shapes");
  expect(swiglu, "", "", "swiglu g u: 3 nodes, 0 shapes");
  expect(gelu, "", "", "gelu x: 5 nodes, 0 shapes");
  expect(gelu_tanh, "", "", "gelu x: 8 nodes, 0 shapes");
}

static void spellings_vary(void **state) {
  (void)state;
  expect(gelu, "Mul(half, bell) y = Mul(x, part)", "Mul(x, bell) y = Mul(part, half)",
         "gelu x: 5 nodes, 0 shapes");
  expect(gelu_tanh, "cube = Pow(x, three)", "square = Mul(x, x) cube = Mul(square, x)",
         "gelu x: 9 nodes, 0 shapes");
  expect(swiglu, "y = Mul(silu, u)", "y = Add(silu, u)", "silu g: 2 nodes, 0 shapes");
  expect(rms_norm, "Pow(x, two)", "Mul(x, x)", "rms_norm x w: 7 nodes, 0 shapes");
  expect(rms_casts, "scaled = Mul(wide, factor)",
         "again = Cast<to = 1>(x) scaled = Mul(again, factor)", "rms_norm x w: 10 nodes, 0 shapes");
}

static void near_misses_are_none(void **state) {
  (void)state;
  // Somebody else reads an inner value.
  expect(rms_norm, "seq,16] y)", "seq,16] y, float[a,b,c] scaled)", "");
  expect(swiglu, "y = Mul", "other = Relu(s) y = Mul", "");
  // Other operands, another exponent, other numbers; a weight of one element.
  expect(gelu_tanh, "cube = Pow(x, three)", "square = Mul(h, h) cube = Mul(square, x)", "");
  expect(rms_norm, "two = {2}", "two = {3}", "");
  expect(rms_casts, "scaled = Mul(wide, factor)",
         "minus = Neg(x) again = Cast<to = 1>(minus) scaled = Mul(again, factor)", "");
  expect(gelu, "root = {1.4142135}", "root = {1.7320508}", "");
  expect(gelu, "half = {0.5}", "half = {0.25}", "");
  expect(layer_norm, "Sub(x, mean)", "Sub(mean, x)", "");
  expect(rms_norm, "float[16] w = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}",
         "float[1] w = {1}", "");
}

// ---- models -------------------------------------------------------------------------------------

static void count(const char *path, bool unfused, const char *expected) {
  gcut_graph *g;
  gcut_trace *t;
  uint32_t n[GCUT_N_FUSED_KINDS] = {0};
  char text[256] = "";
  assert_ok(gcut_graph_read(path, NULL, &g, err));
  assert_ok(gcut_trace_folded(g, &(gcut_trace_options){.unfused = unfused}, &t, err));
  for (uint32_t i = 0; i < t->n_fused; i++) n[t->fused[i].kind]++;
  for (int k = 0; k < GCUT_N_FUSED_KINDS; k++)
    if (n[k])
      sprintf(text + strlen(text), "%s%u %s", *text ? ", " : "", n[k],
              gcut_fused_name((gcut_fused_kind)k));
  assert_string_equal(text, expected);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

static void models(void **state) {
  (void)state;
  count("examples/models/llama/model.onnx", false, "4 attention, 8 rotary, 9 rms_norm, 4 swiglu");
  count("examples/models/mllama/model.onnx", false,
        "9 attention, 8 rotary, 17 rms_norm, 6 swiglu, 3 gelu");
}

// Unfused, a trace lists no group that is to stay whole.
static void whole_groups_are_left_out(void **state) {
  (void)state;
  count("examples/models/llama/model.onnx", true, "8 rotary, 9 rms_norm, 4 swiglu");
}

// Every node is in one group, in the graph's order; the trace says which.
static void groups_are_disjoint(void **state) {
  (void)state;
  gcut_graph *g;
  gcut_trace *t;
  assert_ok(gcut_graph_read("examples/models/mllama/model.onnx", NULL, &g, err));
  assert_ok(gcut_trace_folded(g, NULL, &t, err));
  uint32_t listed = 0, marked = 0;
  for (uint32_t i = 0; i < t->n_fused; i++) {
    const gcut_fused *f = &t->fused[i];
    listed += f->n_nodes + f->n_shapes;
    for (uint32_t k = 0; k < f->n_nodes; k++) assert_int_equal(t->fused_of[f->nodes[k]], i);
    for (uint32_t k = 0; k < f->n_shapes; k++) assert_int_equal(t->fused_of[f->shapes[k]], i);
    for (uint32_t k = 1; k < f->n_nodes; k++) assert_true(f->nodes[k - 1] < f->nodes[k]);
  }
  for (uint32_t n = 0; n < g->n_nodes; n++) marked += t->fused_of[n] != GCUT_NONE;
  assert_int_equal(listed, marked);
  gcut_trace_destroy(t);
  gcut_graph_destroy(g);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_are_found),        cmocka_unit_test(spellings_vary),
      cmocka_unit_test(near_misses_are_none),      cmocka_unit_test(models),
      cmocka_unit_test(whole_groups_are_left_out), cmocka_unit_test(groups_are_disjoint),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
