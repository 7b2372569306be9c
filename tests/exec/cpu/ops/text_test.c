// Strings beyond the official cases, and what decides by elements: NonZero, Unique.
#include <math.h>

#include "tests/support/onenode.h"

static void regex(const char *pattern, const char *text, int expected) {
  onenode n = onenode_make("RegexFullMatch", 20);
  onenode_string(&n, "pattern", pattern);
  VECTOR(&n, GCUT_STRING, char *, text);
  GIVES(&n, GCUT_BOOL, uint8_t, (uint8_t)expected);
  onenode_free(&n);
}

static void regexes_match_whole_texts(void **unused) {
  (void)unused;
  regex("a|ab", "ab", 1); // not the first alternative that fits
  regex("a*", "", 1);
  regex("", "", 1);
  regex("a$", "a\n", 0); // $ is the end, as RE2 has it
  regex("a.", "a\n", 0);
  regex("\\w+", "\xc3\xa9", 0); // \w is ASCII
  regex(".", "\xc3\xa9", 1);
  regex("\\p{L}", "\xc3\xa9", 1);
  regex("(?i)STRASSE", "strasse", 1);
  regex(".*", "\xff", 0);                                                      // no UTF-8
  regex("(a+)+b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", 0); // and soon
}

static void patterns_beyond_regular(void **unused) {
  (void)unused;
  onenode n = onenode_make("RegexFullMatch", 20);
  VECTOR(&n, GCUT_STRING, char *, "aa");
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "pattern");
  onenode_string(&n, "pattern", "(a");
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "pattern");
  n.attributes[0].s = (gcut_string){"(a)\\1", 5};
  assert_fails(onenode_run(&n, err), GCUT_UNSUPPORTED, "pattern");
  onenode_free(&n);
}

static void splits(void **unused) {
  (void)unused;
  onenode n = onenode_make("StringSplit", 20);
  n.n_outputs = 2;
  VECTOR(&n, GCUT_STRING, char *, " a  b\t", "", "\xc2\xa0x");
  GIVES(&n, GCUT_STRING, char *, "a", "b", "", "", "x", "");
  onenode_expect(&n, 1, GCUT_INT64, 3, (const int64_t[]){2, 0, 1});
  onenode_int(&n, "maxsplit", 1);
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, " a b  c ", "d");
  GIVES(&n, GCUT_STRING, char *, "a", "b  c ", "d", "");
  onenode_string(&n, "delimiter", ", ");
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, "a, b, c", ", ", "");
  GIVES(&n, GCUT_STRING, char *, "a", "b, c", "", "", "", "");
  onenode_expect(&n, 1, GCUT_INT64, 3, (const int64_t[]){2, 2, 1});
  n.attributes[0].i = 0;
  GIVES(&n, GCUT_STRING, char *, "a, b, c", ", ", "");
  onenode_free(&n);
}

static void letters_change_case(void **unused) {
  (void)unused;
  onenode n = onenode_make("StringNormalizer", 10);
  onenode_string(&n, "case_change_action", "UPPER");
  VECTOR(&n, GCUT_STRING, char *,
         "stra\xc3\x9f"
         "e",
         "\xc3\xa9", "\xcf\x89", "\xd0\xb6\xff");
  GIVES(&n, GCUT_STRING, char *,
        "STRA\xc3\x9f"
        "E",
        "\xc3\x89", "\xce\xa9", "\xd0\x96\xff");
  n.attributes[0].s = (gcut_string){"LOWER", 5};
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, "\xc3\x89T\xc3\x89", "\xf0\x90\x90\x80", "\xc4\xb0");
  GIVES(&n, GCUT_STRING, char *, "\xc3\xa9t\xc3\xa9", "\xf0\x90\x90\xa8", "i");
  n.attributes[0].s = (gcut_string){"TITLE", 5};
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "case_change_action");
  onenode_free(&n);
}

