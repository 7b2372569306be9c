// Growing an array that lives in malloc'd memory.
#ifndef GCUT_TRACER_BASE_VECTOR_H
#define GCUT_TRACER_BASE_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "graphcut/status.h"
#include "tracer/base/pages.h"

// Makes room for `more` items of `size` bytes beyond `count` in *array, whose capacity is *capacity
// items. False where memory is out or the count would pass 2^32 - 2; then nothing changed.
static inline GCUT_MUST_USE bool gcut_vector_reserve(void **array, uint32_t *capacity,
                                                     uint32_t count, uint64_t more, size_t size) {
  uint64_t need = count + more, next = *capacity ? *capacity : 16;
  if (need <= *capacity) return true;
  if (need > UINT32_MAX - 1) return false;
  while (next < need) next *= 2;
  if (next > UINT32_MAX - 1) next = UINT32_MAX - 1;
  void *larger = realloc(*array, next * size);
  if (!larger) return false;
  gcut_huge_pages(larger, next * size);
  *array = larger;
  *capacity = (uint32_t)next;
  return true;
}

#endif
