// Operators that map one tensor element by element.
#include "tracer/ops/unary.h"

#include <math.h>

#include "tracer/ops/propagate.h"

// ---- attributes -------------------------------------------------------------------------------

#define ALPHA_ROWS(name, value)                                                                    \
  static const gcut_attr_row name[] = {GCUT_ATTR_FLOAT(gcut__alpha_attrs, alpha, value), {0}};
ALPHA_ROWS(alpha_one, 1.0f)
ALPHA_ROWS(alpha_leaky, 0.01f)
#undef ALPHA_ROWS

static const gcut_attr_row hard_sigmoid_rows[] = {
    GCUT_ATTR_FLOAT(gcut__alpha_beta_attrs, alpha, 0.2f),
    GCUT_ATTR_FLOAT(gcut__alpha_beta_attrs, beta, 0.5f),
    {0}};
static const gcut_attr_row affine_rows[] = {GCUT_ATTR_FLOAT(gcut__alpha_beta_attrs, alpha, 1.0f),
                                            GCUT_ATTR_FLOAT(gcut__alpha_beta_attrs, beta, 0.0f),
                                            {0}};
static const gcut_attr_row scaled_rows[] = {GCUT_ATTR_FLOAT_REQUIRED(gcut__alpha_beta_attrs, alpha),
                                            GCUT_ATTR_FLOAT_REQUIRED(gcut__alpha_beta_attrs, beta),
                                            {0}};
static const gcut_attr_row selu_rows[] = {GCUT_ATTR_FLOAT(gcut__selu_attrs, alpha, NAN),
                                          GCUT_ATTR_FLOAT(gcut__selu_attrs, gamma, NAN),
                                          {0}};
static const gcut_attr_row shrink_rows[] = {GCUT_ATTR_FLOAT(gcut__shrink_attrs, bias, 0.0f),
                                            GCUT_ATTR_FLOAT(gcut__shrink_attrs, lambd, 0.5f),
                                            {0}};
static const gcut_attr_row gelu_rows[] = {GCUT_ATTR_STRING(gcut__gelu_attrs, approximate, "none"),
                                          {0}};
static const gcut_attr_row is_inf_rows[] = {GCUT_ATTR_INT(gcut__is_inf_attrs, detect_negative, 1),
                                            GCUT_ATTR_INT(gcut__is_inf_attrs, detect_positive, 1),
                                            {0}};
static const gcut_attr_row clip_rows[] = {
    GCUT_ATTR_FLOAT(gcut__clip_attrs, min, NAN), GCUT_ATTR_FLOAT(gcut__clip_attrs, max, NAN), {0}};

// ---- inference --------------------------------------------------------------------------------

static gcut_dim dim_negate(gcut_infer *c, gcut_dim a) {
  return gcut_dim_sub(c->dims, 0, a);
}

static gcut_dim dim_absolute(gcut_infer *c, gcut_dim a) {
  gcut_order order = gcut_dim_compare(c->dims, a, 0);
  if (order == GCUT_UNDECIDED) return GCUT_DIM_INVALID;
  return order == GCUT_LESS ? dim_negate(c, a) : a;
}

static gcut_dim dim_positive_part(gcut_infer *c, gcut_dim a) {
  return gcut_dim_max(c->dims, a, 0);
}

static gcut_dim dim_sign(gcut_infer *c, gcut_dim a) {
  gcut_order order = gcut_dim_compare(c->dims, a, 0);
  return order == GCUT_UNDECIDED ? GCUT_DIM_INVALID : (gcut_dim)order;
}

static gcut_dim dim_not(gcut_infer *c, gcut_dim a) {
  (void)c;
  return gcut_dim_known(a) ? a == 0 : GCUT_DIM_INVALID;
}

#define INFER_PROPAGATED(name, f)                                                                  \
  static gcut_status name(gcut_infer *c, gcut_error *err) {                                        \
    GCUT_TRY(gcut_infer_same(c, err));                                                             \
    return gcut__propagate_unary(c, f, err);                                                       \
  }
INFER_PROPAGATED(infer_abs, dim_absolute)
INFER_PROPAGATED(infer_neg, dim_negate)
INFER_PROPAGATED(infer_relu, dim_positive_part)
INFER_PROPAGATED(infer_sign, dim_sign)
INFER_PROPAGATED(infer_not, dim_not)
#undef INFER_PROPAGATED

