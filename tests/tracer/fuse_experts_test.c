// Products of rows by matrices that each row picks: what is found, and what comes close.
#include "tests/support/check.h"
#include "tests/support/groups.h"

// ---- texts --------------------------------------------------------------------------------------

// As TorchDynamo writes experts: matrices gathered by tuples of one index, rows made columns.
static const char experts[] =
    HEAD "(float[4,8,16] w, int64[batch] e, float[batch,16] x) => (float[batch,8] y)"
         "<int64[1] last = {-1}> {"
         " ids = Unsqueeze(e, last) g = GatherND(w, ids) column = Unsqueeze(x, last)"
         " product = MatMul(g, column) y = Squeeze(product, last) }";

// As modules that sum by letters are: a token's row for all its experts, then a row for each.
static const char summed_experts[] =
    HEAD "(float[4,8,16] w, float[4,16,8] v, int64[batch,2] e, float[batch,16] x)"
         " => (float[batch,2,16] y) {"
         " g = Gather(w, e) up = Einsum<equation = \"beck,bk->bec\">(g, x)"
         " h = Gather(v, e) y = Einsum<equation = \"beck, bek -> bec\">(h, up) }";

// As modules with turned matrices are written, for several experts a token.
static const char experts_turned[] =
    HEAD "(bfloat16[4,16,8] w, int32[batch,2] e, bfloat16[batch,2,16] x) => (bfloat16[batch,2,8] y)"
         "<int64[1] before = {2}> {"
         " g = Gather(w, e) row = Unsqueeze(x, before) product = MatMul(row, g)"
         " y = Squeeze(product, before) }";

// ---- found --------------------------------------------------------------------------------------

static void patterns_are_found(void **state) {
  (void)state;
  expect(experts, "", "", "experts w ids x: 3 nodes, 0 shapes");
  expect(experts_turned, "", "", "turned experts w e x: 3 nodes, 0 shapes");
  expect(summed_experts, "", "",
         "experts v e up: 2 nodes, 0 shapes; experts w e x: 2 nodes, 0 shapes");
}

static void experts_vary(void **state) {
  (void)state;
  expect(experts, "GatherND(w, ids)", "Gather(w, e)", "experts w e x: 3 nodes, 0 shapes");
  expect(experts, "GatherND(w, ids)", "Gather<axis = -3>(w, e)",
         "experts w e x: 3 nodes, 0 shapes");
  // Somebody else reads the columns, or something else makes them.
  expect(experts,
         "product =", "other = Relu(column) product =", "experts w ids column: 2 nodes, 0 shapes");
  expect(experts, "column = Unsqueeze(x, last) product = MatMul(g, column)",
         "column = Unsqueeze(x, last) other = Neg(column) product = MatMul(g, other)",
         "experts w ids other: 2 nodes, 0 shapes");
  // One row for all, and one for those that a token chose.
  expect(experts, "float[batch,16] x)", "float[1,16] x)", "experts w ids x: 3 nodes, 0 shapes");
  expect(experts_turned, "bfloat16[batch,2,16] x)", "bfloat16[batch,1,16] x)",
         "turned experts w e x: 3 nodes, 0 shapes");
  // Matrices turned after they were gathered.
  expect(
      experts, "g = GatherND(w, ids)",
      "z = Transpose<perm = [0, 2, 1]>(w) t = GatherND(z, ids) g = Transpose<perm = [0, 2, 1]>(t)",
      "turned experts z ids x: 4 nodes, 0 shapes");
  expect(
      experts_turned, "g = Gather(w, e)",
      "z = Transpose<perm = [0, 2, 1]>(w) t = Gather(z, e) g = Transpose<perm = [0, 1, 3, 2]>(t)",
      "experts z e x: 4 nodes, 0 shapes");
}

static void experts_are_none(void **state) {
  (void)state;
  // Somebody else reads the gathered matrices, or one product reads them twice.
  expect(experts, "float[batch,8] y)", "float[batch,8] y, float[a,b,c] g)", "");
  expect(experts, "product =", "other = Relu(g) product =", "");
  expect(experts, "column = Unsqueeze(x, last) product = MatMul(g, column)",
         "t = Transpose<perm = [0, 2, 1]>(g) all = MatMul(g, t) product = ReduceMax(all, last)",
         "");
  // Several columns, or more rows than are known to have matrices.
  expect(experts, "column = Unsqueeze(x, last) product = MatMul(g, column)",
         "c = Unsqueeze(x, last) column = Concat<axis = 2>(c, c) both = MatMul(g, column)"
         " product = ReduceMax(both, last)",
         "");
  expect(experts, "float[batch,16] x)", "float[tokens,16] x)", "");
  // A Transpose that turns nothing.
  expect(experts, "g = GatherND(w, ids)", "t = GatherND(w, ids) g = Transpose<perm = [0, 1, 2]>(t)",
         "");
}

