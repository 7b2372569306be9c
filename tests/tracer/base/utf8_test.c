// Reading UTF-8, and which of it is shown. Sequences from the Unicode Standard, table 3-7.
#include <string.h>

#include "tests/support/check.h"

#include "graphcut/utf8.h"

static void sequences_are_read(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint32_t code;
    size_t n;
  } cases[] = {{"A", 'A', 1},
               {"\xc2\x80", 0x80, 2},
               {"\xd0\x96", 0x416, 2},
               {"\xe5\xb1\x82", 0x5c42, 3},
               {"\xf0\x9f\x98\x80", 0x1f600, 4},
               {"\xf4\x8f\xbf\xbf", 0x10ffff, 4},
               {"\x80", GCUT_NOT_UTF8, 1},             // nothing that it continues
               {"\xc0\xaf", GCUT_NOT_UTF8, 1},         // '/', longer than it need be
               {"\xe0\x9f\xbf", GCUT_NOT_UTF8, 1},     // so is this
               {"\xed\xa0\x80", GCUT_NOT_UTF8, 1},     // half of a pair
               {"\xf4\x90\x80\x80", GCUT_NOT_UTF8, 1}, // beyond the last
               {"\xe5\xb1", GCUT_NOT_UTF8, 1}};        // cut off
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t n;
    assert_int_equal(gcut_utf8_read(cases[i].text, strlen(cases[i].text), &n), cases[i].code);
    assert_int_equal(n, cases[i].n);
  }
}

static void what_is_not_to_be_shown_is_not(void **state) {
  (void)state;
  static const struct {
    const char *text, *clean;
  } cases[] = {{"layers.0 层 Ж", "layers.0 层 Ж"},
               {"a\x1b[31mb", "a?[31mb"}, // escape
               {"a\xc2\x9b"
                "31mb",
                "a?31mb"}, // the same in one character
               {"a\x9b"
                "31mb",
                "a?31mb"}, // and in one byte
               {"a\r\nb\x7f", "a??b?"},
               {"a\xe2\x80\xae"
                "b\xe2\x81\xa6",
                "a?b?"},                 // backwards from here
               {"a\xef\xbf\xbf", "a?"}}; // no character
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[64];
    strcpy(text, cases[i].text);
    assert_string_equal(gcut_utf8_clean(text, ""), cases[i].clean);
  }
  char kept[] = "a\n\tb";
  assert_string_equal(gcut_utf8_clean(kept, "\n"), "a\n?b");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(sequences_are_read),
                                     cmocka_unit_test(what_is_not_to_be_shown_is_not)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
