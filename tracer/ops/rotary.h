// Attributes of rotary position embedding, of ai.onnx and com.microsoft alike.
#ifndef GCUT_TRACER_OPS_ROTARY_H
#define GCUT_TRACER_OPS_ROTARY_H

#include "tracer/ops/op.h"

typedef struct gcut__rotary_attrs {
  int64_t interleaved;
  int64_t num_heads;            // of 3-D inputs
  int64_t rotary_embedding_dim; // 0: the whole head
} gcut__rotary_attrs;

#endif
