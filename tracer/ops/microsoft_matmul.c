// FusedMatMul (and TransposeMatMul, its old name), FusedGemm, MatMulNBits, MatMulBnb4,
// GatherBlockQuantized of com.microsoft.
#include "tracer/ops/microsoft_matmul.h"

#include <inttypes.h>
#include <math.h>

#include "tracer/ops/expect.h"

// ---- FusedMatMul ------------------------------------------------------------------------------

void gcut__fused_axes(int rank, bool transpose, bool transpose_batch, bool right,
                      gcut__matrix_axes *out) {
  *out = (gcut__matrix_axes){.rows = -1, .columns = -1};
  if (rank == 1) {
    *(right ? &out->rows : &out->columns) = 0;
    return;
  }
  int first = transpose_batch ? 1 : 0;
  out->rows = transpose_batch ? 0 : rank - 2, out->columns = rank - 1;
  for (int i = 0; i < rank - 2; i++) out->batch[out->n_batch++] = first + i;
  if (!transpose) return;
  int swap = out->rows;
  out->rows = out->columns, out->columns = swap;
}

static gcut_dim axis_size(const gcut_infer *c, uint32_t i, int axis) {
  return axis < 0 ? 1 : gcut_infer_dims(c, i)[axis];
}

// Broadcasts the batch dims of both operands into dims; their number.
static gcut_status join_batch(gcut_infer *c, const gcut__matrix_axes *m, gcut_dim *dims, int *n,
                              gcut_error *err) {
  *n = m[0].n_batch > m[1].n_batch ? m[0].n_batch : m[1].n_batch;
  for (int d = 0; d < *n; d++) {
    dims[d] = 1;
    for (uint32_t i = 0; i < 2; i++) {
      int at = d - (*n - m[i].n_batch);
      gcut_dim size = at < 0 ? 1 : axis_size(c, i, m[i].batch[at]);
      if (size == 1 || size == dims[d]) continue;
      if (dims[d] != 1 && gcut_dim_known(size) && gcut_dim_known(dims[d]))
        return GCUT_NODE_FAIL(c, err, "batch dims of %" PRId64 " and %" PRId64, dims[d], size);
      if (dims[d] == 1 || gcut_dim_known(size)) dims[d] = size;
    }
  }
  return GCUT_OK;
}

static gcut_status fused_matmul_infer(gcut_infer *c, gcut_error *err) {
  const gcut__fused_matmul_attrs *attrs = c->attrs;
  gcut__matrix_axes m[2];
  gcut_dim dims[GCUT_MAX_RANK];
  int n;
  for (uint32_t i = 0; i < 2; i++) {
    GCUT_TRY(gcut_infer_expect_rank(c, i, 1, GCUT_MAX_RANK, err));
    gcut__fused_axes(gcut_infer_rank(c, i), i ? attrs->transB : attrs->transA,
                     i ? attrs->transBatchB : attrs->transBatchA, i == 1, &m[i]);
  }
  gcut_dim k = axis_size(c, 0, m[0].columns);
  GCUT_TRY(gcut__expect_dim(c, 1, m[1].rows, k, "rows of the right operand", err));
  GCUT_TRY(join_batch(c, m, dims, &n, err));
  if (m[0].rows >= 0) dims[n++] = axis_size(c, 0, m[0].rows);
  if (m[1].columns >= 0) dims[n++] = axis_size(c, 1, m[1].columns);
  return gcut_infer_set(c, 0, 0, n, dims, err);
}

static double fused_matmul_flops(const gcut_infer *c) {
  const gcut__fused_matmul_attrs *attrs = c->attrs;
  gcut__matrix_axes m;
  gcut__fused_axes(gcut_infer_rank(c, 0), attrs->transA, attrs->transBatchA, false, &m);
  return 2 * gcut_fact_count(&c->outputs[0]) * gcut__dim_double(axis_size(c, 0, m.columns));
}

static const gcut_attr_row fused_matmul_rows[] = {
    GCUT_ATTR_INT(gcut__fused_matmul_attrs, transA, 0),
    GCUT_ATTR_INT(gcut__fused_matmul_attrs, transB, 0),
    GCUT_ATTR_INT(gcut__fused_matmul_attrs, transBatchA, 0),
    GCUT_ATTR_INT(gcut__fused_matmul_attrs, transBatchB, 0),
    GCUT_ATTR_FLOAT(gcut__fused_matmul_attrs, alpha, 1),
    {0},
};

const gcut_op gcut__op_fused_matmul = {
    .inputs = "TT",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = fused_matmul_rows,
    .attrs_size = sizeof(gcut__fused_matmul_attrs),
    .infer = fused_matmul_infer,
    .flops = fused_matmul_flops,
};

