// BatchNormalization, InstanceNormalization, GroupNormalization, LayerNormalization,
// RMSNormalization, LRN, LpNormalization, MeanVarianceNormalization, ImageScaler, and
// SimplifiedLayerNormalization as ONNX Runtime has it: its exporters write it into the standard's
// domain, which lacks it.
#include "tracer/ops/normalization.h"

// A subtraction, a square, a sum, a multiplication and an addition an element.
static double flops_normalization(const gcut_infer *c) {
  return 5 * gcut_fact_count(&c->outputs[0]);
}

// Input `i` must be a vector of `size` elements.
static gcut_status expect_vector(const gcut_infer *c, uint32_t i, gcut_dim size, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, i, 1, 1, err));
  gcut_dim have = gcut_infer_dims(c, i)[0];
  if (gcut_dim_known(have) && gcut_dim_known(size) && have != size)
    return GCUT_NODE_FAIL(c, err, "input %u has %lld elements, expected %lld", i, (long long)have,
                          (long long)size);
  return GCUT_OK;
}

// ---- BatchNormalization -----------------------------------------------------------------------

static const gcut_attr_row batch_norm_attrs[] = {
    GCUT_ATTR_FLOAT(gcut__batch_norm_attrs, epsilon, 1e-5f),
    GCUT_ATTR_FLOAT(gcut__batch_norm_attrs, momentum, 0.9f),
    GCUT_ATTR_INT(gcut__batch_norm_attrs, is_test, 0),
    GCUT_ATTR_INT(gcut__batch_norm_attrs, spatial, 1),
    GCUT_ATTR_INT(gcut__batch_norm_attrs, training_mode, 0),
    {0},
};

bool gcut__batch_norm_trains(const gcut_node *node, const gcut__batch_norm_attrs *attrs) {
  if (node->version >= 14) return attrs->training_mode != 0;
  if (node->version >= 7) return node->n_outputs > 1;
  return !attrs->is_test;
}

// Non-spatial statistics have the shape of one sample, or are flat.
static gcut_status check_statistics(gcut_infer *c, uint32_t i, gcut_dim channels, gcut_error *err) {
  if (gcut_infer_rank(c, i) == 1) return expect_vector(c, i, channels, err);
  const gcut__batch_norm_attrs *attrs = c->attrs;
  if (attrs->spatial || c->node->version >= 9) return expect_vector(c, i, channels, err);
  gcut_dim count = gcut_infer_product(c, gcut_infer_dims(c, i), 0, gcut_infer_rank(c, i));
  if (gcut_dim_known(count) && gcut_dim_known(channels) && count != channels)
    return GCUT_NODE_FAIL(c, err, "input %u has %lld elements, a sample %lld", i, (long long)count,
                          (long long)channels);
  return GCUT_OK;
}

static gcut_status infer_batch_norm(gcut_infer *c, gcut_error *err) {
  const gcut__batch_norm_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, GCUT_MAX_RANK, err));
  const gcut_dim *dims = gcut_infer_dims(c, 0);
  gcut_dim channels = rank > 1 ? dims[1] : 1;
  if (!attrs->spatial && c->node->version < 9) channels = gcut_infer_product(c, dims, 1, rank);
  for (uint32_t i = 1; i < 5; i++) GCUT_TRY(check_statistics(c, i, channels, err));
  GCUT_TRY(gcut_infer_set_like(c, 0, 0, err));
  for (uint32_t i = 1; i < c->n_outputs; i++)
    GCUT_TRY(gcut_infer_set_like(c, i, i < 3 ? i + 2 : i, err));
  return GCUT_OK;
}

const gcut_op gcut__op_batch_normalization = {
    .inputs = "TUUVV",
    .outputs = "TV?V?V?V?",
    .T = GCUT_FLOATS_STANDARD,
    .U = GCUT_FLOATS_STANDARD,
    .V = GCUT_FLOATS_STANDARD,
    .attrs = batch_norm_attrs,
    .attrs_size = sizeof(gcut__batch_norm_attrs),
    .infer = infer_batch_norm,
    .flops = flops_normalization,
};

// ---- InstanceNormalization, GroupNormalization ------------------------------------------------

static gcut_status infer_instance_norm(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  for (uint32_t i = 1; i < 3; i++) GCUT_TRY(expect_vector(c, i, gcut_infer_dims(c, 0)[1], err));
  return gcut_infer_same(c, err);
}

static const gcut_attr_row instance_norm_attrs[] = {
    GCUT_ATTR_FLOAT(gcut__group_norm_attrs, epsilon, 1e-5f),
    {0},
};

