// Quantised products and lookups spelled out: what is found, and what comes close.
#include "tests/support/check.h"
#include "tests/support/groups.h"

// ---- texts --------------------------------------------------------------------------------------

static const char conv[] =
    HEAD "(uint8[batch,3,8,8] x, int8[2,3,3,3] w, float[2] b) => (uint8[batch,2,6,6] y)"
         "<float xs = {0.5}, uint8 xz = {3}, float[2] ws = {0.5, 0.25}, int8[2] wz = {0, 0},"
         " float ys = {0.5}, uint8 yz = {7}, float low = {-1}, float nan = {nan}> {"
         " d = DequantizeLinear(x, xs, xz) v = DequantizeLinear<axis = 0>(w, ws, wz)"
         " p = Conv(d, v, b) y = QuantizeLinear(p, ys, yz) }";

static const char gemm[] =
    HEAD "(int8[batch,4] x, uint8[2,4] w, float[2] b) => (int8[batch,2] y)"
         "<float xs = {0.5}, int8 xz = {3}, float[2] ws = {0.5, 0.25}, uint8[2] wz = {9, 9},"
         " float ys = {0.5}, int8 yz = {7}> {"
         " d = DequantizeLinear(x, xs, xz) v = DequantizeLinear<axis = 0>(w, ws, wz)"
         " p = Gemm<transB = 1>(d, v, b) y = QuantizeLinear(p, ys, yz) }";

static const char matmul[] =
    HEAD "(uint8[batch,5,4] x, int8[batch,4,6] w) => (uint8[batch,5,6] y)"
         "<float xs = {0.5}, uint8 xz = {3}, float ws = {0.5}, int8 wz = {-9}, float ys = {0.5},"
         " uint8 yz = {7}> {"
         " d = DequantizeLinear(x, xs, xz) v = DequantizeLinear(w, ws, wz)"
         " p = MatMul(d, v) y = QuantizeLinear(p, ys, yz) }";

// A small w, known by its numbers once it is folded.
static const char folded[] =
    HEAD "(uint8[batch,2] x) => (uint8[batch,2] y)"
         "<float xs = {0.5}, uint8 xz = {3}, int8[2,2] w = {1, 2, 3, 4}, float ws = {0.5},"
         " int32[2] b = {1, 2}, float bs = {0.25}, float ys = {0.5}, uint8 yz = {7}> {"
         " d = DequantizeLinear(x, xs, xz) v = DequantizeLinear(w, ws) c = DequantizeLinear(b, bs)"
         " p = Gemm(d, v, c) y = QuantizeLinear(p, ys, yz) }";

static const char square[] =
    HEAD "(uint8[batch,2] x, int8[2,2] w) => (uint8[batch,2] y)"
         "<float xs = {0.5}, uint8 xz = {3}, float[2] ws = {0.5, 0.25}, float ys = {0.5}> {"
         " d = DequantizeLinear(x, xs, xz) v = DequantizeLinear<axis = 0>(w, ws)"
         " p = Gemm<transB = 1>(d, v) y = QuantizeLinear(p, ys) }";

#define CONV   "quantized x w ws b: 4 nodes, 0 shapes"
#define GEMM   "quantized x w ws b: 4 nodes, 0 shapes"
#define MATMUL "quantized x w ws: 4 nodes, 0 shapes"

// ---- found --------------------------------------------------------------------------------------

static void patterns_are_found(void **state) {
  (void)state;
  expect(conv, "", "", CONV);
  expect(gemm, "", "", GEMM);
  expect(matmul, "", "", MATMUL);
  expect(folded, "", "", "quantized x w ws c: 3 nodes, 0 shapes");
}

static void bounds_belong_to_it(void **state) {
  (void)state;
  expect(conv, "p = Conv(d, v, b)", "c = Conv(d, v) p = Relu(c)",
         "quantized x w ws: 5 nodes, 0 shapes");
  expect(conv, "p = Conv(d, v, b)", "c = Conv(d, v) p = Clip(c, low)",
         "quantized x w ws: 5 nodes, 0 shapes");
  expect(conv, "p = Conv(d, v, b)", "c = Conv(d, v) p = Clip(c, , xs)",
         "quantized x w ws: 5 nodes, 0 shapes");
  expect(conv, "p = Conv(d, v, b)", "c = Conv(d, v) p = Clip(c, nan)", "");
  expect(conv, "p = Conv(d, v, b)", "c = Conv(d, v) p = Sigmoid(c)", "");
}

static void forms_vary(void **state) {
  (void)state;
  // No zero points; one scale for all of w; one that is a vector.
  expect(conv, "(x, xs, xz)", "(x, xs)", CONV);
  expect(conv, "(w, ws, wz)", "(w, ws)", CONV);
  expect(conv, "(p, ys, yz)", "(p, ys)", CONV);
  expect(conv, "(w, ws, wz)", "(w, xs)", "quantized x w xs b: 4 nodes, 0 shapes");
  expect(gemm, "float xs = {0.5}, int8 xz", "float[1] xs = {0.5}, int8[1] xz", GEMM);
  // Others read the numbers of x: then so does the group.
  expect(conv, " p =", " e = Neg(d) p =", "quantized d w ws b: 3 nodes, 0 shapes");
  expect(conv, "[batch,2,6,6] y)", "[batch,2,6,6] y, float[batch,3,8,8] d)",
         "quantized d w ws b: 3 nodes, 0 shapes");
  expect(square, "", "", "quantized x w ws: 4 nodes, 0 shapes");
  expect(square, "axis = 0>(w, ws) p = Gemm<transB = 1>", "axis = 1>(w, ws) p = Gemm",
         "quantized x w ws: 4 nodes, 0 shapes");
  // Rows of one matrix.
  expect(matmul, "int8[batch,4,6] w", "int8[4,6] w", MATMUL);
}

