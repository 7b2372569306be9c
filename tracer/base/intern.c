// Open addressing over the strings' hashes; the strings lie in the caller's arena, each behind its
// two tags.
//
// The hash takes 16 bytes a step by one widening multiplication (as wyhash does). Each table mixes
// in a random number of its own, so that a file cannot be made whose names all collide.
#include "tracer/base/intern.h"

#include <stdlib.h>
#include <sys/random.h>

#include "tracer/base/pages.h"

typedef struct slot {
  const char *text; // NULL: free
  uint32_t size, hash;
} slot;

struct gcut_intern {
  gcut_arena *arena;
  uint64_t seed;
  slot *slots;
  size_t capacity, count; // capacity: a power of two
  bool out_of_memory;
};

static uint64_t load8(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}
static uint64_t load4(const uint8_t *at) {
  uint32_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static uint64_t fold(uint64_t a, uint64_t b) {
  __uint128_t product = (__uint128_t)a * b;
  return (uint64_t)product ^ (uint64_t)(product >> 64);
}

// The last 16 bytes, or what there is of them: loads overlap rather than stop short.
static uint64_t hash_tail(uint64_t hash, const uint8_t *end, size_t size) {
  const uint64_t b = UINT64_C(0xe7037ed1a0b428db);
  uint64_t low = 0, high = 0;
  if (size >= 8) {
    low = load8(end - (size < 16 ? size : 16));
    high = load8(end - 8);
  } else if (size >= 4) {
    low = load4(end - size);
    high = load4(end - 4);
  } else if (size > 0) {
    low = (uint64_t)end[-(ptrdiff_t)size] << 16 | (uint64_t)end[-(ptrdiff_t)(size / 2) - 1] << 8 |
          end[-1];
  }
  return fold(b ^ size, fold(low ^ hash, high ^ b));
}

static uint64_t seeded_hash(uint64_t seed, const uint8_t *at, size_t size) {
  const uint64_t a = UINT64_C(0xa0761d6478bd642f), b = UINT64_C(0xe7037ed1a0b428db);
  uint64_t hash = seed ^ a;
  size_t left = size;
  for (; left > 16; at += 16, left -= 16) hash = fold(load8(at) ^ hash, load8(at + 8) ^ b);
  return hash_tail(hash, at + left, size);
}

uint64_t gcut_hash(const void *data, size_t size) {
  return seeded_hash(0, data, size);
}

gcut_intern *gcut_intern_create(gcut_arena *arena) {
  gcut_intern *table = calloc(1, sizeof *table);
  if (!table) return NULL;
  table->arena = arena;
  if (getrandom(&table->seed, sizeof table->seed, GRND_NONBLOCK) < 0)
    table->seed = (uint64_t)(uintptr_t)table;
  return table;
}

void gcut_intern_destroy(gcut_intern *table) {
  if (!table) return;
  free(table->slots);
  free(table);
}

// The slot that holds the string, or the free one where it belongs.
static slot *find_slot(const gcut_intern *table, const char *data, size_t size, uint32_t hash) {
  for (size_t i = hash & (table->capacity - 1);; i = (i + 1) & (table->capacity - 1)) {
    slot *s = &table->slots[i];
    if (!s->text) return s;
    if (s->hash == hash && s->size == size && (size == 0 || memcmp(s->text, data, size) == 0))
      return s;
  }
}

static GCUT_MUST_USE bool grow(gcut_intern *table) {
  size_t capacity = table->capacity ? table->capacity * 2 : 256;
  slot *slots = calloc(capacity, sizeof *slots);
  if (!slots) return false;
  gcut_huge_pages(slots, capacity * sizeof *slots);
  for (size_t i = 0; i < table->capacity; i++) {
    if (!table->slots[i].text) continue;
    size_t to = table->slots[i].hash & (capacity - 1);
    while (slots[to].text) to = (to + 1) & (capacity - 1);
    slots[to] = table->slots[i];
  }
  free(table->slots);
  table->slots = slots;
  table->capacity = capacity;
  return true;
}

// A copy behind its tags.
static const char *copy_string(gcut_arena *arena, const char *data, size_t size) {
  uint32_t *tags = gcut_arena_alloc(arena, 2 * sizeof *tags + size + 1, 1);
  if (!tags) return NULL;
  tags[0] = tags[1] = UINT32_MAX;
  if (size) memcpy(tags + 2, data, size);
  return (const char *)(tags + 2);
}

static const char *add(gcut_intern *table, const char *data, size_t size) {
  if (size > UINT32_MAX || (table->count * 2 >= table->capacity && !grow(table))) return NULL;
  uint32_t hash = (uint32_t)seeded_hash(table->seed, (const uint8_t *)data, size);
  slot *s = find_slot(table, data, size, hash);
  if (s->text) return s->text;
  const char *copy = copy_string(table->arena, data, size);
  if (!copy) return NULL;
  *s = (slot){.text = copy, .size = (uint32_t)size, .hash = hash};
  table->count++;
  return copy;
}

const char *gcut_intern_add(gcut_intern *table, const char *data, size_t size) {
  const char *text = add(table, data, size);
  table->out_of_memory |= !text;
  return text;
}

bool gcut_intern_out_of_memory(const gcut_intern *table) {
  return !table || table->out_of_memory;
}

const char *gcut_intern_find(const gcut_intern *table, const char *data, size_t size) {
  if (table->capacity == 0) return NULL;
  uint32_t hash = (uint32_t)seeded_hash(table->seed, (const uint8_t *)data, size);
  return find_slot(table, data, size, hash)->text;
}

void gcut_intern_prefetch(const gcut_intern *table, const char *data, size_t size) {
  if (table->capacity == 0) return;
  uint32_t hash = (uint32_t)seeded_hash(table->seed, (const uint8_t *)data, size);
  __builtin_prefetch(&table->slots[hash & (table->capacity - 1)]);
}
