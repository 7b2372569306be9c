// JPEG 2000: files (JP2) and bare codestreams.
#ifndef GCUT_EXEC_CPU_OPS_JPEG2000_H
#define GCUT_EXEC_CPU_OPS_JPEG2000_H

#include <stddef.h>
#include <stdint.h>

#include "tracer/base/arena.h"
#include "tracer/base/error.h"

typedef struct gcut__jpeg2000 {
  int64_t width, height;
  uint8_t *rgb; // [height][width][3] in the arena
} gcut__jpeg2000;

// Decodes `data`; all zeros where the stream cannot be decoded. GCUT_UNSUPPORTED where the library
// is not there.
gcut_status gcut__jpeg2000_read(gcut_arena *arena, const uint8_t *data, size_t size,
                                gcut__jpeg2000 *out, gcut_error *err);

#endif
