// Pad, CenterCropPad, Crop.
#include "tracer/ops/pad.h"

#include "tracer/ops/carry.h"

// ---- Pad --------------------------------------------------------------------------------------

static const gcut_attr_row pad_rows[] = {GCUT_ATTR_STRING(gcut__pad_attrs, mode, "constant"),
                                         GCUT_ATTR_FLOAT(gcut__pad_attrs, value, 0),
                                         GCUT_ATTR_INTS(gcut__pad_attrs, pads),
                                         GCUT_ATTR_INTS(gcut__pad_attrs, paddings),
                                         {0}};

gcut__pad_mode gcut__pad_mode_of(const gcut__pad_attrs *attrs) {
  static const char *const names[] = {"constant", "reflect", "edge", "wrap"};
  for (int m = 0; m < GCUT__PAD_N_MODES; m++)
    if (gcut__is_text(attrs->mode, names[m])) return (gcut__pad_mode)m;
  return GCUT__PAD_N_MODES;
}

typedef struct pads {
  uint32_t n;                    // axes
  const gcut_dim *begins, *ends; // [n]
  int axes[GCUT_MAX_RANK];
} pads;

static gcut_status set_pads(gcut_infer *c, const gcut_dim *values, size_t n, const int64_t *axes,
                            size_t n_axes, pads *p, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  if (n_axes > (size_t)rank || n != 2 * n_axes)
    return GCUT_NODE_FAIL(c, err, "%zu pads for %zu axes of a tensor of rank %d", n, n_axes, rank);
  *p = (pads){.n = (uint32_t)n_axes, .begins = values, .ends = values + n_axes};
  if (axes) return gcut_infer_axes(c, axes, n_axes, rank, p->axes, err);
  for (uint32_t k = 0; k < p->n; k++) p->axes[k] = (int)k;
  return GCUT_OK;
}

// *out_known: whether the pads are known by now.
static gcut_status read_pads(gcut_infer *c, pads *p, bool *out_known, gcut_error *err) {
  const gcut__pad_attrs *attrs = c->attrs;
  const gcut_dim *values;
  const int64_t *axes = NULL;
  uint32_t n, n_axes = (uint32_t)gcut_infer_rank(c, 0);
  *out_known = true;
  if (c->node->version < 11) {
    gcut_ints list = c->node->version < 2 ? attrs->paddings : attrs->pads;
    if (!list.given) return GCUT_NODE_FAIL(c, err, "attribute 'pads' is missing");
    values = gcut__ints_as_dims(c, list);
    if (!values) return GCUT_NO_MEMORY(err);
    return set_pads(c, values, list.n, NULL, n_axes, p, err);
  }
  if (!gcut_infer_has(c, 1)) return GCUT_NODE_FAIL(c, err, "the pads are missing");
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 2, err)); // opset 11 also allows [1, n]
  if (gcut_infer_has(c, 3)) GCUT_TRY(gcut_infer_expect_rank(c, 3, 1, 1, err));
  *out_known = gcut_infer_content(c, 1, &values, &n) &&
               (!gcut_infer_has(c, 3) || gcut_infer_ints(c, 3, &axes, &n_axes));
  return *out_known ? set_pads(c, values, n, axes, n_axes, p, err) : GCUT_OK;
}

// What is left of an axis after negative pads cropped it; the modes other than constant mirror or
// repeat this much.
static gcut_status check_cropped(gcut_infer *c, gcut__pad_mode mode, int axis, gcut_dim size,
                                 gcut_dim begin, gcut_dim end, gcut_error *err) {
  if (!gcut_dim_known(size) || !gcut_dim_known(begin) || !gcut_dim_known(end)) return GCUT_OK;
  __int128 left = (__int128)size + (begin < 0 ? begin : 0) + (end < 0 ? end : 0);
  if (mode != GCUT__PAD_CONSTANT && left <= 0 && (begin > 0 || end > 0))
    return GCUT_NODE_FAIL(c, err, "axis %d has no elements to pad with", axis);
  return GCUT_OK;
}

static gcut_status check_value(gcut_infer *c, gcut_error *err) {
  if (!gcut_infer_has(c, 2)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 0, 1, err));
  const gcut_fact *value = c->inputs[2];
  if (value->type.rank == 1 && gcut_dim_known(value->type.dims[0]) && value->type.dims[0] != 1)
    return GCUT_NODE_FAIL(c, err, "the value to pad with has %lld elements, expected 1",
                          (long long)value->type.dims[0]);
  return GCUT_OK;
}

