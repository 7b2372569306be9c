// RotaryEmbedding: pairs of a head's elements turned by an angle that grows with the position.
//
// X is 4-D [batch, heads, length, head size] or 3-D [batch, length, heads * head size]. Cosines and
// sines come per position ([positions, half], picked by position_ids) or per token ([batch, length,
// half]), where half is half of the part of the head that turns.
#include "tracer/ops/rotary.h"

#include <inttypes.h>

#include "tracer/ops/expect.h"

typedef struct tokens {
  gcut_dim batch, length, size; // size: of a head
} tokens;

// com.microsoft takes 3-D inputs without num_heads where the caches tell the head's size.
static gcut_status read_tokens(gcut_infer *c, uint32_t cos, tokens *out, gcut_error *err) {
  const gcut__rotary_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, 4, err));
  const gcut_dim *dims = gcut_infer_dims(c, 0);
  if (gcut_infer_rank(c, 0) == 4) {
    *out = (tokens){dims[0], dims[2], dims[3]};
    return GCUT_OK;
  }
  *out = (tokens){dims[0], dims[1], 0};
  if (attrs->num_heads > 0)
    return gcut__divide_dim(c, dims[2], attrs->num_heads, "num_heads", &out->size, err);
  if (c->node->domain[0] == '\0' || attrs->rotary_embedding_dim > 0)
    return GCUT_NODE_FAIL(c, err, "a 3-D input needs num_heads of 1 or more");
  gcut_dim group;
  int last = gcut_infer_rank(c, cos) - 1;
  if (last < 0) return GCUT_NODE_FAIL(c, err, "input %u has rank 0", cos);
  out->size = gcut_dim_mul(c->dims, gcut_infer_dims(c, cos)[last], 2);
  return gcut__divide_dim(c, dims[2], out->size, "head size", &group, err);
}

// The half of the part that turns.
static gcut_status read_half(gcut_infer *c, gcut_dim size, gcut_dim *out, gcut_error *err) {
  const gcut__rotary_attrs *attrs = c->attrs;
  int64_t turned = attrs->rotary_embedding_dim;
  if (turned < 0 || turned % 2 != 0 || (gcut_dim_known(size) && turned > size))
    return GCUT_NODE_FAIL(c, err, "rotary_embedding_dim is %" PRId64, turned);
  return gcut__divide_dim(c, turned ? turned : size, 2, "half of the head", out, err);
}

static gcut_status rotary_infer(gcut_infer *c, gcut_error *err) {
  tokens t;
  gcut_dim half;
  GCUT_TRY(read_tokens(c, 1, &t, err));
  GCUT_TRY(read_half(c, t.size, &half, err));
  gcut_dim by_position[] = {GCUT_DIM_INVALID, half}, by_token[] = {t.batch, t.length, half};
  gcut_dim ids[] = {t.batch, t.length};
  bool picked = gcut_infer_has(c, 3);
  // PyTorch exports one row of cosines for all samples; the standard's batch takes it by
  // broadcasting.
  if (!picked && gcut_infer_rank(c, 1) == 3 && gcut_infer_dims(c, 1)[0] == 1) by_token[0] = 1;
  for (uint32_t i = 1; i < 3; i++)
    GCUT_TRY(gcut__expect_shape(c, i, picked ? 2 : 3, picked ? by_position : by_token,
                                "cosines and sines", err));
  GCUT_TRY(gcut__expect_shape(c, 3, 2, ids, "position_ids", err));
  if (picked) GCUT_TRY(gcut__expect_dim(c, 2, 0, gcut_infer_dims(c, 1)[0], "positions", err));
  return gcut_infer_same(c, err);
}

static double rotary_flops(const gcut_infer *c) {
  return 3 * gcut_fact_count(c->inputs[0]);
}

static const gcut_attr_row rotary_rows[] = {
    GCUT_ATTR_INT(gcut__rotary_attrs, interleaved, 0),
    GCUT_ATTR_INT(gcut__rotary_attrs, num_heads, 0),
    GCUT_ATTR_INT(gcut__rotary_attrs, rotary_embedding_dim, 0),
    {0},
};

const gcut_op gcut__op_rotary_embedding = {
    .inputs = "TTTi?",
    .outputs = "T",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .attrs = rotary_rows,
    .attrs_size = sizeof(gcut__rotary_attrs),
    .infer = rotary_infer,
    .flops = rotary_flops,
};

// com.microsoft: X, position_ids, cos_cache, sin_cache. position_ids is [batch, length], or [1]:
// the position of the first token of every sample. Its attribute `scale` changes nothing, as in
// ONNX Runtime.
static gcut_status microsoft_rotary_infer(gcut_infer *c, gcut_error *err) {
  tokens t;
  gcut_dim half;
  GCUT_TRY(read_tokens(c, 2, &t, err));
  GCUT_TRY(read_half(c, t.size, &half, err));
  gcut_dim table[] = {GCUT_DIM_INVALID, half}, ids[] = {t.batch, t.length}, one[] = {1};
  GCUT_TRY(gcut__expect_shape(c, 2, 2, table, "cos_cache", err));
  table[0] = gcut_infer_dims(c, 2)[0];
  GCUT_TRY(gcut__expect_shape(c, 3, 2, table, "sin_cache", err));
  int rank = gcut_infer_rank(c, 1);
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 2, err));
  GCUT_TRY(gcut__expect_shape(c, 1, rank, rank == 1 ? one : ids, "position_ids", err));
  return gcut_infer_same(c, err);
}

const gcut_op gcut__op_microsoft_rotary_embedding = {
    .inputs = "TiTT",
    .outputs = "T",
    .T = GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16),
    .attrs = rotary_rows,
    .attrs_size = sizeof(gcut__rotary_attrs),
    .infer = microsoft_rotary_infer,
    .flops = rotary_flops,
};
