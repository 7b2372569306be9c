// Normalisations of com.microsoft with the sum before them: SkipLayerNormalization,
// SkipSimplifiedLayerNormalization, EmbedLayerNormalization, GroupNorm, SkipGroupNorm.
#include "tracer/ops/microsoft_norm.h"

#include <inttypes.h>

#include "tracer/ops/expect.h"

// ---- SkipLayerNormalization: input, skip, gamma, beta, bias; simplified: without beta ---------

// skip has the input's trailing dims; dims before them are 1.
static gcut_status expect_skip(const gcut_infer *c, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0), skip = gcut_infer_rank(c, 1);
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, rank, err));
  bool same = true; // so far, from the back
  for (int d = 1; d <= skip; d++) {
    gcut_dim from = gcut_infer_dims(c, 0)[rank - d], size = gcut_infer_dims(c, 1)[skip - d];
    if (gcut_dim_known(size) && size == 1 && from != 1 && d > 1) {
      same = false;
      continue;
    }
    if (!same && size != 1)
      return GCUT_NODE_FAIL(c, err, "skip repeats within the input, not as a whole");
    if (same) GCUT_TRY(gcut__expect_dim(c, 1, skip - d, from, "skip", err));
  }
  return GCUT_OK;
}

static gcut_status skip_norm_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, GCUT_MAX_RANK, err));
  int rank = gcut_infer_rank(c, 0);
  gcut_dim rows[GCUT_MAX_RANK];
  GCUT_TRY(expect_skip(c, err));
  for (uint32_t i = 2; i < 5; i++)
    GCUT_TRY(gcut__expect_shape(c, i, 1, gcut_infer_dims(c, 0) + rank - 1, "hidden size", err));
  for (int d = 0; d < rank; d++) rows[d] = gcut_infer_dims(c, 0)[d];
  rows[rank - 1] = 1;
  GCUT_TRY(gcut_infer_set_like(c, 0, 0, err));
  GCUT_TRY(gcut_infer_set(c, 1, GCUT_FLOAT, rank, rows, err));
  GCUT_TRY(gcut_infer_set(c, 2, GCUT_FLOAT, rank, rows, err));
  return gcut_infer_set_like(c, 3, 0, err);
}

static double norm_flops(const gcut_infer *c) {
  return 8 * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row skip_norm_rows[] = {
    GCUT_ATTR_FLOAT(gcut__skip_norm_attrs, epsilon, 1e-12f),
    {0},
};

const gcut_op gcut__op_skip_layer_norm = {
    .inputs = "TTTT?T?",
    .outputs = "Tf?f?T?",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = skip_norm_rows,
    .attrs_size = sizeof(gcut__skip_norm_attrs),
    .infer = skip_norm_infer,
    .flops = norm_flops,
};

const gcut_op gcut__op_skip_simplified_layer_norm = {
    .inputs = "TTTT?",
    .outputs = "Tf?f?T?",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = skip_norm_rows,
    .attrs_size = sizeof(gcut__skip_norm_attrs),
    .infer = skip_norm_infer,
    .flops = norm_flops,
};

// ---- EmbedLayerNormalization: input_ids, segment_ids, three tables, gamma, beta, mask, --------
// position_ids

static gcut_status embed_norm_infer(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, 2, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 2, 2, err));
  const gcut_dim *ids = gcut_infer_dims(c, 0);
  gcut_dim hidden = gcut_infer_dims(c, 2)[1], table[] = {GCUT_DIM_INVALID, hidden};
  gcut_dim sum[] = {ids[0], ids[1], hidden}, positions[] = {GCUT_DIM_INVALID, ids[1]};
  if (gcut_infer_has(c, 1) != gcut_infer_has(c, 4))
    return GCUT_NODE_FAIL(c, err, "segment_ids and segment_embedding must be given together");
  GCUT_TRY(gcut__expect_shape(c, 1, 2, ids, "segment_ids", err));
  GCUT_TRY(gcut__expect_shape(c, 3, 2, table, "position_embedding", err));
  GCUT_TRY(gcut__expect_shape(c, 4, 2, table, "segment_embedding", err));
  GCUT_TRY(gcut__expect_shape(c, 5, 1, &hidden, "gamma", err));
  GCUT_TRY(gcut__expect_shape(c, 6, 1, &hidden, "beta", err));
  GCUT_TRY(gcut__expect_shape(c, 7, 2, ids, "mask", err));
  GCUT_TRY(gcut__expect_shape(c, 8, 2, positions, "position_ids", err));
  if (gcut_infer_has(c, 8) && gcut_infer_dims(c, 8)[0] != 1)
    GCUT_TRY(gcut__expect_dim(c, 8, 0, ids[0], "batch", err));
  GCUT_TRY(gcut_infer_set(c, 0, 0, 3, sum, err));
  GCUT_TRY(gcut_infer_set(c, 1, 0, 1, ids, err));
  return gcut_infer_set(c, 2, 0, 3, sum, err);
}

