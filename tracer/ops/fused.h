// The activation that com.microsoft's fused operators end with.
#ifndef GCUT_TRACER_OPS_FUSED_H
#define GCUT_TRACER_OPS_FUSED_H

#include "tracer/ops/op.h"

// X(name as the attribute has it, name here, default alpha, default beta)
#define GCUT__ACTIVATION_LIST(X)                                                                   \
  X("", NONE, 0, 0)                                                                                \
  X("Relu", RELU, 0, 0)                                                                            \
  X("Sigmoid", SIGMOID, 0, 0)                                                                      \
  X("Tanh", TANH, 0, 0)                                                                            \
  X("LeakyRelu", LEAKY_RELU, 0.01f, 0)                                                             \
  X("Clip", CLIP, -FLT_MAX, FLT_MAX)                                                               \
  X("HardSigmoid", HARD_SIGMOID, 0.2f, 0.5f)                                                       \
  X("Elu", ELU, 1, 0)                                                                              \
  X("Softplus", SOFTPLUS, 0, 0)                                                                    \
  X("Softsign", SOFTSIGN, 0, 0)                                                                    \
  X("ThresholdedRelu", THRESHOLDED_RELU, 1, 0)                                                     \
  X("Gelu", GELU, 0, 0)                                                                            \
  X("Silu", SILU, 0, 0)                                                                            \
  X("HardSwish", HARD_SWISH, 0, 0)

typedef enum gcut__activation_function {
#define X(text, name, alpha, beta) GCUT__ACTIVATION_##name,
  GCUT__ACTIVATION_LIST(X)
#undef X
} gcut__activation_function;

typedef struct gcut__fused_activation {
  gcut__activation_function function;
  float alpha, beta;
} gcut__fused_activation;

// The activation of that name with its default parameters; false where there is none.
GCUT_MUST_USE bool gcut__fused_find(gcut_string name, gcut__fused_activation *out);

#endif
