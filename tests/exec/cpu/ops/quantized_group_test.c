// Quantised products in one step: within one of what their nodes give one by one, at most a few
// elements of it, and the same bits in parts and in slices. Lookups: the bits of their nodes.
#include <stdio.h>
#include <stdlib.h>

#include "graphcut/formats.h"
#include "graphcut/run.h"
#include "tests/support/check.h"
#include "tests/support/inputs.h"

enum { BATCH = 5, MOST_RESULTS = 4 };

#define HEAD "<ir_version: 10, opset_import: [\"\": 21]> g "

typedef struct experiment {
  gcut_graph *graph;
  gcut_tensor *results[MOST_RESULTS];
} experiment;

// ---- running ------------------------------------------------------------------------------------

static void fill(gcut_tensor *t, uint32_t seed) {
  for (uint64_t k = 0; k < t->count; k++) {
    uint64_t h = (k + 1) * UINT64_C(0x9e3779b97f4a7c15) + seed * 977;
    h = (h ^ h >> 29) * UINT64_C(0xbf58476d1ce4e5b9) >> 40;
    if (t->type == GCUT_FLOAT)
      ((float *)t->data)[k] = (float)(h % 4001) / 1000 - 2;
    else
      ((uint8_t *)t->data)[k] = (uint8_t)h;
  }
}

static gcut_status read_inputs(void *context, size_t batch, gcut_tensor **inputs, gcut_error *err) {
  const experiment *e = context;
  (void)batch;
  gcut_status status = make_inputs(e->graph, BATCH, inputs, err);
  for (uint32_t i = 0; i < e->graph->bodies[0].n_inputs && status == GCUT_OK; i++)
    fill(inputs[i], i);
  return status;
}

static gcut_status keep(void *context, size_t batch, gcut_tensor *const *outputs, gcut_error *err) {
  experiment *e = context;
  (void)batch;
  for (uint32_t i = 0; i < e->graph->bodies[0].n_outputs; i++) {
    const gcut_tensor *y = outputs[i];
    if (!y) continue;
    gcut_status status = gcut_tensor_create(y->type, y->rank, y->dims, &e->results[i], err);
    if (status != GCUT_OK) return status;
    if (y->bytes) memcpy(e->results[i]->data, y->data, y->bytes);
  }
  return GCUT_OK;
}

static experiment run(const char *text, const gcut_cut_options *cut, uint32_t micro_batch,
                      uint32_t n_groups) {
  experiment e = {0};
  gcut_trace *trace;
  gcut_plan *plan;
  gcut_run_result result;
  gcut_run_options options = {.micro_batch = micro_batch};
  assert_ok(gcut_gcir_parse(text, strlen(text), "test", NULL, &e.graph, err));
  assert_ok(gcut_trace_folded(e.graph, NULL, &trace, err));
  if (trace->n_fused != n_groups) fail_msg("%u groups in %s", trace->n_fused, text);
  if (cut->n_parts)
    assert_ok(gcut_plan_create(trace, cut, &plan, err));
  else
    assert_ok(gcut_plan_whole(trace, cut, &plan, err));
  assert_ok(gcut_run(e.graph, plan, &options, &(gcut_source){read_inputs, &e, 1},
                     &(gcut_sink){keep, &e}, &result, err));
  gcut_plan_destroy(plan);
  gcut_trace_destroy(trace);
  return e;
}

static void drop(experiment *e) {
  for (int i = 0; i < MOST_RESULTS; i++) gcut_tensor_unref(e->results[i]);
  gcut_graph_destroy(e->graph);
}

// ---- comparing ----------------------------------------------------------------------------------

static int byte_at(const gcut_tensor *t, uint64_t i) {
  return t->type == GCUT_INT8 ? ((const int8_t *)t->data)[i] : ((const uint8_t *)t->data)[i];
}

