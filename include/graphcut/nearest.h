// The names nearest to one that was not found, for messages.
#ifndef GRAPHCUT_NEAREST_H
#define GRAPHCUT_NEAREST_H

#include <stddef.h>
#include <stdint.h>

#include "graphcut/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GCUT_N_NEAREST 3

typedef struct gcut_nearest {
  const char *wanted;
  const char *names[GCUT_N_NEAREST]; // nearest first, NULL: none yet; borrowed
  uint32_t distances[GCUT_N_NEAREST];
} gcut_nearest;

GCUT_API void gcut_nearest_begin(gcut_nearest *nearest, const char *wanted);
// Offers a candidate; the same name twice counts once.
GCUT_API void gcut_nearest_offer(gcut_nearest *nearest, const char *name);
// "; nearest: 'a', 'b', 'c'", or "" where nothing was offered. Returns buffer.
GCUT_API const char *gcut_nearest_format(const gcut_nearest *nearest, char *buffer, size_t size);
// The nearest where it is so near that it must be meant: most of its letters are there; or NULL.
GCUT_API const char *gcut_nearest_meant(const gcut_nearest *nearest);

#ifdef __cplusplus
}
#endif
#endif