const gcut_op gcut__op_embed_layer_norm = {
    .inputs = "UU?TTT?TTU?U?",
    .outputs = "TU?T?",
    .T = GCUT_FLOATS_STANDARD,
    .U = GCUT_TYPE(INT32),
    .attrs = skip_norm_rows,
    .attrs_size = sizeof(gcut__skip_norm_attrs),
    .infer = embed_norm_infer,
    .flops = norm_flops,
};

// ---- GroupNorm: X, gamma, beta; SkipGroupNorm: and skip, bias ---------------------------------

static gcut_status group_norm_infer(gcut_infer *c, gcut_error *err) {
  const gcut__channel_norm_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 4, 4, err));
  const gcut_dim *x = gcut_infer_dims(c, 0);
  gcut_dim channels = x[attrs->channels_last ? 3 : 1], group;
  if (attrs->activation != 0 && attrs->activation != 1)
    return GCUT_NODE_FAIL(c, err, "activation is %" PRId64 ", expected 0 or 1", attrs->activation);
  if (attrs->groups < 1) return GCUT_NODE_FAIL(c, err, "groups is %" PRId64, attrs->groups);
  GCUT_TRY(gcut__divide_dim(c, channels, attrs->groups, "groups", &group, err));
  GCUT_TRY(gcut__expect_shape(c, 1, 1, &channels, "gamma", err));
  GCUT_TRY(gcut__expect_shape(c, 2, 1, &channels, "beta", err));
  GCUT_TRY(gcut__expect_shape(c, 4, 1, &channels, "bias", err));
  if (gcut_infer_has(c, 3)) {
    int rank = gcut_infer_rank(c, 3);
    gcut_dim each[] = {x[0], channels}, spread[4] = {x[0], 1, 1, 1};
    spread[attrs->channels_last ? 3 : 1] = channels;
    bool whole = rank == 4 && (gcut_infer_dims(c, 3)[2] != 1 || x[2] == 1);
    GCUT_TRY(gcut__expect_shape(c, 3, rank == 4 ? 4 : 2,
                                rank != 4 ? each
                                : whole   ? x
                                          : spread,
                                "skip", err));
  }
  GCUT_TRY(gcut_infer_set_like(c, 0, 0, err));
  return gcut_infer_set_like(c, 1, 0, err);
}

static const gcut_attr_row group_norm_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__channel_norm_attrs, groups),
    GCUT_ATTR_INT_REQUIRED(gcut__channel_norm_attrs, activation),
    GCUT_ATTR_INT(gcut__channel_norm_attrs, channels_last, 1),
    GCUT_ATTR_FLOAT(gcut__channel_norm_attrs, epsilon, 1e-5f),
    {0},
};

const gcut_op gcut__op_microsoft_group_norm = {
    .inputs = "TUU",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .U = GCUT_FLOATS_STANDARD,
    .attrs = group_norm_rows,
    .attrs_size = sizeof(gcut__channel_norm_attrs),
    .infer = group_norm_infer,
    .flops = norm_flops,
};

const gcut_op gcut__op_skip_group_norm = {
    .inputs = "TUUTT?",
    .outputs = "TT?",
    .T = GCUT_FLOATS_STANDARD,
    .U = GCUT_FLOATS_STANDARD,
    .attrs = group_norm_rows,
    .attrs_size = sizeof(gcut__channel_norm_attrs),
    .infer = group_norm_infer,
    .flops = norm_flops,
};
