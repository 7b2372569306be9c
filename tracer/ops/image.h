// Attributes of ImageDecoder.
#ifndef GCUT_TRACER_OPS_IMAGE_H
#define GCUT_TRACER_OPS_IMAGE_H

#include "tracer/ops/op.h"

typedef enum gcut__pixel_format {
  GCUT__PIXEL_RGB,
  GCUT__PIXEL_BGR,
  GCUT__PIXEL_GRAY,
  GCUT__PIXEL_N_FORMATS
} gcut__pixel_format;

typedef struct gcut__image_attrs {
  gcut_string pixel_format;
} gcut__image_attrs;

// GCUT__PIXEL_N_FORMATS where there is no such format.
gcut__pixel_format gcut__pixel_format_of(const gcut__image_attrs *attrs);

#endif
