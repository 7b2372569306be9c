// Symbolic dims: canonical forms, division, bounds, text, binding, limits.
#include "tracer/dims.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static int setup(void **state) {
  *state = gcut_dims_create();
  return *state == NULL;
}
static int teardown(void **state) {
  gcut_dims_destroy(*state);
  return 0;
}

static gcut_dim parse(gcut_dims *d, const char *text) {
  return gcut_dim_parse(d, text, strlen(text));
}

// Parsing `text` must give what is written as `expected`, and that must read back as the same dim.
static void check_text(gcut_dims *d, const char *text, const char *expected) {
  char buffer[512];
  gcut_dim dim = parse(d, text);
  int length = gcut_dims_format(d, dim, buffer, sizeof buffer);
  assert_string_equal(buffer, expected);
  assert_int_equal(length, strlen(expected));
  assert_int_equal(parse(d, buffer), dim);
}

static void canonical_forms(void **state) {
  gcut_dims *d = *state;
  assert_int_equal(parse(d, "a*b + c"), parse(d, "c + b*a"));
  assert_int_equal(parse(d, "(a + 1)*(a - 1)"), parse(d, "a**2 - 1"));
  assert_int_equal(parse(d, "2*n - n - n + 7"), 7);
  assert_int_equal(parse(d, "n*0"), 0);
  check_text(d, "1+seq*2", "2*seq + 1");
  check_text(d, "3 - n", "3 - n");
  check_text(d, "0 - n", "-n");
  check_text(d, "past + seq", "past + seq");
  check_text(d, "seq + past", "past + seq");
  check_text(d, "b*a*b", "a*b*b");
}

static void division(void **state) {
  gcut_dims *d = *state;
  check_text(d, "(a*k)/k", "a");
  check_text(d, "(a*k + b*k)//k", "a + b");
  check_text(d, "(4*x + 3)//4", "x");
  check_text(d, "(4*x + 5)//4", "x + 1");
  check_text(d, "(6*x + 4)//8", "floor((3*x + 2)/4)");
  check_text(d, "(h - 1)//2 + 1", "floor((h + 1)/2)");
  check_text(d, "ceil(n/2)", "floor((n + 1)/2)");
  check_text(d, "floor(n/2 - 1/2) + 1", "floor((n + 1)/2)");
  check_text(d, "(n // 2) // 3", "floor(n/6)");
  check_text(d, "((n // 2) + 5) // 2", "floor((n + 2)/4) + 2");
  check_text(d, "(2*n)//(2*m)", "floor(n/m)");
  check_text(d, "(x*(y + 1))//(y + 1)", "x");
  check_text(d, "(x*x - 1)//(x + 1)", "x - 1");
  check_text(d, "(n*m + m - 1)//m", "n");
  check_text(d, "n // -2", "floor(n/2) - n");
  check_text(d, "n % 1", "0");
  check_text(d, "(4*n + 6) % 4", "2");
  check_text(d, "(6*n + 5) % 4", "2*mod(n, 2) + 1");
}

static void numbers(void **state) {
  gcut_dims *d = *state;
  for (int64_t a = -7; a <= 7; a++)
    for (int64_t b = -3; b <= 3; b++) {
      int64_t q = gcut_dim_floor_div(d, a, b), r = gcut_dim_mod(d, a, b);
      if (b == 0) {
        assert_true(q == GCUT_DIM_INVALID && r == GCUT_DIM_INVALID);
        continue;
      }
      assert_int_equal(q * b + r, a);
      assert_true(b > 0 ? r >= 0 && r < b : r <= 0 && r > b);
      assert_int_equal(gcut_dim_ceil_div(d, a, b), q + (r != 0));
    }
  assert_int_equal(gcut_dim_mul(d, INT64_MAX, 2), GCUT_DIM_INVALID);
  assert_int_equal(gcut_dim_add(d, INT64_MAX, 1), GCUT_DIM_INVALID);
  assert_int_equal(gcut_dim_sub(d, -INT64_MAX + ((int64_t)1 << 33), INT64_MAX), GCUT_DIM_INVALID);
  assert_int_equal(gcut_dim_add(d, GCUT_DIM_INVALID, 0), GCUT_DIM_INVALID);
  assert_int_equal(gcut_dim_mul(d, GCUT_DIM_INVALID, 0), GCUT_DIM_INVALID);
}

