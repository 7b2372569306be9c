// Random numbers: RandomNormal, RandomUniform, Bernoulli, Multinomial, Dropout.
#include "tracer/ops/random.h"

#include <math.h>

#define COMMON_ROWS(dtype_default)                                                                 \
  GCUT_ATTR_INT(gcut__random_attrs, dtype, dtype_default),                                         \
      GCUT_ATTR_FLOAT(gcut__random_attrs, seed, NAN)
#define NORMAL_ROWS                                                                                \
  GCUT_ATTR_FLOAT(gcut__random_attrs, mean, 0.0f), GCUT_ATTR_FLOAT(gcut__random_attrs, scale, 1.0f)
#define UNIFORM_ROWS                                                                               \
  GCUT_ATTR_FLOAT(gcut__random_attrs, low, 0.0f), GCUT_ATTR_FLOAT(gcut__random_attrs, high, 1.0f)

static const gcut_attr_row normal_rows[] = {
    COMMON_ROWS(GCUT_FLOAT), NORMAL_ROWS, GCUT_ATTR_INTS_REQUIRED(gcut__random_attrs, shape), {0}};
static const gcut_attr_row uniform_rows[] = {
    COMMON_ROWS(GCUT_FLOAT), UNIFORM_ROWS, GCUT_ATTR_INTS_REQUIRED(gcut__random_attrs, shape), {0}};
static const gcut_attr_row normal_like_rows[] = {COMMON_ROWS(0), NORMAL_ROWS, {0}};
static const gcut_attr_row uniform_like_rows[] = {COMMON_ROWS(0), UNIFORM_ROWS, {0}};
static const gcut_attr_row bernoulli_rows[] = {COMMON_ROWS(0), {0}};
static const gcut_attr_row multinomial_rows[] = {
    COMMON_ROWS(GCUT_INT32), GCUT_ATTR_INT(gcut__random_attrs, sample_size, 1), {0}};
static const gcut_attr_row dropout_rows[] = {
    GCUT_ATTR_FLOAT(gcut__dropout_attrs, ratio, 0.5f),
    GCUT_ATTR_INT(gcut__dropout_attrs, is_test, 0),
    GCUT_ATTR_INT(gcut__dropout_attrs, seed, GCUT__NO_SEED),
    {0}};

// The type of the output: attribute `dtype`, or the input's.
static gcut_status read_dtype(const gcut_infer *c, uint64_t types, gcut_dtype *out_type,
                              gcut_error *err) {
  int64_t dtype = ((const gcut__random_attrs *)c->attrs)->dtype;
  *out_type = GCUT_UNDEFINED;
  if (dtype == 0 && c->n_inputs > 0)
    *out_type = gcut_infer_dtype(c, 0);
  else if (dtype > 0 && dtype < GCUT_N_DTYPES)
    *out_type = (gcut_dtype)dtype;
  if (*out_type && (types >> *out_type & 1)) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "output type %s (%lld) is none it makes",
                        gcut_dtype_name(*out_type), (long long)dtype);
}

static gcut_status infer_shaped(gcut_infer *c, gcut_error *err) {
  gcut_ints shape = ((const gcut__random_attrs *)c->attrs)->shape;
  gcut_dtype type;
  GCUT_TRY(read_dtype(c, GCUT_FLOATS_STANDARD, &type, err));
  if (shape.n > GCUT_MAX_RANK)
    return GCUT_NODE_FAIL(c, err, "attribute 'shape' has %zu dims, at most %d", shape.n,
                          GCUT_MAX_RANK);
  return gcut_infer_set(c, 0, type, (int)shape.n, shape.data, err);
}

static gcut_status infer_like(gcut_infer *c, gcut_error *err) {
  gcut_dtype type;
  GCUT_TRY(read_dtype(c, GCUT_FLOATS_STANDARD, &type, err));
  return gcut_infer_set(c, 0, type, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

static gcut_status infer_bernoulli(gcut_infer *c, gcut_error *err) {
  gcut_dtype type;
  GCUT_TRY(read_dtype(c, GCUT_NUMERIC | GCUT_TYPE(BOOL), &type, err));
  return gcut_infer_set(c, 0, type, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

static gcut_status infer_multinomial(gcut_infer *c, gcut_error *err) {
  const gcut__random_attrs *attrs = c->attrs;
  gcut_dtype type;
  GCUT_TRY(read_dtype(c, GCUT_INDICES, &type, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, 2, err));
  if (attrs->sample_size < 1 || gcut_infer_dims(c, 0)[1] == 0)
    return GCUT_NODE_FAIL(c, err, "%lld samples of %lld classes, expected at least one of each",
                          (long long)attrs->sample_size, (long long)gcut_infer_dims(c, 0)[1]);
  gcut_dim dims[2] = {gcut_infer_dims(c, 0)[0], attrs->sample_size};
  return gcut_infer_set(c, 0, type, 2, dims, err);
}

static gcut_status infer_dropout(gcut_infer *c, gcut_error *err) {
  for (uint32_t i = 1; i < 3; i++)
    if (gcut_infer_has(c, i)) {
      gcut_dim count = gcut_infer_product(c, gcut_infer_dims(c, i), 0, gcut_infer_rank(c, i));
      if (gcut_dim_known(count) && count != 1)
        return GCUT_NODE_FAIL(c, err, "input %u has %lld elements, expected one", i,
                              (long long)count);
    }
  GCUT_TRY(gcut_infer_same(c, err));
  gcut_dtype mask = c->node->version < 10 ? gcut_infer_dtype(c, 0) : GCUT_BOOL;
  return gcut_infer_set(c, 1, mask, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

#define RANDOM(ident, input_types, types, rows, infer_function)                                    \
  const gcut_op gcut__op_##ident = {.inputs = input_types,                                         \
                                    .outputs = "*",                                                \
                                    .T = (types),                                                  \
                                    .flags = GCUT_OP_RANDOM,                                       \
                                    .attrs = rows,                                                 \
                                    .attrs_size = sizeof(gcut__random_attrs),                      \
                                    .infer = infer_function};
RANDOM(random_normal, "", 0, normal_rows, infer_shaped)
RANDOM(random_uniform, "", 0, uniform_rows, infer_shaped)
RANDOM(random_normal_like, "T", 0, normal_like_rows, infer_like)
RANDOM(random_uniform_like, "T", 0, uniform_like_rows, infer_like)
RANDOM(bernoulli, "T", GCUT_FLOATS_STANDARD, bernoulli_rows, infer_bernoulli)
RANDOM(multinomial, "T", GCUT_FLOATS_STANDARD, multinomial_rows, infer_multinomial)

const gcut_op gcut__op_dropout = {.inputs = "T U? b?",
                                  .outputs = "T *?",
                                  .T = GCUT_FLOATS_STANDARD | GCUT_FLOATS_8,
                                  .U = GCUT_FLOATS_STANDARD | GCUT_FLOATS_8,
                                  .flags = GCUT_OP_RANDOM,
                                  .attrs = dropout_rows,
                                  .attrs_size = sizeof(gcut__dropout_attrs),
                                  .infer = infer_dropout};
