// Archives of arrays, read back by the letter of the format, and by the system's tar.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graphcut/formats.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"

enum { BLOCK = 512 };

static char *read_file(const char *path, size_t *out_size) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  fseek(file, 0, SEEK_END);
  *out_size = (size_t)ftell(file);
  rewind(file);
  char *data = malloc(*out_size + 1);
  assert_int_equal(fread(data, 1, *out_size, file), *out_size);
  fclose(file);
  return data;
}

// The size that a header gives, once its sum is right.
static size_t check_header(const char *h, char kind) {
  unsigned sum = 0;
  for (int i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? ' ' : (unsigned char)h[i];
  assert_int_equal(strtoul(h + 148, NULL, 8), sum);
  assert_memory_equal(h + 257,
                      "ustar\0"
                      "00",
                      8);
  assert_int_equal(h[156], kind);
  return strtoul(h + 124, NULL, 8);
}

static size_t blocks(size_t bytes) {
  return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static const char dict[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";

// An archive of one tensor under two names, one of them longer than a header has room for.
static const char *write_archive(const char *name, const char *longer) {
  const char *path = in_folder("a.tar");
  gcut_tensor *t;
  gcut_output out;
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 2, (int64_t[]){2, 3}, &t, err));
  for (int i = 0; i < 6; i++) ((float *)t->data)[i] = (float)i / 4;
  assert_ok(gcut_output_open(path, &out, err));
  assert_ok(gcut_tar_add(&out, name, t, err));
  assert_ok(gcut_tar_add(&out, longer, t, err));
  assert_ok(gcut_tar_commit(&out, err));
  gcut_tensor_unref(t);
  return path;
}

static void fill_name(char *name, size_t length) {
  memset(name, 'n', length);
  memcpy(name, "b0/", 3);
  name[length] = 0;
}

static void test_archives(void **state) {
  (void)state;
  char longer[301], record[400];
  size_t size;
  fill_name(longer, 300);
  char *data = read_file(write_archive("b0/x.npy", longer), &size), *at = data;
  assert_string_equal(at, "b0/x.npy");
  size_t bytes = check_header(at, '0');
  assert_memory_equal(at + BLOCK, "\x93NUMPY\1\0", 8);
  assert_memory_equal(at + BLOCK + 10, dict, strlen(dict));
  for (int i = 0; i < 6; i++) {
    float f;
    memcpy(&f, at + BLOCK + bytes - 24 + 4 * i, sizeof f);
    assert_true(f == (float)i / 4);
  }
  at += BLOCK + blocks(bytes);
  size_t extended = check_header(at, 'x');
  snprintf(record, sizeof record, "310 path=%s\n", longer);
  assert_int_equal(extended, 310);
  assert_memory_equal(at + BLOCK, record, extended);
  at += BLOCK + blocks(extended);
  assert_memory_equal(at, longer, 100);
  assert_int_equal(check_header(at, '0'), bytes);
  at += BLOCK + blocks(bytes);
  assert_int_equal(at + 2 * BLOCK - data, size);
  for (int i = 0; i < 2 * BLOCK; i++) assert_int_equal(at[i], 0);
  free(data);
}

// A name of exactly 100 bytes fills its field; the system's tar reads it, and one of 101.
static void test_system_tar(void **state) {
  (void)state;
  char name[101], longer[102], command[700], line[400];
  fill_name(name, 100);
  fill_name(longer, 101);
  snprintf(command, sizeof command, "tar -tf %s", write_archive(name, longer));
  FILE *list = popen(command, "r");
  assert_non_null(list);
  assert_non_null(fgets(line, sizeof line, list));
  line[strcspn(line, "\n")] = 0;
  assert_string_equal(line, name);
  assert_non_null(fgets(line, sizeof line, list));
  line[strcspn(line, "\n")] = 0;
  assert_string_equal(line, longer);
  assert_int_equal(pclose(list), 0);
}

static void test_failures(void **state) {
  (void)state;
  char endless[9000];
  gcut_tensor *t, *sequence;
  gcut_output out;
  gcut_error err[1];
  fill_name(endless, sizeof endless - 1);
  assert_ok(gcut_tensor_create(GCUT_FLOAT, 1, (int64_t[]){1 << 16}, &t, err));
  assert_ok(gcut_tensor_sequence(GCUT_FLOAT, &t, 1, &sequence, err));
  assert_ok(gcut_output_open("/dev/full", &out, err));
  assert_int_equal(gcut_tar_add(&out, "s.npy", sequence, err), GCUT_UNSUPPORTED);
  assert_int_equal(gcut_tar_add(&out, endless, t, err), GCUT_UNSUPPORTED);
  static const char *const away[] = {"..", "../t.npy", "a/../t.npy", "a/..", "/t.npy"};
  for (size_t i = 0; i < sizeof away / sizeof *away; i++)
    assert_int_equal(gcut_tar_add(&out, away[i], t, err), GCUT_UNSUPPORTED);
  assert_int_equal(gcut_tar_add(&out, "t.npy", t, err), GCUT_IO);
  assert_string_equal(err->message, "/dev/full: cannot be written: No space left on device");
  assert_int_equal(gcut_tar_commit(&out, err), GCUT_IO);
  assert_null(out.stream);
  gcut_tensor_unref(sequence);
  gcut_tensor_unref(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_archives),
      cmocka_unit_test(test_system_tar),
      cmocka_unit_test(test_failures),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