static void order(void **state) {
  gcut_dims *d = *state;
  static const struct {
    const char *a, *b;
    gcut_order order;
  } cases[] = {
      {"n", "0", GCUT_GREATER},
      {"n", "1", GCUT_UNDECIDED},
      {"n + 1", "n", GCUT_GREATER},
      {"n", "m", GCUT_UNDECIDED},
      {"n*m + 1", "n", GCUT_GREATER},
      {"n", "n + m", GCUT_LESS},
      {"n", "n*m", GCUT_UNDECIDED},
      {"2*n", "2*n", GCUT_EQUAL},
      {"n // 2", "n", GCUT_UNDECIDED},
      {"n % 4", "4", GCUT_LESS},
      {"min(n, 5)", "6", GCUT_LESS},
      {"max(n, 5)", "4", GCUT_GREATER},
      {"3*n*m", "2*n + m - 1", GCUT_GREATER},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gcut_dim a = parse(d, cases[i].a), b = parse(d, cases[i].b);
    if (gcut_dim_compare(d, a, b) != cases[i].order) fail_msg("%s <> %s", cases[i].a, cases[i].b);
  }
  check_text(d, "max(n, 1)", "n");
  check_text(d, "min(n*m, n)", "n");
  check_text(d, "min(past + seq, seq)", "seq");
  check_text(d, "min(n, 512)", "min(n, 512)");
  check_text(d, "min(min(n, m), m)", "min(m, n)");
  check_text(d, "max(min(n, m), m)", "m");
}

static void texts(void **state) {
  gcut_dims *d = *state;
  static const char *const symbols[] = {
      "batch-size", "p2o.DynamicDimension.0",
      "unk__314",   "a b",
      "?",          "1x",
      "min(",       "n +",
      "a\"b",       "-1",
      "floor",      "é",
      "))",         "99999999999999999999",
      "min(n)",     "n/0",
  };
  for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
    gcut_dim dim = parse(d, symbols[i]);
    assert_int_equal(dim, gcut_dim_symbol(d, symbols[i], strlen(symbols[i])));
    char buffer[64];
    gcut_dims_format(d, dim, buffer, sizeof buffer);
    assert_int_equal(parse(d, buffer), dim);
    gcut_dim more = gcut_dim_add(d, gcut_dim_mul(d, dim, 2), 3); // within an expression: quoted
    gcut_dims_format(d, more, buffer, sizeof buffer);
    assert_int_equal(parse(d, buffer), more);
  }
  check_text(d, "encoder_sequence_length / 2", "floor(encoder_sequence_length/2)");
  check_text(d, "Max(1, s0 - 2)*Mod(s1, 3)", "mod(s1, 3)*max(s0 - 2, 1)");
  check_text(d, "12", "12");
  char deep[4000];
  memset(deep, '(', sizeof deep);
  assert_true(!gcut_dim_known(gcut_dim_parse(d, deep, sizeof deep)));
  memset(deep, '-', sizeof deep);
  deep[sizeof deep - 1] = 'n';
  assert_true(!gcut_dim_known(gcut_dim_parse(d, deep, sizeof deep)));
  char small[4];
  assert_int_equal(gcut_dims_format(d, parse(d, "abcdef"), small, sizeof small), 6);
  assert_string_equal(small, "abc");
}

