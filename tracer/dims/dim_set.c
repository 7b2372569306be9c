// Open addressing, at most half full; see dim_set.h.
#include "tracer/dims/dim_set.h"

#include <stdlib.h>
#include <string.h>

#include "tracer/base/vector.h"

bool gcut__dim_reserve(dim_array *array, uint32_t count, size_t size) {
  return gcut_vector_reserve(&array->data, &array->capacity, array->n, count, size);
}

void *gcut__dim_append(dim_array *array, uint32_t count, size_t size) {
  void *item = (char *)array->data + (size_t)array->n * size;
  array->n += count;
  return item;
}

struct dim_slot {
  uint32_t hash, item; // item + 1; 0 where free
};

uint32_t gcut__dim_find(const gcut_dims *d, const dim_set *set, uint64_t hash, const void *key,
                        gcut__dim_equal equal) {
  if (set->capacity == 0) return GCUT_NONE;
  uint32_t mask = set->capacity - 1;
  for (uint32_t i = (uint32_t)(hash >> 32) & mask; set->slots[i].item != 0; i = (i + 1) & mask)
    if (set->slots[i].hash == (uint32_t)(hash >> 32) && equal(d, key, set->slots[i].item - 1))
      return set->slots[i].item - 1;
  return GCUT_NONE;
}

static void place(dim_set *set, struct dim_slot slot) {
  uint32_t i = slot.hash & (set->capacity - 1);
  while (set->slots[i].item != 0) i = (i + 1) & (set->capacity - 1);
  set->slots[i] = slot;
}

bool gcut__dim_insert(dim_set *set, uint64_t hash, uint32_t item) {
  if (set->n >= set->capacity / 2) {
    dim_set larger = {.capacity = set->capacity ? set->capacity * 2 : 32, .n = set->n};
    if (larger.capacity == 0) return false;
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) return false;
    for (uint32_t i = 0; i < set->capacity; i++)
      if (set->slots[i].item != 0) place(&larger, set->slots[i]);
    free(set->slots);
    *set = larger;
  }
  place(set, (struct dim_slot){(uint32_t)(hash >> 32), item + 1});
  set->n++;
  return true;
}

bool gcut__dim_copy_array(dim_array *to, const dim_array *from, size_t size) {
  *to = (dim_array){.n = from->n, .capacity = from->n};
  if (from->n == 0) return true;
  to->data = malloc((size_t)from->n * size);
  if (to->data == NULL) return false;
  memcpy(to->data, from->data, (size_t)from->n * size);
  return true;
}

bool gcut__dim_copy_set(dim_set *to, const dim_set *from) {
  *to = (dim_set){.n = from->n, .capacity = from->capacity};
  if (from->capacity == 0) return true;
  to->slots = malloc((size_t)from->capacity * sizeof *to->slots);
  if (to->slots == NULL) return false;
  memcpy(to->slots, from->slots, (size_t)from->capacity * sizeof *to->slots);
  return true;
}