static gcut_status infer_pad(gcut_infer *c, gcut_error *err) {
  const gcut__pad_attrs *attrs = c->attrs;
  gcut__pad_mode mode = gcut__pad_mode_of(attrs);
  gcut_dim dims[GCUT_MAX_RANK];
  pads p;
  bool known;
  if (mode == GCUT__PAD_N_MODES)
    return GCUT_NODE_FAIL(c, err, "mode '%.*s'", (int)(attrs->mode.size & 63), attrs->mode.data);
  GCUT_TRY(check_value(c, err));
  GCUT_TRY(read_pads(c, &p, &known, err));
  int rank = gcut_infer_rank(c, 0);
  if (!known) return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, rank, err);
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  for (uint32_t k = 0; k < p.n; k++) {
    gcut_dim *dim = &dims[p.axes[k]], size = *dim;
    *dim = gcut_dim_add(c->dims, gcut_dim_add(c->dims, size, p.begins[k]), p.ends[k]);
    GCUT_TRY(check_cropped(c, mode, p.axes[k], size, p.begins[k], p.ends[k], err));
  }
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

const gcut_op gcut__op_pad = {.inputs = "Ti?T?I?",
                              .outputs = "T",
                              .attrs = pad_rows,
                              .attrs_size = sizeof(gcut__pad_attrs),
                              .infer = infer_pad,
                              .flops = gcut__no_flops};

// ---- CenterCropPad ----------------------------------------------------------------------------

static const gcut_attr_row center_rows[] = {GCUT_ATTR_INTS(gcut__center_attrs, axes), {0}};

static gcut_status infer_center_crop_pad(gcut_infer *c, gcut_error *err) {
  const gcut__center_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axes[GCUT_MAX_RANK];
  size_t n_axes = attrs->axes.given ? attrs->axes.n : (size_t)rank;
  gcut_dim dims[GCUT_MAX_RANK];
  const gcut_dim *shape;
  uint32_t n;
  for (int d = 0; d < rank; d++) axes[d] = d;
  if (attrs->axes.given) GCUT_TRY(gcut_infer_axes(c, attrs->axes.data, n_axes, rank, axes, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  bool known = gcut_infer_content(c, 1, &shape, &n);
  if (known && n != n_axes) return GCUT_NODE_FAIL(c, err, "%u sizes for %zu axes", n, n_axes);
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  for (size_t k = 0; k < n_axes; k++) dims[axes[k]] = known ? shape[k] : gcut_dim_fresh(c->dims);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

const gcut_op gcut__op_center_crop_pad = {.inputs = "TI",
                                          .outputs = "T",
                                          .attrs = center_rows,
                                          .attrs_size = sizeof(gcut__center_attrs),
                                          .infer = infer_center_crop_pad,
                                          .flops = gcut__no_flops};

// ---- Crop -------------------------------------------------------------------------------------

static const gcut_attr_row crop_rows[] = {GCUT_ATTR_INTS_REQUIRED(gcut__crop_attrs, border),
                                          GCUT_ATTR_INTS(gcut__crop_attrs, scale),
                                          {0}};

// What stays of an axis from `first` on: `size` elements, or all but the last `last`.
static gcut_dim cropped(gcut_infer *c, gcut_dim dim, int64_t first, int64_t last,
                        const int64_t *size) {
  gcut_dim left = gcut_dim_sub(c->dims, gcut_dim_sub(c->dims, dim, first), size ? *size : last);
  if (gcut_dim_known(left) && left < 0) return GCUT_DIM_INVALID;
  return size ? *size : left;
}

static gcut_status infer_crop(gcut_infer *c, gcut_error *err) {
  const gcut__crop_attrs *attrs = c->attrs;
  const int64_t *border = attrs->border.data, *scale = attrs->scale.n ? attrs->scale.data : NULL;
  gcut_dim dims[4];
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 4, 4, err));
  if (attrs->border.n != 4 || (scale && attrs->scale.n != 2))
    return GCUT_NODE_FAIL(c, err, "%zu numbers of border and %zu of scale, expected 4 and 0 or 2",
                          attrs->border.n, attrs->scale.n);
  memcpy(dims, gcut_infer_dims(c, 0), sizeof dims);
  for (int d = 0; d < 2; d++) {
    int64_t first = border[1 - d], last = border[3 - d];
    dims[2 + d] = first < 0 || last < 0 || (scale && scale[d] < 0)
                      ? GCUT_DIM_INVALID
                      : cropped(c, dims[2 + d], first, last, scale ? scale + d : NULL);
    if (dims[2 + d] == GCUT_DIM_INVALID)
      return GCUT_NODE_FAIL(c, err, "axis %d is too small for what is cropped", 2 + d);
  }
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, 4, dims, err);
}

const gcut_op gcut__op_crop = {.inputs = "T",
                               .outputs = "T",
                               .flags = GCUT_OP_MOVES,
                               .attrs = crop_rows,
                               .attrs_size = sizeof(gcut__crop_attrs),
                               .infer = infer_crop,
                               .flops = gcut__no_flops};
