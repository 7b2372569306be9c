// Attributes of com.microsoft's normalisations.
#ifndef GCUT_TRACER_OPS_MICROSOFT_NORM_H
#define GCUT_TRACER_OPS_MICROSOFT_NORM_H

#include "tracer/ops/op.h"

typedef struct gcut__skip_norm_attrs {
  float epsilon;
} gcut__skip_norm_attrs; // SkipLayerNormalization and its kin, EmbedLayerNormalization

typedef struct gcut__channel_norm_attrs {
  int64_t groups, activation, channels_last;
  float epsilon;
} gcut__channel_norm_attrs; // GroupNorm, SkipGroupNorm

#endif
