// Attributes of MoE and QMoE of com.microsoft.
#ifndef GCUT_TRACER_OPS_EXPERTS_H
#define GCUT_TRACER_OPS_EXPERTS_H

#include "tracer/ops/op.h"

typedef enum gcut__experts_activation {
  GCUT__EXPERTS_RELU,
  GCUT__EXPERTS_GELU,
  GCUT__EXPERTS_SILU,
  GCUT__EXPERTS_IDENTITY,
  GCUT__EXPERTS_SWIGLU,
  GCUT__EXPERTS_UNKNOWN,
} gcut__experts_activation;

typedef struct gcut__experts_attrs {
  int64_t k, normalize_routing_weights, use_sparse_mixer;
  int64_t swiglu_fusion; // 0: gate in FC3; 1: interleaved in FC1; 2: behind FC1
  float activation_alpha, activation_beta, swiglu_limit; // limit NaN: none
  gcut_string activation_type;
  // QMoE
  gcut_string quant_type;
  int64_t expert_weight_bits, block_size;
  int64_t fc_bits[3]; // of each projection; 0: expert_weight_bits
} gcut__experts_attrs;

gcut__experts_activation gcut__experts_activation_of(const gcut__experts_attrs *attrs);

// A projection: the inputs it stands in, or GCUT_NONE. weights [experts, out, in] (packed along
// `in` where quantised), bias [experts, out].
typedef struct gcut__projection {
  uint32_t weights, scales, bias, zero_points;
  int64_t bits; // 0: not quantised
} gcut__projection;

// FC1, FC2, FC3 of MoE or QMoE.
void gcut__experts_projections(bool quantized, const gcut__experts_attrs *attrs,
                               gcut__projection *out);

#endif