// ---- not found ----------------------------------------------------------------------------------

static void conv_comes_close(void **state) {
  (void)state;
  // No scale for a byte.
  expect(conv, "xs = {0.5}", "xs = {0}", "");
  expect(conv, "xs = {0.5}", "xs = {-0.5}", "");
  expect(conv, "ys = {0.5}", "ys = {0}", "");
  expect(conv, "ys = {0.5}", "ys = {nan}", "");
  expect(conv, "ys = {0.5}", "ys = {1e-40}", "");
  expect(conv, "ys = {0.5}", "ys = {inf}", "");
  // w with a zero point, or of another type.
  expect(conv, "wz = {0, 0}", "wz = {0, 1}", "");
  expect(conv, "wz = {0, 0}", "wz = {1, 1}", "");
}

static void others_come_close(void **state) {
  (void)state;
  // Others read what stays within.
  expect(conv, " y = Q", " e = Neg(p) y = Q", "");
  expect(conv, " p =", " e = Neg(v) p =", "");
  expect(conv, "[batch,2,6,6] y)", "[batch,2,6,6] y, float[batch,2,6,6] p)", "");
  // A scale that is not known before.
  expect(matmul, "v = DequantizeLinear(w, ws, wz)",
         "n = Neg(d) k, s, z = DynamicQuantizeLinear(n) t = Cast<to = 3>(z)"
         " v = DequantizeLinear(w, s, t)",
         "");
  // Zero points that differ; a factor; a sum that is no vector.
  expect(gemm, "wz = {9, 9}", "wz = {9, 8}", "");
  expect(gemm, "transB = 1", "transB = 1, alpha = 0.5", "");
  expect(gemm, "transB = 1", "transB = 1, beta = 0.5", "");
  expect(gemm, "float[2] b", "float[1,2] b", "");
  // Scales along the other axis.
  expect(square, "axis = 0", "axis = 1", "");
  // Matrices that are broadcast.
  expect(matmul, "int8[batch,4,6] w", "int8[1,4,6] w", "");
  expect(matmul, "uint8[batch,5,4] x", "uint8[5,4] x", "");
  // w of other bits.
  expect(square, "int8[2,2] w", "int16[2,2] w", "");
}

// ---- lookups ------------------------------------------------------------------------------------

static const char lookup[] =
    HEAD "(uint8[batch,2] x, float[2] two) => (int8[batch,2] y)"
         "<float xs = {0.5}, uint8 xz = {3}, float[1,1] half = {0.5}, float ys = {0.5},"
         " int8 yz = {7}, float[2] some = {1, 2}> {"
         " d = DequantizeLinear(x, xs, xz) e = Erf(d) p = Mul(half, e)"
         " y = QuantizeLinear(p, ys, yz) }";

static void lookups_are_found(void **state) {
  (void)state;
  expect(lookup, "", "", "lookup x: 4 nodes, 0 shapes");
  expect(lookup, "p = Mul(half, e)", "p = Clip(e, xs)", "lookup x: 4 nodes, 0 shapes");
  expect(lookup, "p = Mul(half, e)", "f = Sub(half, e) p = Pow(f, half)",
         "lookup x: 5 nodes, 0 shapes");
  expect(lookup, "e = Erf(d) p = Mul(half, e)", "p = Identity(d)", "");
  expect(lookup, " p =", " f = Neg(d) p =", "lookup d: 3 nodes, 0 shapes");
  // Bytes in between, and x by two ways.
  expect(lookup, "p = Mul(half, e)",
         "q = QuantizeLinear(e, xs, xz) f = DequantizeLinear(q, xs, xz) p = Mul(f, d)",
         "lookup x: 6 nodes, 0 shapes");
  expect(lookup, "p = Mul(half, e)",
         "q = QuantizeLinear(e, xs, xz) g = DequantizeLinear(q, xs, xz)"
         " h = DequantizeLinear(x, ys, xz) p = Add(g, h)",
         "lookup x: 7 nodes, 0 shapes");
}

static void lookups_come_close(void **state) {
  (void)state;
  // Other operands, or other readers.
  expect(lookup, "Mul(half, e)", "Mul(e, e)", "");
  expect(lookup, "Mul(half, e)", "Mul(two, e)", "");
  expect(lookup, "Mul(half, e)", "Mul(some, e)", "");
  expect(lookup, " p =", " f = Neg(e) p =", "");
  expect(lookup, "e = Erf(d)", "u = Cast<to = 2>(two) f = DequantizeLinear(u, xs) e = Div(d, f)",
         "");
  // Not element by element; of other types.
  expect(lookup, "Mul(half, e)", "Softmax(e)", "");
  expect(lookup, "Mul(half, e)", "ReduceMax(e)", "");
  expect(lookup, "int8 yz", "int16 yz", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_are_found), cmocka_unit_test(bounds_belong_to_it),
      cmocka_unit_test(forms_vary),         cmocka_unit_test(conv_comes_close),
      cmocka_unit_test(others_come_close),  cmocka_unit_test(lookups_are_found),
      cmocka_unit_test(lookups_come_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