// ---- FusedGemm --------------------------------------------------------------------------------

extern const gcut_op gcut__op_gemm;

static gcut_status fused_gemm_infer(gcut_infer *c, gcut_error *err) {
  const gcut__fused_gemm_attrs *attrs = c->attrs;
  gcut__fused_activation activation;
  if (!gcut__fused_find(attrs->activation, &activation))
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "activation '%.40s' is unknown",
                           attrs->activation.data);
  gcut_infer inner = *c;
  gcut_node as_gemm = *c->node;
  as_gemm.version = 13; // whose Gemm this one extends
  inner.node = &as_gemm, inner.attrs = &attrs->gemm;
  return gcut__op_gemm.infer(&inner, err);
}

static double fused_gemm_flops(const gcut_infer *c) {
  const gcut__fused_gemm_attrs *attrs = c->attrs;
  gcut_dim k = gcut_infer_dims(c, 0)[attrs->gemm.transA ? 0 : 1];
  return 2 * gcut__dim_double(k) * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row fused_gemm_rows[] = {
    {.name = "alpha",
     .kind = GCUT_ATTRIBUTE_FLOAT,
     .default_float = 1,
     .offset = offsetof(gcut__fused_gemm_attrs, gemm.alpha)},
    {.name = "beta",
     .kind = GCUT_ATTRIBUTE_FLOAT,
     .default_float = 1,
     .offset = offsetof(gcut__fused_gemm_attrs, gemm.beta)},
    {.name = "transA",
     .kind = GCUT_ATTRIBUTE_INT,
     .offset = offsetof(gcut__fused_gemm_attrs, gemm.transA)},
    {.name = "transB",
     .kind = GCUT_ATTRIBUTE_INT,
     .offset = offsetof(gcut__fused_gemm_attrs, gemm.transB)},
    GCUT_ATTR_STRING(gcut__fused_gemm_attrs, activation, ""),
    GCUT_ATTR_FLOAT(gcut__fused_gemm_attrs, activation_alpha, NAN),
    GCUT_ATTR_FLOAT(gcut__fused_gemm_attrs, activation_beta, NAN),
    {0},
};

const gcut_op gcut__op_fused_gemm = {
    .inputs = "TTT?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = fused_gemm_rows,
    .attrs_size = sizeof(gcut__fused_gemm_attrs),
    .infer = fused_gemm_infer,
    .flops = fused_gemm_flops,
};

// ---- MatMulNBits: A [..., K], B [N, blocks, bytes], scales, zero_points, g_idx, bias ----------

static gcut_status expect_count(gcut_infer *c, uint32_t i, int64_t count, const char *what,
                                gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  gcut_dim n = gcut_infer_product(c, gcut_infer_dims(c, i), 0, gcut_infer_rank(c, i));
  if (!gcut_dim_known(n) || n == count) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "%s has %" PRId64 " elements, expected %" PRId64, what, n, count);
}

static bool is_block_size(int64_t size) {
  return size >= 16 && size <= 1 << 20 && (size & (size - 1)) == 0;
}

static gcut_status expect_bits(const gcut_infer *c, int64_t bits, int64_t block_size,
                               gcut_error *err) {
  if (bits != 2 && bits != 4 && bits != 8)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "%" PRId64 " bits; known are 2, 4 and 8",
                           bits);
  if (!is_block_size(block_size))
    return GCUT_NODE_FAIL(c, err, "block_size is %" PRId64, block_size);
  return GCUT_OK;
}

static gcut_status expect_nbits_operands(gcut_infer *c, gcut_error *err) {
  const gcut__nbits_attrs *attrs = c->attrs;
  int64_t blocks = (attrs->K + attrs->block_size - 1) / attrs->block_size;
  int64_t blob = attrs->block_size / 8 * attrs->bits;
  bool packed = gcut_infer_has(c, 3) && gcut_infer_dtype(c, 3) == GCUT_UINT8;
  int64_t zeros = packed ? (blocks * attrs->bits + 7) / 8 : blocks;
  GCUT_TRY(expect_count(c, 1, attrs->N * blocks * blob, "B", err));
  GCUT_TRY(expect_count(c, 2, attrs->N * blocks, "scales", err));
  GCUT_TRY(expect_count(c, 3, attrs->N * zeros, "zero_points", err));
  GCUT_TRY(expect_count(c, 5, attrs->N, "bias", err));
  if (gcut_infer_has(c, 3) && !packed && !(GCUT_FLOATS_STANDARD >> gcut_infer_dtype(c, 3) & 1))
    return GCUT_NODE_FAIL(c, err, "zero_points are %s", gcut_dtype_name(gcut_infer_dtype(c, 3)));
  if (gcut_infer_has(c, 4)) GCUT_TRY(gcut_infer_expect_rank(c, 4, 1, 1, err));
  return GCUT_OK;
}

