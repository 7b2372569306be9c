// FusedConv of com.microsoft: Conv's kernel, then what follows it in place.
#include "tracer/ops/fused_conv.h"

#include "exec/cpu/ops/fused.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/real.h"

enum { BLOCK = 512 };

// y += z
static void add_tensor(gcut_tensor *y, const gcut_tensor *z) {
  double a[BLOCK], b[BLOCK];
  for (uint64_t at = 0; at < y->count; at += BLOCK) {
    uint64_t n = y->count - at < BLOCK ? y->count - at : BLOCK;
    gcut__load_doubles(y->type, y->data, at, 1, n, a);
    gcut__load_doubles(z->type, z->data, at, 1, n, b);
    for (uint64_t i = 0; i < n; i++) a[i] += b[i];
    gcut__store_doubles(y->type, y->data, at, 1, n, a);
  }
}

gcut_status gcut__cpu_fused_conv(gcut__cpu_call *c, gcut_error *err) {
  const gcut__fused_conv_attrs *attrs = c->attrs;
  gcut__fused_activation activation;
  if (!gcut__fused_conv_activation(attrs, &activation))
    return gcut__cpu_fail(c, GCUT_UNSUPPORTED, err, "unknown activation");
  gcut__cpu_call inner = *c;
  inner.attrs = &attrs->conv;
  GCUT_TRY(gcut__cpu_conv(&inner, err));
  if (gcut__cpu_has(c, 3)) add_tensor(c->outputs[0], c->inputs[3]);
  gcut__fused_apply(&activation, c->outputs[0]);
  return GCUT_OK;
}
