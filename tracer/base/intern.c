// Open addressing over the strings' hashes; the strings lie in the caller's arena.
#include "tracer/base/intern.h"

#include <stdlib.h>

typedef struct slot {
  const char *text; // NULL: free
  size_t size;
  uint64_t hash;
} slot;

struct gcut_intern {
  gcut_arena *arena;
  slot *slots;
  size_t capacity, count; // capacity: a power of two
};

uint64_t gcut_hash(const void *data, size_t size) {
  const uint8_t *bytes = data;
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  hash ^= hash >> 32;
  hash *= UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 29);
}

gcut_intern *gcut_intern_create(gcut_arena *arena) {
  gcut_intern *table = calloc(1, sizeof *table);
  if (table) table->arena = arena;
  return table;
}

void gcut_intern_destroy(gcut_intern *table) {
  if (!table) return;
  free(table->slots);
  free(table);
}

// The slot that holds the string, or the free one where it belongs.
static slot *find_slot(const gcut_intern *table, const char *data, size_t size, uint64_t hash) {
  for (size_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
    slot *s = &table->slots[i];
    if (!s->text) return s;
    if (s->hash == hash && s->size == size && (size == 0 || memcmp(s->text, data, size) == 0))
      return s;
  }
}

static GCUT_MUST_USE int grow(gcut_intern *table) {
  size_t capacity = table->capacity ? table->capacity * 2 : 256;
  gcut_intern larger = {.slots = calloc(capacity, sizeof(slot)), .capacity = capacity};
  if (!larger.slots) return 0;
  for (size_t i = 0; i < table->capacity; i++) {
    slot *s = &table->slots[i];
    if (s->text) *find_slot(&larger, s->text, s->size, s->hash) = *s;
  }
  free(table->slots);
  table->slots = larger.slots;
  table->capacity = capacity;
  return 1;
}

const char *gcut_intern_add(gcut_intern *table, const char *data, size_t size) {
  if (table->count * 2 >= table->capacity && !grow(table)) return NULL;
  uint64_t hash = gcut_hash(data, size);
  slot *s = find_slot(table, data, size, hash);
  if (s->text) return s->text;
  const char *copy = gcut_arena_string(table->arena, data, size);
  if (!copy) return NULL;
  *s = (slot){.text = copy, .size = size, .hash = hash};
  table->count++;
  return copy;
}

const char *gcut_intern_find(const gcut_intern *table, const char *data, size_t size) {
  if (table->capacity == 0) return NULL;
  return find_slot(table, data, size, gcut_hash(data, size))->text;
}
