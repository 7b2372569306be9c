// Which device runs which operator: one row a device below.
#include "graphcut/operators.h"

#include <string.h>

#include "exec/cpu/kernel.h"
#ifdef GCUT_CUDA
#include "exec/cuda/cuda_open.h"
#endif

static gcut_node node_of(size_t row) {
  size_t n;
  return (gcut_node){.op = gcut_op_rows(&n)[row].op, .op_row = (uint32_t)row};
}

static bool on_cpu(size_t row) {
  gcut_node node = node_of(row);
  return gcut__cpu_find(&node) || (node.op->flags & GCUT_OP_VIEW);
}

#ifdef GCUT_CUDA
static bool on_cuda(size_t row) {
  size_t n;
  const gcut_op_row *it = &gcut_op_rows(&n)[row];
  return gcut__cuda_has_kernel(it->domain, it->name) || (it->op->flags & GCUT_OP_VIEW);
}
static const char *const names[] = {"cpu", "cuda", NULL};
static bool (*const runs[])(size_t row) = {on_cpu, on_cuda};
#else
static const char *const names[] = {"cpu", NULL};
static bool (*const runs[])(size_t row) = {on_cpu};
#endif

size_t gcut_operator_count(void) {
  size_t n;
  gcut_op_rows(&n);
  return n;
}

gcut_operator gcut_operator_at(size_t index) {
  size_t n;
  const gcut_op_row *row = &gcut_op_rows(&n)[index];
  return (gcut_operator){row->domain, row->name, row->versions};
}

const char *const *gcut_operator_devices(void) {
  return names;
}

bool gcut_operator_runs_on(size_t index, const char *device) {
  for (size_t d = 0; names[d]; d++)
    if (!strcmp(names[d], device)) return runs[d](index);
  return false;
}
