// Attributes of GridSample and AffineGrid.
#ifndef GCUT_TRACER_OPS_GRID_H
#define GCUT_TRACER_OPS_GRID_H

#include "tracer/ops/op.h"

typedef struct gcut_grid_attrs {
  int64_t align_corners;
  gcut_string mode, padding_mode;
} gcut_grid_attrs;

typedef enum gcut_grid_mode { GCUT_GRID_NEAREST, GCUT_GRID_LINEAR, GCUT_GRID_CUBIC } gcut_grid_mode;
typedef enum gcut_grid_padding {
  GCUT_GRID_ZEROS,
  GCUT_GRID_BORDER,
  GCUT_GRID_REFLECTION,
} gcut_grid_padding;

// False where a string is no such mode.
GCUT_MUST_USE bool gcut__grid_modes(const gcut_grid_attrs *attrs, gcut_grid_mode *out_mode,
                                    gcut_grid_padding *out_padding);

enum { GCUT_GRID_AXES = 6 }; // spatial dims at most: a cubic sample reads 4 to the power of them

#endif
