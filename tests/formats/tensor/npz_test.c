// .npz: what numpy writes is read, what is written is read back, and claims are not believed.
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <zip.h>

#include "graphcut/formats.h"
#include "tests/support/folder.h"

// ---- archives made to order -------------------------------------------------------------------

typedef struct archive {
  uint8_t *data;
  size_t size;
} archive;

typedef struct entry {
  const char *name;
  const void *data;
  size_t size;
  bool deflate;
} entry;

static archive make_archive(const entry *entries, size_t n) {
  zip_error_t error;
  zip_source_t *out = zip_source_buffer_create(NULL, 0, 0, &error);
  zip_t *zip = zip_open_from_source(out, ZIP_TRUNCATE, &error);
  zip_source_keep(out);
  for (size_t i = 0; i < n; i++) {
    zip_source_t *source = zip_source_buffer(zip, entries[i].data, entries[i].size, 0);
    zip_int64_t index = zip_file_add(zip, entries[i].name, source, 0);
    zip_set_file_compression(zip, (zip_uint64_t)index,
                             entries[i].deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  assert_int_equal(zip_close(zip), 0);
  archive a;
  zip_source_open(out);
  zip_source_seek(out, 0, SEEK_END);
  a.size = (size_t)zip_source_tell(out);
  zip_source_seek(out, 0, SEEK_SET);
  a.data = malloc(a.size);
  assert_int_equal(zip_source_read(out, a.data, a.size), a.size);
  zip_source_close(out);
  zip_source_free(out);
  return a;
}

// A .npy of version 1 with that dict and those elements.
static size_t make_npy(const char *dict, const void *items, size_t bytes, uint8_t *out) {
  size_t n = strlen(dict);
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (uint8_t)n, out[9] = (uint8_t)(n >> 8);
  memcpy(out + 10, dict, n);
  if (bytes > 0) memcpy(out + 10 + n, items, bytes);
  return 10 + n + bytes;
}

// Reads one array "x" of that dict and elements.
static gcut_status read_one(const char *dict, const void *items, size_t bytes, bool deflate,
                            gcut_tensor **out, gcut_error *err) {
  uint8_t npy[4096];
  entry e = {"x.npy", npy, make_npy(dict, items, bytes, npy), deflate};
  archive a = make_archive(&e, 1);
  gcut_batch batch;
  gcut_status status = gcut_npz_parse(a.data, a.size, "test.npz", &batch, err);
  *out = status == GCUT_OK ? gcut_tensor_ref(gcut_batch_find(&batch, "x")) : NULL;
  gcut_batch_free(&batch);
  free(a.data);
  return status;
}

static void expect(const char *dict, const void *items, size_t bytes, gcut_dtype type, int rank,
                   const void *expected, size_t expected_bytes) {
  for (int deflate = 0; deflate < 2; deflate++) {
    gcut_tensor *t;
    gcut_error err;
    if (read_one(dict, items, bytes, deflate, &t, &err) != GCUT_OK) fail_msg("%s", err.message);
    assert_int_equal(t->type, type);
    assert_int_equal(t->rank, rank);
    assert_int_equal(t->bytes, expected_bytes);
    if (expected_bytes > 0) assert_memory_equal(t->data, expected, expected_bytes);
    gcut_tensor_unref(t);
  }
}

static void reads_what_numpy_writes(void **state) {
  (void)state;
  const float floats[] = {1, 2, 3};
  expect("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }       \n", floats, 12,
         GCUT_FLOAT, 1, floats, 12);
  expect("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n", floats, 4, GCUT_FLOAT, 0,
         floats, 4);
  expect("{\"shape\":(3L,1),\"descr\":\"=f4\",\"fortran_order\":False}", floats, 12, GCUT_FLOAT, 2,
         floats, 12);
  const uint8_t big[] = {0, 1, 0, 2}, small[] = {1, 0, 2, 0};
  expect("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }\n", big, 4, GCUT_INT16, 1,
         small, 4);
  const uint8_t big_complex[] = {0x3f, 0x80, 0, 0, 0x40, 0, 0, 0};
  const float complex[] = {1, 2};
  expect("{'descr': '>c8', 'fortran_order': False, 'shape': (), }\n", big_complex, 8,
         GCUT_COMPLEX64, 0, complex, 8);
  const uint8_t flags[] = {0, 1, 7}, bools[] = {0, 1, 1};
  expect("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n", flags, 3, GCUT_BOOL, 1,
         bools, 3);
  const uint16_t halves[] = {0x3c00, 0x3f80};
  expect("{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }\n", halves, 4, GCUT_FLOAT16, 1,
         halves, 4);
  expect("{'descr': '<V2', 'fortran_order': False, 'shape': (2,), }\n", halves, 4, GCUT_BFLOAT16, 1,
         halves, 4);
  expect("{'descr': 'bfloat16', 'fortran_order': False, 'shape': (2,), }\n", halves, 4,
         GCUT_BFLOAT16, 1, halves, 4);
  const uint8_t columns[] = {0, 3, 1, 4, 2, 5}, rows[] = {0, 1, 2, 3, 4, 5};
  expect("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", columns, 6, GCUT_UINT8, 2,
         rows, 6);
  expect("{'descr': '<i8', 'fortran_order': True, 'shape': (0, 9223372036854775807), }\n", NULL, 0,
         GCUT_INT64, 2, NULL, 0);
}

static void reads_text(void **state) {
  (void)state;
  const uint32_t points[] = {'a', 0x20ac, 0, 0x1f600, 0, 0, 0, 0, 0};
  gcut_tensor *t;
  assert_int_equal(read_one("{'descr': '<U3', 'fortran_order': False, 'shape': (3,), }\n", points,
                            sizeof points, true, &t, NULL),
                   GCUT_OK);
  const gcut_string *strings = t->data;
  assert_string_equal(strings[0].data, "a\xe2\x82\xac");
  assert_string_equal(strings[1].data, "\xf0\x9f\x98\x80");
  assert_int_equal(strings[2].size, 0);
  gcut_tensor_unref(t);
}

static void refuses(void **state) {
  (void)state;
  static const struct {
    const char *dict;
    size_t bytes;
    const char *message;
  } cases[] = {
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n", 8, "objects are never read"},
      {"{'descr': '|S4', 'fortran_order': False, 'shape': (1,), }\n", 4, "save strings as '<U'"},
      {"{'descr': '|V1', 'fortran_order': False, 'shape': (1,), }\n", 1, "says nothing"},
      {"{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }\n", 8, "not an element type"},
      {"{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }\n", 16, "not an element type"},
      {"{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }\n", 4, "are records"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 4, "disagree"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", 8, "disagree"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n", 4, "header is not"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }\n", 4,
       "too large"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }\n", 4,
       "too large"},
      {"{'descr': '<U4611686018427387904', 'fortran_order': False, 'shape': (1,), }\n", 4,
       "not an element type"},
      {"{'descr': '<U0', 'fortran_order': False, 'shape': (1000000000000,), }\n", 0,
       "without characters"},
      {"{'descr': '<f4', 'fortran_order': 1, 'shape': (1,), }\n", 4, "header is not"},
      {"{'descr': '<f4', 'shape': (1,), }\n", 4, "header is not"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,), }\n", 4,
       "header is not"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), } + 1\n", 4, "header is not"},
      {"", 4, "at most"},
      {"{'descr': '<f4', 'fortran_order': False, "
       "'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1), }\n",
       4, "header is not"},
  };
  static const uint8_t zeros[64];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    gcut_tensor *t;
    gcut_error err = {""};
    if (read_one(cases[i].dict, zeros, cases[i].bytes, false, &t, &err) != GCUT_FORMAT ||
        !strstr(err.message, cases[i].message) || !strstr(err.message, "test.npz"))
      fail_msg("case %zu: %s", i, err.message);
  }
  const uint32_t surrogate = 0xd800;
  gcut_tensor *t;
  assert_int_equal(read_one("{'descr': '<U1', 'fortran_order': False, 'shape': (), }\n", &surrogate,
                            4, false, &t, NULL),
                   GCUT_FORMAT);
}

