// MoE and QMoE of com.microsoft: a router sends each token to k of many small networks.
//
// input [tokens, hidden] or [B, S, hidden], router_probs [tokens, experts] (logits). An expert is
// FC1 [inner, hidden], an activation, FC2 [hidden, inner], and perhaps a gate: FC3 [inner, hidden],
// or as many rows again in FC1.
#include "tracer/ops/experts.h"

#include <inttypes.h>
#include <math.h>

#include "tracer/ops/expect.h"

static bool is(gcut_string text, const char *name) {
  return text.size == strlen(name) && memcmp(text.data, name, text.size) == 0;
}

gcut__experts_activation gcut__experts_activation_of(const gcut__experts_attrs *attrs) {
  static const char *const names[] = {"relu", "gelu", "silu", "identity", "swiglu"};
  int i = 0;
  while (i < GCUT__EXPERTS_UNKNOWN && !is(attrs->activation_type, names[i])) i++;
  return (gcut__experts_activation)i;
}

void gcut__experts_projections(bool quantized, const gcut__experts_attrs *attrs,
                               gcut__projection *out) {
  for (uint32_t i = 0; i < 3; i++) {
    int64_t bits = attrs->fc_bits[i] ? attrs->fc_bits[i] : attrs->expert_weight_bits;
    out[i] = quantized ? (gcut__projection){2 + 3 * i, 3 + 3 * i, 4 + 3 * i, 11 + i, bits}
                       : (gcut__projection){2 + 2 * i, GCUT_NONE, 3 + 2 * i, GCUT_NONE, 0};
  }
}

typedef struct sizes {
  gcut_dim tokens, hidden, experts, inner;
} sizes;

// Bits that divide a byte; values a byte.
static gcut_status expect_bits(const gcut_infer *c, int64_t bits, gcut_error *err) {
  if (bits == 2 || bits == 4 || bits == 8) return GCUT_OK;
  return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "%" PRId64 " bits; known are 2, 4 and 8", bits);
}

// Scales [experts, rows] or, by blocks, [experts, rows, columns / block_size]; zero points packed
// along the last dim.
static gcut_status expect_scales(gcut_infer *c, const gcut__projection *p, gcut_dim experts,
                                 gcut_dim rows, gcut_dim columns, gcut_error *err) {
  const gcut__experts_attrs *attrs = c->attrs;
  int64_t per_byte = 8 / p->bits;
  int rank = attrs->block_size > 0 ? 3 : 2;
  gcut_dim scales[3] = {experts, rows, 0}, zeros[3] = {experts, rows, 0};
  int64_t block = attrs->block_size;
  if (block > 0 && (block < 16 || (block & (block - 1)) != 0))
    return GCUT_NODE_FAIL(c, err, "block_size is %" PRId64, block);
  if (!gcut_infer_has(c, p->scales)) return GCUT_NODE_FAIL(c, err, "scales are missing");
  if (rank == 3)
    GCUT_TRY(gcut__divide_dim(c, columns, attrs->block_size, "block_size", &scales[2], err));
  zeros[rank - 1] = gcut_dim_ceil_div(c->dims, scales[rank - 1], per_byte);
  GCUT_TRY(gcut__expect_shape(c, p->scales, rank, scales, "scales", err));
  return gcut__expect_shape(c, p->zero_points, rank, zeros, "zero_points", err);
}

static gcut_status expect_projection(gcut_infer *c, const gcut__projection *p, gcut_dim experts,
                                     gcut_dim rows, gcut_dim columns, gcut_error *err) {
  if (!gcut_infer_has(c, p->weights)) return GCUT_OK;
  gcut_dim weights[] = {experts, rows, columns}, bias[] = {experts, rows};
  if (p->bits) {
    GCUT_TRY(expect_bits(c, p->bits, err));
    GCUT_TRY(gcut__divide_dim(c, columns, 8 / p->bits, "values a byte", &weights[2], err));
    GCUT_TRY(expect_scales(c, p, experts, rows, columns, err));
  }
  GCUT_TRY(gcut__expect_shape(c, p->weights, 3, weights, "weights", err));
  return gcut__expect_shape(c, p->bias, 2, bias, "bias", err);
}

