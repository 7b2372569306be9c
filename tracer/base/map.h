// A hash map from 64-bit keys to 32-bit values (open addressing, linear probing).
#ifndef GCUT_TRACER_BASE_MAP_H
#define GCUT_TRACER_BASE_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "graphcut/status.h"

typedef struct gcut_map {
  struct gcut_map_slot *slots;
  uint32_t capacity, count;
} gcut_map;

// A zeroed gcut_map is empty. Free when done.
void gcut_map_free(gcut_map *map);
// Sets key to value; false where memory is out. Any key but UINT64_MAX.
GCUT_MUST_USE bool gcut_map_set(gcut_map *map, uint64_t key, uint32_t value);
// The value, or UINT32_MAX.
uint32_t gcut_map_get(const gcut_map *map, uint64_t key);

#endif
