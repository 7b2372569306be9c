// Products of quantised operands: MatMulInteger, QLinearMatMul, ConvInteger, QLinearConv.
#include "tracer/ops/conv.h"
#include "tracer/ops/matmul.h"
#include "tracer/ops/quantize.h"

static gcut_status mismatch(const gcut_infer *c, uint32_t i, gcut_dim have, gcut_dim want,
                            gcut_error *err) {
  if (!gcut_dim_known(have) || !gcut_dim_known(want) || have == want) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "input %u has a dimension of %lld, expected %lld", i,
                        (long long)have, (long long)want);
}

static bool is_single(const gcut_infer *c, uint32_t i) {
  int rank = gcut_infer_rank(c, i);
  return rank == 0 || (rank == 1 && gcut_infer_dims(c, i)[0] == 1);
}

// Input `i` (a scale or zero point; may be absent) is a single number.
static gcut_status expect_single(const gcut_infer *c, uint32_t i, gcut_error *err) {
  if (!gcut_infer_has(c, i) || is_single(c, i)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, i, 0, 1, err));
  return mismatch(c, i, gcut_infer_dims(c, i)[0], 1, err);
}

// Input `i` is a single number or a vector of `size`.
static gcut_status expect_vector(const gcut_infer *c, uint32_t i, gcut_dim size, gcut_error *err) {
  if (!gcut_infer_has(c, i) || is_single(c, i)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, i, 0, 1, err));
  return mismatch(c, i, gcut_infer_dims(c, i)[0], size, err);
}

// Input `i` is a single number, or one for each row (axis rank - 2) or column (rank - 1) of the
// matrices of input `of`: a vector, or a tensor of as many axes with 1 along the other.
static gcut_status expect_lines(const gcut_infer *c, uint32_t i, uint32_t of, bool columns,
                                gcut_error *err) {
  if (!gcut_infer_has(c, i) || is_single(c, i)) return GCUT_OK;
  int rank = gcut_infer_rank(c, of), own = gcut_infer_rank(c, i);
  const gcut_dim *dims = gcut_infer_dims(c, of), *lines = gcut_infer_dims(c, i);
  if (rank < 2)
    return GCUT_NODE_FAIL(c, err, "input %u has a number a line, input %u is a vector", i, of);
  int axis = columns ? rank - 1 : rank - 2;
  if (own == 1) return mismatch(c, i, lines[0], dims[axis], err);
  GCUT_TRY(gcut_infer_expect_rank(c, i, rank, rank, err));
  for (int d = 0; d < rank; d++)
    if (d >= rank - 2 && d != axis)
      GCUT_TRY(mismatch(c, i, lines[d], 1, err));
    else if (lines[d] != 1)
      GCUT_TRY(mismatch(c, i, lines[d], dims[d], err));
  return GCUT_OK;
}

// ---- MatMulInteger ----------------------------------------------------------------------------

static gcut_status infer_matmul_integer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut__infer_product(c, 0, 1, GCUT_INT32, err));
  GCUT_TRY(expect_lines(c, 2, 0, false, err));
  return expect_lines(c, 3, 1, true, err);
}

static double flops_matmul_integer(const gcut_infer *c) {
  return gcut__flops_product(c, 0);
}

const gcut_op gcut__op_matmul_integer = {
    .inputs = "TUT?U?",
    .outputs = "*",
    .T = GCUT__QUANTIZED_BYTES,
    .U = GCUT__QUANTIZED_BYTES,
    .infer = infer_matmul_integer,
    .flops = flops_matmul_integer,
};

// ---- QLinearMatMul ----------------------------------------------------------------------------

static gcut_status infer_qlinear_matmul(gcut_infer *c, gcut_error *err) {
  gcut_dtype scale = gcut_infer_dtype(c, 1);
  for (uint32_t i = 1; i < 7; i += i == 1 ? 3 : 2)
    if (gcut_infer_dtype(c, i) != scale ||
        (scale != GCUT_FLOAT && scale != GCUT_FLOAT16 && scale != GCUT_BFLOAT16))
      return GCUT_NODE_FAIL(c, err, "the scale in input %u is %s", i,
                            gcut_dtype_name(gcut_infer_dtype(c, i)));
  GCUT_TRY(gcut__infer_product(c, 0, 3, GCUT_UNDEFINED, err));
  for (uint32_t i = 1; i < 3; i++) {
    GCUT_TRY(expect_lines(c, i, 0, false, err));
    GCUT_TRY(expect_lines(c, i + 3, 3, true, err));
    GCUT_TRY(expect_single(c, i + 5, err));
  }
  return GCUT_OK;
}

#define QLINEAR_TYPES (GCUT__QUANTIZED_BYTES | GCUT_FLOATS_8)

const gcut_op gcut__op_qlinear_matmul = {
    .inputs = "T*TU*U*V",
    .outputs = "V",
    .T = QLINEAR_TYPES,
    .U = QLINEAR_TYPES,
    .V = QLINEAR_TYPES,
    .infer = infer_qlinear_matmul,
    .flops = flops_matmul_integer,
};

// ---- ConvInteger ------------------------------------------------------------------------------

static const gcut_attr_row conv_attrs[] = {GCUT__CONV_ROWS, {0}};

static gcut_status infer_conv_integer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut__infer_conv(c, 0, 1, GCUT_NONE, GCUT_INT32, err));
  GCUT_TRY(expect_single(c, 2, err));
  return expect_vector(c, 3, gcut_infer_dims(c, 1)[0], err);
}

static double flops_conv_integer(const gcut_infer *c) {
  return gcut__flops_conv(c, 1);
}

const gcut_op gcut__op_conv_integer = {
    .inputs = "TUT?U?",
    .outputs = "*",
    .T = GCUT__QUANTIZED_BYTES,
    .U = GCUT__QUANTIZED_BYTES,
    .attrs = conv_attrs,
    .attrs_size = sizeof(gcut__conv_attrs),
    .infer = infer_conv_integer,
    .flops = flops_conv_integer,
};

// ---- QLinearConv ------------------------------------------------------------------------------

static gcut_status infer_qlinear_conv(gcut_infer *c, gcut_error *err) {
  static const uint32_t single[] = {1, 2, 6, 7};
  if (gcut_infer_has(c, 8) && gcut_infer_dtype(c, 8) != GCUT_INT32)
    return GCUT_NODE_FAIL(c, err, "the bias is %s, expected int32",
                          gcut_dtype_name(gcut_infer_dtype(c, 8)));
  GCUT_TRY(gcut__infer_conv(c, 0, 3, 8, GCUT_UNDEFINED, err));
  for (size_t i = 0; i < sizeof single / sizeof *single; i++)
    GCUT_TRY(expect_single(c, single[i], err));
  GCUT_TRY(expect_vector(c, 4, gcut_infer_dims(c, 3)[0], err));
  return expect_vector(c, 5, gcut_infer_dims(c, 3)[0], err);
}

static double flops_qlinear_conv(const gcut_infer *c) {
  return gcut__flops_conv(c, 3);
}

const gcut_op gcut__op_qlinear_conv = {
    .inputs = "TfTUfUfV*?",
    .outputs = "V",
    .T = GCUT__QUANTIZED_BYTES,
    .U = GCUT__QUANTIZED_BYTES,
    .V = GCUT__QUANTIZED_BYTES,
    .attrs = conv_attrs,
    .attrs_size = sizeof(gcut__conv_attrs),
    .infer = infer_qlinear_conv,
    .flops = flops_qlinear_conv,
};
