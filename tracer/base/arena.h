// A bump allocator: one arena a lifetime, everything in it freed at once.
#ifndef GCUT_TRACER_BASE_ARENA_H
#define GCUT_TRACER_BASE_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "graphcut/status.h"

typedef struct gcut_arena gcut_arena;

// NULL where memory is out.
gcut_arena *gcut_arena_create(void);
// NULL is allowed.
void gcut_arena_destroy(gcut_arena *arena);
// Forgets everything in it; some memory is kept for what comes next.
void gcut_arena_reset(gcut_arena *arena);

// Zeroed memory for `count` items of `size` bytes, aligned to 16 (to 64 from 64 bytes on); NULL
// where memory is out or the product overflows. A count of 0 gives a valid pointer to nothing.
void *gcut_arena_alloc(gcut_arena *arena, size_t count, size_t size);
void *gcut_arena_copy(gcut_arena *arena, const void *data, size_t bytes);
// A zero-terminated copy.
char *gcut_arena_string(gcut_arena *arena, const char *data, size_t size);
char *gcut_arena_format(gcut_arena *arena, const char *format, ...) GCUT_PRINTF(2, 3);
char *gcut_arena_vformat(gcut_arena *arena, const char *format, va_list args) GCUT_PRINTF(2, 0);
// Whether any call above has given NULL for want of memory: for who makes many small things and
// looks once. True of NULL.
bool gcut_arena_out_of_memory(const gcut_arena *arena);

#define GCUT_NEW(arena, type) ((type *)gcut_arena_alloc((arena), 1, sizeof(type)))
#define GCUT_NEW_ARRAY(arena, type, count)                                                         \
  ((type *)gcut_arena_alloc((arena), (count), sizeof(type)))

#endif