static void refuses_archives(void **state) {
  (void)state;
  uint8_t npy[256];
  size_t n = make_npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n", "x", 1, npy);
  const entry good = {"x.npy", npy, n, true};
  const entry bad[] = {{"x.txt", npy, n, false}, {".np", npy, n, false}, {"x.npy", npy, 5, false}};
  gcut_batch batch;
  gcut_error err;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    archive a = make_archive(&bad[i], 1);
    assert_int_equal(gcut_npz_parse(a.data, a.size, "t.npz", &batch, &err), GCUT_FORMAT);
    assert_int_equal(batch.n, 0);
    free(a.data);
  }
  archive a = make_archive(&good, 1);
  // Truncated at every byte, and with every byte changed: an error or a batch, never worse.
  for (size_t i = 0; i < a.size; i++) {
    if (gcut_npz_parse(a.data, i, "t.npz", &batch, &err) == GCUT_OK) gcut_batch_free(&batch);
    a.data[i] ^= 0x55;
    if (gcut_npz_parse(a.data, a.size, "t.npz", &batch, &err) == GCUT_OK) gcut_batch_free(&batch);
    a.data[i] ^= 0x55;
  }
  assert_int_equal(gcut_npz_parse(a.data, a.size, "t.npz", &batch, NULL), GCUT_OK);
  assert_int_equal(batch.n, 1);
  gcut_batch_free(&batch);
  free(a.data);
}

