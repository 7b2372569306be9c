// Profiles of machines: those that ship, round trips, and what is refused.
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "graphcut/simulate.h"
#include "tests/support/check.h"

static void test_profiles_that_ship_can_be_read(void **state) {
  (void)state;
  const char *const *names = gcut_profile_names();
  size_t n = 0;
  for (; names[n]; n++) {
    gcut_profile m;
    assert_ok(gcut_profile_read(names[n], &m, err));
    assert_string_equal(m.name, names[n]);
  }
  assert_true(n >= 6);
}

static gcut_status read_text(const char *text, gcut_profile *out, gcut_error *err) {
  char path[] = "/tmp/graphcut-profile-XXXXXX";
  FILE *file = fdopen(mkstemp(path), "w");
  fputs(text, file);
  fclose(file);
  gcut_status status = gcut_profile_read(path, out, err);
  unlink(path);
  return status;
}

static void test_profiles_round_trip(void **state) {
  (void)state;
  gcut_profile m, again;
  char *text = NULL;
  size_t size;
  assert_ok(gcut_profile_read("h100-pcie", &m, err));
  FILE *file = open_memstream(&text, &size);
  assert_ok(gcut_profile_write(&m, "a test", file, err));
  fclose(file);
  assert_ok(read_text(text, &again, err));
  assert_memory_equal(&m, &again, sizeof m);
  free(text);
}

static void test_bad_profiles_are_refused(void **state) {
  (void)state;
  gcut_profile m;
  assert_fails(gcut_profile_read("no-such-machine", &m, err), GCUT_FORMAT, "h100-pcie");
  assert_fails(read_text("{", &m, err), GCUT_FORMAT, "profile");
  assert_fails(read_text("{\"name\": \"x\"}", &m, err), GCUT_FORMAT, "device.memory_bytes");
  assert_fails(read_text("[]", &m, err), GCUT_FORMAT, "has no 'name'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_profiles_that_ship_can_be_read),
      cmocka_unit_test(test_profiles_round_trip),
      cmocka_unit_test(test_bad_profiles_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
