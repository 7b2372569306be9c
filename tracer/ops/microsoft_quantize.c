// Elementwise operators, joins and pools on 8-bit tensors with a scale and a zero point each, of
// com.microsoft. Scales and zero points are single numbers.
#include "tracer/ops/microsoft_quantize.h"

#include <inttypes.h>

#include "tracer/ops/expect.h"

#define BYTES (GCUT_TYPE(INT8) | GCUT_TYPE(UINT8))

// Input `i`, where present, is one number.
static gcut_status expect_number(const gcut_infer *c, uint32_t i, gcut_error *err) {
  if (!gcut_infer_has(c, i)) return GCUT_OK;
  for (int d = 0; d < gcut_infer_rank(c, i); d++)
    GCUT_TRY(gcut__expect_dim(c, i, d, 1, "a scale or zero point", err));
  return GCUT_OK;
}

static gcut_status expect_numbers(const gcut_infer *c, const uint32_t *inputs, size_t n,
                                  gcut_error *err) {
  for (size_t i = 0; i < n; i++) GCUT_TRY(expect_number(c, inputs[i], err));
  return GCUT_OK;
}
#define EXPECT_NUMBERS(c, err, ...)                                                                \
  GCUT_TRY(expect_numbers((c), (const uint32_t[]){__VA_ARGS__},                                    \
                          sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), (err)))

// Output 0: the broadcast of n inputs.
static gcut_status set_broadcast(gcut_infer *c, const uint32_t *inputs, uint32_t n,
                                 gcut_error *err) {
  const gcut_fact *facts[3];
  gcut_dim dims[GCUT_MAX_RANK];
  int rank;
  gcut_infer inner = *c;
  for (uint32_t i = 0; i < n; i++) facts[i] = c->inputs[inputs[i]];
  inner.inputs = facts, inner.n_inputs = n;
  GCUT_TRY(gcut_infer_broadcast(&inner, 0, n, dims, &rank, err));
  return gcut_infer_set(c, 0, 0, rank, dims, err);
}

// A, A_scale, A_zero_point, B, B_scale, B_zero_point, C_scale, C_zero_point
static gcut_status binary_infer(gcut_infer *c, gcut_error *err) {
  EXPECT_NUMBERS(c, err, 1, 2, 4, 5, 6, 7);
  return set_broadcast(c, (const uint32_t[]){0, 3}, 2, err);
}

#define QUANTIZED_BINARY(name)                                                                     \
  const gcut_op gcut__op_##name = {                                                                \
      .inputs = "TfT?TfT?fT?", .outputs = "T", .T = BYTES, .infer = binary_infer};
QUANTIZED_BINARY(quantized_add)
QUANTIZED_BINARY(quantized_mul)

// X, X_scale, X_zero_point, Y_scale, Y_zero_point
static gcut_status unary_infer(gcut_infer *c, gcut_error *err) {
  EXPECT_NUMBERS(c, err, 1, 2, 3, 4);
  return gcut_infer_same(c, err);
}

static const gcut_attr_row unary_rows[] = {
    GCUT_ATTR_FLOAT(gcut__quantized_unary_attrs, alpha, 0.01f),
    {0},
};

#define QUANTIZED_UNARY(name)                                                                      \
  const gcut_op gcut__op_##name = {                                                                \
      .inputs = "TfT?fT?",                                                                         \
      .outputs = "T",                                                                              \
      .T = BYTES,                                                                                  \
      .attrs = unary_rows,                                                                         \
      .attrs_size = sizeof(gcut__quantized_unary_attrs),                                           \
      .infer = unary_infer,                                                                        \
  };
QUANTIZED_UNARY(quantized_sigmoid)
QUANTIZED_UNARY(quantized_leaky_relu)

// condition, X, x_scale, x_zero_point, Y, y_scale, y_zero_point, z_scale, z_zero_point
static gcut_status where_infer(gcut_infer *c, gcut_error *err) {
  EXPECT_NUMBERS(c, err, 2, 3, 5, 6, 7, 8);
  return set_broadcast(c, (const uint32_t[]){0, 1, 4}, 3, err);
}

const gcut_op gcut__op_quantized_where = {
    .inputs = "bTfTTfTfT", .outputs = "T", .T = BYTES, .infer = where_infer};

