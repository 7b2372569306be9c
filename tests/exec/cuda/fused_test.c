// What fused groups compute on a card: the bits of their nodes one by one, near to what the
// CPU computes.
#include <stdio.h>

#include "tests/support/check.h"
#include "tests/support/on_card.h"

// ---- a sum and its norm -------------------------------------------------------------------------

#define HEAD                                                                                       \
  "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[2,3,%2$d] x, %1$s[2,3,%2$d] r, %1$s[%2$d] "  \
  "w, %1$s[%2$d] b) => (%1$s[2,3,%2$d] y, %1$s[2,3,%2$d] s) "
static const char *const norms[] = {
    HEAD "{ c = Add(b, x) s = Add(r, c) y = RMSNormalization<epsilon = 0.01>(s, w) }",
    HEAD "{ c = Add(x, b) s = Add(c, r) y = LayerNormalization(s, w, b) }",
    HEAD "{ s = Add(x, r) y = LayerNormalization(s, w) }",
    HEAD "<float two = {2}, float e = {0.001}, int64[1] axis = {-1}> {"
         " s = Add(x, r) u = Cast<to = 1>(s) p = Pow(u, two) e1 = ReduceMean(p, axis)"
         " e2 = Add(e1, e) e3 = Sqrt(e2) e4 = Reciprocal(e3) e5 = Mul(u, e4)"
         " e6 = CastLike(e5, s) y = Mul(w, e6) }",
    HEAD "<%1$s two = {2.0}, %1$s e = {0.001}, int64[1] axis = {-1}> {"
         " s = Add(x, r) e1 = ReduceMean(s, axis) d = Sub(s, e1) p = Pow(d, two)"
         " e2 = ReduceMean(p, axis) e3 = Add(e2, e) e4 = Sqrt(e3) e5 = Div(d, e4)"
         " e6 = Mul(e5, w) y = Add(e6, b) }"};

// Rows of one, two, four and eight runs, the last ones cut off.
static void a_sum_and_its_norm(void **state) {
  if (!*state) skip();
  static const struct {
    const char *type;
    double tolerance;
  } types[] = {{"float", 1e-5}, {"float16", 1e-2}, {"bfloat16", 5e-2}};
  static const int columns[] = {8, 2056, 8184, 8200};
  for (size_t t = 0; t < 3; t++)
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++)
      for (size_t k = 0; k < 4; k++) {
        char text[1024];
        snprintf(text, sizeof text, norms[i], types[t].type, columns[k]);
        expect_bits(text, types[t].tolerance);
      }
}

// ---- reductions of so many outputs that threads have eight each ---------------------------------

static const char over_rows[] =
    "<ir_version: 10, opset_import: [\"\": 23]> g (%1$s[3,2,5,32776] x) => (%1$s[3,5,32776] y,"
    " %1$s[2,5,32776] z, %1$s[3,1,1,1] s) <int64[1] one = {1}, int64[1] zero = {0},"
    " int64[3] rest = {1, 2, 3}> { y = ReduceMean<keepdims = 0>(x, one)"
    " z = ReduceL1<keepdims = 0>(x, zero) s = ReduceMax(x, rest) }";

static void reductions_over_rows(void **state) {
  static const char *const types[] = {"float", "float16", "bfloat16"};
  if (!*state) skip();
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    char text[1024];
    snprintf(text, sizeof text, over_rows, types[i]);
    expect_near(text, 1e-6);
  }
}

// ---- rotary embedding ---------------------------------------------------------------------------

// Heads of %2$d, turned by tables of %3$d a row, in forms of exporters: halves, neighbours, their
// products, the last of a head as neighbours sorted into halves, and in float32 between Casts.
#define TURNED(x, tables, nodes)                                                                   \
  "<ir_version: 10, opset_import: [\"\": 20]> g (%1$s[" x "] x, " tables ") => (%1$s[" x "] y)"    \
  "<int64[1] zero = {0}, int64[1] one = {1}, int64[1] two = {2}, int64[1] half = {%3$d},"          \
  " int64[1] end = {1000}, int64[1] last = {-1}, int64[4] flat = {0, 0, 0, %2$d},"                 \
  " int64[5] deep = {0, 0, 0, -1, 2}> {" nodes " }"
#define HEADS_FIRST(nodes, width)                                                                  \
  TURNED("2,3,5,%2$d", "%1$s[1,1,5," width "] c, %1$s[5," width "] s", nodes)
#define OWN_HALF "low = Slice(x, zero, half, last) high = Slice(x, half, end, last) "
static const char *const turns[] = {
    HEADS_FIRST(OWN_HALF "straight = Mul(x, c) minus = Neg(high)"
                         " turned = Concat<axis = -1>(minus, low) across = Mul(s, turned)"
                         " y = Add(straight, across)",
                "%2$d"),
    TURNED("2,5,3,%2$d", "%1$s[2,5,1,%2$d] c, %1$s[2,5,1,%2$d] s",
           "straight = Mul(x, c) low = Slice(x, zero, end, last, two)"
           " high = Slice(x, one, end, last, two) minus = Neg(high) m = Unsqueeze(minus, last)"
           " l = Unsqueeze(low, last) pairs = Concat<axis = -1>(m, l)"
           " turned = Reshape(pairs, flat) across = Mul(turned, s) y = Add(across, straight)"),
    HEADS_FIRST(OWN_HALF "p = Mul(low, c) q = Mul(high, s) less = Sub(p, q) r = Mul(high, c)"
                         " t = Mul(low, s) more = Add(r, t) y = Concat<axis = -1>(less, more)",
                "%3$d"),
    HEADS_FIRST("rest, own = Split<axis = -1, num_outputs = 2>(x)"
                " low = Slice(own, zero, end, last, two) high = Slice(own, one, end, last, two)"
                " p = Mul(low, c) q = Mul(high, s) less = Sub(p, q) r = Mul(high, c)"
                " t = Mul(low, s) more = Add(r, t) y = Concat<axis = -1>(rest, less, more)",
                "%4$d"),
    TURNED("2,5,3,%2$d", "float[5,1,%2$d] c, float[5,1,%2$d] s",
           "wide = Cast<to = 1>(x) view = Reshape(x, deep) straight = Mul(wide, c)"
           " l1, h1 = Split<axis = -1, num_outputs = 2>(view) low = Squeeze(l1, last)"
           " high = Squeeze(h1, last) minus = Neg(high) m = Unsqueeze(minus, last)"
           " l = Unsqueeze(low, last) pairs = Concat<axis = -1>(m, l)"
           " turned = Reshape(pairs, flat) more = Cast<to = 1>(turned) across = Mul(more, s)"
           " sum = Add(straight, across) y = CastLike(sum, x)")};

// Sizes that come out even for eight pairs a thread, for two, and for one.
static void pairs_are_turned(void **state) {
  static const char *const types[] = {"float", "float16", "bfloat16"};
  static const int sizes[] = {32, 20, 12, 36};
  if (!*state) skip();
  for (size_t t = 0; t < 3; t++)
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
      for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        char text[1024];
        snprintf(text, sizeof text, turns[i], types[t], sizes[k], sizes[k] / 2, sizes[k] / 4);
        expect_bits(text, 5e-2);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_sum_and_its_norm),
      cmocka_unit_test(reductions_over_rows),
      cmocka_unit_test(pairs_are_turned),
  };
  return cmocka_run_group_tests(tests, hold_card, let_card_go);
}
