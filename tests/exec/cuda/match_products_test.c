// Products that meet on a card of Hopper's kind, as the one in software is: which become one step,
// with what follows them.
#include "exec/cuda/cuda_open.h"
#include "tests/exec/cuda/steps.h"
#include "tests/support/open_card.h"

static gcut__cuda *card; // in software; NULL: it was not built

// SwiGLU of halves of it.
static const char gated[] =
    "<ir_version: 10, opset_import: [\"\": 21]> g (%1$s[4,32,64] w, int64[batch,seq,1] ids,"
    " %1$s[batch,seq,64] x) => (%1$s[batch,seq,16] z) <int64[1] end = {-1}> {"
    " g = GatherND(w, ids) u = Unsqueeze(x, end) p = MatMul(g, u) y = Squeeze(p, end)"
    " a, b = Split<axis = -1, num_outputs = 2>(y) s = Sigmoid(a) t = Mul(a, s) z = Mul(t, b) }";

static void swiglu_of_what_rows_picked(void **state) {
  (void)state;
  expect_steps(NULL, gated, "", "", "bfloat16", "p: w ids x, hides 2; z: a b, hides 2");
  if (!card) skip(); // it was not built
  expect_steps(card, gated, "", "", "bfloat16", "z: w ids x, hides 7");
  // Of float32 there is no such kernel, nor where halves change places or others read one.
  const char *apart = "p: w ids x, hides 2; z: a b, hides 2";
  expect_steps(card, gated, "", "", "float", apart);
  expect_steps(card, gated, "a, b = Split", "b, a = Split", "bfloat16", apart);
  expect_steps(card, gated, "z = Mul(t, b)", "c = Mul(t, b) d = CumSum(b, end) z = Sub(c, d)",
               "bfloat16", "p: w ids x, hides 2; c: a b, hides 2");
}

