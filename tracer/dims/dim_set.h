// What the table of symbolic dims lies in: growing arrays, and hash sets of numbers of their items.
#ifndef GCUT_TRACER_DIMS_DIM_SET_H
#define GCUT_TRACER_DIMS_DIM_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graphcut/graph.h"

typedef struct dim_array {
  void *data;
  uint32_t n, capacity;
} dim_array;

// Makes room for `count` items of `size` bytes beyond the last; false where memory or numbers run
// out.
bool gcut__dim_reserve(dim_array *array, uint32_t count, size_t size);
// Items that follow the last, where there is room for them.
void *gcut__dim_append(dim_array *array, uint32_t count, size_t size);
bool gcut__dim_copy_array(dim_array *to, const dim_array *from, size_t size);

typedef struct dim_set {
  struct dim_slot *slots;
  uint32_t capacity, n;
} dim_set;

// Whether an item is what the key says.
typedef bool (*gcut__dim_equal)(const gcut_dims *d, const void *key, uint32_t item);

static inline uint64_t gcut__dim_mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}
// The item, or GCUT_NONE.
uint32_t gcut__dim_find(const gcut_dims *d, const dim_set *set, uint64_t hash, const void *key,
                        gcut__dim_equal equal);
bool gcut__dim_insert(dim_set *set, uint64_t hash, uint32_t item);
bool gcut__dim_copy_set(dim_set *to, const dim_set *from);

#endif