// A few kilobytes that claim, consistently, to be a terabyte.
static void refuses_bombs(void **state) {
  (void)state;
  uint8_t npy[256];
  size_t n = make_npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,), }\n",
                      NULL, 0, npy);
  const entry e = {"x.npy", npy, n, true};
  archive a = make_archive(&e, 1);
  const uint32_t claim = 0xfffffff0; // uncompressed size, in the local and the central header
  memcpy(a.data + 22, &claim, 4);
  for (size_t i = 0; i + 46 < a.size; i++)
    if (memcmp(a.data + i, "PK\1\2", 4) == 0) memcpy(a.data + i + 24, &claim, 4);
  gcut_batch batch;
  gcut_error err;
  assert_int_equal(gcut_npz_parse(a.data, a.size, "t.npz", &batch, &err), GCUT_FORMAT);
  assert_non_null(strstr(err.message, "more than the archive can hold"));
  free(a.data);
}

// ---- writing ----------------------------------------------------------------------------------

static void fill(gcut_tensor *t) {
  for (uint64_t i = 0; i < t->bytes; i++) ((uint8_t *)t->data)[i] = (uint8_t)(i * 37 + 11);
}

static void writes_what_it_reads(void **state) {
  (void)state;
  static const gcut_dtype types[] = {
      GCUT_FLOAT,   GCUT_UINT8,    GCUT_INT8,      GCUT_UINT16,     GCUT_INT16,
      GCUT_INT32,   GCUT_INT64,    GCUT_DOUBLE,    GCUT_UINT32,     GCUT_UINT64,
      GCUT_FLOAT16, GCUT_BFLOAT16, GCUT_COMPLEX64, GCUT_COMPLEX128,
  };
  enum { N = sizeof types / sizeof *types };
  gcut_batch batch = {0}, back;
  const int64_t dims[] = {3, 0, 5, 2};
  for (int i = 0; i < N; i++) {
    gcut_tensor *t;
    int rank = i % 4, skip = rank > 1; // every rank, with a 0 among the dims of two
    assert_int_equal(gcut_tensor_create(types[i], rank, rank == 3 ? dims : dims + skip, &t, NULL),
                     GCUT_OK);
    fill(t);
    assert_int_equal(gcut_batch_add(&batch, gcut_dtype_name(types[i]), t, NULL), GCUT_OK);
    gcut_tensor_unref(t);
  }
  gcut_tensor *text;
  assert_int_equal(gcut_tensor_create(GCUT_STRING, 1, dims, &text, NULL), GCUT_OK);
  assert_int_equal(gcut_tensor_set_string(text, 1, "z\xc3\xbc\xe2\x82\xac", 6, NULL), GCUT_OK);
  assert_int_equal(gcut_batch_add(&batch, "a/b:\"c\"\x01", text, NULL), GCUT_OK);
  char path[] = "/tmp/graphcut-npz-XXXXXX";
  int fd = mkstemp(path);
  close(fd);
  gcut_error err;
  if (gcut_npz_write(path, &batch, &err) != GCUT_OK) fail_msg("%s", err.message);
  if (gcut_npz_read(path, &back, &err) != GCUT_OK) fail_msg("%s", err.message);
  assert_int_equal(back.n, N + 1);
  for (size_t i = 0; i < back.n; i++) {
    assert_string_equal(back.names[i], batch.names[i]);
    assert_true(gcut_tensor_equal(back.tensors[i], batch.tensors[i]));
  }
  // Text that numpy cannot hold, or a folder that is not there: an error, and the old file stays.
  assert_int_equal(gcut_tensor_set_string(text, 2, "\xff", 1, NULL), GCUT_OK);
  assert_int_equal(gcut_npz_write(path, &batch, &err), GCUT_UNSUPPORTED);
  gcut_batch_free(&back);
  assert_int_equal(gcut_npz_read(path, &back, NULL), GCUT_OK);
  assert_int_equal(gcut_npz_write("/nowhere/at/all.npz", &back, &err), GCUT_IO);
  unlink(path);
  gcut_tensor_unref(text);
  gcut_batch_free(&batch);
  gcut_batch_free(&back);
}

// A limit on the size of files ends the process in the middle of writing.
static void a_process_that_dies_leaves_nothing(void **state) {
  char path[300];
  (void)state;
  int nameless = open(folder, O_TMPFILE | O_WRONLY, 0600);
  if (nameless < 0) skip(); // this file system does not know such files
  close(nameless);
  keep_in_folder("half.npz", path);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    const int64_t dims[] = {1 << 16};
    gcut_batch batch = {0};
    gcut_tensor *tensor = NULL;
    gcut_error err;
    signal(SIGXFSZ, SIG_DFL);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, 1000});
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    if (gcut_tensor_create(GCUT_FLOAT, 1, dims, &tensor, &err) == GCUT_OK &&
        gcut_batch_add(&batch, "x", tensor, &err) == GCUT_OK)
      _exit(gcut_npz_write(path, &batch, &err));
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
  assert_int_equal(rmdir(folder), 0); // nothing is in it
  assert_int_equal(mkdir(folder, 0700), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_what_numpy_writes),
      cmocka_unit_test(reads_text),
      cmocka_unit_test(refuses),
      cmocka_unit_test(refuses_archives),
      cmocka_unit_test(refuses_bombs),
      cmocka_unit_test(writes_what_it_reads),
      cmocka_unit_test(a_process_that_dies_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
