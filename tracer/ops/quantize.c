// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.
#include "tracer/ops/quantize.h"

#define SCALES (GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16))

gcut__granularity gcut__granularity_of(const gcut__quantize_attrs *attrs, int rank, gcut_dim size) {
  if (rank == 0 || (rank == 1 && size == 1)) return GCUT__PER_TENSOR;
  return rank == 1 && attrs->block_size == 0 ? GCUT__PER_AXIS : GCUT__PER_BLOCK;
}

int64_t gcut__quantize_axis(const gcut__quantize_attrs *attrs, int rank) {
  if (rank == 1) return 0;
  return attrs->axis < 0 ? attrs->axis + rank : attrs->axis;
}

static gcut_status clash(const gcut_infer *c, int d, gcut_dim have, gcut_dim want,
                         gcut_error *err) {
  if (!gcut_dim_known(have) || !gcut_dim_known(want) || have == want) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "dimension %d of the scale is %lld, expected %lld", d,
                        (long long)have, (long long)want);
}

// Input 1 must be a scale for input 0.
static gcut_status check_scale(gcut_infer *c, gcut_error *err) {
  const gcut__quantize_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), own = gcut_infer_rank(c, 1), axis;
  const gcut_dim *dims = gcut_infer_dims(c, 0), *scale = gcut_infer_dims(c, 1);
  if (attrs->block_size < 0)
    return GCUT_NODE_FAIL(c, err, "block_size is %lld", (long long)attrs->block_size);
  gcut__granularity kind = gcut__granularity_of(attrs, own, own > 0 ? scale[0] : 1);
  if (kind == GCUT__PER_TENSOR) return GCUT_OK;
  GCUT_TRY(gcut_infer_axis(c, gcut__quantize_axis(attrs, rank), rank, &axis, err));
  if (kind == GCUT__PER_AXIS) return clash(c, 0, scale[0], dims[axis], err);
  if (attrs->block_size == 0)
    return GCUT_NODE_FAIL(c, err, "a scale of rank %d without block_size", own);
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    gcut_dim want = d == axis ? gcut_dim_ceil_div(c->dims, dims[d], attrs->block_size) : dims[d];
    GCUT_TRY(clash(c, d, scale[d], want, err));
  }
  return GCUT_OK;
}

// The zero point, where there is one, has the scale's shape; single elements need not agree in
// rank.
static gcut_status check_zero_point(gcut_infer *c, gcut_error *err) {
  if (!gcut_infer_has(c, 2)) return GCUT_OK;
  int rank = gcut_infer_rank(c, 2), own = gcut_infer_rank(c, 1);
  const gcut_dim *dims = gcut_infer_dims(c, 2), *scale = gcut_infer_dims(c, 1);
  if (rank <= 1 && own <= 1 && rank != own) {
    gcut_dim single = rank == 1 ? dims[0] : scale[0];
    if (single == 1 || !gcut_dim_known(single)) return GCUT_OK;
  }
  if (rank != own)
    return GCUT_NODE_FAIL(c, err, "the zero point has rank %d, the scale %d", rank, own);
  for (int d = 0; d < rank; d++) GCUT_TRY(clash(c, d, scale[d], dims[d], err));
  return GCUT_OK;
}

// The attribute output_dtype, or 0; it must be among `mask`.
static gcut_status output_type(const gcut_infer *c, uint64_t mask, gcut_dtype *out,
                               gcut_error *err) {
  const gcut__quantize_attrs *attrs = c->attrs;
  *out = (gcut_dtype)0;
  if (attrs->output_dtype == 0) return GCUT_OK;
  bool ok = attrs->output_dtype > 0 && attrs->output_dtype < GCUT_N_DTYPES &&
            (mask >> attrs->output_dtype & 1);
  if (!ok) return GCUT_NODE_FAIL(c, err, "output_dtype is %lld", (long long)attrs->output_dtype);
  *out = (gcut_dtype)attrs->output_dtype;
  return GCUT_OK;
}

static double flops_quantize(const gcut_infer *c) {
  return 3 * gcut_fact_count(&c->outputs[0]);
}