static void expect_near(const experiment *a, const experiment *b, const char *text) {
  for (int i = 0; i < MOST_RESULTS && a->results[i]; i++) {
    const gcut_tensor *x = a->results[i], *y = b->results[i];
    uint64_t off = 0, inner = 0;
    assert_int_equal(x->bytes, y->bytes);
    if (x->type == GCUT_FLOAT) continue;
    for (uint64_t k = 0; k < x->count; k++) {
      int by = abs(byte_at(x, k) - byte_at(y, k));
      if (by > 1) fail_msg("element %d is off by %d in %s", (int)k, by, text);
      off += by != 0;
      inner += byte_at(y, k) != 0 && byte_at(y, k) % 128 != 127 && byte_at(y, k) != -128;
    }
    if (off > 1 + x->count / 100) fail_msg("%d elements are off in %s", (int)off, text);
    if (inner < x->count / 8) fail_msg("too little to see in %s", text);
  }
}

static void expect_same(const experiment *a, const experiment *b, const char *text) {
  for (int i = 0; i < MOST_RESULTS && a->results[i]; i++) {
    assert_int_equal(a->results[i]->bytes, b->results[i]->bytes);
    if (memcmp(a->results[i]->data, b->results[i]->data, a->results[i]->bytes) != 0)
      fail_msg("other bits in %s", text);
  }
}

static void check(const char *text, uint32_t n_groups) {
  experiment nodes = run(text, &(gcut_cut_options){.unfused = true}, 0, n_groups);
  experiment whole = run(text, &(gcut_cut_options){0}, 0, n_groups);
  expect_near(&whole, &nodes, text);
  experiment sliced = run(text, &(gcut_cut_options){0}, strstr(text, "[batch") ? 2 : 0, n_groups);
  expect_same(&sliced, &whole, text);
  drop(&sliced);
  experiment parts =
      run(text, &(gcut_cut_options){.cutter = "balanced", .n_parts = 2}, 0, n_groups);
  expect_same(&parts, &whole, text);
  drop(&parts);
  drop(&whole);
  drop(&nodes);
}

// ---- texts --------------------------------------------------------------------------------------

#define X_SCALE "float xs = {0.0157}, uint8 xz = {120}"
#define Y_SCALE "float ys = {0.31}, uint8 yz = {131}"
#define FOUR    "float[4] ws = {0.011, 0.002, 0.013, 0.009}, int8[4] wz = {0, 0, 0, 0}"
#define QX      "q = QuantizeLinear(x, xs, xz) d = DequantizeLinear(q, xs, xz)"
#define QY      "y = QuantizeLinear(p, ys, yz)"
// Something before and after, that there is where to cut.
#define MORE "z = DequantizeLinear(y, ys, yz) r = Relu(z)"

