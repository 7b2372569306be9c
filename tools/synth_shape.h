// The shape of a decoder to be made, as hidden=4096,layers=32,...
#ifndef GRAPHCUT_TOOLS_SYNTH_SHAPE_H
#define GRAPHCUT_TOOLS_SYNTH_SHAPE_H

#include "graphcut/dtype.h"
#include "graphcut/status.h"

// X(name, default): what a shape may say; 0 of kv_heads is heads, of intermediate 3.5 times hidden.
#define SYNTH_SHAPE_LIST(X)                                                                        \
  X(hidden, 512)                                                                                   \
  X(layers, 4)                                                                                     \
  X(heads, 8)                                                                                      \
  X(kv_heads, 0)                                                                                   \
  X(intermediate, 0) X(vocab, 32000) X(experts, 0) X(experts_per_token, 2) X(opset, 18)

typedef struct synth_shape {
#define X(name, value) long name;
  SYNTH_SHAPE_LIST(X)
#undef X
  gcut_dtype type;
} synth_shape;

// GCUT_ARGUMENT where the text is no shape of a decoder.
gcut_status synth_shape_parse(const char *text, synth_shape *out, gcut_error *err);

#endif
