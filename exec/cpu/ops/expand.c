// Expand and Tile: copies that read some elements again and again.
#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

gcut_status gcut__cpu_expand(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int64_t strides[GCUT_MAX_RANK], to_strides[GCUT_MAX_RANK];
  if (!y || y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__broadcast_strides(x->rank, x->dims, y->rank, strides);
  gcut__packed_strides(y->rank, y->dims, to_strides);
  gcut__copy_box(to.size, y->rank, y->dims, to.data, to_strides, from.data, strides);
  return gcut__elements_store(c, &to, y, err);
}

// Every dim becomes two: which copy, and where in it.
gcut_status gcut__cpu_tile(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int64_t dims[GCUT__COPY_RANK], strides[GCUT__COPY_RANK], to_strides[GCUT__COPY_RANK];
  int64_t x_strides[GCUT_MAX_RANK], y_strides[GCUT_MAX_RANK];
  if (!y || y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__packed_strides(x->rank, x->dims, x_strides);
  gcut__packed_strides(y->rank, y->dims, y_strides);
  for (int d = 0; d < x->rank; d++) {
    dims[2 * d] = y->dims[d] / x->dims[d];
    dims[2 * d + 1] = x->dims[d];
    strides[2 * d] = 0;
    strides[2 * d + 1] = x_strides[d];
    to_strides[2 * d] = y_strides[d] * x->dims[d];
    to_strides[2 * d + 1] = y_strides[d];
  }
  gcut__copy_box(to.size, 2 * x->rank, dims, to.data, to_strides, from.data, strides);
  return gcut__elements_store(c, &to, y, err);
}