static void test_conv(void **state) {
  (void)state;
  static const char *const texts[] = {
      HEAD "(float[batch,6,9,11] x, int8[4,6,3,3] w, float[4] b) => (uint8[batch,4,h,v] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear<axis = 0>(w, ws, wz)"
           " p = Conv<pads = [1, 0, 1, 2]>(d, v, b) " QY MORE "}",
      // Bounds.
      HEAD "(float[batch,6,9,11] x, int8[4,6,3,3] w) => (uint8[batch,4,h,v] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear<axis = 0>(w, ws)"
           " c = Conv(d, v) p = Relu(c) " QY MORE "}",
      HEAD "(float[batch,6,9,11] x, int8[4,6,3,3] w) => (uint8[batch,4,h,v] y, r)"
           "<" X_SCALE "," Y_SCALE
           ", float ws = {0.01}, float low = {-12.3}, float high = {19.7}> {" QX
           " v = DequantizeLinear(w, ws) c = Conv(d, v) p = Clip(c, low, high) " QY MORE "}",
      // Groups, strides, dilations; int8.
      HEAD "(float[batch,4,12,10] x, int8[4,1,3,3] w) => (int8[batch,4,h,v] y, r)"
           "<float xs = {0.017}, int8 xz = {-3}, float ys = {0.2}, int8 yz = {5}," FOUR "> {" QX
           " v = DequantizeLinear<axis = 0>(w, ws, wz)"
           " p = Conv<group = 4, strides = [2, 1], dilations = [1, 2]>(d, v) " QY MORE "}",
      // One axis, few products; three.
      HEAD "(float[batch,2,7] x, int8[4,2,2] w) => (uint8[batch,4,h] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear<axis = 0>(w, ws, wz)"
           " p = Conv<auto_pad = \"SAME_UPPER\">(d, v) " QY MORE "}",
      HEAD "(float[batch,3,5,6,4] x, int8[4,3,2,2,2] w) => (uint8[batch,4,h,i,j] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear<axis = 0>(w, ws, wz)"
           " p = Conv(d, v) " QY MORE "}",
      // More products a sum than fit.
      HEAD "(float[batch,40000,1,2] x, int8[4,40000,1,1] w) => (uint8[batch,4,h,v] y, r)"
           "<" X_SCALE ", float ys = {2.1}, uint8 yz = {131}," FOUR "> {" QX
           " v = DequantizeLinear<axis = 0>(w, ws, wz) p = Conv(d, v) " QY MORE "}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check(texts[i], 1);
}

// Others read the numbers of x, which lie channels last behind a first convolution.
static void test_shared_x(void **state) {
  (void)state;
  static const char text[] = HEAD
      "(float[batch,6,9,11] x, int8[4,6,3,3] w, int8[4,4,3,3] u) => (%s[batch,4,h,v] y, s, r)"
      "<" X_SCALE ", float ms = {0.2}, %s mz = {7}, float ys = {0.31}, %s yz = {9}," FOUR "> {" QX
      " v = DequantizeLinear<axis = 0>(w, ws, wz) first = Conv<pads = [1, 1, 1, 1]>(d, v)"
      " m = QuantizeLinear(first, ms, mz) n = DequantizeLinear(m, ms, mz)"
      " t = DequantizeLinear<axis = 0>(u, ws, wz) p = Conv<pads = [1, 1, 1, 1]>(n, t) " QY
      " z = DequantizeLinear(y, ys, yz) a = Add(z, n) s = QuantizeLinear(a, ys, yz)"
      " r = GlobalAveragePool(a) }";
  static const char *const types[] = {"uint8", "int8"};
  for (int t = 0; t < 2; t++) {
    char whole[2048];
    snprintf(whole, sizeof whole, text, types[t], types[t], types[t]);
    check(whole, 2);
  }
}

static void test_matrices(void **state) {
  (void)state;
  static const char *const texts[] = {
      HEAD "(float[batch,50] x, int8[4,50] w, float[4] b) => (uint8[batch,4] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear<axis = 0>(w, ws, wz)"
           " p = Gemm<transB = 1>(d, v, b) " QY MORE "}",
      HEAD "(float[50,3] x, int8[50,4] w) => (uint8[3,4] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear<axis = -1>(w, ws, wz)"
           " p = Gemm<transA = 1>(d, v) " QY MORE "}",
      // uint8 with a zero point; more columns than a block.
      HEAD "(float[batch,3,33] x, uint8[33,1500] w) => (uint8[batch,3,1500] y, r)"
           "<" X_SCALE "," Y_SCALE ", float ws = {0.011}, uint8 wz = {117}> {" QX
           " v = DequantizeLinear(w, ws, wz) p = MatMul(d, v) " QY MORE "}",
      // Both made from what comes in.
      HEAD
      "(float[batch,2,7,33] x, float[batch,2,33,5] w) => (int8[batch,2,7,5] y, r)"
      "<float xs = {0.0157}, int8 xz = {4}, float ws = {0.016}, int8 wz = {-3},"
      " float ys = {0.2}, int8 yz = {1}> {" QX
      " k = QuantizeLinear(w, ws, wz) v = DequantizeLinear(k, ws, wz) p = MatMul(d, v) " QY MORE
      "}",
      // More products a sum than fit.
      HEAD "(float[batch,40000] x, uint8[40000,4] w) => (uint8[batch,4] y, r)"
           "<" X_SCALE
           ", float ys = {3.1}, uint8 yz = {131}, float ws = {0.011}, uint8 wz = {117}> {" QX
           " v = DequantizeLinear(w, ws, wz) p = MatMul(d, v) " QY MORE "}",
      // None.
      HEAD "(float[batch,0] x, int8[0,4] w, float[4] b) => (uint8[batch,4] y, r)"
           "<" X_SCALE "," Y_SCALE "," FOUR "> {" QX " v = DequantizeLinear(w, ws, wz)"
           " p = Gemm(d, v, b) " QY MORE "}",
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check(texts[i], 1);
}

// Channels that are zero, or nothing but their bias.
static void test_zero_scale(void **state) {
  (void)state;
  check(HEAD "(float[batch,50] x, int8[50,4] w, float[4] b) => (uint8[batch,4] y, r)"
             "<" X_SCALE ", float ys = {0.0131}, uint8 yz = {131},"
             " float[4] ws = {0, 0, 0.001, 0}> {" QX " v = DequantizeLinear(w, ws)"
             " p = Gemm(d, v, b) " QY MORE "}",
        1);
}

// ---- lookups ------------------------------------------------------------------------------------

// From bytes, from numbers that others want, too, and node by node.
static void check_lookup(const char *x, const char *steps, const uint32_t *n_groups) {
  static const char *const wanted[] = {"", ", d", ", a"};
  experiment found[3];
  char text[1024];
  for (int i = 0; i < 3; i++) {
    snprintf(text, sizeof text,
             HEAD
             "(float[batch,7,50] x) => (int8[batch,7,50] y%s)"
             "<%s, float ys = {0.017}, int8 yz = {-7}, float[1,1] k = {1.7}, float one = {1}> {" QX
             " a = %s y = QuantizeLinear(b, ys, yz) }",
             wanted[i], x, steps);
    found[i] = run(text, &(gcut_cut_options){0}, 0, n_groups[i]);
    expect_same(&(experiment){.results = {found[i].results[0]}}, &found[0], text);
  }
  for (int i = 0; i < 3; i++) drop(&found[i]);
}

static void test_lookup(void **state) {
  (void)state;
  static const char *const types[] = {X_SCALE, "float xs = {0.0157}, int8 xz = {4}"};
  static const uint32_t one[] = {1, 1, 0};
  for (int t = 0; t < 2; t++) {
    check_lookup(types[t], "Sigmoid(d) b = Mul(k, a)", one);
    check_lookup(types[t], "Erf(d) c = Add(a, one) b = Clip(c, one)", one);
    check_lookup(types[t], "Sub(one, d) e = Div(a, k) b = HardSwish(e)", one);
    check_lookup(types[t], "Sqrt(d) b = Pow(a, k)", one); // of negative numbers, too
    check_lookup(types[t],
                 "Sigmoid(d) m = QuantizeLinear(a, ys, yz) n = DequantizeLinear(m, ys, yz)"
                 " b = Mul(n, d)",
                 one);
    check_lookup(types[t],
                 "Sigmoid(d) m = QuantizeLinear(a, ys, yz) n = DequantizeLinear(m, ys, yz)"
                 " b = Mul(n, one)",
                 (const uint32_t[]){1, 2, 1});
  }
}

// Between convolutions, where values lie channels last.
static void test_lookup_in_order(void **state) {
  (void)state;
  check(HEAD
        "(float[batch,6,9,11] x, int8[4,6,3,3] w, int8[4,4,3,3] u) => (uint8[batch,4,h,v] y, r)"
        "<" X_SCALE ", float ms = {0.2}, uint8 mz = {7}, float ys = {0.03}, uint8 yz = {131}," FOUR
        "> {" QX " v = DequantizeLinear<axis = 0>(w, ws, wz) first = Conv(d, v)"
        " m = QuantizeLinear(first, ms, mz) n = DequantizeLinear(m, ms, mz) s = Sigmoid(n)"
        " k = QuantizeLinear(s, xs, yz) l = DequantizeLinear(k, xs, yz)"
        " t = DequantizeLinear<axis = 0>(u, ws, wz) p = Conv(l, t) " QY MORE "}",
        3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_conv),     cmocka_unit_test(test_shared_x),
      cmocka_unit_test(test_matrices), cmocka_unit_test(test_zero_scale),
      cmocka_unit_test(test_lookup),   cmocka_unit_test(test_lookup_in_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
