#include "exec/cpu/kept.h"

#include <stdlib.h>

static void destroy(gcut__cpu_kept *kept) {
  if (kept) kept->destroy(kept);
}

void gcut__cpu_shelf_clear(gcut__cpu_shelf *shelf) {
  for (uint32_t i = 0; i < shelf->n; i++) destroy(shelf->kept[i]);
  free(shelf->kept);
  gcut_map_free(&shelf->places);
  *shelf = (gcut__cpu_shelf){0};
}

gcut__cpu_kept *gcut__cpu_shelf_find(const gcut__cpu_shelf *shelf, uint64_t key) {
  uint32_t place = shelf->n ? gcut_map_get(&shelf->places, key) : UINT32_MAX;
  return place == UINT32_MAX ? NULL : shelf->kept[place];
}

// Room for one more.
static bool grow(gcut__cpu_shelf *shelf) {
  if (shelf->n < shelf->capacity) return true;
  uint32_t capacity = shelf->capacity ? 2 * shelf->capacity : 16;
  gcut__cpu_kept **larger = realloc(shelf->kept, capacity * sizeof *larger);
  if (!larger) return false;
  shelf->kept = larger;
  shelf->capacity = capacity;
  return true;
}

bool gcut__cpu_shelf_put(gcut__cpu_shelf *shelf, uint64_t key, gcut__cpu_kept *kept) {
  uint32_t place = gcut_map_get(&shelf->places, key);
  if (place == UINT32_MAX) {
    place = shelf->n;
    if (!grow(shelf) || !gcut_map_set(&shelf->places, key, place)) return false;
    shelf->kept[shelf->n++] = NULL;
  }
  destroy(shelf->kept[place]);
  shelf->kept[place] = kept;
  return true;
}
