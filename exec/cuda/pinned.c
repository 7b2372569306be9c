#include "exec/cuda/pinned.h"

#include <sys/mman.h>

#include "exec/cuda/populate.h"

static const uint64_t HUGE = UINT64_C(2) << 20;

// NULL where the system has no such memory.
static void *map_populated(uint64_t bytes) {
  void *data = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return NULL;
  madvise(data, bytes, MADV_HUGEPAGE);
  gcut__cuda_populate_write(data, bytes);
  return data;
}

gcut_status gcut__cuda_pinned_take(const gcut__cuda_driver *driver, uint64_t bytes,
                                   gcut__cuda_pinned *out, gcut_error *err) {
  uint64_t whole = (bytes + HUGE - 1) / HUGE * HUGE;
  *out = (gcut__cuda_pinned){0};
  if (bytes == 0) return GCUT_OK;
  void *data = map_populated(whole);
  if (data && driver->cuMemHostRegister(data, whole, CU_MEMHOSTREGISTER_PORTABLE) == CUDA_SUCCESS) {
    *out = (gcut__cuda_pinned){data, whole, true};
    return GCUT_OK;
  }
  if (data) munmap(data, whole);
  GCUT_CUDA_TRY(driver, cuMemHostAlloc, &out->data, bytes, CU_MEMHOSTALLOC_PORTABLE);
  out->bytes = bytes;
  return GCUT_OK;
}

void gcut__cuda_pinned_free(const gcut__cuda_driver *driver, gcut__cuda_pinned *p) {
  if (!p->data) return;
  if (p->registered) {
    driver->cuMemHostUnregister(p->data);
    munmap(p->data, p->bytes);
  } else {
    driver->cuMemFreeHost(p->data);
  }
  *p = (gcut__cuda_pinned){0};
}