// Squares: every equation fits the shapes.
static void summed_experts_vary(void **state) {
  (void)state;
  static const char square[] =
      HEAD "(float[4,16,16] w, int64[2,2] e, float[2,2,16] x, float[batch] z) => (y) {"
           " g = Gather(w, e) y = Einsum<equation = \"beck,bek->bec\">(g, x) }";
  static const struct {
    const char *equation, *found;
  } cases[] = {
      {"beck,bek->bec", "experts w e x: 2 nodes, 0 shapes"},
      {"...ck,...k->...c", "experts w e x: 2 nodes, 0 shapes"},
      {"bekc,bek->bec", "turned experts w e x: 2 nodes, 0 shapes"},
      {"beck,bek->bce", ""}, // another order of results
      {"beck,bek->ebc", ""},
      {"beck,ebk->bec", ""}, // of rows
      {"beck,bek->bc", ""},  // summed over experts
      {"beck,bek", ""},      // which leaves c alone
      {"becc,bec->bec", ""}, // diagonals
      {"beck,bec->bek", "turned experts w e x: 2 nodes, 0 shapes"},
      {"beck,bek->beck", ""},
      {"beck,bek->", ""},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    expect(square, "beck,bek->bec", cases[i].equation, cases[i].found);
  expect(square, "beck,bek->bec\">(g, x)", "bek,beck->bec\">(x, g)",
         "experts w e x: 2 nodes, 0 shapes");
  expect(square, "beck,bek->bec\">(g, x)", "beck,bek,bek->bec\">(g, x, x)", "");
}

// Each has all shapes of the pattern, so that its own oddity alone tells it.
static void odd_experts_are_none(void **state) {
  (void)state;
  static const char row[] =
      HEAD "(float[4,4,16] w, int64[4] e, float[4,16] x, float[batch] z) => (float[4,4,1] y)"
           "<int64[1] last = {-1}> { g = Gather(w, e)"
           " column = Unsqueeze(x, last) y = MatMul(g, column) }";
  expect(row, "", "", "experts w e x: 3 nodes, 0 shapes");
  expect(row, "Gather(", "Gather<axis = 1>(", "");
  static const char tuples[] =
      HEAD "(float[4,4,16] w, int64[4,4,1] e, float[4,16] x, float[batch] z) => (float[a,b,1] y)"
           "<int64[1] last = {-1}> { g = GatherND<batch_dims = 1>(w, e)"
           " column = Unsqueeze(x, last) y = MatMul(g, column) }";
  expect(tuples, "", "", "");
  static const char deep[] = HEAD
      "(float[4,3,8,16] w, int64[5] e, float[5,3,16,1] x, float[batch] z) => (float[5,3,8,1] y) {"
      " g = Gather(w, e) y = MatMul(g, x) }";
  expect(deep, "", "", "");
  static const char pairs[] = HEAD
      "(float[4,3,8,16] w, int64[5,2] e, float[5,16,1] x, float[batch] z) => (float[5,8,1] y) {"
      " g = GatherND(w, e) y = MatMul(g, x) }";
  expect(pairs, "", "", "");
  static const char one[] =
      HEAD "(float[4,8,16] w, int64 e, float[16,1] x, float[batch] z) => (float[8,1] y) {"
           " g = Gather(w, e) y = MatMul(g, x) }";
  expect(one, "", "", "");
  static const char whole[] = HEAD "(int32[4,8,16] w, int64[5] e, int32[5,16,1] x, float[batch] z)"
                                   " => (int32[5,8,1] y) { g = Gather(w, e) y = MatMul(g, x) }";
  expect(whole, "", "", "");
  expect(deep, "3,8,16] w, int64[5] e, float[5,3,16,1] x, float[batch] z) => (float[5,3,8,1]",
         "8,16] w, int64[5] e, float[5,16,1] x, float[batch] z) => (float[5,8,1]",
         "experts w e x: 2 nodes, 0 shapes");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(patterns_are_found),   cmocka_unit_test(experts_vary),
      cmocka_unit_test(experts_are_none),     cmocka_unit_test(summed_experts_vary),
      cmocka_unit_test(odd_experts_are_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
