// Prototypes of all CPU kernels, made from the list of operators.
#ifndef GCUT_EXEC_CPU_OPS_KERNELS_H
#define GCUT_EXEC_CPU_OPS_KERNELS_H

#include "exec/cpu/kernel.h"
#include "tracer/ops/list.h"

#define X(domain, name, ident, ...)                                                                \
  gcut_status gcut__cpu_##ident(gcut__cpu_call *c, gcut_error *err);
#define V(domain, name, ident, ...)
GCUT__OP_LIST(X, V)
#undef X
#undef V

// Of fused groups: inputs are what the group reads, attrs is the group.
gcut_status gcut__cpu_group_experts(gcut__cpu_call *c, gcut_error *err);
gcut_status gcut__cpu_group_lookup(gcut__cpu_call *c, gcut_error *err);
gcut_status gcut__cpu_group_quantized(gcut__cpu_call *c, gcut_error *err);

#endif
