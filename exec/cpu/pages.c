// Weights are used where they are mapped. Loading a part means faulting its pages in, on the thread
// that loads; dropping it means unmapping them again, so the resident set holds a part or two and
// not the model.
#include "exec/cpu/pages.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracer/base/error.h"

#ifndef MADV_POPULATE_READ // Linux 5.14
#define MADV_POPULATE_READ 22
#endif

enum { STRIDE = 4 << 20 }; // read at once: long enough to stream, short enough to stay responsive

static uintptr_t page_size(void) {
  return (uintptr_t)sysconf(_SC_PAGESIZE);
}

// Kernels before 5.14 have no call for it: start the reads, then touch each page.
static void touch_pages(const uint8_t *data, uint64_t bytes, uintptr_t page) {
  madvise((void *)data, bytes, MADV_WILLNEED);
  for (uint64_t i = 0; i < bytes; i += page) (void)*(volatile const uint8_t *)(data + i);
}

gcut_status gcut__pages_read(const void *data, uint64_t bytes, const char *path, gcut_error *err) {
  uintptr_t page = page_size(), begin = (uintptr_t)data & ~(page - 1);
  uintptr_t end = (uintptr_t)data + bytes;
  for (uintptr_t at = begin; at < end; at += STRIDE) {
    size_t n = end - at < STRIDE ? end - at : STRIDE;
    if (madvise((void *)at, n, MADV_POPULATE_READ) == 0) continue;
    if (errno == EFAULT)
      return GCUT_FAIL(err, GCUT_FORMAT, "'%.500s' can no longer be read: was it truncated?", path);
    touch_pages((const uint8_t *)at, n, page);
  }
  return GCUT_OK;
}

void gcut__pages_drop(const void *data, uint64_t bytes) {
  uintptr_t page = page_size(), begin = ((uintptr_t)data + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)data + bytes) & ~(page - 1);
  if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
}
