// Asking for huge pages where they pay.
#ifndef GCUT_TRACER_BASE_PAGES_H
#define GCUT_TRACER_BASE_PAGES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

enum { GCUT_HUGE_PAGE = 2 << 20 };

// Tells the system that fresh memory of several megabytes will be used as a whole: fewer faults to
// fill it, fewer TLB misses to find things in it. Nothing else changes, and failing is no failure.
static inline void gcut_huge_pages(void *memory, size_t bytes) {
  const uintptr_t size = GCUT_HUGE_PAGE;
  uintptr_t first = ((uintptr_t)memory + size - 1) / size * size,
            last = ((uintptr_t)memory + bytes) / size * size;
  if (bytes >= size && first < last) madvise((void *)first, last - first, MADV_HUGEPAGE);
}

#endif
