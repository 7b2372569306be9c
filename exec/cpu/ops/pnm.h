// Portable bitmaps, graymaps and pixmaps: P1 to P6.
#ifndef GCUT_EXEC_CPU_OPS_PNM_H
#define GCUT_EXEC_CPU_OPS_PNM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct gcut__pnm {
  int kind; // 1 to 6
  int64_t width, height, highest;
  const uint8_t *data, *end; // what follows the header
} gcut__pnm;

// Reads a header; false where it is none, or its sizes are nobody's.
bool gcut__pnm_open(const uint8_t *data, size_t size, gcut__pnm *out);
// Writes height * width * 3 bytes of red, green and blue; false where the stream ends before.
bool gcut__pnm_read(gcut__pnm *image, uint8_t *rgb);

#endif
