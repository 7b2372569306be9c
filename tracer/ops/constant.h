// Attributes of the operators that make tensors from nothing.
#ifndef GCUT_TRACER_OPS_CONSTANT_H
#define GCUT_TRACER_OPS_CONSTANT_H

#include "tracer/ops/op.h"

typedef struct gcut__constant_of_shape_attrs {
  uint32_t value; // of constants[], one element; GCUT_NONE: float 0
} gcut__constant_of_shape_attrs;

typedef struct gcut__eye_like_attrs {
  int64_t dtype; // 0: the input's
  int64_t k;
} gcut__eye_like_attrs;

typedef struct gcut__one_hot_attrs {
  int64_t axis;
} gcut__one_hot_attrs;

// The attribute that holds a Constant's value, or NULL.
const gcut_attribute *gcut__constant_value(const gcut_graph *graph, const gcut_node *node);
// Whether a ConstantOfShape makes that value; *out_zero: of zeros.
bool gcut__is_filled(const gcut_graph *graph, uint32_t value, bool *out_zero);

#endif
