// Pad, CenterCropPad, Crop.
//
// Padding with a constant fills the output and copies the box that is left of the input. The other
// modes look every output index up in a table an axis, made once: where it comes from.
#include "tracer/ops/pad.h"

#include "exec/cpu/ops/copy.h"
#include "exec/cpu/ops/elements.h"
#include "exec/cpu/ops/indices.h"
#include "exec/cpu/ops/kernels.h"
#include "exec/cpu/ops/stride.h"
#include "exec/cpu/ops/typed.h"

// Elements before the input's first on each axis; negative where it is cropped.
static gcut_status read_begins(gcut__cpu_call *c, int64_t *begins, int64_t *ends, gcut_error *err) {
  const gcut__pad_attrs *attrs = c->attrs;
  const int64_t *pads, *axes = NULL;
  uint64_t n, n_axes = 0;
  int rank = c->inputs[0]->rank;
  if (c->node->version < 11)
    pads = c->node->version < 2 ? attrs->paddings.data : attrs->pads.data;
  else
    GCUT_TRY(gcut__indices(c, 1, &pads, &n, err));
  GCUT_TRY(gcut__indices(c, 3, &axes, &n_axes, err));
  if (!gcut__cpu_has(c, 3)) n_axes = (uint64_t)rank;
  for (int d = 0; d < rank; d++) begins[d] = ends[d] = 0;
  for (uint64_t k = 0; k < n_axes; k++) {
    int64_t axis = gcut__cpu_has(c, 3) ? axes[k] : (int64_t)k;
    if (axis < 0) axis += rank;
    begins[axis] = pads[k];
    ends[axis] = pads[n_axes + k];
  }
  return GCUT_OK;
}

static gcut_status pad_constant(gcut__cpu_call *c, const int64_t *begins, const uint8_t *item,
                                gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int64_t box[GCUT_MAX_RANK], strides[GCUT_MAX_RANK], to_strides[GCUT_MAX_RANK], at = 0, to_at = 0;
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__fill(to.size, to.data, item, y->count);
  gcut__packed_strides(x->rank, x->dims, strides);
  gcut__packed_strides(y->rank, y->dims, to_strides);
  bool empty = false;
  for (int d = 0; d < x->rank; d++) {
    int64_t first = begins[d] < 0 ? -begins[d] : 0, to_first = begins[d] > 0 ? begins[d] : 0;
    int64_t n = x->dims[d] - first, room = y->dims[d] - to_first;
    box[d] = n < room ? n : room;
    if (box[d] <= 0) empty = true;
    if (empty) break;
    at += first * strides[d];
    to_at += to_first * to_strides[d];
  }
  if (!empty)
    gcut__copy_box(to.size, x->rank, box, to.data + to_at * (int64_t)to.size, to_strides,
                   from.data + at * (int64_t)to.size, strides);
  return gcut__elements_store(c, &to, y, err);
}

// Where output index `i` lies among the `n` elements that a crop left, by the mode.
static int64_t place(gcut__pad_mode mode, int64_t i, int64_t n) {
  int64_t period;
  switch (mode) {
  case GCUT__PAD_EDGE: return i < 0 ? 0 : i >= n ? n - 1 : i;
  case GCUT__PAD_WRAP: i %= n; return i < 0 ? i + n : i;
  default: // reflect: there and back again, the ends once
    period = n > 1 ? 2 * (n - 1) : 1;
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
  }
}

// For each index of an output axis the offset of the input element it shows.
static gcut_status make_table(gcut__cpu_call *c, gcut__pad_mode mode, int d, int64_t begin,
                              int64_t end, int64_t stride, int64_t **out_table, gcut_error *err) {
  int64_t size = c->inputs[0]->dims[d], first = begin < 0 ? -begin : 0;
  int64_t left = size - first + (end < 0 ? end : 0), n = c->outputs[0]->dims[d];
  int64_t *table = *out_table = GCUT_NEW_ARRAY(c->scratch, int64_t, (size_t)n);
  if (!table) return gcut__cpu_fail(c, GCUT_NOMEM, err, "out of memory for indices");
  for (int64_t i = 0; i < n; i++)
    table[i] = (first + place(mode, i - (begin > 0 ? begin : 0), left)) * stride;
  return GCUT_OK;
}