// Y_scale, Y_zero_point, and for each tensor: itself, scale, zero point
static gcut_status concat_infer(gcut_infer *c, gcut_error *err) {
  const gcut__quantized_concat_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK];
  int axis;
  EXPECT_NUMBERS(c, err, 0, 1);
  if (c->n_inputs < 5 || c->n_inputs % 3 != 2)
    return GCUT_NODE_FAIL(c, err, "%u inputs are no triples after two", c->n_inputs);
  int rank = gcut_infer_rank(c, 2);
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  for (int d = 0; d < rank; d++) dims[d] = gcut_infer_dims(c, 2)[d];
  for (uint32_t i = 2; i < c->n_inputs; i += 3) {
    EXPECT_NUMBERS(c, err, i + 1, i + 2);
    GCUT_TRY(gcut_infer_expect_rank(c, i, rank, rank, err));
    if (gcut_infer_dtype(c, i) != gcut_infer_dtype(c, 1) ||
        gcut_infer_dtype(c, i + 2) != gcut_infer_dtype(c, 1) ||
        gcut_infer_dtype(c, i + 1) != GCUT_FLOAT)
      return GCUT_NODE_FAIL(c, err, "types of input %u and its scale do not fit", i);
    for (int d = 0; d < rank; d++)
      if (d != axis) GCUT_TRY(gcut__expect_dim(c, i, d, dims[d], "other inputs", err));
    if (i > 2) dims[axis] = gcut_dim_add(c->dims, dims[axis], gcut_infer_dims(c, i)[axis]);
  }
  return gcut_infer_set(c, 0, 0, rank, dims, err);
}

static const gcut_attr_row concat_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__quantized_concat_attrs, axis),
    {0},
};

const gcut_op gcut__op_quantized_concat = {
    .inputs = "fT*...",
    .outputs = "T",
    .T = BYTES,
    .attrs = concat_rows,
    .attrs_size = sizeof(gcut__quantized_concat_attrs),
    .infer = concat_infer,
};

// ---- operators that stand for one of ai.onnx between dequantising and quantising --------------

extern const gcut_op gcut__op_average_pool, gcut__op_global_average_pool, gcut__op_softmax;

// Infers as `op` of that version would.
static gcut_status infer_as(gcut_infer *c, const gcut_op *op, const void *attrs, int32_t version,
                            gcut_error *err) {
  gcut_infer inner = *c;
  gcut_node node = *c->node;
  node.version = version, node.op = op;
  inner.node = &node, inner.attrs = attrs, inner.n_inputs = 1;
  return op->infer(&inner, err);
}

static gcut_status refuse_channels_last(const gcut_infer *c, gcut_error *err) {
  const gcut__quantized_pool_attrs *attrs = c->attrs;
  if (!attrs->channels_last) return GCUT_OK;
  return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "channels_last is not supported");
}

static gcut_status pool_infer(gcut_infer *c, gcut_error *err) {
  const gcut__quantized_pool_attrs *attrs = c->attrs;
  EXPECT_NUMBERS(c, err, 1, 2, 3, 4);
  GCUT_TRY(refuse_channels_last(c, err));
  return infer_as(c, &gcut__op_average_pool, &attrs->pool, 19, err);
}

static gcut_status global_pool_infer(gcut_infer *c, gcut_error *err) {
  EXPECT_NUMBERS(c, err, 1, 2, 3, 4);
  GCUT_TRY(refuse_channels_last(c, err));
  return infer_as(c, &gcut__op_global_average_pool, NULL, 1, err);
}

static const gcut_attr_row pool_rows[] = {
    GCUT__WINDOW_ROWS(gcut__quantized_pool_attrs, pool.window),
    GCUT__WINDOW_CEIL_ROW(gcut__quantized_pool_attrs, pool.window),
    {.name = "count_include_pad",
     .kind = GCUT_ATTRIBUTE_INT,
     .offset = offsetof(gcut__quantized_pool_attrs, pool.count_include_pad)},
    GCUT_ATTR_INT(gcut__quantized_pool_attrs, channels_last, 0),
    {0},
};

#define QUANTIZED_POOL(name, infer_it)                                                             \
  const gcut_op gcut__op_##name = {                                                                \
      .inputs = "TfT?fT?",                                                                         \
      .outputs = "T",                                                                              \
      .T = BYTES,                                                                                  \
      .attrs = pool_rows,                                                                          \
      .attrs_size = sizeof(gcut__quantized_pool_attrs),                                            \
      .infer = infer_it,                                                                           \
  };
QUANTIZED_POOL(quantized_average_pool, pool_infer)
QUANTIZED_POOL(quantized_global_average_pool, global_pool_infer)

static gcut_status softmax_infer(gcut_infer *c, gcut_error *err) {
  const gcut__quantized_softmax_attrs *attrs = c->attrs;
  EXPECT_NUMBERS(c, err, 1, 2, 3, 4);
  if (attrs->opset < 1 || attrs->opset > INT32_MAX)
    return GCUT_NODE_FAIL(c, err, "opset is %" PRId64, attrs->opset);
  return infer_as(c, &gcut__op_softmax, &attrs->softmax, (int32_t)attrs->opset, err);
}

static const gcut_attr_row softmax_rows[] = {
    {.name = "axis",
     .kind = GCUT_ATTRIBUTE_INT,
     .default_int = -1,
     .offset = offsetof(gcut__quantized_softmax_attrs, softmax.axis)},
    GCUT_ATTR_INT_REQUIRED(gcut__quantized_softmax_attrs, opset),
    {0},
};

const gcut_op gcut__op_quantized_softmax = {
    .inputs = "TfT?fT?",
    .outputs = "T",
    .T = BYTES,
    .attrs = softmax_rows,
    .attrs_size = sizeof(gcut__quantized_softmax_attrs),
    .infer = softmax_infer,
};
