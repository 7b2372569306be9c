// Profiles of machines: those that ship, round trips, and what is refused.
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
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
  assert_fails(read_text("{", &m, err), GCUT_FORMAT, "no JSON at line 1");
  assert_fails(read_text("{\"name\": \"x\"}", &m, err), GCUT_FORMAT, "device.memory_bytes");
  assert_fails(read_text("[]", &m, err), GCUT_FORMAT, "has a 'name'");
}

// A profile that ships, in which the first `old` reads `new`.
static gcut_status read_changed(const char *old, const char *new, gcut_error *err) {
  gcut_profile m;
  char *text = NULL;
  size_t size;
  FILE *file = open_memstream(&text, &size);
  gcut_status status = gcut_profile_read("h100-pcie", &m, err);
  if (status == GCUT_OK) status = gcut_profile_write(&m, "a test", file, err);
  fclose(file);
  char *at = strstr(text, old), *changed;
  assert_non_null(at);
  assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) > 0);
  if (status == GCUT_OK) status = read_text(changed, &m, err);
  free(changed);
  free(text);
  return status;
}

static void test_keys_that_mean_nothing_are_refused(void **state) {
  (void)state;
  assert_ok(read_changed("\"name\"", "\"name\"", err));
  assert_fails(read_changed("\"name\"", "\"nam\": 1, \"name\"", err), GCUT_FORMAT,
               "a profile has no 'nam'; nearest: 'name'");
  assert_fails(read_changed("\"up\": {", "\"up\": {\"point\": 1,", err), GCUT_FORMAT,
               "'up' has no 'point'; nearest: 'points'");
  assert_fails(read_changed("\"host\": {", "\"host\": {\"flops\": 1,", err), GCUT_FORMAT,
               "'host' has no 'flops'");
  assert_fails(read_changed("\"source\"", "\"sources\"", err), GCUT_FORMAT,
               "has no 'sources'; nearest: 'source'");
  assert_fails(read_changed("\"name\"", "\"name\": \"x\", \"name\"", err), GCUT_FORMAT,
               "duplicate object key");
}

static void test_what_is_no_file_does_not_hang(void **state) {
  gcut_profile m;
  char path[] = "/tmp/graphcut-profile-XXXXXX";
  (void)state;
  assert_non_null(mkdtemp(path));
  assert_fails(gcut_profile_read(path, &m, err), GCUT_FORMAT, "not a regular file");
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_fails(gcut_profile_read(path, &m, err), GCUT_FORMAT, "not a regular file");
  unlink(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_profiles_that_ship_can_be_read),
      cmocka_unit_test(test_profiles_round_trip),
      cmocka_unit_test(test_bad_profiles_are_refused),
      cmocka_unit_test(test_keys_that_mean_nothing_are_refused),
      cmocka_unit_test(test_what_is_no_file_does_not_hang),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