static gcut_status expect_attrs(const gcut_infer *c, bool gated_outside, gcut_error *err) {
  const gcut__experts_attrs *attrs = c->attrs;
  gcut__experts_activation f = gcut__experts_activation_of(attrs);
  if (f == GCUT__EXPERTS_UNKNOWN) return GCUT_NODE_FAIL(c, err, "unknown activation_type");
  if (attrs->use_sparse_mixer)
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "use_sparse_mixer is not supported");
  if (attrs->swiglu_fusion < 0 || attrs->swiglu_fusion > 2)
    return GCUT_NODE_FAIL(c, err, "swiglu_fusion is %" PRId64, attrs->swiglu_fusion);
  if (f == GCUT__EXPERTS_SWIGLU && (attrs->swiglu_fusion == 0) != gated_outside)
    return GCUT_NODE_FAIL(c, err, "swiglu_fusion %" PRId64 " %s FC3", attrs->swiglu_fusion,
                          gated_outside ? "forbids" : "needs");
  return GCUT_OK;
}

static gcut_status read_sizes(gcut_infer *c, sizes *s, gcut_error *err) {
  const gcut__experts_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, 3, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 2, 2, err));
  int rank = gcut_infer_rank(c, 0);
  s->hidden = gcut_infer_dims(c, 0)[rank - 1];
  s->tokens = gcut_infer_product(c, gcut_infer_dims(c, 0), 0, rank - 1);
  s->experts = gcut_infer_dims(c, 1)[1];
  GCUT_TRY(gcut__expect_dim(c, 1, 0, s->tokens, "tokens", err));
  if (attrs->k < 1 || (gcut_dim_known(s->experts) && attrs->k > s->experts))
    return GCUT_NODE_FAIL(c, err, "k is %" PRId64 " of the experts", attrs->k);
  return GCUT_OK;
}

static gcut_status experts_infer(gcut_infer *c, bool quantized, gcut_error *err) {
  const gcut__experts_attrs *attrs = c->attrs;
  sizes s;
  gcut__projection fc[3];
  gcut__experts_projections(quantized, attrs, fc);
  bool gated = gcut_infer_has(c, fc[2].weights);
  GCUT_TRY(expect_attrs(c, gated, err));
  GCUT_TRY(read_sizes(c, &s, err));
  GCUT_TRY(gcut_infer_expect_rank(c, fc[0].weights, 3, 3, err));
  gcut_dim rows = gcut_infer_dims(c, fc[0].weights)[1];
  bool fused = gcut__experts_activation_of(attrs) == GCUT__EXPERTS_SWIGLU && attrs->swiglu_fusion;
  GCUT_TRY(gcut__divide_dim(c, rows, fused ? 2 : 1, "gate and value", &s.inner, err));
  GCUT_TRY(expect_projection(c, &fc[0], s.experts, rows, s.hidden, err));
  GCUT_TRY(expect_projection(c, &fc[1], s.experts, s.hidden, s.inner, err));
  GCUT_TRY(expect_projection(c, &fc[2], s.experts, s.inner, s.hidden, err));
  return gcut_infer_same(c, err);
}

static gcut_status moe_infer(gcut_infer *c, gcut_error *err) {
  return experts_infer(c, false, err);
}

static gcut_status quantized_moe_infer(gcut_infer *c, gcut_error *err) {
  const gcut__experts_attrs *attrs = c->attrs;
  if (!is(attrs->quant_type, "int"))
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "quant_type '%.20s'; known is int",
                           attrs->quant_type.data);
  for (uint32_t i = 15; i < c->n_inputs; i++)
    if (gcut_infer_has(c, i))
      return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "input %u is of float8 and float4 weights",
                             i);
  if (gcut_infer_has(c, 14))
    GCUT_TRY(gcut__expect_shape(c, 14, 2, gcut_infer_dims(c, 1), "router_weights", err));
  return experts_infer(c, true, err);
}

