#ifndef GCUT_TRACER_OPS_FOLD_H
#define GCUT_TRACER_OPS_FOLD_H

#include "tracer/ops/window.h"

typedef struct gcut_fold_attrs {
  gcut_window_attrs window; // strides, dilations, pads
} gcut_fold_attrs;

#endif
