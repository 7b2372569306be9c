// Gather of megabytes, whose rows several threads copy.
#include <stdlib.h>

#include "tests/support/onenode.h"

enum { OUTER = 2, ROWS = 700, COLUMNS = 1001, PICKED = 900 };

static int64_t picked_at(int64_t i) {
  int64_t row = i * 577 % ROWS;
  return i % 3 ? row : row - ROWS; // from the end
}

static void test_rows_of_megabytes(void **state) {
  (void)state;
  size_t count = (size_t)OUTER * ROWS * COLUMNS, out = (size_t)OUTER * PICKED * COLUMNS;
  int32_t *x = malloc(count * sizeof *x), *y = malloc(out * sizeof *y);
  int64_t indices[PICKED];
  assert_non_null(x);
  assert_non_null(y);
  for (size_t i = 0; i < count; i++) x[i] = (int32_t)i;
  for (int64_t i = 0; i < PICKED; i++) indices[i] = picked_at(i);
  for (int64_t o = 0; o < OUTER; o++)
    for (int64_t i = 0; i < PICKED; i++)
      for (int64_t c = 0; c < COLUMNS; c++)
        y[(o * PICKED + i) * COLUMNS + c] =
            (int32_t)((o * ROWS + (picked_at(i) + ROWS) % ROWS) * COLUMNS + c);
  onenode n = onenode_make("Gather", 13);
  onenode_int(&n, "axis", 1);
  onenode_input(&n, GCUT_INT32, 3, (int64_t[]){OUTER, ROWS, COLUMNS}, x);
  onenode_input(&n, GCUT_INT64, 1, (int64_t[]){PICKED}, indices);
  onenode_gives(&n, GCUT_INT32, out, y);
  onenode_free(&n);
  free(x);
  free(y);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows_of_megabytes)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
