// Concat and Split: rows of one tensor beside rows of others.
#include "tracer/ops/concat.h"

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/order.h"

gcut_status gcut__cpu_concat(gcut__cpu_call *c, gcut_error *err) {
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  if (!y || y->count == 0) return GCUT_OK;
  int64_t axis = gcut__concat_axis(c->attrs), at = 0;
  axis = gcut__cpu_axis(c, (int)(axis < 0 ? axis + y->rank : axis), y->rank);
  int64_t rows = gcut__product(y->dims, 0, (int)axis),
          row = gcut__product(y->dims, (int)axis, y->rank);
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    const gcut_tensor *x = c->inputs[i];
    int64_t part = gcut__product(x->dims, (int)axis, x->rank);
    if (x->count == 0) continue;
    GCUT_TRY(gcut__elements_read(c, x, &from, err));
    gcut__copy_rows(to.size, rows, part, to.data + (size_t)at * to.size, row, from.data, part);
    at += part;
  }
  return gcut__elements_store(c, &to, y, err);
}

// The lengths of the outputs; infer has checked that they fit.
static gcut_status read_lengths(gcut__cpu_call *c, int64_t whole, const int64_t **out_lengths,
                                gcut_error *err) {
  const gcut__split_attrs *attrs = c->attrs;
  uint64_t n;
  if (c->node->version < 13 && attrs->split.given) {
    *out_lengths = attrs->split.data;
    return GCUT_OK;
  }
  if (gcut__cpu_has(c, 1)) return gcut__indices(c, 1, out_lengths, &n, err);
  int64_t *lengths = GCUT_NEW_ARRAY(c->scratch, int64_t, c->n_outputs);
  if (!lengths) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory");
  int64_t each = whole / c->n_outputs + (whole % c->n_outputs > 0);
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    lengths[i] = each < whole ? each : whole;
    whole -= lengths[i];
  }
  *out_lengths = lengths;
  return GCUT_OK;
}

gcut_status gcut__cpu_split(gcut__cpu_call *c, gcut_error *err) {
  const gcut__split_attrs *attrs = c->attrs;
  const gcut_tensor *x = c->inputs[0];
  const int64_t *lengths;
  gcut__elements from, to;
  int axis = (int)(attrs->axis < 0 ? attrs->axis + x->rank : attrs->axis);
  int64_t whole = x->dims[axis], at = 0;
  int64_t rows = gcut__product(x->dims, 0, axis), inner = gcut__product(x->dims, axis + 1, x->rank);
  if (axis != 1) GCUT_TRY(gcut__cpu_straighten_input(c, err));
  if (c->order && c->order->input) { // then the channels are the last axis
    rows *= inner;
    inner = 1;
    c->order->output = true;
  }
  int64_t row = whole * inner;
  GCUT_TRY(read_lengths(c, whole, &lengths, err));
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    gcut_tensor *y = c->outputs[i];
    int64_t part = lengths[i] * inner;
    if (y && y->count > 0) {
      GCUT_TRY(gcut__elements_write(c, y, &to, err));
      gcut__copy_rows(to.size, rows, part, to.data, part, from.data + (size_t)at * to.size, row);
      GCUT_TRY(gcut__elements_store(c, &to, y, err));
    }
    at += part;
  }
  return GCUT_OK;
}
