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
// The one copy, or NULL where it was never added.
const char *gcut_intern_find(const gcut_intern *table, const char *data, size_t size);

// 64-bit FNV-1a, finished by a multiply-shift: for tables, not for fingerprints.
uint64_t gcut_hash(const void *data, size_t size);

#endif