static void binding(void **state) {
  gcut_dims *d = *state;
  gcut_dim total = parse(d, "past + seq"), half = parse(d, "floor(seq/2)*batch");
  assert_false(gcut_dims_bind(d, "nobody", 3));
  assert_true(gcut_dims_bind(d, "seq", 7));
  assert_int_equal(gcut_dim_evaluate(d, total), parse(d, "past + 7"));
  assert_int_equal(gcut_dim_evaluate(d, half), parse(d, "3*batch"));
  assert_int_equal(gcut_dim_unify(d, total, 12), GCUT_OK);
  assert_int_equal(gcut_dim_evaluate(d, parse(d, "past")), 5);
  assert_int_equal(gcut_dim_unify(d, total, 13), GCUT_ARGUMENT);
  assert_int_equal(gcut_dim_unify(d, half, 7), GCUT_ARGUMENT); // not a multiple of 3
  assert_int_equal(gcut_dim_unify(d, half, 6), GCUT_OK);
  assert_int_equal(gcut_dim_evaluate(d, half), 6);
  assert_int_equal(gcut_dim_unify(d, parse(d, "a*b"), 6), GCUT_ARGUMENT);
  assert_int_equal(gcut_dim_unify(d, parse(d, "a + 4"), 3), GCUT_ARGUMENT); // a would be negative
  assert_int_equal(gcut_dim_evaluate(d, parse(d, "x/(seq - 7)")), GCUT_DIM_INVALID);
}

