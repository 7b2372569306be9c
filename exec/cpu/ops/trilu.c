// Trilu: each row of a matrix is copied on one side of the diagonal and cleared on the other.
#include "tracer/ops/trilu.h"

#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/kernels.h"

gcut_status gcut__cpu_trilu(gcut__cpu_call *c, gcut_error *err) {
  const gcut__trilu_attrs *attrs = c->attrs;
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  if (!y || y->count == 0) return GCUT_OK;
  GCUT_TRY(gcut__elements_read(c, c->inputs[0], &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  int64_t n = y->dims[y->rank - 2], m = y->dims[y->rank - 1];
  int64_t k = gcut__cpu_has(c, 1) ? *(const int64_t *)c->inputs[1]->data : 0;
  k = k < -n ? -n : k > m ? m : k; // beyond these nothing changes
  for (int64_t row = 0, rows = (int64_t)y->count / m; row < rows; row++) {
    int64_t edge = row % n + k + (attrs->upper ? 0 : 1); // the first column on the right side
    edge = edge < 0 ? 0 : edge > m ? m : edge;
    size_t left = (size_t)edge * to.size, all = (size_t)m * to.size;
    uint8_t *at = to.data + (size_t)row * all;
    const uint8_t *x = from.data + (size_t)row * all;
    if (attrs->upper) {
      memset(at, 0, left);
      memcpy(at + left, x + left, all - left);
    } else {
      memcpy(at, x, left);
      memset(at + left, 0, all - left);
    }
  }
  return gcut__elements_store(c, &to, y, err);
}
