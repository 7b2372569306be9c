// Attributes of DFT, STFT, the windows and MelWeightMatrix.
#ifndef GCUT_TRACER_OPS_SIGNAL_H
#define GCUT_TRACER_OPS_SIGNAL_H

#include "tracer/ops/op.h"

typedef struct gcut__dft_attrs {
  int64_t axis; // before opset 20; then an input
  int64_t inverse, onesided;
} gcut__dft_attrs;

typedef struct gcut__stft_attrs {
  int64_t onesided;
} gcut__stft_attrs;

typedef struct gcut__signal_window_attrs {
  int64_t output_datatype, periodic;
} gcut__signal_window_attrs;

#endif
