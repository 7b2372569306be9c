// Steps of training: Adagrad, Adam and Momentum update tensors by their gradients, Gradient
// computes gradients. An optimizer's inputs are the learning rate R, the count of steps T, then the
// tensors X, their gradients and one or two states each; its outputs the new tensors and states.
#include "tracer/ops/optimizer.h"

static const gcut_attr_row adagrad_rows[] = {
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, decay_factor, 0.0f),
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, epsilon, 1e-6f),
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, norm_coefficient, 0.0f),
    {0}};
static const gcut_attr_row adam_rows[] = {
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, alpha, 0.9f),
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, beta, 0.999f),
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, epsilon, 1e-6f),
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, norm_coefficient, 0.0f),
    GCUT_ATTR_FLOAT(gcut__optimizer_attrs, norm_coefficient_post, 0.0f),
    {0}};
static const gcut_attr_row momentum_rows[] = {
    GCUT_ATTR_FLOAT_REQUIRED(gcut__optimizer_attrs, alpha),
    GCUT_ATTR_FLOAT_REQUIRED(gcut__optimizer_attrs, beta),
    GCUT_ATTR_FLOAT_REQUIRED(gcut__optimizer_attrs, norm_coefficient),
    GCUT_ATTR_STRING_REQUIRED(gcut__optimizer_attrs, mode),
    {0}};
static const gcut_attr_row gradient_rows[] = {GCUT_ATTR_STRING_REQUIRED(gcut__gradient_attrs, y),
                                              GCUT_ATTR_STRINGS(gcut__gradient_attrs, xs),
                                              GCUT_ATTR_STRINGS(gcut__gradient_attrs, zs),
                                              {0}};

static gcut_status expect_one(const gcut_infer *c, uint32_t i, gcut_error *err) {
  for (int d = 0; d < gcut_infer_rank(c, i); d++)
    if (gcut_infer_dims(c, i)[d] != 1 && gcut_dim_known(gcut_infer_dims(c, i)[d]))
      return GCUT_NODE_FAIL(c, err, "input %u has more or less than one element", i);
  return GCUT_OK;
}

static gcut_status expect_shape_of(const gcut_infer *c, uint32_t i, uint32_t j, gcut_error *err) {
  bool same = gcut_infer_rank(c, i) == gcut_infer_rank(c, j);
  for (int d = 0; same && d < gcut_infer_rank(c, i); d++) {
    gcut_dim a = gcut_infer_dims(c, i)[d], b = gcut_infer_dims(c, j)[d];
    same = a == b || !gcut_dim_known(a) || !gcut_dim_known(b);
  }
  if (same) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "inputs %u and %u differ in shape", i, j);
}

// `groups` lists of tensors follow R and T: X, gradients, states. All but the gradients come out.
static gcut_status infer_update(gcut_infer *c, uint32_t groups, gcut_error *err) {
  uint32_t n = (c->n_inputs - 2) / groups;
  GCUT_TRY(expect_one(c, 0, err));
  GCUT_TRY(expect_one(c, 1, err));
  if (n * groups != c->n_inputs - 2 || c->n_outputs > n * (groups - 1))
    return GCUT_NODE_FAIL(c, err, "%u inputs and %u outputs, expected 2 and %u for each tensor, %u",
                          c->n_inputs, c->n_outputs, groups, groups - 1);
  for (uint32_t k = n; k < n * groups; k++) GCUT_TRY(expect_shape_of(c, 2 + k, 2 + k % n, err));
  for (uint32_t k = 0; k < c->n_outputs; k++) GCUT_TRY(gcut_infer_set_like(c, k, 2 + k % n, err));
  return GCUT_OK;
}

static gcut_status infer_three(gcut_infer *c, gcut_error *err) {
  return infer_update(c, 3, err);
}

static gcut_status infer_adam(gcut_infer *c, gcut_error *err) {
  return infer_update(c, 4, err);
}

static gcut_status infer_momentum(gcut_infer *c, gcut_error *err) {
  gcut_string mode = ((const gcut__optimizer_attrs *)c->attrs)->mode;
  bool standard = mode.size == 8 && memcmp(mode.data, "standard", 8) == 0;
  bool nesterov = mode.size == 8 && memcmp(mode.data, "nesterov", 8) == 0;
  if (!standard && !nesterov)
    return GCUT_NODE_FAIL(c, err, "attribute 'mode' must be \"standard\" or \"nesterov\"");
  return infer_update(c, 3, err);
}

// A gradient is shaped like what it is taken by.
static gcut_status infer_gradient(gcut_infer *c, gcut_error *err) {
  const gcut__gradient_attrs *attrs = c->attrs;
  if (c->n_inputs != attrs->xs.n + attrs->zs.n || c->n_outputs > attrs->xs.n)
    return GCUT_NODE_FAIL(c, err, "%u inputs and %u outputs for %zu names in 'xs', %zu in 'zs'",
                          c->n_inputs, c->n_outputs, attrs->xs.n, attrs->zs.n);
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    if (!c->inputs[i]) return GCUT_NODE_FAIL(c, err, "input %u is missing", i);
    if (c->inputs[i]->type.kind != GCUT_KIND_TENSOR)
      return GCUT_NODE_FAIL(c, err, "input %u is no tensor", i);
  }
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    if (!(GCUT_FLOATS_STANDARD >> gcut_infer_dtype(c, i) & 1))
      return GCUT_NODE_FAIL(c, err, "no gradient by input %u, which is %s", i,
                            gcut_dtype_name(gcut_infer_dtype(c, i)));
    GCUT_TRY(gcut_infer_set_like(c, i, i, err));
  }
  return GCUT_OK;
}

#define TRAINING_TYPES (GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE))
#define OPTIMIZER(ident, rows, infer_function)                                                     \
  const gcut_op gcut__op_##ident = {.inputs = "T i U...",                                          \
                                    .outputs = "U...",                                             \
                                    .T = TRAINING_TYPES,                                           \
                                    .U = TRAINING_TYPES,                                           \
                                    .attrs = rows,                                                 \
                                    .attrs_size = sizeof(gcut__optimizer_attrs),                   \
                                    .infer = infer_function};
OPTIMIZER(adagrad, adagrad_rows, infer_three)
OPTIMIZER(adam, adam_rows, infer_adam)
OPTIMIZER(momentum, momentum_rows, infer_momentum)

const gcut_op gcut__op_gradient = {.inputs = "*...",
                                   .outputs = "*...",
                                   .attrs = gradient_rows,
                                   .attrs_size = sizeof(gcut__gradient_attrs),
                                   .infer = infer_gradient};
