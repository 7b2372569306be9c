// Einsum beyond the official cases: several operands, diagonals, broadcasting, narrow integers.
#include "tests/support/onenode.h"

static onenode einsum(const char *equation) {
  onenode n = onenode_make("Einsum", 28);
  onenode_string(&n, "equation", equation);
  return n;
}

static void matrix(onenode *n, int64_t rows, int64_t columns, const int32_t *data) {
  onenode_input(n, GCUT_INT32, 2, (const int64_t[]){rows, columns}, data);
}

static const int32_t six[] = {1, 2, 3, 4, 5, 6};

static void diagonals(void **unused) {
  (void)unused;
  static const int32_t square[] = {1, 2, 3, 4};
  onenode n = einsum("ii->i");
  matrix(&n, 2, 2, square);
  GIVES(&n, GCUT_INT32, int32_t, 1, 4);
  onenode_free(&n);
  n = einsum("ii,j->j");
  matrix(&n, 2, 2, square);
  VECTOR(&n, GCUT_INT32, int32_t, 1, 10);
  GIVES(&n, GCUT_INT32, int32_t, 5, 50);
  onenode_free(&n);
}

static void chains(void **unused) {
  (void)unused;
  onenode n = einsum("ij,kj,k->i"); // [2,3] [2,3] [2]
  matrix(&n, 2, 3, six);
  matrix(&n, 2, 3, six);
  VECTOR(&n, GCUT_INT32, int32_t, 1, -1);
  GIVES(&n, GCUT_INT32, int32_t, -18, -45);
  onenode_free(&n);
  n = einsum("i,i,i,i->");
  for (int k = 0; k < 4; k++) VECTOR(&n, GCUT_INT32, int32_t, 1, 2, 3);
  GIVES(&n, GCUT_INT32, int32_t, 1 + 16 + 81);
  onenode_free(&n);
}

static void dims_of_one_broadcast(void **unused) {
  (void)unused;
  onenode n = einsum("ij,ij->ij");
  matrix(&n, 2, 3, six);
  matrix(&n, 1, 3, (const int32_t[]){10, 20, 30});
  GIVES(&n, GCUT_INT32, int32_t, 10, 40, 90, 40, 100, 180);
  onenode_free(&n);
  n = einsum("...j,...j"); // implicit: the ellipsis alone
  matrix(&n, 2, 3, six);
  VECTOR(&n, GCUT_INT32, int32_t, 1, 1, 1);
  GIVES(&n, GCUT_INT32, int32_t, 6, 15);
  onenode_free(&n);
}

static void narrow_integers_wrap(void **unused) {
  (void)unused;
  onenode n = einsum("i,i->");
  VECTOR(&n, GCUT_INT8, int8_t, 100, 100);
  VECTOR(&n, GCUT_INT8, int8_t, 2, -1);
  GIVES(&n, GCUT_INT8, int8_t, 100);
  onenode_free(&n);
  n = einsum("i,i->");
  VECTOR(&n, GCUT_UINT8, uint8_t, 100, 100);
  VECTOR(&n, GCUT_UINT8, uint8_t, 2, 1);
  GIVES(&n, GCUT_UINT8, uint8_t, 44);
  onenode_free(&n);
}

static void nothing_sums_to_zero(void **unused) {
  (void)unused;
  onenode n = einsum("ij,jk->ik");
  matrix(&n, 2, 0, NULL);
  matrix(&n, 0, 2, NULL);
  GIVES(&n, GCUT_INT32, int32_t, 0, 0, 0, 0);
  onenode_free(&n);
}

// Four operands of 2000 elements: their outer product would have 16 million million.
static void outer_products_are_limited(void **unused) {
  (void)unused;
  static const float many[2000];
  onenode n = einsum("a,b,c,d,abcd->");
  for (int k = 0; k < 4; k++) onenode_input(&n, GCUT_FLOAT, 1, (const int64_t[]){2000}, many);
  onenode_input(&n, GCUT_FLOAT, 4, (const int64_t[]){1, 1, 1, 1}, many);
  assert_fails(onenode_run(&n, err), GCUT_UNSUPPORTED, "its first 3 operands");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(diagonals),
      cmocka_unit_test(chains),
      cmocka_unit_test(dims_of_one_broadcast),
      cmocka_unit_test(narrow_integers_wrap),
      cmocka_unit_test(nothing_sums_to_zero),
      cmocka_unit_test(outer_products_are_limited),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