static void stopwords_go(void **unused) {
  (void)unused;
  onenode n = onenode_make("StringNormalizer", 10);
  const gcut_string words[] = {{"\xc3\x89T\xc3\x89", 5}, {"b", 1}};
  n.attributes[n.n_attributes++] = (gcut_attribute){
      .name = "stopwords", .kind = GCUT_ATTRIBUTE_STRINGS, .n = 2, .strings = words};
  VECTOR(&n, GCUT_STRING, char *, "\xc3\xa9t\xc3\xa9", "a", "B");
  GIVES(&n, GCUT_STRING, char *, "a");
  onenode_int(&n, "is_case_sensitive", 1);
  GIVES(&n, GCUT_STRING, char *, "\xc3\xa9t\xc3\xa9", "a", "B");
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, "b");
  GIVES(&n, GCUT_STRING, char *, "");
  onenode_free(&n);
}

static onenode vectorizer(const int64_t *counts, size_t n_counts, const int64_t *indexes,
                          size_t n_indexes, const int64_t *pool, size_t n_pool) {
  onenode n = onenode_make("TfIdfVectorizer", 9);
  onenode_string(&n, "mode", "TF");
  onenode_int(&n, "min_gram_length", 1);
  onenode_int(&n, "max_gram_length", INT64_MAX);
  onenode_int(&n, "max_skip_count", INT64_MAX);
  onenode_ints(&n, "ngram_counts", n_counts, counts);
  onenode_ints(&n, "ngram_indexes", n_indexes, indexes);
  onenode_ints(&n, "pool_int64s", n_pool, pool);
  return n;
}

static void grams_with_any_skips(void **unused) {
  (void)unused;
  const int64_t counts[] = {0, 1}, indexes[] = {1, 0}, pool[] = {7, 7, 8};
  onenode n = vectorizer(counts, 2, indexes, 2, pool, 3);
  VECTOR(&n, GCUT_INT32, int32_t, 7, 1, 8, 7, 8);
  GIVES(&n, GCUT_FLOAT, float, 3, 2); // 7 8 at distances 2, 4 and 1
  onenode_free(&n);
}

static void pools_that_do_not_divide(void **unused) {
  (void)unused;
  const int64_t counts[] = {0, 2}, far[] = {0, 9}, back[] = {2, 0}, indexes[] = {0, 1, 2},
                pool[] = {7, 7, 8};
  onenode n = vectorizer(counts, 2, indexes, 3, pool, 3);
  VECTOR(&n, GCUT_INT64, int64_t, 7);
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "does not divide");
  n.attributes[4].ints = far;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "outside");
  n.attributes[4].ints = back;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "does not divide");
  n.attributes[4].n = 1;
  n.attributes[4].ints = counts;
  const int64_t huge[] = {0, INT64_C(1) << 44, -1};
  n.attributes[5].ints = huge;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "index -1");
  n.attributes[5].ints = (const int64_t[]){0, INT64_C(1) << 44, 1};
  assert_fails(onenode_run(&n, err), GCUT_NOMEM, "'node'");
  onenode_free(&n);
}

static void zeros_of_every_type(void **unused) {
  (void)unused;
  onenode n = onenode_make("NonZero", 13);
  VECTOR(&n, GCUT_FLOAT, float, -0.0f, 1e-45f, NAN, 0);
  GIVES(&n, GCUT_INT64, int64_t, 1, 2);
  onenode_free(&n);
  VECTOR(&n, GCUT_BFLOAT16, uint16_t, 0x8000, 0x8001);
  GIVES(&n, GCUT_INT64, int64_t, 1);
  onenode_free(&n);
  VECTOR(&n, GCUT_STRING, char *, "", "0");
  GIVES(&n, GCUT_INT64, int64_t, 1);
  onenode_free(&n);
  onenode_input(&n, GCUT_INT64, 0, NULL, &(int64_t){5});
  assert_int_equal(onenode_run(&n, NULL), GCUT_OK);
  assert_int_equal(n.outputs[0]->dims[0], 0);
  assert_int_equal(n.outputs[0]->dims[1], 1);
  onenode_free(&n);
}

