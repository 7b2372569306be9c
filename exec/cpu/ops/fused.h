// Activations at the end of fused operators.
#ifndef GCUT_EXEC_CPU_OPS_FUSED_H
#define GCUT_EXEC_CPU_OPS_FUSED_H

#include "exec/cpu/kernel.h"
#include "tracer/ops/fused.h"

// Replaces the elements of a floating-point tensor, in place.
void gcut__fused_apply(const gcut__fused_activation *f, gcut_tensor *tensor);

#endif