// k experts a token: every weight of one meets every token once.
static double experts_flops(const gcut_infer *c) {
  const gcut__experts_attrs *attrs = c->attrs;
  double hidden = gcut__dim_double(gcut_infer_dims(c, 0)[gcut_infer_rank(c, 0) - 1]);
  double experts = gcut__dim_double(gcut_infer_dims(c, 1)[1]);
  if (experts <= 0 || hidden <= 0) return 0;
  double rows = gcut__dim_double(gcut_infer_dims(c, 2)[1]);
  return 2 * (double)attrs->k * gcut_fact_count(c->inputs[0]) * rows * 2;
}

#define EXPERTS_ROWS                                                                               \
  GCUT_ATTR_INT(gcut__experts_attrs, k, 1),                                                        \
      GCUT_ATTR_INT(gcut__experts_attrs, normalize_routing_weights, 0),                            \
      GCUT_ATTR_INT(gcut__experts_attrs, use_sparse_mixer, 0),                                     \
      GCUT_ATTR_INT(gcut__experts_attrs, swiglu_fusion, 0),                                        \
      GCUT_ATTR_FLOAT(gcut__experts_attrs, activation_alpha, 1),                                   \
      GCUT_ATTR_FLOAT(gcut__experts_attrs, activation_beta, 0),                                    \
      GCUT_ATTR_FLOAT(gcut__experts_attrs, swiglu_limit, NAN),                                     \
      GCUT_ATTR_STRING(gcut__experts_attrs, activation_type, "relu")

static const gcut_attr_row moe_rows[] = {EXPERTS_ROWS, {0}};

static const gcut_attr_row quantized_moe_rows[] = {
    EXPERTS_ROWS,
    GCUT_ATTR_STRING(gcut__experts_attrs, quant_type, "int"),
    GCUT_ATTR_INT(gcut__experts_attrs, expert_weight_bits, 4),
    GCUT_ATTR_INT(gcut__experts_attrs, block_size, 0),
    {.name = "fc1_expert_weight_bits",
     .kind = GCUT_ATTRIBUTE_INT,
     .offset = offsetof(gcut__experts_attrs, fc_bits[0])},
    {.name = "fc2_expert_weight_bits",
     .kind = GCUT_ATTRIBUTE_INT,
     .offset = offsetof(gcut__experts_attrs, fc_bits[1])},
    {.name = "fc3_expert_weight_bits",
     .kind = GCUT_ATTRIBUTE_INT,
     .offset = offsetof(gcut__experts_attrs, fc_bits[2])},
    {0},
};

#define EXPERTS_TYPES (GCUT_TYPE(FLOAT) | GCUT_TYPE(FLOAT16) | GCUT_TYPE(BFLOAT16))

const gcut_op gcut__op_moe = {
    .inputs = "TTTT?TT?T?T?",
    .outputs = "T",
    .T = EXPERTS_TYPES,
    .attrs = moe_rows,
    .attrs_size = sizeof(gcut__experts_attrs),
    .infer = moe_infer,
    .flops = experts_flops,
};

const gcut_op gcut__op_quantized_moe = {
    .inputs = "TTUV?T?UV?T?U?V?T?U?U?U?T?*?*?*?*?*?*?",
    .outputs = "T",
    .T = EXPERTS_TYPES,
    .U = GCUT_TYPE(UINT8),
    .V = EXPERTS_TYPES,
    .attrs = quantized_moe_rows,
    .attrs_size = sizeof(gcut__experts_attrs),
    .infer = quantized_moe_infer,
    .flops = experts_flops,
};
