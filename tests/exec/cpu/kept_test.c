// A shelf keeps one thing a node, gives up what is replaced, and everything at the end.
#include "exec/cpu/kept.h"

#include <stdlib.h>

#include "tests/support/check.h"

enum { N = 1000 };

static int destroyed[N];

typedef struct thing {
  gcut__cpu_kept base;
  int number;
} thing;

static void destroy(gcut__cpu_kept *kept) {
  destroyed[((thing *)kept)->number]++;
  free(kept);
}

static gcut__cpu_kept *make(int number) {
  thing *t = malloc(sizeof *t);
  *t = (thing){{destroy}, number};
  return &t->base;
}

static void keeps_one_thing_a_node(void **unused) {
  (void)unused;
  gcut__cpu_shelf shelf = {0};
  assert_null(gcut__cpu_shelf_find(&shelf, 0));
  for (int i = 0; i < N; i++)
    assert_true(gcut__cpu_shelf_put(&shelf, (uint32_t)(i % (N / 2)) * 7, make(i)));
  for (int i = 0; i < N; i++) assert_int_equal(destroyed[i], i < N / 2);
  for (int i = 0; i < N / 2; i++)
    assert_int_equal(((thing *)gcut__cpu_shelf_find(&shelf, (uint32_t)i * 7))->number, i + N / 2);
  assert_null(gcut__cpu_shelf_find(&shelf, 1));
  gcut__cpu_shelf_clear(&shelf);
  for (int i = 0; i < N; i++) assert_int_equal(destroyed[i], 1);
  assert_null(gcut__cpu_shelf_find(&shelf, 0));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(keeps_one_thing_a_node)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