// What a decoder's layer does about its products.
static const char decoder[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[batch,seq,32,1024] x, %1$s[1024,1024] wq,"
    " %1$s[1024,1024] wk, %1$s[1024,1024] wv, %1$s[1024,1024] wo, %1$s[batch,seq,32,1024] r,"
    " %1$s[1024] w, %1$s[1024,1024] wg, %1$s[1024,1024] wu) => (%1$s[batch,seq,32,1024] z)"
    "<int64 one = {1}> {"
    " q = MatMul(x, wq) q1 = CumSum(q, one) k = MatMul(x, wk) k1 = CumSum(k, one)"
    " v = MatMul(x, wv) t0 = Sub(q1, k1) t = Sub(t0, v)"
    " o = MatMul(t, wo) s = Add(r, o) y = RMSNormalization<axis = -1>(s, w)"
    " g = MatMul(y, wg) p = Sigmoid(g) gs = Mul(g, p) u = MatMul(y, wu) h = Mul(gs, u)"
    " d = MatMul(h, wo) z = Add(d, s) }";

#define T_STEP "t: q1 k1 v, hides 1"
#define Q_STEP "q: x wv wk wq, hides 2 but k but q"
#define S_STEP "s: t wo r, hides 1"
#define H_STEP "h: y wg wu, hides 4"
#define Z_STEP "z: h wo s, hides 1"

static void expect_decoder(const char *from, const char *to, const char *expected) {
  expect_steps(card, decoder, from, to, "bfloat16", expected);
}

static void products_that_meet(void **state) {
  (void)state;
  if (!card) skip(); // it was not built
  expect_steps(card, decoder, "", "", "float16",
               T_STEP "; " Q_STEP "; " S_STEP "; " H_STEP "; " Z_STEP);
  // What one multiplies by is made in between, another product is, or the left side is another's.
  expect_decoder("v = MatMul(x, wv)", "wn = Neg(wv) v = MatMul(x, wn)",
                 T_STEP "; q: x wk wq, hides 1 but q; " S_STEP "; " H_STEP "; " Z_STEP);
  expect_decoder("k1 = CumSum(k, one)", "k0 = MatMul(k, wo) k1 = CumSum(k0, one)",
                 T_STEP "; q: x wk wq, hides 1 but q; " S_STEP "; " H_STEP "; " Z_STEP);
  expect_decoder("k = MatMul(x, wk)", "x1 = CumSum(x, one) k = MatMul(x1, wk)",
                 T_STEP "; " S_STEP "; " H_STEP "; " Z_STEP);
  // The norm takes a sum that its product cannot: read by others, too. That of a bias goes with it.
  expect_decoder("s = Add(r, o)", "s = Add(w, o)",
                 T_STEP "; s: t wo w, hides 1; " Q_STEP "; " H_STEP "; " Z_STEP);
  expect_decoder("d = MatMul(h, wo)", "d0 = CumSum(o, one) d = Mul(h, d0)",
                 T_STEP "; z: h d0 s, hides 1; " Q_STEP "; y: o w r, hides 1 but s; " H_STEP);
  // Of two products the last goes with their sum.
  expect_decoder("s = Add(r, o)", "o1 = MatMul(r, wo) s = Add(o1, o)",
                 T_STEP "; " Q_STEP "; s: r wo o, hides 1; " H_STEP "; " Z_STEP);
  // The gate or the other side is read by others, too; then both are of one left side, at least.
  expect_decoder("z = Add(d, s)", "e = Add(d, s) z = Sub(e, u)",
                 T_STEP "; " Q_STEP "; g: y wu wg, hides 1 but g; " S_STEP
                        "; h: g u, hides 2; e: h wo s, hides 1");
  expect_decoder("u = MatMul(y, wu)", "u = MatMul(s, wu)",
                 T_STEP "; " Q_STEP "; " S_STEP "; h: g u, hides 2; " Z_STEP);
}

// What an encoder's layer does about its products.
static const char encoder[] =
    "<ir_version: 10, opset_import: [\"\": 20]> g (%1$s[batch,seq,32,1024] x, %1$s[1024,1024] wq,"
    " %1$s[1024,1024] wk, %1$s[1024,1024] wv, %1$s[1024] bq, %1$s[1024] bv, %1$s[1024] b,"
    " %1$s[4096,1024] wg, %1$s[4096] bg, %1$s[4096,1024] wd) => (%1$s[batch,seq,32,1024] z)"
    "<int64 axis = {1}, int64[2] flat = {-1, 1024}, int64[4] deep = {1, -1, 32, 4096},"
    " %1$s root = {1.414}, %1$s one = {1.0}, %1$s half = {0.5}> {"
    " q0 = MatMul(x, wq) q = Add(q0, bq) q1 = CumSum(q, axis) k = MatMul(x, wk)"
    " k1 = CumSum(k, axis) v0 = MatMul(x, wv) v = Add(bv, v0) t0 = Sub(q1, k1) t = Sub(t0, v)"
    " o0 = MatMul(t, wq) o = Add(b, o0) s = Add(o, x) y = LayerNormalization(s, b, b)"
    " f = Reshape(y, flat) g0 = Gemm<transB = 1>(f, wg, bg) g = Reshape(g0, deep)"
    " e1 = Div(g, root) e2 = Erf(e1) e3 = Add(e2, one) e4 = Mul(half, e3) e = Mul(g, e4)"
    " d0 = MatMul(e, wd) d = Add(d0, b) z = Add(y, d) }";

#define E_STEP "t: q1 k1 v, hides 1; e: "
#define REST                                                                                       \
  "; q0: x wv wk wq bv bq, hides 4 but k but q; s: t wq b x, hides 2; z: e wd b y, hides 2"

static void products_with_biases(void **state) {
  static const char erf[] = "e1 = Div(g, root) e2 = Erf(e1) e3 = Add(e2, one) e4 = Mul(half, e3) "
                            "e = Mul(g, e4)";
  (void)state;
  if (!card) skip();
  expect_steps(card, encoder, "", "", "bfloat16", E_STEP "f wg bg, hides 6" REST);
  expect_steps(card, encoder, erf, "e = Gelu(g)", "float16", E_STEP "f wg bg, hides 2" REST);
  expect_steps(card, encoder, "(f, wg, bg)", "(f, wg)", "float16", E_STEP "f wg, hides 6" REST);
  // A vector beside Gemm's own, what the kernel lacks, a third value for later.
  expect_steps(card, encoder, "Div(g, root)", "Div(g, bg)", "float16",
               E_STEP "g bg one half, hides 4" REST);
  expect_steps(card, encoder, "Erf(e1)", "Sin(e1)", "float16",
               E_STEP "g root one half, hides 4" REST);
}

// The same of weights of a few bits.
static const char packed[] =
    "<ir_version: 10, opset_import: [\"\": 23, \"com.microsoft\": 1]> g"
    " (%1$s[batch,seq,32,1024] x, uint8[1024,32,16] wq, %1$s[1024,32] sq, uint8[1024,16] zq,"
    " uint8[1024,16,64] wk, %1$s[1024,16] sk, %1$s[1024] b, %1$s[batch,seq,32,1024] r)"
    " => (%1$s[batch,seq,32,1024] z) <int64 one = {1}> {"
    " q = com.microsoft.MatMulNBits<K = 1024, N = 1024, bits = 4, block_size = 32>(x, wq, sq, zq)"
    " k = com.microsoft.MatMulNBits<K = 1024, N = 1024, bits = 8, block_size = 64>(x, wk, sk)"
    " q1 = CumSum(q, one) k1 = CumSum(k, one) t = Sub(q1, k1) o = "
    "com.microsoft.MatMulNBits<K = 1024, N = 1024, bits = 4, block_size = 32>(t, wq, sq, , , b)"
    " z = Add(r, o) }";

static void products_of_few_bits(void **state) {
  const char *together = "q: x wk wq sk sq zq, hides 1 but q; z: t wq b sq r, hides 1";
  (void)state;
  if (!card) skip();
  expect_steps(card, packed, "", "", "bfloat16", together);
}

static void products_that_do_not(void **state) {
  (void)state;
  const char *alone = T_STEP "; y: o w r, hides 1 but s; h: g u, hides 2";
  expect_steps(NULL, decoder, "", "", "bfloat16", alone); // another card
  if (!card) skip();
  expect_steps(card, decoder, "", "", "float", alone);
}

int main(int argc, char **argv) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(swiglu_of_what_rows_picked), cmocka_unit_test(products_that_meet),
      cmocka_unit_test(products_with_biases),       cmocka_unit_test(products_of_few_bits),
      cmocka_unit_test(products_that_do_not),
  };
  gcut__device *device = NULL;
  if (argc > 0 && open_card_in_software(argv[0]) &&
      gcut__cuda_device_create("cuda", &device, NULL) != GCUT_OK)
    return 1;
  card = (gcut__cuda *)device;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  if (device) device->ops->destroy(device);
  return failed;
}