static gcut_status pad_from_input(gcut__cpu_call *c, gcut__pad_mode mode, const int64_t *begins,
                                  const int64_t *ends, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0];
  gcut_tensor *y = c->outputs[0];
  gcut__elements from, to;
  int64_t strides[GCUT_MAX_RANK], *tables[GCUT_MAX_RANK], index[GCUT_MAX_RANK] = {0};
  GCUT_TRY(gcut__elements_read(c, x, &from, err));
  GCUT_TRY(gcut__elements_write(c, y, &to, err));
  gcut__packed_strides(x->rank, x->dims, strides);
  for (int d = 0; d < x->rank; d++)
    GCUT_TRY(make_table(c, mode, d, begins[d], ends[d], strides[d], &tables[d], err));
  int last = x->rank - 1;
  uint64_t row = (uint64_t)y->dims[last];
  for (uint64_t at = 0; at < y->count; at += row) {
    int64_t offset = 0;
    for (int d = 0; d < last; d++) offset += tables[d][index[d]];
    gcut__pick(to.size, to.data + at * to.size, from.data + offset * (int64_t)to.size, tables[last],
               row);
    for (int d = last - 1; d >= 0 && ++index[d] == y->dims[d]; d--) index[d] = 0;
  }
  return gcut__elements_store(c, &to, y, err);
}

// The element to pad with; zeros (an empty string) by default.
static gcut_status read_value(gcut__cpu_call *c, uint8_t *item, gcut_error *err) {
  const gcut__pad_attrs *attrs = c->attrs;
  gcut__elements value;
  memset(item, 0, 16);
  if (gcut__cpu_has(c, 2)) {
    GCUT_TRY(gcut__elements_read(c, c->inputs[2], &value, err));
    memcpy(item, value.data, value.size);
  } else if (c->node->version < 11) {
    double wide = (double)attrs->value;
    bool is_double = gcut__class_of(c->inputs[0]->type) == GCUT__CLASS_d;
    gcut__row_store(c->inputs[0]->type, item, 0, 1,
                    is_double ? (const void *)&wide : (const void *)&attrs->value);
  }
  return GCUT_OK;
}

gcut_status gcut__cpu_pad(gcut__cpu_call *c, gcut_error *err) {
  gcut__pad_mode mode = gcut__pad_mode_of(c->attrs);
  int64_t begins[GCUT_MAX_RANK], ends[GCUT_MAX_RANK];
  uint8_t item[16];
  if (!c->outputs[0] || c->outputs[0]->count == 0) return GCUT_OK;
  GCUT_TRY(read_begins(c, begins, ends, err));
  if (mode != GCUT__PAD_CONSTANT && c->inputs[0]->rank > 0)
    return pad_from_input(c, mode, begins, ends, err);
  GCUT_TRY(read_value(c, item, err));
  return pad_constant(c, begins, item, err);
}

gcut_status gcut__cpu_center_crop_pad(gcut__cpu_call *c, gcut_error *err) {
  const gcut_tensor *x = c->inputs[0], *y = c->outputs[0];
  int64_t begins[GCUT_MAX_RANK];
  const uint8_t zero[16] = {0};
  if (!y || y->count == 0) return GCUT_OK;
  for (int d = 0; d < x->rank; d++) {
    int64_t more = y->dims[d] - x->dims[d];
    begins[d] = more >= 0 ? more / 2 : -(-more / 2);
  }
  return pad_constant(c, begins, zero, err);
}

gcut_status gcut__cpu_crop(gcut__cpu_call *c, gcut_error *err) {
  const int64_t *border = ((const gcut__crop_attrs *)c->attrs)->border.data;
  const uint8_t zero[16] = {0};
  if (!c->outputs[0] || c->outputs[0]->count == 0) return GCUT_OK;
  return pad_constant(c, (int64_t[]){0, 0, -border[1], -border[0]}, zero, err);
}
