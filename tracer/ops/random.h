// Attributes of the operators that draw random numbers. A seed of NaN is not given.
#ifndef GCUT_TRACER_OPS_RANDOM_H
#define GCUT_TRACER_OPS_RANDOM_H

#include "tracer/ops/op.h"

typedef struct gcut__random_attrs {
  int64_t dtype; // 0: that of the input
  float seed;
  gcut_ints shape;     // RandomNormal, RandomUniform
  float mean, scale;   // RandomNormal*
  float low, high;     // RandomUniform*
  int64_t sample_size; // Multinomial
} gcut__random_attrs;

#define GCUT__NO_SEED INT64_MIN

typedef struct gcut__dropout_attrs {
  float ratio;     // before opset 12; then input 1
  int64_t is_test; // before opset 7
  int64_t seed;    // GCUT__NO_SEED: not given
} gcut__dropout_attrs;

#endif
