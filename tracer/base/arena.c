// Chunks from malloc, each twice the last up to a limit; large requests get a chunk of their own.
#include "tracer/base/arena.h"

#include <stdio.h>
#include <stdlib.h>

#include "tracer/base/pages.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { FIRST_CHUNK = 4096, LAST_CHUNK = 1 << 22, ALIGN = 16, WIDE_ALIGN = 64 };

typedef struct chunk {
  struct chunk *next;
  size_t used, size; // of bytes[]
} chunk;

// The bytes of a chunk follow its header, aligned to WIDE_ALIGN.
static size_t chunk_header(void) {
  return (sizeof(chunk) + WIDE_ALIGN - 1) & ~(size_t)(WIDE_ALIGN - 1);
}
static uint8_t *chunk_bytes(chunk *c) {
  return (uint8_t *)c + chunk_header();
}

struct gcut_arena {
  chunk *chunks; // the one being filled first
  size_t next_size;
  bool out_of_memory;
};

gcut_arena *gcut_arena_create(void) {
  gcut_arena *arena = calloc(1, sizeof *arena);
  if (arena) arena->next_size = FIRST_CHUNK;
  return arena;
}

static void free_chunks(chunk *first) {
  for (chunk *c = first, *next; c; c = next) {
    next = c->next;
    ASAN_UNPOISON_MEMORY_REGION(chunk_bytes(c), c->size);
    free(c);
  }
}

// The largest chunk, but for what is larger than any that small requests share.
static chunk *worth_keeping(chunk *first) {
  chunk *best = first;
  for (chunk *c = first->next; c; c = c->next)
    if (c->size <= LAST_CHUNK && (c->size > best->size || best->size > LAST_CHUNK)) best = c;
  return best;
}

void gcut_arena_reset(gcut_arena *arena) {
  if (!arena->chunks) return;
  chunk *kept = worth_keeping(arena->chunks);
  for (chunk *c = arena->chunks, *next; c; c = next) {
    next = c->next;
    c->next = NULL;
    if (c != kept) free_chunks(c);
  }
  arena->chunks = kept;
  kept->used = 0;
  ASAN_POISON_MEMORY_REGION(chunk_bytes(kept), kept->size);
}

void gcut_arena_destroy(gcut_arena *arena) {
  if (!arena) return;
  free_chunks(arena->chunks);
  free(arena);
}

static chunk *chunk_create(size_t size) {
  if (size > SIZE_MAX / 2) return NULL;
  size = (size + WIDE_ALIGN - 1) & ~(size_t)(WIDE_ALIGN - 1);
  chunk *c = aligned_alloc(WIDE_ALIGN, chunk_header() + size);
  if (!c) return NULL;
  gcut_huge_pages(c, chunk_header() + size);
  *c = (chunk){.size = size};
  ASAN_POISON_MEMORY_REGION(chunk_bytes(c), size);
  return c;
}

// A fresh chunk for `bytes`: becomes the one being filled, unless the request is large enough for
// its own.
static chunk *chunk_for(gcut_arena *arena, size_t bytes) {
  if (bytes >= arena->next_size / 2 && arena->chunks) {
    chunk *c = chunk_create(bytes);
    if (!c) return NULL;
    c->next = arena->chunks->next;
    arena->chunks->next = c;
    return c;
  }
  chunk *c = chunk_create(bytes > arena->next_size ? bytes : arena->next_size);
  if (!c) return NULL;
  c->next = arena->chunks;
  arena->chunks = c;
  if (arena->next_size < LAST_CHUNK) arena->next_size *= 2;
  return c;
}

static size_t aligned_use(const chunk *c, size_t align) {
  return (c->used + align - 1) & ~(align - 1);
}

void *gcut_arena_alloc(gcut_arena *arena, size_t count, size_t size) {
  size_t bytes;
  if (!arena) return NULL;
  if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4) {
    arena->out_of_memory = true;
    return NULL;
  }
  size_t align = bytes >= WIDE_ALIGN ? WIDE_ALIGN : ALIGN;
  chunk *c = arena->chunks;
  if (!c || aligned_use(c, align) > c->size || c->size - aligned_use(c, align) < bytes) {
    c = chunk_for(arena, bytes ? bytes : 1);
    arena->out_of_memory |= !c;
    if (!c) return NULL;
  }
  size_t at = aligned_use(c, align);
  uint8_t *memory = chunk_bytes(c) + at;
  c->used = at + bytes;
  ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
  memset(memory, 0, bytes);
  return memory;
}

void *gcut_arena_copy(gcut_arena *arena, const void *data, size_t bytes) {
  void *copy = gcut_arena_alloc(arena, bytes, 1);
  if (copy && bytes) memcpy(copy, data, bytes);
  return copy;
}

char *gcut_arena_string(gcut_arena *arena, const char *data, size_t size) {
  if (size == SIZE_MAX) return NULL;
  char *copy = gcut_arena_alloc(arena, size + 1, 1);
  if (copy && size) memcpy(copy, data, size);
  return copy;
}

char *gcut_arena_vformat(gcut_arena *arena, const char *format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, args);
  char *text = length < 0 ? NULL : gcut_arena_alloc(arena, (size_t)length + 1, 1);
  if (text) vsnprintf(text, (size_t)length + 1, format, again);
  va_end(again);
  return text;
}

char *gcut_arena_format(gcut_arena *arena, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = gcut_arena_vformat(arena, format, args);
  va_end(args);
  return text;
}

bool gcut_arena_out_of_memory(const gcut_arena *arena) {
  return !arena || arena->out_of_memory;
}
