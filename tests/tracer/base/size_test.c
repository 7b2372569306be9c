// Sizes as people write them, and what is none.
#include "graphcut/size.h"
#include "tests/support/check.h"

static void sizes(void **state) {
  static const struct {
    const char *text;
    uint64_t bytes;
  } cases[] = {{"0", 0},
               {"4096", 4096},
               {"1.9", 1},
               {"512b", 512},
               {"1K", 1024},
               {"1KB", 1000},
               {"2kib", 2048},
               {".5G", UINT64_C(1) << 29},
               {"1.5GiB", UINT64_C(3) << 29},
               {"80GB", UINT64_C(80000000000)},
               {"1e3", 1000},
               {"2T", UINT64_C(2) << 40}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t bytes = 7;
    if (!gcut_size_parse(cases[i].text, &bytes)) fail_msg("'%s' is none", cases[i].text);
    assert_int_equal(bytes, cases[i].bytes);
  }
}

static void texts_that_are_no_sizes(void **state) {
  static const char *const texts[] = {"",   ".",   "-1",    "+1",   " 1",   "1 ",
                                      "G",  "2Q",  "1KiBs", "0x1",  "nan",  "inf",
                                      "8E", "1,5", "2P",    "1e30", "9e18T"};
  uint64_t bytes;
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (gcut_size_parse(texts[i], &bytes)) fail_msg("'%s' is one", texts[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sizes),
      cmocka_unit_test(texts_that_are_no_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