// The product of A [..., k] and a matrix [n, k], transposed.
static gcut_status infer_product(gcut_infer *c, int64_t k, int64_t n, gcut_error *err) {
  gcut_dim y[GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0);
  if (k < 1 || n < 1 || k > INT32_MAX || n > INT32_MAX)
    return GCUT_NODE_FAIL(c, err, "K is %" PRId64 " and N %" PRId64, k, n);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut__expect_dim(c, 0, rank - 1, k, "K", err));
  for (int d = 0; d < rank - 1; d++) y[d] = gcut_infer_dims(c, 0)[d];
  y[rank - 1] = n;
  return gcut_infer_set(c, 0, 0, rank, y, err);
}

static gcut_status nbits_infer(gcut_infer *c, gcut_error *err) {
  const gcut__nbits_attrs *attrs = c->attrs;
  GCUT_TRY(expect_bits(c, attrs->bits, attrs->block_size, err));
  if (attrs->weight_prepacked)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "B is packed for another device");
  GCUT_TRY(infer_product(c, attrs->K, attrs->N, err));
  return expect_nbits_operands(c, err);
}

static double nbits_flops(const gcut_infer *c) {
  const gcut__nbits_attrs *attrs = c->attrs;
  return 2 * (double)attrs->K * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row nbits_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__nbits_attrs, K),
    GCUT_ATTR_INT_REQUIRED(gcut__nbits_attrs, N),
    GCUT_ATTR_INT(gcut__nbits_attrs, bits, 4),
    GCUT_ATTR_INT_REQUIRED(gcut__nbits_attrs, block_size),
    GCUT_ATTR_INT(gcut__nbits_attrs, weight_prepacked, 0),
    {0},
};

const gcut_op gcut__op_matmul_nbits = {
    .inputs = "TUV*?*?T?",
    .outputs = "T",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .U = GCUT_TYPE(UINT8),
    .V = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .attrs = nbits_rows,
    .attrs_size = sizeof(gcut__nbits_attrs),
    .infer = nbits_infer,
    .flops = nbits_flops,
};

// ---- MatMulBnb4: A [..., K], B of N * K values of 4 bits, absmax ------------------------------

// The values that four bits stand for, of 4-bit floats and of quantiles of the normal distribution,
// by quant_type (Dettmers et al., QLoRA, appendix E).
static const float bnb4_values[2][16] = {
    {0, 1 / 192.f, 2 / 3.f, 1, 1 / 3.f, 1 / 2.f, 1 / 6.f, 1 / 4.f, -0.f, -1 / 192.f, -2 / 3.f, -1,
     -1 / 3.f, -1 / 2.f, -1 / 6.f, -1 / 4.f},
    {-1, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
     -0.18477343022823334f, -0.09105003625154495f, 0, 0.07958029955625534f, 0.16093020141124725f,
     0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f,
     0.7229568362236023f, 1},
};

const float *gcut__bnb4_values(int64_t quant_type) {
  return bnb4_values[quant_type];
}

static gcut_status bnb4_infer(gcut_infer *c, gcut_error *err) {
  const gcut__bnb4_attrs *attrs = c->attrs;
  if (!is_block_size(attrs->block_size))
    return GCUT_NODE_FAIL(c, err, "block_size is %" PRId64, attrs->block_size);
  if (attrs->quant_type != 0 && attrs->quant_type != 1)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err,
                           "quant_type is %" PRId64 "; known are 0 (FP4) and 1 (NF4)",
                           attrs->quant_type);
  if (!attrs->transB)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "transB is 0, as in training alone");
  GCUT_TRY(infer_product(c, attrs->K, attrs->N, err));
  int64_t n = attrs->N * attrs->K;
  GCUT_TRY(expect_count(c, 1, (n + 1) / 2, "B", err));
  return expect_count(c, 2, (n - 1) / attrs->block_size + 1, "absmax", err);
}

static double bnb4_flops(const gcut_infer *c) {
  const gcut__bnb4_attrs *attrs = c->attrs;
  return 2 * (double)attrs->K * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row bnb4_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__bnb4_attrs, K),
    GCUT_ATTR_INT_REQUIRED(gcut__bnb4_attrs, N),
    GCUT_ATTR_INT_REQUIRED(gcut__bnb4_attrs, block_size),
    GCUT_ATTR_INT_REQUIRED(gcut__bnb4_attrs, quant_type),
    GCUT_ATTR_INT(gcut__bnb4_attrs, transB, 1),
    {0},
};

