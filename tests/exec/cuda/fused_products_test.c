// Products in company on a card: the bits of their nodes one by one, near to what the CPU computes.
#include <stdio.h>

#include "tests/support/check.h"
#include "tests/support/on_card.h"

// Queries, keys and values of so many rows that the card's own kernel takes each.
static const char side_by_side[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[3969,1024] x, %1$s[1024,264] wq,"
    " %1$s[1024,264] wk, %1$s[1024,520] wv) => (%1$s[3969,264] y, %1$s[3969,520] z)"
    "<%1$s s = {0.015625}> {"
    " q = MatMul(x, wq) q1 = Mul(q, s) k = MatMul(x, wk) k1 = Mul(k, s) v = MatMul(x, wv)"
    " y = Sub(q1, k1) z = Mul(v, s) }";
static const char with_a_gate[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[2,4033,1024] x, %1$s[1024,72] wg,"
    " %1$s[1024,72] wu) => (%1$s[2,4033,72] y) <%1$s s = {0.015625}> {"
    " xs = Mul(x, s) u = MatMul(xs, wu) g = MatMul(xs, wg) p = Sigmoid(g) gs = Mul(p, g)"
    " y = Mul(gs, u) }";
static const char with_a_residual[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[2,4033,1024] x, %1$s[1024,72] w,"
    " %1$s[2,4033,72] r) => (%1$s[2,4033,72] s) {"
    " p = MatMul(x, w) s = Add(r, p) }";

// With vectors added to rows, by Add or by Gemm, or to some; a residual; activations.
#define ROWS(weights)                                                                              \
  "<ir_version: 10, opset_import: [\"\": 20]> g (%1$s[2,2033,1024] x," weights                     \
  ", %1$s[264] b, %1$s[2,2033,264] r) "
#define ENCODED ROWS(" %1$s[1024,264] w") "=> (%1$s[2,2033,264] y)"
#define FLAT    ROWS(" %1$s[264,1024] w") "=> (%1$s[2,2033,264] y)"
#define SCALED  " xs = Mul(x, s) "
static const char *const with_vectors[] = {
    ROWS(" %1$s[1024,264] w") "=> (%1$s[2,2033,264] q1, %1$s[2,2033,264] k1, %1$s[2,2033,264] v1)"
                              "<%1$s s = {0.015625}> {" SCALED
                              "q = MatMul(xs, w) q0 = Add(q, b) k0 = MatMul(xs, w)"
                              " v = MatMul(xs, w) v0 = Add(b, v) q1 = Mul(q0, s) k1 = Mul(k0, s)"
                              " v1 = Mul(v0, s) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED "p = MatMul(xs, w) q = Add(p, b) y = Add(r, q) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED "p = MatMul(xs, w) q = Add(p, b) y = Gelu(q) }",
    ENCODED
    "<%1$s s = {0.015625}, %1$s root = {1.414}, %1$s one = {1.0}, %1$s half = {0.5}> {" SCALED
    "p = MatMul(xs, w) q = Add(p, b) d = Div(q, root) e = Erf(d) f = Add(e, one)"
    " g = Mul(half, f) y = Mul(q, g) }",
    FLAT "<%1$s s = {0.015625}, int64[2] flat = {-1, 1024}, int64[3] deep = {2, -1, 264},"
         " %1$s three = {3.0}, %1$s c = {0.0447}, %1$s k = {0.797}, %1$s one = {1.0},"
         " %1$s half = {0.5}> {" SCALED
         "f = Reshape(xs, flat) p = Gemm<transB = 1>(f, w, b) q = Reshape(p, deep)"
         " h = Mul(q, half) u = Pow(q, three) v = Mul(u, c) t = Add(q, v) m = Mul(t, k)"
         " n = Tanh(m) o = Add(n, one) y = Mul(h, o) }",
    FLAT "<%1$s s = {0.015625}, int64[2] flat = {-1, 1024}, int64[3] deep = {2, -1, 264}> {" SCALED
         "f = Reshape(xs, flat) p = Gemm<transB = 1, alpha = 2.0>(f, w, b) q = Reshape(p, deep)"
         " y = Add(q, r) }",
    ENCODED "<%1$s s = {0.015625}, %1$s c = {1.702}> {" SCALED
            "p = MatMul(xs, w) q = Add(p, b) t = Mul(q, c) u = Sigmoid(t) v = Mul(q, u)"
            " y = Sub(v, r) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED "p = MatMul(xs, w) q = Relu(p) y = Max(q, r) }",
    ENCODED "<%1$s s = {0.015625}> {" SCALED
            "p = MatMul(xs, w) q = Gelu<approximate = \"tanh\">(p) t = LeakyRelu(q) y = Tanh(t) }"};

static void products_with_what_follows(void **state) {
  if (!*state) skip();
  for (size_t i = 0; i < sizeof with_vectors / sizeof *with_vectors; i++) {
    char text[1024];
    snprintf(text, sizeof text, with_vectors[i], i % 2 ? "float16" : "bfloat16");
    expect_bits(text, 5e-2);
  }
}

static void products_in_company(void **state) {
  static const char *const texts[] = {side_by_side, with_a_gate, with_a_residual};
  if (!*state) skip();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (int half = 0; half < 2; half++) {
      char text[1024];
      snprintf(text, sizeof text, texts[i], half ? "float16" : "bfloat16");
      expect_bits(text, 5e-2);
    }
}

// Weights of 4 and 8 bits, some with zero points, some beside whole ones.
#define PACKED                                                                                     \
  "<ir_version: 10, opset_import: [\"\": 20, \"com.microsoft\": 1]> g (%1$s[2,2033,1024] x,"       \
  " uint8[264,32,16] w, %1$s[264,32] t, uint8[264,16] o, uint8[264,16,64] w8, %1$s[264,16] t8,"    \
  " %1$s[1024,264] m, %1$s[264] b, %1$s[2,2033,264] r) "
#define BITS4 "com.microsoft.MatMulNBits<K = 1024, N = 264, bits = 4, block_size = 32>"
#define BITS8 "com.microsoft.MatMulNBits<K = 1024, N = 264, bits = 8, block_size = 64>"
static const char *const of_few_bits[] = {
    PACKED "=> (%1$s[2,2033,264] q1, %1$s[2,2033,264] k1)"
           "<%1$s s = {0.015625}> {" SCALED "q = " BITS4 "(xs, w, t, o) q1 = Mul(q, s)"
           " k = " BITS4 "(xs, w, t) k1 = Mul(k, s) }",
    PACKED "=> (%1$s[2,2033,264] y) <%1$s s = {0.015625}, %1$s eighth = {0.125}> {" SCALED
           "t1 = Mul(t8, eighth) q = " BITS8 "(xs, w8, t1, , , b) y = Add(q, r) }",
    PACKED "=> (%1$s[2,2033,264] y) <%1$s s = {0.015625}> {" SCALED "g = " BITS4
           "(xs, w, t, o) p = Sigmoid(g) gs = Mul(p, g) u = " BITS4 "(xs, w, t) y = Mul(gs, u) }",
    PACKED "=> (%1$s[2,2033,264] y) <%1$s s = {0.015625}> {" SCALED "q = " BITS4
           "(xs, w, t, o) a = Add(q, b) y = Gelu(a) }"};

static void products_of_few_bits(void **state) {
  if (!*state) skip();
  for (size_t i = 0; i < sizeof of_few_bits / sizeof *of_few_bits; i++) {
    char text[2048];
    snprintf(text, sizeof text, of_few_bits[i], i % 2 ? "float16" : "bfloat16");
    expect_bits(text, 5e-2);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_with_what_follows),
      cmocka_unit_test(products_in_company),
      cmocka_unit_test(products_of_few_bits),
  };
  return cmocka_run_group_tests(tests, hold_card, let_card_go);
}
