// Slice: a strided copy.
#include "tracer/ops/slice.h"

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"

typedef struct bounds {
  uint64_t n;
  const int64_t *starts, *ends, *axes, *steps; // axes, steps: NULL where absent
} bounds;

static gcut_status read_bounds(gcut__cpu_call *c, bounds *b, gcut_error *err) {
  const gcut__slice_attrs *attrs = c->attrs;
  uint64_t n;
  if (c->node->version < 10) {
    *b = (bounds){attrs->starts.n, attrs->starts.data, attrs->ends.data,
                  attrs->axes.given ? attrs->axes.data : NULL, NULL};
    return GCUT_OK;
  }
  GCUT_TRY(gcut__indices(c, 1, &b->starts, &b->n, err));
  GCUT_TRY(gcut__indices(c, 2, &b->ends, &n, err));
  GCUT_TRY(gcut__indices(c, 3, &b->axes, &n, err));
  return gcut__indices(c, 4, &b->steps, &n, err);
}

gcut_status gcut__cpu_slice(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int64_t strides[GCUT_MAX_RANK], to_strides[GCUT_MAX_RANK], at = 0, first;
  bounds b;
  if (!y || y->count == 0) return GCUT_OK;
  GCUT_TRY(read_bounds(c, &b, err));
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__packed_strides(x->rank, x->dims, strides);
  gcut__packed_strides(y->rank, y->dims, to_strides);
  for (uint64_t k = 0; k < b.n; k++) {
    int64_t axis = b.axes ? b.axes[k] : (int64_t)k, step = b.steps ? b.steps[k] : 1;
    if (axis < 0) axis += x->rank;
    if (gcut__slice_axis(x->dims[axis], b.starts[k], b.ends[k], step, &first) != y->dims[axis])
      return gcut__cpu_fail(c, GCUT_FORMAT, err, "bounds changed since its shape was inferred");
    at += first * strides[axis];
    if (y->dims[axis] > 1) strides[axis] *= step;
  }
  gcut__copy_box(to.size, y->rank, y->dims, to.data, to_strides, from.data + at * (int64_t)to.size,
                 strides);
  return gcut__elements_store(c, &to, y, err);
}
