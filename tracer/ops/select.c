// Operators whose output size depends on data: NonZero, Compress, Unique.
#include "tracer/ops/select.h"

#include "tracer/ops/carry.h"
#include "tracer/ops/constant.h"

// ---- NonZero ----------------------------------------------------------------------------------

// Elements of input 0 that are not zero: counted where contents are known, and all or none where a
// ConstantOfShape made them, as exporters do to enumerate an axis.
static gcut_dim count_non_zero(gcut_infer *c) {
  const gcut_dim *values;
  uint32_t n;
  bool zero;
  if (gcut__content(c, 0, &values, &n)) {
    gcut_dim count = 0;
    for (uint32_t i = 0; i < n; i++) {
      if (!gcut_dim_known(values[i])) return gcut_dim_fresh(c->dims);
      count += values[i] != 0;
    }
    return count;
  }
  if (!c->inputs[0]->tensor &&
      gcut__is_filled(c->graph, gcut_node_inputs(c->graph, c->node)[0], &zero))
    return zero ? 0
                : gcut__or_fresh(
                      c, gcut_infer_product(c, gcut_infer_dims(c, 0), 0, gcut_infer_rank(c, 0)));
  return gcut_dim_fresh(c->dims);
}

static gcut_status infer_non_zero(gcut_infer *c, gcut_error *err) {
  gcut_dim dims[2] = {gcut_infer_rank(c, 0), count_non_zero(c)};
  return gcut_infer_set(c, 0, GCUT_INT64, 2, dims, err);
}

const gcut_op gcut__op_non_zero = {
    .inputs = "T", .outputs = "i", .infer = infer_non_zero, .flops = gcut__no_flops};

// ---- Compress ---------------------------------------------------------------------------------

static const gcut_attr_row compress_rows[] = {
    GCUT_ATTR_INT(gcut__compress_attrs, axis, GCUT_NO_AXIS), {0}};

static gcut_dim count_true(gcut_infer *c) {
  const gcut_dim *values;
  uint32_t n;
  gcut_dim count = 0;
  if (!gcut__content(c, 1, &values, &n)) return gcut_dim_fresh(c->dims);
  for (uint32_t i = 0; i < n; i++) {
    if (!gcut_dim_known(values[i])) return gcut_dim_fresh(c->dims);
    count += values[i] != 0;
  }
  return count;
}

static gcut_status infer_compress(gcut_infer *c, gcut_error *err) {
  const gcut__compress_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK], n = count_true(c);
  int rank = gcut_infer_rank(c, 0), axis;
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  if (attrs->axis == GCUT_NO_AXIS) return gcut_infer_set(c, 0, GCUT_UNDEFINED, 1, &n, err);
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  dims[axis] = n;
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

const gcut_op gcut__op_compress = {.inputs = "Tb",
                                   .outputs = "T",
                                   .attrs = compress_rows,
                                   .attrs_size = sizeof(gcut__compress_attrs),
                                   .infer = infer_compress,
                                   .flops = gcut__no_flops};

// ---- Unique -----------------------------------------------------------------------------------

static const gcut_attr_row unique_rows[] = {GCUT_ATTR_INT(gcut__unique_attrs, axis, GCUT_NO_AXIS),
                                            GCUT_ATTR_INT(gcut__unique_attrs, sorted, 1),
                                            {0}};

static gcut_status infer_unique(gcut_infer *c, gcut_error *err) {
  const gcut__unique_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK], n = gcut_dim_fresh(c->dims), all;
  int rank = gcut_infer_rank(c, 0), axis;
  if (attrs->axis == GCUT_NO_AXIS) {
    all = gcut__or_fresh(c, gcut_infer_product(c, gcut_infer_dims(c, 0), 0, rank));
    GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, 1, &n, err));
  } else {
    GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
    memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
    all = dims[axis];
    dims[axis] = n;
    GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  }
  GCUT_TRY(gcut_infer_set(c, 1, GCUT_INT64, 1, &n, err));
  GCUT_TRY(gcut_infer_set(c, 2, GCUT_INT64, 1, &all, err));
  return gcut_infer_set(c, 3, GCUT_INT64, 1, &n, err);
}

const gcut_op gcut__op_unique = {.inputs = "T",
                                 .outputs = "Ti?i?i?",
                                 .T = GCUT_NUMERIC | GCUT_TYPE(BOOL) | GCUT_TYPE(STRING) |
                                      GCUT_TYPE(COMPLEX64) | GCUT_TYPE(COMPLEX128),
                                 .attrs = unique_rows,
                                 .attrs_size = sizeof(gcut__unique_attrs),
                                 .infer = infer_unique};
