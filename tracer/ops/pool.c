// MaxPool, AveragePool, LpPool, their global kin, MaxUnpool.
#include "tracer/ops/pool.h"

static gcut_status infer_pool(gcut_infer *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->attrs;
  gcut__window window;
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, GCUT_MAX_RANK, err));
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut__window_infer(c, &attrs->window, rank - 2, &window, err));
  if (!attrs->window.kernel_shape.given)
    return GCUT_NODE_FAIL(c, err, "attribute 'kernel_shape' is missing");
  const gcut_dim *in = gcut_infer_dims(c, 0);
  gcut_dim dims[GCUT_MAX_RANK] = {in[0], in[1]};
  gcut__window_output(c->dims, &window, in + 2, dims + 2);
  GCUT_TRY(gcut_infer_set(c, 1, GCUT_INT64, rank, dims, err));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

static gcut_status infer_lp_pool(gcut_infer *c, gcut_error *err) {
  const gcut__pool_attrs *attrs = c->attrs;
  if (!(attrs->p > 0)) return GCUT_NODE_FAIL(c, err, "p is %g", (double)attrs->p);
  return infer_pool(c, err);
}

// One operation for each element of each window.
static double flops_pool(const gcut_infer *c) {
  const gcut__pool_attrs *attrs = c->attrs;
  double taps = 1;
  for (size_t i = 0; i < attrs->window.kernel_shape.n; i++)
    taps *= (double)attrs->window.kernel_shape.data[i];
  return taps * gcut_fact_count(&c->outputs[0]);
}

static const gcut_attr_row max_pool_attrs[] = {
    GCUT__WINDOW_ROWS(gcut__pool_attrs, window),
    GCUT__WINDOW_CEIL_ROW(gcut__pool_attrs, window),
    GCUT_ATTR_INT(gcut__pool_attrs, storage_order, 0),
    {0},
};

const gcut_op gcut__op_max_pool = {
    .inputs = "T",
    .outputs = "Ti?",
    .T = GCUT_FLOATS_STANDARD | GCUT_TYPE(INT8) | GCUT_TYPE(UINT8),
    .attrs = max_pool_attrs,
    .attrs_size = sizeof(gcut__pool_attrs),
    .infer = infer_pool,
    .flops = flops_pool,
};

static const gcut_attr_row average_pool_attrs[] = {
    GCUT__WINDOW_ROWS(gcut__pool_attrs, window),
    GCUT__WINDOW_CEIL_ROW(gcut__pool_attrs, window),
    GCUT_ATTR_INT(gcut__pool_attrs, count_include_pad, 0),
    {0},
};

const gcut_op gcut__op_average_pool = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = average_pool_attrs,
    .attrs_size = sizeof(gcut__pool_attrs),
    .infer = infer_pool,
    .flops = flops_pool,
};

static const gcut_attr_row lp_pool_attrs[] = {
    GCUT__WINDOW_ROWS(gcut__pool_attrs, window),
    GCUT__WINDOW_CEIL_ROW(gcut__pool_attrs, window),
    GCUT_ATTR_FLOAT(gcut__pool_attrs, p, 2),
    {0},
};

const gcut_op gcut__op_lp_pool = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = lp_pool_attrs,
    .attrs_size = sizeof(gcut__pool_attrs),
    .infer = infer_lp_pool,
    .flops = flops_pool,
};

// ---- global -----------------------------------------------------------------------------------

static gcut_status infer_global_pool(gcut_infer *c, gcut_error *err) {
  const gcut__global_pool_attrs *attrs = c->attrs;
  if (attrs && !(attrs->p > 0)) return GCUT_NODE_FAIL(c, err, "p is %g", (double)attrs->p);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, GCUT_MAX_RANK, err));
  gcut_dim dims[GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0);
  for (int d = 0; d < rank; d++) dims[d] = d < 2 ? gcut_infer_dims(c, 0)[d] : 1;
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

static double flops_global_pool(const gcut_infer *c) {
  return gcut_fact_count(c->inputs[0]);
}

const gcut_op gcut__op_global_average_pool = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .infer = infer_global_pool,
    .flops = flops_global_pool,
};

const gcut_op gcut__op_global_max_pool = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .infer = infer_global_pool,
    .flops = flops_global_pool,
};

static const gcut_attr_row global_lp_pool_attrs[] = {
    GCUT_ATTR_FLOAT(gcut__global_pool_attrs, p, 2),
    {0},
};

const gcut_op gcut__op_global_lp_pool = {
    .inputs = "T",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = global_lp_pool_attrs,
    .attrs_size = sizeof(gcut__global_pool_attrs),
    .infer = infer_global_pool,
    .flops = flops_global_pool,
};

// ---- MaxUnpool --------------------------------------------------------------------------------

static const gcut_attr_row unpool_attrs[] = {
    GCUT__WINDOW_INTS(gcut__unpool_attrs, window, kernel_shape),
    GCUT__WINDOW_INTS(gcut__unpool_attrs, window, strides),
    GCUT__WINDOW_INTS(gcut__unpool_attrs, window, pads),
    {0},
};

void gcut__unpool_sizes(gcut_dims *dims, const gcut__window *w, const gcut_dim *pooled,
                        gcut_dim *out) {
  for (int i = 0; i < w->n; i++) {
    gcut_dim steps = gcut_dim_mul(dims, gcut_dim_sub(dims, pooled[i], 1), w->stride[i]);
    gcut_dim padding = w->begin[i] + w->end[i];
    out[i] = gcut_dim_sub(dims, gcut_dim_add(dims, steps, w->kernel[i]), padding);
  }
}

static gcut_status infer_max_unpool(gcut_infer *c, gcut_error *err) {
  const gcut__unpool_attrs *attrs = c->attrs;
  gcut__window window;
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 3, GCUT_MAX_RANK, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank, rank, err));
  GCUT_TRY(gcut__window_infer(c, &attrs->window, rank - 2, &window, err));
  if (!attrs->window.kernel_shape.given)
    return GCUT_NODE_FAIL(c, err, "attribute 'kernel_shape' is missing");
  const gcut_dim *in = gcut_infer_dims(c, 0), *shape;
  for (int d = 0; d < rank; d++)
    if (gcut_dim_known(in[d]) && gcut_dim_known(gcut_infer_dims(c, 1)[d]) &&
        in[d] != gcut_infer_dims(c, 1)[d])
      return GCUT_NODE_FAIL(c, err, "dimension %d is %lld, of the indices %lld", d,
                            (long long)in[d], (long long)gcut_infer_dims(c, 1)[d]);
  gcut_dim dims[GCUT_MAX_RANK] = {in[0], in[1]};
  uint32_t n;
  gcut__unpool_sizes(c->dims, &window, in + 2, dims + 2);
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err)); // they must be sizes in any case
  if (!gcut_infer_has(c, 2)) return GCUT_OK;
  if (!gcut_infer_content(c, 2, &shape, &n))
    return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, rank, err);
  if (n != (uint32_t)rank)
    return GCUT_NODE_FAIL(c, err, "output_shape has %u elements, expected %d", n, rank);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, shape, err);
}

const gcut_op gcut__op_max_unpool = {
    .inputs = "Tii?",
    .outputs = "T",
    .T = GCUT_FLOATS_STANDARD,
    .attrs = unpool_attrs,
    .attrs_size = sizeof(gcut__unpool_attrs),
    .infer = infer_max_unpool,
    .flops = flops_global_pool,
};
