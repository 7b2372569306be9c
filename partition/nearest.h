// The names nearest to one that was not found, for messages.
#ifndef GCUT_PARTITION_NEAREST_H
#define GCUT_PARTITION_NEAREST_H

#include <stddef.h>
#include <stdint.h>

#define GCUT__N_NEAREST 3

typedef struct gcut__nearest {
  const char *wanted;
  const char *names[GCUT__N_NEAREST]; // nearest first, NULL: none yet; borrowed
  uint32_t distances[GCUT__N_NEAREST];
} gcut__nearest;

void gcut__nearest_begin(gcut__nearest *nearest, const char *wanted);
// Offers a candidate; the same name twice counts once.
void gcut__nearest_offer(gcut__nearest *nearest, const char *name);
// "; nearest: 'a', 'b', 'c'", or "" where nothing was offered. Returns buffer.
const char *gcut__nearest_format(const gcut__nearest *nearest, char *buffer, size_t size);

#endif