// ---- QuantizeLinear ---------------------------------------------------------------------------

static const gcut_attr_row quantize_attrs[] = {
    GCUT_ATTR_INT(gcut__quantize_attrs, axis, 1),
    GCUT_ATTR_INT(gcut__quantize_attrs, block_size, 0),
    GCUT_ATTR_INT(gcut__quantize_attrs, output_dtype, 0),
    GCUT_ATTR_INT(gcut__quantize_attrs, saturate, 1),
    GCUT_ATTR_INT(gcut__quantize_attrs, precision, 0),
    {0},
};

static gcut_status infer_quantize(gcut_infer *c, gcut_error *err) {
  const gcut__quantize_attrs *attrs = c->attrs;
  gcut_dtype type;
  GCUT_TRY(output_type(c, GCUT__QUANTIZED, &type, err));
  GCUT_TRY(check_scale(c, err));
  GCUT_TRY(check_zero_point(c, err));
  bool precise = attrs->precision == 0 || attrs->precision == GCUT_FLOAT ||
                 attrs->precision == GCUT_FLOAT16 || attrs->precision == GCUT_BFLOAT16;
  if (!precise) return GCUT_NODE_FAIL(c, err, "precision is %lld", (long long)attrs->precision);
  if (gcut_infer_has(c, 2)) {
    gcut_dtype zero = gcut_infer_dtype(c, 2);
    if (type && type != zero)
      return GCUT_NODE_FAIL(c, err, "output_dtype is %s, the zero point %s", gcut_dtype_name(type),
                            gcut_dtype_name(zero));
    type = zero;
  }
  return gcut_infer_set(c, 0, type ? type : GCUT_UINT8, gcut_infer_rank(c, 0),
                        gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_quantize_linear = {
    .inputs = "TUV?",
    .outputs = "V",
    .T = SCALES | GCUT_TYPE(INT32),
    .U = SCALES | GCUT_TYPE(INT32) | GCUT_TYPE(FLOAT8E8M0),
    .V = GCUT__QUANTIZED,
    .attrs = quantize_attrs,
    .attrs_size = sizeof(gcut__quantize_attrs),
    .infer = infer_quantize,
    .flops = flops_quantize,
};

// ---- DequantizeLinear -------------------------------------------------------------------------

static const gcut_attr_row dequantize_attrs[] = {
    GCUT_ATTR_INT(gcut__quantize_attrs, axis, 1),
    GCUT_ATTR_INT(gcut__quantize_attrs, block_size, 0),
    GCUT_ATTR_INT(gcut__quantize_attrs, output_dtype, 0),
    {0},
};

static gcut_status infer_dequantize(gcut_infer *c, gcut_error *err) {
  gcut_dtype type;
  GCUT_TRY(output_type(c, SCALES, &type, err));
  GCUT_TRY(check_scale(c, err));
  GCUT_TRY(check_zero_point(c, err));
  if (!type) type = gcut_infer_dtype(c, 1);
  if (type == GCUT_FLOAT8E8M0) type = GCUT_FLOAT;
  return gcut_infer_set(c, 0, type, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_dequantize_linear = {
    .inputs = "TUT?",
    .outputs = "*",
    .T = GCUT__QUANTIZED | GCUT_TYPE(INT32),
    .U = SCALES | GCUT_TYPE(FLOAT8E8M0),
    .attrs = dequantize_attrs,
    .attrs_size = sizeof(gcut__quantize_attrs),
    .infer = infer_dequantize,
    .flops = flops_quantize,
};

// ---- DynamicQuantizeLinear --------------------------------------------------------------------

static gcut_status infer_dynamic_quantize(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_set(c, 1, GCUT_FLOAT, 0, NULL, err));
  GCUT_TRY(gcut_infer_set(c, 2, GCUT_UINT8, 0, NULL, err));
  return gcut_infer_set(c, 0, GCUT_UINT8, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_dynamic_quantize_linear = {
    .inputs = "f",
    .outputs = "*f*",
    .infer = infer_dynamic_quantize,
    .flops = flops_quantize,
};