const gcut_op gcut__op_instance_normalization = {
    .inputs = "TTT",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = instance_norm_attrs,
    .attrs_size = sizeof(gcut__group_norm_attrs),
    .infer = infer_instance_norm,
    .flops = flops_normalization,
};

// Scale and bias are by group in opset 18, by channel from 21 on.
static gcut_status infer_group_norm(gcut_infer *c, gcut_error *err) {
  const gcut__group_norm_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  gcut_dim channels = gcut_infer_dims(c, 0)[1];
  if (attrs->num_groups <= 0 || (gcut_dim_known(channels) && channels % attrs->num_groups != 0))
    return GCUT_NODE_FAIL(c, err, "%lld channels in %lld groups",
                          gcut_dim_known(channels) ? (long long)channels : -1,
                          (long long)attrs->num_groups);
  for (uint32_t i = 1; i < 3; i++)
    GCUT_TRY(expect_vector(c, i, c->node->version < 21 ? attrs->num_groups : channels, err));
  return gcut_infer_same(c, err);
}

static const gcut_attr_row group_norm_attrs[] = {
    GCUT_ATTR_FLOAT(gcut__group_norm_attrs, epsilon, 1e-5f),
    GCUT_ATTR_INT_REQUIRED(gcut__group_norm_attrs, num_groups),
    {0},
};

const gcut_op gcut__op_group_normalization = {
    .inputs = "TTT",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = group_norm_attrs,
    .attrs_size = sizeof(gcut__group_norm_attrs),
    .infer = infer_group_norm,
    .flops = flops_normalization,
};

// ---- LayerNormalization, RMSNormalization, SimplifiedLayerNormalization -----------------------

static const gcut_attr_row layer_norm_attrs[] = {
    GCUT_ATTR_INT(gcut__layer_norm_attrs, axis, -1),
    GCUT_ATTR_FLOAT(gcut__layer_norm_attrs, epsilon, 1e-5f),
    GCUT_ATTR_INT(gcut__layer_norm_attrs, stash_type, 1),
    {0},
};

// Input `i` (a scale or a bias) must broadcast to input 0.
static gcut_status expect_broadcast(const gcut_infer *c, uint32_t i, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0), own = gcut_infer_rank(c, i);
  if (own > rank)
    return GCUT_NODE_FAIL(c, err, "input %u has rank %d, input 0 only %d", i, own, rank);
  for (int d = 0; d < own; d++) {
    gcut_dim have = gcut_infer_dims(c, i)[d], want = gcut_infer_dims(c, 0)[rank - own + d];
    if (gcut_dim_known(have) && gcut_dim_known(want) && have != 1 && have != want)
      return GCUT_NODE_FAIL(c, err, "dimension %d of input %u is %lld, expected %lld or 1", d, i,
                            (long long)have, (long long)want);
  }
  return GCUT_OK;
}

static gcut_status infer_layer_norm(gcut_infer *c, gcut_error *err) {
  const gcut__layer_norm_attrs *attrs = c->attrs;
  int axis, rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  for (uint32_t i = 1; i < c->n_inputs; i++)
    if (gcut_infer_has(c, i)) GCUT_TRY(expect_broadcast(c, i, err));
  if (attrs->stash_type != GCUT_FLOAT && attrs->stash_type != GCUT_BFLOAT16 &&
      attrs->stash_type != GCUT_FLOAT16 && attrs->stash_type != GCUT_DOUBLE)
    return GCUT_NODE_FAIL(c, err, "stash_type %lld is no floating type",
                          (long long)attrs->stash_type);
  gcut_dim dims[GCUT_MAX_RANK];
  for (int d = 0; d < rank; d++) dims[d] = d < axis ? gcut_infer_dims(c, 0)[d] : 1;
  for (uint32_t i = 1; i < c->n_outputs; i++)
    GCUT_TRY(gcut_infer_set(c, i, (gcut_dtype)attrs->stash_type, rank, dims, err));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_layer_normalization = {
    .inputs = "TTT?",
    .outputs = "T*?*?",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = layer_norm_attrs,
    .attrs_size = sizeof(gcut__layer_norm_attrs),
    .infer = infer_layer_norm,
    .flops = flops_normalization,
};

const gcut_op gcut__op_rms_normalization = {
    .inputs = "TV",
    .outputs = "V",
    .T = GCUT_FLOATS_STANDARD,
    .V = GCUT_FLOATS_STANDARD,
    .attrs = layer_norm_attrs,
    .attrs_size = sizeof(gcut__layer_norm_attrs),
    .infer = infer_layer_norm,
    .flops = flops_normalization,
};

// The second output is the inverse of the root mean square.
const gcut_op gcut__op_simplified_layer_normalization = {
    .inputs = "TV",
    .outputs = "V*?",
    .T = GCUT_FLOATS_STANDARD,
    .V = GCUT_FLOATS_STANDARD,
    .attrs = layer_norm_attrs,
    .attrs_size = sizeof(gcut__layer_norm_attrs),
    .infer = infer_layer_norm,
    .flops = flops_normalization,
};

// ---- LRN, LpNormalization, MeanVarianceNormalization ------------------------------------------

static const gcut_attr_row lrn_attrs[] = {
    GCUT_ATTR_FLOAT(gcut__lrn_attrs, alpha, 1e-4f),
    GCUT_ATTR_FLOAT(gcut__lrn_attrs, beta, 0.75f),
    GCUT_ATTR_FLOAT(gcut__lrn_attrs, bias, 1),
    GCUT_ATTR_INT_REQUIRED(gcut__lrn_attrs, size),
    {0},
};

static gcut_status infer_lrn(gcut_infer *c, gcut_error *err) {
  const gcut__lrn_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  if (attrs->size <= 0)
    return GCUT_NODE_FAIL(c, err, "size is %lld, expected at least 1", (long long)attrs->size);
  return gcut_infer_same(c, err);
}

static double flops_lrn(const gcut_infer *c) {
  const gcut__lrn_attrs *attrs = c->attrs;
  return 2 * ((double)attrs->size + 2) * gcut_fact_count(&c->outputs[0]);
}

const gcut_op gcut__op_lrn = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = lrn_attrs,
    .attrs_size = sizeof(gcut__lrn_attrs),
    .infer = infer_lrn,
    .flops = flops_lrn,
};

