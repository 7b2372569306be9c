// Weights that go up through the ring arrive whole, however they are scattered.
#include "exec/cuda/ring.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/open_card.h"

static bool has_card; // the machine's, or in software

enum { SLAB = 48 << 20, GAP = 512 };

static gcut__cuda *open_with_slab(void) {
  gcut__device *device;
  void *host;
  assert_ok(gcut__device_open("cuda", &device, err));
  assert_ok(device->ops->reserve(device, SLAB, 0, &host, err));
  return (gcut__cuda *)device;
}

static void close_device(gcut__cuda *cuda) {
  cuda->base.ops->destroy(&cuda->base);
}

static uint8_t *random_bytes(size_t n) {
  uint8_t *bytes = malloc(n);
  assert_non_null(bytes);
  uint32_t state = 1;
  for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)((state = state * 1664525 + 1013904223) >> 24);
  return bytes;
}

static gcut_status go_up(gcut__cuda *cuda, const gcut__cuda_upload *uploads, uint32_t n,
                         gcut_error *err) {
  return gcut__cuda_ring_upload(cuda->ring, uploads, n, cuda->streams[GCUT_QUEUE_WEIGHTS], err);
}

static void expect_there(gcut__cuda *cuda, const gcut__cuda_upload *uploads, uint32_t n) {
  CUstream stream = cuda->streams[GCUT_QUEUE_WEIGHTS];
  uint8_t *back = malloc(SLAB);
  assert_non_null(back);
  assert_int_equal(cuda->driver.cuMemcpyDtoHAsync(back, cuda->slab, SLAB, stream), CUDA_SUCCESS);
  assert_int_equal(cuda->driver.cuStreamSynchronize(stream), CUDA_SUCCESS);
  for (uint32_t i = 0; i < n; i++)
    assert_memory_equal(back + (uploads[i].to - cuda->slab), uploads[i].data, uploads[i].bytes);
  free(back);
}

// Sizes about those of pieces and groups, none at all, and hundreds of small ones in a row.
static void test_all_sizes_arrive(void **state) {
  (void)state;
  static const uint64_t sizes[] = {
      0, 1, 255, 256, 257, 0, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (17 << 20) + 3, 0};
  enum { N = sizeof sizes / sizeof *sizes, SMALL = 300 };
  if (!has_card) skip();
  gcut__cuda *cuda = open_with_slab();
  uint8_t *bytes = random_bytes(SLAB);
  gcut__cuda_upload uploads[N + SMALL];
  uint64_t at = 0;
  for (uint32_t i = 0; i < N + SMALL; i++) {
    uploads[i] = (gcut__cuda_upload){bytes + at, i < N ? sizes[i] : i, cuda->slab + at};
    at += uploads[i].bytes + (i % 3 ? GAP : 0); // some go on where those before end
  }
  for (int pass = 0; pass < 3; pass++) {
    assert_ok(go_up(cuda, uploads, N + SMALL, err));
    expect_there(cuda, uploads, N + SMALL);
  }
  assert_ok(go_up(cuda, uploads, 0, err));
  free(bytes);
  close_device(cuda);
}

// More than the ring holds, several times over: nothing is overwritten before it has left.
static void test_the_ring_goes_round(void **state) {
  (void)state;
  if (!has_card) skip();
  gcut__cuda *cuda = open_with_slab();
  uint8_t *bytes = random_bytes(SLAB + 8);
  for (uint32_t shift = 0; shift < 8; shift++) {
    gcut__cuda_upload all = {bytes + shift, SLAB, cuda->slab};
    assert_ok(go_up(cuda, &all, 1, err));
    expect_there(cuda, &all, 1);
  }
  free(bytes);
  close_device(cuda);
}

// A file that became shorter is an error, after which the ring serves again.
static void test_a_truncated_file_is_an_error(void **state) {
  (void)state;
  if (!has_card) skip();
  gcut__cuda *cuda = open_with_slab();
  FILE *file = tmpfile();
  assert_non_null(file);
  assert_int_equal(ftruncate(fileno(file), SLAB), 0);
  void *data = mmap(NULL, SLAB, PROT_READ, MAP_SHARED, fileno(file), 0);
  assert_ptr_not_equal(data, MAP_FAILED);
  assert_int_equal(ftruncate(fileno(file), SLAB / 2), 0);
  gcut__cuda_upload whole = {data, SLAB, cuda->slab}, half = {data, SLAB / 2, cuda->slab};
  gcut_error failure = {""};
  assert_int_equal(go_up(cuda, &whole, 1, &failure), GCUT_FORMAT);
  assert_non_null(strstr(failure.message, "truncated"));
  assert_ok(go_up(cuda, &half, 1, err));
  expect_there(cuda, &half, 1);
  munmap(data, SLAB);
  fclose(file);
  close_device(cuda);
}

int main(int argc, char **argv) {
  has_card = argc > 0 && open_card(argv[0]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_sizes_arrive),
      cmocka_unit_test(test_the_ring_goes_round),
      cmocka_unit_test(test_a_truncated_file_is_an_error),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