// Output of bool, shaped like the input.
static gcut_status infer_test(gcut_infer *c, gcut_error *err) {
  return gcut_infer_set(c, 0, GCUT_BOOL, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

static gcut_status infer_gelu(gcut_infer *c, gcut_error *err) {
  gcut_string kind = ((const gcut__gelu_attrs *)c->attrs)->approximate;
  if (kind.size != 4 || (memcmp(kind.data, "none", 4) != 0 && memcmp(kind.data, "tanh", 4) != 0))
    return GCUT_NODE_FAIL(c, err, "attribute 'approximate' must be \"none\" or \"tanh\"");
  return gcut_infer_same(c, err);
}

// A bound of Clip must have one element.
static gcut_status check_bound(gcut_infer *c, uint32_t i, gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  gcut_dim count = gcut_infer_product(c, gcut_infer_dims(c, i), 0, gcut_infer_rank(c, i));
  if (gcut_dim_known(count) && count != 1)
    return GCUT_NODE_FAIL(c, err, "input %u has %lld elements, expected one", i, (long long)count);
  return GCUT_OK;
}

static gcut_status propagate_clip(gcut_infer *c, gcut_error *err) {
  const gcut_dim *x, *low, *high;
  uint32_t n, n_low, n_high;
  if (!gcut__propagates(c) || !gcut_infer_content(c, 0, &x, &n)) return GCUT_OK;
  bool has_low = gcut_infer_has(c, 1), has_high = gcut_infer_has(c, 2);
  if (has_low && !(gcut_infer_content(c, 1, &low, &n_low) && n_low == 1)) return GCUT_OK;
  if (has_high && !(gcut_infer_content(c, 2, &high, &n_high) && n_high == 1)) return GCUT_OK;
  gcut_dim *y = GCUT_NEW_ARRAY(c->arena, gcut_dim, n);
  if (!y) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < n; k++) {
    y[k] = has_low ? gcut_dim_max(c->dims, x[k], low[0]) : x[k];
    if (has_high) y[k] = gcut_dim_min(c->dims, y[k], high[0]);
  }
  return gcut__propagate_result(c, y, n, err);
}

static gcut_status infer_clip(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(check_bound(c, 1, err));
  GCUT_TRY(check_bound(c, 2, err));
  GCUT_TRY(gcut_infer_same(c, err));
  return propagate_clip(c, err);
}

// ---- operators --------------------------------------------------------------------------------

#define UNARY(ident, types, infer_function)                                                        \
  const gcut_op gcut__op_##ident = {                                                               \
      .inputs = "T", .outputs = "T", .T = (types), .infer = infer_function};
#define UNARY_ATTRS(ident, types, infer_function, rows, struct_name)                               \
  const gcut_op gcut__op_##ident = {.inputs = "T",                                                 \
                                    .outputs = "T",                                                \
                                    .T = (types),                                                  \
                                    .attrs = rows,                                                 \
                                    .attrs_size = sizeof(struct_name),                             \
                                    .infer = infer_function};

UNARY(abs, GCUT_NUMERIC, infer_abs)
UNARY(acos, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(acosh, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(asin, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(asinh, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(atan, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(atanh, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(bitwise_not, GCUT_INTEGERS, gcut_infer_same)
UNARY(ceil, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(cos, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(cosh, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(erf, GCUT_NUMERIC, gcut_infer_same)
UNARY(exp, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(floor, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(hard_swish, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(log, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(mish, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(neg, GCUT_FLOATS_STANDARD | GCUT_SIGNED, infer_neg)
UNARY(not, GCUT_TYPE(BOOL), infer_not)
UNARY(reciprocal, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(relu, GCUT_FLOATS_STANDARD | GCUT_SIGNED, infer_relu)
UNARY(round, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(sigmoid, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(sign, GCUT_NUMERIC, infer_sign)
UNARY(sin, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(sinh, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(softplus, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(softsign, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(sqrt, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(tan, GCUT_FLOATS_STANDARD, gcut_infer_same)
UNARY(tanh, GCUT_FLOATS_STANDARD, gcut_infer_same)

UNARY_ATTRS(affine, GCUT_FLOATS_STANDARD, gcut_infer_same, affine_rows, gcut__alpha_beta_attrs)
UNARY_ATTRS(celu, GCUT_FLOATS_STANDARD, gcut_infer_same, alpha_one, gcut__alpha_attrs)
UNARY_ATTRS(elu, GCUT_FLOATS_STANDARD, gcut_infer_same, alpha_one, gcut__alpha_attrs)
UNARY_ATTRS(gelu, GCUT_FLOATS_STANDARD, infer_gelu, gelu_rows, gcut__gelu_attrs)
UNARY_ATTRS(hard_sigmoid, GCUT_FLOATS_STANDARD, gcut_infer_same, hard_sigmoid_rows,
            gcut__alpha_beta_attrs)
UNARY_ATTRS(leaky_relu, GCUT_FLOATS_STANDARD, gcut_infer_same, alpha_leaky, gcut__alpha_attrs)
UNARY_ATTRS(parametric_softplus, GCUT_FLOATS_STANDARD, gcut_infer_same, scaled_rows,
            gcut__alpha_beta_attrs)
UNARY_ATTRS(scaled_tanh, GCUT_FLOATS_STANDARD, gcut_infer_same, scaled_rows, gcut__alpha_beta_attrs)
UNARY_ATTRS(selu, GCUT_FLOATS_STANDARD, gcut_infer_same, selu_rows, gcut__selu_attrs)
UNARY_ATTRS(shrink, GCUT_NUMERIC, gcut_infer_same, shrink_rows, gcut__shrink_attrs)
UNARY_ATTRS(swish, GCUT_FLOATS_STANDARD, gcut_infer_same, alpha_one, gcut__alpha_attrs)
UNARY_ATTRS(thresholded_relu, GCUT_FLOATS_STANDARD, gcut_infer_same, alpha_one, gcut__alpha_attrs)

const gcut_op gcut__op_clip = {.inputs = "T T? T?",
                               .outputs = "T",
                               .T = GCUT_NUMERIC,
                               .attrs = clip_rows,
                               .attrs_size = sizeof(gcut__clip_attrs),
                               .infer = infer_clip};
const gcut_op gcut__op_is_inf = {.inputs = "T",
                                 .outputs = "b",
                                 .T = GCUT_FLOATS_STANDARD | GCUT_FLOATS_8,
                                 .attrs = is_inf_rows,
                                 .attrs_size = sizeof(gcut__is_inf_attrs),
                                 .infer = infer_test};
const gcut_op gcut__op_is_nan = {
    .inputs = "T", .outputs = "b", .T = GCUT_FLOATS_STANDARD | GCUT_FLOATS_8, .infer = infer_test};