static const gcut_attr_row lp_normalization_attrs[] = {
    GCUT_ATTR_INT(gcut__lp_normalization_attrs, axis, -1),
    GCUT_ATTR_INT(gcut__lp_normalization_attrs, p, 2),
    {0},
};

static gcut_status infer_lp_normalization(gcut_infer *c, gcut_error *err) {
  const gcut__lp_normalization_attrs *attrs = c->attrs;
  int axis;
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, gcut_infer_rank(c, 0), &axis, err));
  if (attrs->p != 1 && attrs->p != 2)
    return GCUT_NODE_FAIL(c, err, "p is %lld, expected 1 or 2", (long long)attrs->p);
  return gcut_infer_same(c, err);
}

const gcut_op gcut__op_lp_normalization = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = lp_normalization_attrs,
    .attrs_size = sizeof(gcut__lp_normalization_attrs),
    .infer = infer_lp_normalization,
    .flops = flops_normalization,
};

static const gcut_attr_row mvn_attrs[] = {
    GCUT_ATTR_INTS(gcut__mvn_attrs, axes),
    {0},
};

gcut_ints gcut__mvn_axes(const gcut__mvn_attrs *attrs) {
  static const int64_t usual[] = {0, 2, 3};
  return attrs->axes.given ? attrs->axes : (gcut_ints){.data = usual, .n = 3};
}

static gcut_status infer_mvn(gcut_infer *c, gcut_error *err) {
  int axes[GCUT_MAX_RANK];
  gcut_ints given = gcut__mvn_axes(c->attrs);
  GCUT_TRY(gcut_infer_axes(c, given.data, given.n, gcut_infer_rank(c, 0), axes, err));
  return gcut_infer_same(c, err);
}

const gcut_op gcut__op_mean_variance_normalization = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = mvn_attrs,
    .attrs_size = sizeof(gcut__mvn_attrs),
    .infer = infer_mvn,
    .flops = flops_normalization,
};

// ---- ImageScaler ------------------------------------------------------------------------------

static gcut_status infer_image_scaler(gcut_infer *c, gcut_error *err) {
  const gcut__image_scaler_attrs *attrs = c->attrs;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 4, 4, err));
  gcut_dim channels = gcut_infer_dims(c, 0)[1];
  if (gcut_dim_known(channels) && (int64_t)attrs->bias.n != channels)
    return GCUT_NODE_FAIL(c, err, "%zu biases for %lld channels", attrs->bias.n,
                          (long long)channels);
  return gcut_infer_same(c, err);
}

static const gcut_attr_row image_scaler_attrs[] = {
    GCUT_ATTR_FLOATS(gcut__image_scaler_attrs, bias),
    GCUT_ATTR_FLOAT(gcut__image_scaler_attrs, scale, 1.0f),
    {0},
};

const gcut_op gcut__op_image_scaler = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = image_scaler_attrs,
    .attrs_size = sizeof(gcut__image_scaler_attrs),
    .infer = infer_image_scaler,
};
