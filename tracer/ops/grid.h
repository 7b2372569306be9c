// Attributes of GridSample and AffineGrid.
#ifndef GCUT_TRACER_OPS_GRID_H
#define GCUT_TRACER_OPS_GRID_H

#include "tracer/ops/op.h"

typedef struct gcut__grid_attrs {
  int64_t align_corners;
  gcut_string mode, padding_mode;
} gcut__grid_attrs;

typedef enum gcut__grid_mode {
  GCUT__GRID_NEAREST,
  GCUT__GRID_LINEAR,
  GCUT__GRID_CUBIC
} gcut__grid_mode;
typedef enum gcut__grid_padding {
  GCUT__GRID_ZEROS,
  GCUT__GRID_BORDER,
  GCUT__GRID_REFLECTION,
} gcut__grid_padding;

// False where a string is no such mode.
GCUT_MUST_USE bool gcut__grid_modes(const gcut__grid_attrs *attrs, gcut__grid_mode *out_mode,
                                    gcut__grid_padding *out_padding);

enum { GCUT__GRID_AXES = 6 }; // spatial dims at most: a cubic sample reads 4 to the power of them

#endif
