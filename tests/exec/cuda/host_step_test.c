// Nodes that a card leaves to the host: what they read of the card's.
#include "tests/support/check.h"
#include "tests/support/on_card.h"

// A branch reads an input, what is made of no input (and is too large to be folded), a view of
// that, and what the part makes of its input.
#define BRANCHES                                                                                   \
  "<ir_version: 10, opset_import: [\"\": 18]> g (float[300,300] x, bool c) => (float[300,300] "    \
  "y)"                                                                                             \
  "<int64[2] shape = {300, 300}, int64[2] turned = {300, 300}> { double = Add(x, x)"               \
  " half = ConstantOfShape<value = float[1] {0.5}>(shape) view = Reshape(half, turned)"            \
  " y = If<then_branch = t () => (float[300,300] a) { b = Mul(x, half) d = Add(b, view)"           \
  " a = Sub(double, d) }, else_branch = e () => (float[300,300] f) { f = Sub(x, half) }>(c) }"

static void branches_read_what_they_capture(void **state) {
  if (!*state) skip();
  expect_with_host(BRANCHES, "1 If");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(branches_read_what_they_capture),
  };
  return cmocka_run_group_tests(tests, hold_card, let_card_go);
}
