#ifndef GCUT_TRACER_OPS_FOLD_H
#define GCUT_TRACER_OPS_FOLD_H

#include "tracer/ops/window.h"

typedef struct gcut__fold_attrs {
  gcut__window_attrs window; // strides, dilations, pads
} gcut__fold_attrs;

#endif
