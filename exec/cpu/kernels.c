// The table of CPU kernels, made from the list of operators.
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/call.h"
#include "exec/cpu/dnnl.h"
#include "exec/cpu/kernel.h"
#include "tracer/ops/list.h"

static const gcut__cpu_kernel kernels[] = {
#define X(domain, name, ident, ...) gcut__cpu_##ident,
#define V(domain, name, ident, ...) NULL,
    GCUT__OP_LIST(X, V)
#undef X
#undef V
};

static const gcut__cpu_kernel groups[GCUT_N_FUSED_KINDS] = {
    [GCUT_FUSED_EXPERTS] = gcut__cpu_group_experts,
    [GCUT_FUSED_QUANTIZED] = gcut__cpu_group_quantized,
    [GCUT_FUSED_LOOKUP] = gcut__cpu_group_lookup,
};

gcut__cpu_kernel gcut__cpu_find_group(gcut_fused_kind kind) {
  return kind != GCUT_FUSED_QUANTIZED || gcut__dnnl_multiplies_bytes() ? groups[kind] : NULL;
}

bool gcut__cpu_is_one_step(gcut_fused_kind kind) {
  return gcut__cpu_find_group(kind) != NULL;
}

bool gcut__cpu_group_asks(gcut_fused_kind kind) {
  return kind == GCUT_FUSED_QUANTIZED || kind == GCUT_FUSED_LOOKUP;
}

// Rows stand in the order of the list, as those of gcut_op_rows do.
gcut__cpu_kernel gcut__cpu_find(const gcut_node *node) {
  return node->op ? kernels[node->op_row] : NULL;
}
