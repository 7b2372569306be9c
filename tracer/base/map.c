#include "tracer/base/map.h"

#include <stdlib.h>

#include "tracer/base/pages.h"

struct gcut_map_slot {
  uint64_t key; // UINT64_MAX: free
  uint32_t value;
};

static uint64_t mix(uint64_t key) {
  key ^= key >> 31;
  key *= UINT64_C(0x9e3779b97f4a7c15);
  return key ^ (key >> 29);
}

void gcut_map_free(gcut_map *map) {
  free(map->slots);
  *map = (gcut_map){0};
}

static struct gcut_map_slot *find_slot(const gcut_map *map, uint64_t key) {
  for (uint64_t i = mix(key);; i++) {
    struct gcut_map_slot *s = &map->slots[i & (map->capacity - 1)];
    if (s->key == key || s->key == UINT64_MAX) return s;
  }
}

static bool grow(gcut_map *map) {
  if (map->capacity > UINT32_MAX / 2) return false;
  gcut_map larger = {.capacity = map->capacity ? map->capacity * 2 : 64, .count = map->count};
  larger.slots = malloc(larger.capacity * sizeof *larger.slots);
  if (!larger.slots) return false;
  gcut_huge_pages(larger.slots, larger.capacity * sizeof *larger.slots);
  for (uint32_t i = 0; i < larger.capacity; i++) larger.slots[i].key = UINT64_MAX;
  for (uint32_t i = 0; i < map->capacity; i++)
    if (map->slots[i].key != UINT64_MAX) *find_slot(&larger, map->slots[i].key) = map->slots[i];
  free(map->slots);
  *map = larger;
  return true;
}

bool gcut_map_set(gcut_map *map, uint64_t key, uint32_t value) {
  if (map->count >= map->capacity / 2 && !grow(map)) return false;
  struct gcut_map_slot *s = find_slot(map, key);
  if (s->key == UINT64_MAX) map->count++;
  s->key = key;
  s->value = value;
  return true;
}

uint32_t gcut_map_get(const gcut_map *map, uint64_t key) {
  if (map->capacity == 0) return UINT32_MAX;
  const struct gcut_map_slot *s = find_slot(map, key);
  return s->key == key ? s->value : UINT32_MAX;
}