// Random expressions: whatever the simplifications did, evaluating must give what plain integers
// give, and the text must be the same in a table that holds other things.
static int64_t floor_div(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static void random_expressions(void **state) {
  gcut_dims *d = *state;
  static const char *const names[] = {"a", "b", "c"};
  unsigned seed = 1;
  for (int round = 0; round < 3000; round++) {
    gcut_dims *fork = gcut_dims_copy(d), *other = gcut_dims_create();
    assert_true(fork && other);
    (void)parse(other, "c + b"); // another order of symbols
    gcut_dim dims[12];
    int64_t values[12];
    for (int i = 0; i < 3; i++)
      dims[i] = gcut_dim_symbol(fork, names[i], 1), values[i] = 1 + rand_r(&seed) % 9;
    for (int i = 3; i < 5; i++) dims[i] = values[i] = rand_r(&seed) % 9 - 3;
    for (int i = 5; i < 12; i++) {
      int x = rand_r(&seed) % i, y = rand_r(&seed) % i;
      int64_t p = values[x], q = values[y];
      switch (rand_r(&seed) % 7) {
      case 0: dims[i] = gcut_dim_add(fork, dims[x], dims[y]), values[i] = p + q; break;
      case 1: dims[i] = gcut_dim_sub(fork, dims[x], dims[y]), values[i] = p - q; break;
      case 2: dims[i] = gcut_dim_mul(fork, dims[x], dims[y]), values[i] = p * q; break;
      case 3: dims[i] = gcut_dim_min(fork, dims[x], dims[y]), values[i] = p < q ? p : q; break;
      case 4: dims[i] = gcut_dim_max(fork, dims[x], dims[y]), values[i] = p > q ? p : q; break;
      case 5:
        if (q == 0 || dims[y] == 0) {
          dims[i] = values[i] = 1;
          break;
        }
        dims[i] = gcut_dim_floor_div(fork, dims[x], dims[y]), values[i] = floor_div(p, q);
        break;
      default:
        if (q == 0 || dims[y] == 0) {
          dims[i] = values[i] = 2;
          break;
        }
        dims[i] = gcut_dim_mod(fork, dims[x], dims[y]), values[i] = p - floor_div(p, q) * q;
      }
      if (values[i] > 1000000 || values[i] < -1000000) dims[i] = values[i] = 1;
      char text[2048];
      gcut_dims_format(fork, dims[i], text, sizeof text);
      if (!gcut_dim_known(dims[i]) && parse(fork, text) != dims[i]) fail_msg("%s", text);
      char again[2048];
      gcut_dims_format(other, parse(other, text), again, sizeof again);
      if (values[i] > 0) assert_string_equal(again, text);
    }
    for (int i = 0; i < 12; i++)
      for (int j = 0; j < 12; j++) {
        gcut_order found = gcut_dim_compare(fork, dims[i], dims[j]);
        if (found != GCUT_UNDECIDED)
          assert_int_equal(found, (values[i] > values[j]) - (values[i] < values[j]));
      }
    for (int i = 0; i < 3; i++) assert_true(gcut_dims_bind(fork, names[i], values[i]));
    for (int i = 0; i < 12; i++) assert_int_equal(gcut_dim_evaluate(fork, dims[i]), values[i]);
    gcut_dims_destroy(fork);
    gcut_dims_destroy(other);
  }
}

static void limits(void **state) {
  gcut_dims *d = *state;
  gcut_dim product = 1, sum = 0;
  for (int i = 0; i < 100; i++) {
    char name[8];
    gcut_dim s = gcut_dim_symbol(d, name, (size_t)snprintf(name, sizeof name, "s%d", i));
    product = gcut_dim_mul(d, product, s);
    sum = gcut_dim_add(d, sum, gcut_dim_floor_div(d, s, 2));
    assert_true(product != GCUT_DIM_INVALID && sum != GCUT_DIM_INVALID);
  }
  gcut_dim x = parse(d, "x + y");
  for (int i = 0; i < 50; i++) {
    gcut_dim square = gcut_dim_mul(d, x, x);
    assert_int_equal(square, gcut_dim_mul(d, x, x));
    x = gcut_dim_add(d, square, gcut_dim_mod(d, square, sum));
    assert_true(x != GCUT_DIM_INVALID);
  }
  gcut_dim large = gcut_dim_mul(d, parse(d, "z"), INT64_MAX / 2);
  assert_int_equal(gcut_dim_mul(d, large, 4), GCUT_DIM_INVALID);
}

// Coefficients are numbers as dims are: near the least of them nothing is taken for an expression.
static void extreme_coefficients(void **state) {
  gcut_dims *d = *state;
  gcut_dim n = parse(d, "n"), most = gcut_dim_mul(d, n, INT64_MAX);
  assert_int_equal(gcut_dim_sub(d, 0, most), GCUT_DIM_INVALID);
  assert_int_equal(gcut_dim_compare(d, most, n), GCUT_GREATER);
  gcut_dim less = gcut_dim_sub(d, 3, gcut_dim_mul(d, n, INT64_MAX - ((int64_t)1 << 33)));
  assert_true(gcut_dims_bind(d, "n", 1));
  assert_int_equal(gcut_dim_evaluate(d, less), 3 - (INT64_MAX - ((int64_t)1 << 33)));
  assert_true(gcut_dim_ceil_div(d, n, INT64_MAX) != GCUT_DIM_INVALID);
}

static void deep_expressions_read_back(void **state) {
  gcut_dims *d = *state;
  gcut_dim x = parse(d, "x");
  char text[8192];
  for (int i = 0; i < 120; i++) {
    x = gcut_dim_add(d, gcut_dim_mul(d, gcut_dim_mod(d, x, i % 2 ? 7 : parse(d, "m")), 6), 5);
    assert_true(gcut_dims_format(d, x, text, sizeof text) < (int)sizeof text);
    assert_int_equal(parse(d, text), x);
  }
}

static void fresh_symbols(void **state) {
  gcut_dims *d = *state;
  gcut_dim named = parse(d, "?2"), one = gcut_dim_fresh(d), two = gcut_dim_fresh(d);
  assert_true(named != one && one != two && named != two);
  assert_int_equal(gcut_dim_compare(d, one, 0), GCUT_UNDECIDED); // may be empty
  char buffer[16];
  gcut_dims_format(d, two, buffer, sizeof buffer);
  assert_int_equal(parse(d, buffer), two);
  gcut_dims *copy = gcut_dims_copy(d);
  assert_non_null(copy);
  assert_int_equal(parse(copy, "2*?4 + ?3"), parse(d, "2*?4 + ?3"));
  assert_true(gcut_dim_fresh(copy) != two);
  assert_int_equal(gcut_dims_n_symbols(copy), gcut_dims_n_symbols(d) + 1);
  assert_string_equal(gcut_dims_symbol_name(copy, 0), "?2");
  gcut_dims_destroy(copy);
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
      CASE(canonical_forms),
      CASE(division),
      CASE(numbers),
      CASE(order),
      CASE(texts),
      CASE(binding),
      CASE(random_expressions),
      CASE(limits),
      CASE(fresh_symbols),
      CASE(extreme_coefficients),
      CASE(deep_expressions_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
