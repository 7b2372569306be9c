// Attributes of DFT, STFT, the windows and MelWeightMatrix.
#ifndef GCUT_TRACER_OPS_SIGNAL_H
#define GCUT_TRACER_OPS_SIGNAL_H

#include "tracer/ops/op.h"

typedef struct gcut_dft_attrs {
  int64_t axis; // before opset 20; then an input
  int64_t inverse, onesided;
} gcut_dft_attrs;

typedef struct gcut_stft_attrs {
  int64_t onesided;
} gcut_stft_attrs;

typedef struct gcut_signal_window_attrs {
  int64_t output_datatype, periodic;
} gcut_signal_window_attrs;

#endif
