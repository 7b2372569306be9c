// MatMul, Gemm.
#include "tracer/ops/matmul.h"

#define PRODUCT_TYPES (GCUT_FLOATS_STANDARD | GCUT_INDICES | GCUT_TYPE(UINT32) | GCUT_TYPE(UINT64))

// ---- MatMul -----------------------------------------------------------------------------------

// Broadcasts `dim` into *to; false where two numbers clash.
static bool join(gcut_dim *to, gcut_dim dim) {
  if (*to == dim || dim == 1) return true;
  if (*to != 1 && gcut_dim_known(*to) && gcut_dim_known(dim)) return false;
  if (*to == 1 || gcut_dim_known(dim)) *to = dim;
  return true;
}

// Leading dims of both operands, broadcast, into dims[*rank]; skip: trailing dims of the matrices.
static gcut_status infer_batch(gcut_infer *c, uint32_t a, uint32_t b, int skip_a, int skip_b,
                               gcut_dim *dims, int *rank, gcut_error *err) {
  int rank_a = gcut_infer_rank(c, a) - skip_a, rank_b = gcut_infer_rank(c, b) - skip_b;
  *rank = rank_a > rank_b ? rank_a : rank_b;
  for (int d = 0; d < *rank; d++) {
    int in_a = d - (*rank - rank_a), in_b = d - (*rank - rank_b);
    dims[d] = in_a >= 0 ? gcut_infer_dims(c, a)[in_a] : 1;
    if (in_b >= 0 && !join(&dims[d], gcut_infer_dims(c, b)[in_b]))
      return GCUT_NODE_FAIL(c, err, "batch dimension %d is %lld on the left, %lld on the right", d,
                            (long long)dims[d], (long long)gcut_infer_dims(c, b)[in_b]);
  }
  return GCUT_OK;
}

gcut_status gcut__infer_product(gcut_infer *c, uint32_t a, uint32_t b, gcut_dtype type,
                                gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, a, 1, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut_infer_expect_rank(c, b, 1, GCUT_MAX_RANK, err));
  int rank_a = gcut_infer_rank(c, a), rank_b = gcut_infer_rank(c, b), rank;
  const gcut_dim *left = gcut_infer_dims(c, a), *right = gcut_infer_dims(c, b);
  gcut_dim k = left[rank_a - 1], other = right[rank_b > 1 ? rank_b - 2 : 0];
  if (gcut_dim_known(k) && gcut_dim_known(other) && k != other)
    return GCUT_NODE_FAIL(c, err, "the left operand has %lld columns, the right %lld rows",
                          (long long)k, (long long)other);
  gcut_dim dims[GCUT_MAX_RANK + 2];
  GCUT_TRY(infer_batch(c, a, b, rank_a > 1 ? 2 : 1, rank_b > 1 ? 2 : 1, dims, &rank, err));
  if (rank_a > 1) dims[rank++] = left[rank_a - 2];
  if (rank_b > 1) dims[rank++] = right[rank_b - 1];
  return gcut_infer_set(c, 0, type, rank, dims, err);
}

double gcut__flops_product(const gcut_infer *c, uint32_t a) {
  const gcut_type *left = &c->inputs[a]->type;
  gcut_dim k = left->rank > 0 ? left->dims[left->rank - 1] : 0;
  return gcut_dim_known(k) ? 2.0 * (double)k * gcut_fact_count(&c->outputs[0]) : 0;
}

static gcut_status infer_matmul(gcut_infer *c, gcut_error *err) {
  return gcut__infer_product(c, 0, 1, GCUT_UNDEFINED, err);
}

static double flops_matmul(const gcut_infer *c) {
  return gcut__flops_product(c, 0);
}

const gcut_op gcut__op_matmul = {
    .inputs = "TT",
    .outputs = "T",
    .T = PRODUCT_TYPES,
    .infer = infer_matmul,
    .flops = flops_matmul,
};

// ---- Gemm -------------------------------------------------------------------------------------

static const gcut_attr_row gemm_attrs[] = {
    GCUT_ATTR_FLOAT(gcut__gemm_attrs, alpha, 1),   GCUT_ATTR_FLOAT(gcut__gemm_attrs, beta, 1),
    GCUT_ATTR_INT(gcut__gemm_attrs, transA, 0),    GCUT_ATTR_INT(gcut__gemm_attrs, transB, 0),
    GCUT_ATTR_INT(gcut__gemm_attrs, broadcast, 0), {0},
};

// Input 2 must broadcast to [m, n] (dims), and before opset 7 only if the model asks for it.
static gcut_status check_addend(gcut_infer *c, const gcut_dim *dims, gcut_error *err) {
  if (!gcut_infer_has(c, 2)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 0, 2, err));
  const gcut__gemm_attrs *attrs = c->attrs;
  bool exact = c->node->version < 7 && !attrs->broadcast;
  int rank = gcut_infer_rank(c, 2);
  if (exact && rank != 2) return GCUT_NODE_FAIL(c, err, "C of rank %d without broadcast", rank);
  for (int d = 0; d < rank; d++) {
    gcut_dim want = dims[2 - rank + d], have = gcut_infer_dims(c, 2)[d];
    if (gcut_dim_known(want) && gcut_dim_known(have) && want != have && (exact || have != 1))
      return GCUT_NODE_FAIL(c, err, "dimension %d of C is %lld, of the product %lld", d,
                            (long long)have, (long long)want);
  }
  return GCUT_OK;
}

static gcut_status infer_gemm(gcut_infer *c, gcut_error *err) {
  const gcut__gemm_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, 2, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 2, 2, err));
  const gcut_dim *a = gcut_infer_dims(c, 0), *b = gcut_infer_dims(c, 1);
  gcut_dim k = a[attrs->transA ? 0 : 1], other = b[attrs->transB ? 1 : 0];
  if (gcut_dim_known(k) && gcut_dim_known(other) && k != other)
    return GCUT_NODE_FAIL(c, err, "A has %lld columns, B %lld rows", (long long)k,
                          (long long)other);
  gcut_dim dims[2] = {a[attrs->transA ? 1 : 0], b[attrs->transB ? 0 : 1]};
  GCUT_TRY(check_addend(c, dims, err));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, 2, dims, err);
}

static double flops_gemm(const gcut_infer *c) {
  const gcut__gemm_attrs *attrs = c->attrs;
  gcut_dim k = c->inputs[0]->type.dims[attrs->transA ? 0 : 1];
  return gcut_dim_known(k) ? 2.0 * (double)k * gcut_fact_count(&c->outputs[0]) : 0;
}

const gcut_op gcut__op_gemm = {
    .inputs = "TTT?",
    .outputs = "T",
    .T = PRODUCT_TYPES,
    .attrs = gemm_attrs,
    .attrs_size = sizeof(gcut__gemm_attrs),
    .infer = infer_gemm,
    .flops = flops_gemm,
};
