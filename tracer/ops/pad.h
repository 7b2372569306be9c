// What Pad, CenterCropPad and Crop share between rooms.
#ifndef GCUT_TRACER_OPS_PAD_H
#define GCUT_TRACER_OPS_PAD_H

#include "tracer/ops/op.h"

typedef struct gcut__pad_attrs {
  gcut_string mode;
  float value;        // before opset 11
  gcut_ints pads;     // opset 2 to 10
  gcut_ints paddings; // opset 1
} gcut__pad_attrs;

typedef enum gcut__pad_mode {
  GCUT__PAD_CONSTANT,
  GCUT__PAD_REFLECT,
  GCUT__PAD_EDGE,
  GCUT__PAD_WRAP,
  GCUT__PAD_N_MODES
} gcut__pad_mode;

// GCUT__PAD_N_MODES where there is no such mode.
gcut__pad_mode gcut__pad_mode_of(const gcut__pad_attrs *attrs);

typedef struct gcut__center_attrs {
  gcut_ints axes; // absent: all
} gcut__center_attrs;

typedef struct gcut__crop_attrs {
  gcut_ints border; // left, top, right, bottom
  gcut_ints scale;  // height, width of what stays; absent: all within the border
} gcut__crop_attrs;

#endif
