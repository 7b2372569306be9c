// Files appear whole or not at all, whatever ends the process that writes them.
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "graphcut/output.h"
#include "tests/support/folder.h"

static char path[300];

static int set_up(void **state) {
  if (make_folder(state) != 0) return 1;
  keep_in_folder("file", path);
  return 0;
}

static int count_files(void) {
  int n = -2; // "." and ".."
  DIR *d = opendir(folder);
  assert_non_null(d);
  while (readdir(d)) n++;
  closedir(d);
  return n;
}

static void assert_holds(const char *text) {
  char found[16] = "";
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fread(found, 1, sizeof found - 1, file), strlen(text));
  fclose(file);
  assert_string_equal(found, text);
  assert_int_equal(count_files(), 1);
}

static void open_with(gcut_output *out, const char *text) {
  gcut_error err;
  if (gcut_output_open(path, out, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(fputs(text, out->stream) < 0, 0);
}

static void the_destination_changes_on_commit(void **state) {
  gcut_output out;
  gcut_error err;
  (void)state;
  open_with(&out, "one");
  assert_int_equal(access(path, F_OK), -1);
  assert_int_equal(gcut_output_commit(&out, &err), GCUT_OK);
  assert_holds("one");
  open_with(&out, "two");
  gcut_output_abort(&out);
  assert_holds("one");
  open_with(&out, "three");
  assert_int_equal(gcut_output_commit(&out, &err), GCUT_OK);
  assert_holds("three");
  gcut_output_abort(&out); // ended: nothing happens
  assert_holds("three");
}

static void two_at_a_time_do_not_meet(void **state) {
  gcut_output a, b;
  gcut_error err;
  (void)state;
  open_with(&a, "a");
  open_with(&b, "b");
  assert_int_equal(gcut_output_commit(&b, &err), GCUT_OK);
  assert_holds("b");
  assert_int_equal(gcut_output_commit(&a, &err), GCUT_OK);
  assert_holds("a");
}

static void a_process_that_dies_leaves_nothing(void **state) {
  (void)state;
  int nameless = open(folder, O_TMPFILE | O_WRONLY, 0600);
  if (nameless < 0) skip(); // this file system does not know such files
  close(nameless);
  unlink(path);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    gcut_output out;
    gcut_error err;
    if (gcut_output_open(path, &out, &err) == GCUT_OK)
      fputs("half", out.stream), fflush(out.stream);
    raise(SIGKILL);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(count_files(), 0);
}

static void a_folder_that_is_not_there_is_named(void **state) {
  gcut_output out;
  gcut_error err;
  (void)state;
  assert_int_equal(gcut_output_open("/nowhere/at/all", &out, &err), GCUT_IO);
  assert_non_null(strstr(err.message, "/nowhere/at/all: cannot be written: No such file"));
  gcut_output_abort(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_destination_changes_on_commit),
      cmocka_unit_test(two_at_a_time_do_not_meet),
      cmocka_unit_test(a_process_that_dies_leaves_nothing),
      cmocka_unit_test(a_folder_that_is_not_there_is_named),
  };
  return cmocka_run_group_tests(tests, set_up, remove_folder);
}