const gcut_op gcut__op_matmul_bnb4 = {
    .inputs = "TUT",
    .outputs = "T",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .U = GCUT_TYPE(UINT8),
    .attrs = bnb4_rows,
    .attrs_size = sizeof(gcut__bnb4_attrs),
    .infer = bnb4_infer,
    .flops = bnb4_flops,
};

// ---- GatherBlockQuantized: data, indices, scales, zero_points ---------------------------------

// The dims of data as values: bytes of uint8 hold several.
static gcut_status value_dims(gcut_infer *c, gcut_dim *dims, gcut_error *err) {
  const gcut__gather_blocks_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0);
  for (int d = 0; d < rank; d++) dims[d] = gcut_infer_dims(c, 0)[d];
  if (gcut_infer_dtype(c, 0) != GCUT_UINT8) return GCUT_OK;
  if (attrs->bits != 2 && attrs->bits != 4 && attrs->bits != 8)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "%" PRId64 " bits; known are 2, 4 and 8",
                           attrs->bits);
  dims[rank - 1] = gcut_dim_mul(c->dims, dims[rank - 1], 8 / attrs->bits);
  return GCUT_OK;
}

// scales: as data, but for a block a scale along the axis; of float8 and float4 data a dim may be
// 1. Zero points: the same, or packed as data is.
static gcut_status expect_blocks(gcut_infer *c, const gcut_dim *dims, int axis, gcut_error *err) {
  const gcut__gather_blocks_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0);
  gcut_dim scales[GCUT_MAX_RANK];
  bool minifloat = ((GCUT_FLOATS_8 | GCUT_TYPE(FLOAT4E2M1)) >> gcut_infer_dtype(c, 0) & 1) != 0;
  for (int d = 0; d < rank; d++) scales[d] = dims[d];
  scales[axis] = attrs->block_size ? gcut_dim_ceil_div(c->dims, dims[axis], attrs->block_size) : 1;
  GCUT_TRY(gcut_infer_expect_rank(c, 2, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    if (minifloat && gcut_infer_dims(c, 2)[d] == 1) continue;
    GCUT_TRY(gcut__expect_dim(c, 2, d, scales[d], "scales", err));
  }
  if (!gcut_infer_has(c, 3)) return GCUT_OK;
  if (minifloat) return GCUT_NODE_FAIL(c, err, "zero_points for symmetric data");
  if (gcut_infer_dtype(c, 0) == GCUT_UINT8)
    scales[rank - 1] = gcut_dim_ceil_div(c->dims, scales[rank - 1], 8 / attrs->bits);
  return gcut__expect_shape(c, 3, rank, scales, "zero_points", err);
}

static gcut_status gather_blocks_infer(gcut_infer *c, gcut_error *err) {
  const gcut__gather_blocks_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK], y[2 * GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0), axis, blocked, n = 0;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut_infer_axis(c, attrs->gather_axis, rank, &axis, err));
  GCUT_TRY(gcut_infer_axis(c, attrs->quantize_axis, rank, &blocked, err));
  if (axis == blocked)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "it gathers along the quantised axis");
  if (attrs->block_size != 0 && !is_block_size(attrs->block_size))
    return GCUT_NODE_FAIL(c, err, "block_size is %" PRId64, attrs->block_size);
  GCUT_TRY(value_dims(c, dims, err));
  if (gcut_infer_dtype(c, 0) == GCUT_UINT8 && axis == rank - 1 && attrs->bits != 8)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "it gathers along packed values");
  GCUT_TRY(expect_blocks(c, dims, blocked, err));
  for (int d = 0; d < axis; d++) y[n++] = dims[d];
  for (int d = 0; d < gcut_infer_rank(c, 1); d++) y[n++] = gcut_infer_dims(c, 1)[d];
  for (int d = axis + 1; d < rank; d++) y[n++] = dims[d];
  return gcut_infer_set(c, 0, 0, n, y, err);
}

static const gcut_attr_row gather_blocks_rows[] = {
    GCUT_ATTR_INT(gcut__gather_blocks_attrs, gather_axis, 0),
    GCUT_ATTR_INT(gcut__gather_blocks_attrs, quantize_axis, 1),
    GCUT_ATTR_INT(gcut__gather_blocks_attrs, block_size, 128),
    GCUT_ATTR_INT(gcut__gather_blocks_attrs, bits, 4),
    {0},
};

const gcut_op gcut__op_gather_block_quantized = {
    .inputs = "UITU?",
    .outputs = "T",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .U = GCUT_TYPE(INT4) | GCUT_TYPE(UINT4) | GCUT_TYPE(UINT8) | GCUT_FLOATS_8 |
         GCUT_TYPE(FLOAT4E2M1),
    .attrs = gather_blocks_rows,
    .attrs_size = sizeof(gcut__gather_blocks_attrs),
    .infer = gather_blocks_infer,
};
