// MatMulIntegerToFloat, DynamicQuantizeMatMul, QGemm of com.microsoft: products of 8-bit matrices.
// The left operand has one scale and zero point, the right one, or one a column.
#include "tracer/ops/microsoft_integer.h"

#include "tracer/ops/expect.h"
#include "tracer/ops/matmul.h"

#define BYTES (GCUT_TYPE(INT8) | GCUT_TYPE(UINT8))

// Input `i`, where present, is one number, or one for each of `columns`.
static gcut_status expect_columns(gcut_infer *c, uint32_t i, gcut_dim columns, gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, i, 0, 1, err));
  if (gcut_infer_rank(c, i) == 0 || gcut_infer_dims(c, i)[0] == 1) return GCUT_OK;
  return gcut__expect_dim(c, i, 0, columns, "columns", err);
}

static gcut_dim columns_of(const gcut_infer *c) {
  int rank = gcut_infer_rank(c, 1);
  return rank > 1 ? gcut_infer_dims(c, 1)[rank - 1] : 1;
}

static double product_flops(const gcut_infer *c) {
  return gcut__flops_product(c, 0);
}

// A, B, a_scale, b_scale, a_zero_point, b_zero_point, bias
static gcut_status integer_to_float_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, GCUT_MAX_RANK, err));
  gcut_dim columns = columns_of(c);
  GCUT_TRY(expect_columns(c, 2, 1, err));
  GCUT_TRY(expect_columns(c, 3, columns, err));
  GCUT_TRY(expect_columns(c, 4, 1, err));
  GCUT_TRY(expect_columns(c, 5, columns, err));
  GCUT_TRY(gcut__expect_shape(c, 6, 1, &columns, "bias", err));
  return gcut__infer_product(c, 0, 1, gcut_infer_dtype(c, 2), err);
}

const gcut_op gcut__op_matmul_integer_to_float = {
    .inputs = "TUVVT?U?V?",
    .outputs = "V",
    .T = BYTES,
    .U = BYTES,
    .V = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16),
    .infer = integer_to_float_infer,
    .flops = product_flops,
};

// A, B, b_scale, b_zero_point, bias
static gcut_status dynamic_matmul_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, GCUT_MAX_RANK, err));
  gcut_dim columns = columns_of(c);
  GCUT_TRY(expect_columns(c, 2, columns, err));
  GCUT_TRY(expect_columns(c, 3, columns, err));
  GCUT_TRY(gcut__expect_shape(c, 4, 1, &columns, "bias", err));
  return gcut__infer_product(c, 0, 1, GCUT_FLOAT, err);
}

const gcut_op gcut__op_dynamic_quantize_matmul = {
    .inputs = "fUfU?f?",
    .outputs = "f",
    .U = BYTES,
    .infer = dynamic_matmul_infer,
    .flops = product_flops,
};

// A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point
static gcut_status quantized_gemm_infer(gcut_infer *c, gcut_error *err) {
  const gcut__quantized_gemm_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, 2, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 3, 2, 2, err));
  const gcut_dim *a = gcut_infer_dims(c, 0), *b = gcut_infer_dims(c, 3);
  gcut_dim y[] = {a[attrs->transA ? 1 : 0], b[attrs->transB ? 0 : 1]};
  GCUT_TRY(gcut__expect_dim(c, 3, attrs->transB ? 1 : 0, a[attrs->transA ? 0 : 1], "K", err));
  for (uint32_t i = 1; i < 9; i++) {
    if (i == 3 || i == 6) continue;
    GCUT_TRY(expect_columns(c, i, i == 4 || i == 5 ? y[1] : 1, err));
  }
  if (gcut_infer_has(c, 6)) {
    int rank = gcut_infer_rank(c, 6);
    GCUT_TRY(gcut_infer_expect_rank(c, 6, 0, 2, err));
    for (int d = 0; d < rank; d++)
      if (gcut_infer_dims(c, 6)[d] != 1)
        GCUT_TRY(gcut__expect_dim(c, 6, d, y[2 - rank + d], "C", err));
  }
  if (gcut_infer_has(c, 8) && !gcut_infer_has(c, 7))
    return GCUT_NODE_FAIL(c, err, "y_zero_point without y_scale");
  if (gcut_infer_has(c, 8) && !(BYTES >> gcut_infer_dtype(c, 8) & 1))
    return GCUT_NODE_FAIL(c, err, "y_zero_point is %s", gcut_dtype_name(gcut_infer_dtype(c, 8)));
  gcut_dtype type = gcut_infer_has(c, 8)   ? gcut_infer_dtype(c, 8)
                    : gcut_infer_has(c, 7) ? gcut_infer_dtype(c, 0)
                                           : GCUT_FLOAT;
  return gcut_infer_set(c, 0, type, 2, y, err);
}

static double quantized_gemm_flops(const gcut_infer *c) {
  const gcut__quantized_gemm_attrs *attrs = c->attrs;
  return 2 * gcut__dim_double(gcut_infer_dims(c, 0)[attrs->transA ? 0 : 1]) *
         gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row quantized_gemm_rows[] = {
    GCUT_ATTR_INT(gcut__quantized_gemm_attrs, transA, 0),
    GCUT_ATTR_INT(gcut__quantized_gemm_attrs, transB, 0),
    GCUT_ATTR_FLOAT(gcut__quantized_gemm_attrs, alpha, 1),
    {0},
};

const gcut_op gcut__op_quantized_gemm = {
    .inputs = "TfTUfUV?f?*?",
    .outputs = "*",
    .T = BYTES,
    .U = BYTES,
    .V = GCUT_TYPE(INT32),
    .attrs = quantized_gemm_rows,
    .attrs_size = sizeof(gcut__quantized_gemm_attrs),
    .infer = quantized_gemm_infer,
    .flops = quantized_gemm_flops,
};
