// What passes from the parts up to a cut to later ones.
#ifndef GCUT_FORMATS_DOT_CROSSING_H
#define GCUT_FORMATS_DOT_CROSSING_H

#include "formats/dot/material.h"

enum { GCUT__CROSSING_LINES = 3 };

typedef struct gcut__crossing {
  uint32_t n;
  uint64_t bytes;
  bool known;                             // the bytes of all
  uint32_t largest[GCUT__CROSSING_LINES]; // values, the largest first
  double largest_bytes[GCUT__CROSSING_LINES];
} gcut__crossing;

// [n_values] the last part that reads a value; GCUT_NONE: none. In the arena; NULL: out of memory.
uint32_t *gcut__crossing_last_readers(const gcut__material *material, gcut_arena *arena);
// Of one cut: all that crosses it.
typedef struct gcut__cut_size {
  uint64_t bytes;
  uint32_t n_unknown; // values whose bytes are not known
} gcut__cut_size;

// [n_parts] of the cut after each part. In the arena; NULL: out of memory.
gcut__cut_size *gcut__crossing_sizes(const gcut__material *material, const uint32_t *last_readers,
                                     gcut_arena *arena);
// "3 cuts within · 32.8 kB each" of the cuts after parts `first` to `last`.
const char *gcut__crossing_within(const gcut__cut_size *sizes, uint32_t first, uint32_t last,
                                  gcut_arena *arena);
gcut__crossing gcut__crossing_after(const gcut__material *material, const uint32_t *last_readers,
                                    uint32_t part);
// "name type  bytes" of so many values, a line each where they are long, and how many more.
const char *gcut__crossing_lines(const gcut__material *material, const uint32_t *values, uint32_t n,
                                 gcut_arena *arena);

#endif