static void unique_orders_and_numbers(void **unused) {
  (void)unused;
  onenode n = onenode_make("Unique", 11);
  n.n_outputs = 4;
  VECTOR(&n, GCUT_DOUBLE, double, NAN, 2, -0.0, NAN, 0.0, 2);
  assert_int_equal(onenode_run(&n, NULL), GCUT_OK);
  assert_int_equal(n.outputs[0]->count, 3);
  onenode_expect(&n, 1, GCUT_INT64, 3, (const int64_t[]){2, 1, 0});
  onenode_expect(&n, 2, GCUT_INT64, 6, (const int64_t[]){2, 1, 0, 2, 0, 1});
  onenode_expect(&n, 3, GCUT_INT64, 3, (const int64_t[]){2, 2, 2});
  onenode_free(&n);
  onenode_int(&n, "sorted", 0);
  VECTOR(&n, GCUT_STRING, char *, "b", "a", "b", "ab");
  GIVES(&n, GCUT_STRING, char *, "b", "a", "ab");
  onenode_expect(&n, 2, GCUT_INT64, 4, (const int64_t[]){0, 1, 0, 2});
  onenode_free(&n);
  onenode_input(&n, GCUT_FLOAT, 1, (int64_t[]){0}, NULL);
  assert_int_equal(onenode_run(&n, NULL), GCUT_OK);
  assert_int_equal(n.outputs[0]->count, 0);
  onenode_free(&n);
}

static void unique_complex_numbers(void **unused) {
  (void)unused;
  onenode n = onenode_make("Unique", 11);
  n.n_outputs = 4;
  onenode_input(&n, GCUT_COMPLEX64, 1, (int64_t[]){5},
                (const float[]){1, 2, -1, 5, 1, -1, 1, 2, -1, 5});
  assert_int_equal(onenode_run(&n, NULL), GCUT_OK);
  onenode_expect(&n, 0, GCUT_COMPLEX64, 3, (const float[]){-1, 5, 1, -1, 1, 2});
  onenode_expect(&n, 1, GCUT_INT64, 3, (const int64_t[]){1, 2, 0});
  onenode_expect(&n, 2, GCUT_INT64, 5, (const int64_t[]){2, 0, 1, 2, 0});
  onenode_expect(&n, 3, GCUT_INT64, 3, (const int64_t[]){2, 1, 2});
  onenode_free(&n);
}

static void compress_keeps_within(void **unused) {
  (void)unused;
  onenode n = onenode_make("Compress", 11);
  VECTOR(&n, GCUT_INT16, int16_t, 1, 2, 3);
  VECTOR(&n, GCUT_BOOL, uint8_t, 0, 1, 0, 0, 0);
  GIVES(&n, GCUT_INT16, int16_t, 2);
  ((uint8_t *)n.inputs[1]->data)[4] = 1;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "element 4");
  onenode_free(&n);
  n = onenode_make("ReverseSequence", 10);
  onenode_input(&n, GCUT_INT8, 2, (int64_t[]){3, 1}, (const int8_t[]){1, 2, 3});
  VECTOR(&n, GCUT_INT64, int64_t, 2);
  GIVES(&n, GCUT_INT8, int8_t, 2, 1, 3);
  *(int64_t *)n.inputs[1]->data = 4;
  assert_fails(onenode_run(&n, err), GCUT_FORMAT, "4 of 3");
  onenode_free(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(regexes_match_whole_texts),
      cmocka_unit_test(patterns_beyond_regular),
      cmocka_unit_test(splits),
      cmocka_unit_test(letters_change_case),
      cmocka_unit_test(stopwords_go),
      cmocka_unit_test(grams_with_any_skips),
      cmocka_unit_test(pools_that_do_not_divide),
      cmocka_unit_test(zeros_of_every_type),
      cmocka_unit_test(unique_orders_and_numbers),
      cmocka_unit_test(unique_complex_numbers),
      cmocka_unit_test(compress_keeps_within),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
