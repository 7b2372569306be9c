// Interned strings: equal strings have equal pointers.
#ifndef GCUT_TRACER_BASE_INTERN_H
#define GCUT_TRACER_BASE_INTERN_H

#include "tracer/base/arena.h"

typedef struct gcut_intern gcut_intern;

// Strings live in `arena`; the table is freed by gcut_intern_destroy. NULL where memory is out.
gcut_intern *gcut_intern_create(gcut_arena *arena);
void gcut_intern_destroy(gcut_intern *table);
// The one copy of that string, zero-terminated; NULL where memory is out.
const char *gcut_intern_add(gcut_intern *table, const char *data, size_t size);
// Whether any string could not be added. True of NULL.
bool gcut_intern_out_of_memory(const gcut_intern *table);
// The one copy, or NULL where it was never added.
const char *gcut_intern_find(const gcut_intern *table, const char *data, size_t size);

// Brings near what the next look-up of that string will need: worth a call where there is other
// work in between, since a look-up in a large table waits for memory alone.
void gcut_intern_prefetch(const gcut_intern *table, const char *data, size_t size);

// Two numbers kept with an interned string, UINT32_MAX at first: what a table from the string to a
// number would hold, without a look-up of its own.
static inline uint32_t *gcut_intern_tags(const char *interned) {
  return (uint32_t *)((uintptr_t)interned - 2 * sizeof(uint32_t));
}

// 64 bits that depend on all of the data: for tables and seeds, not for fingerprints. The same in
// every run.
uint64_t gcut_hash(const void *data, size_t size);

#endif
