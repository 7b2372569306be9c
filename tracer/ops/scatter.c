// Scatter, ScatterElements, ScatterND, TensorScatter: a copy of the data with updates written in.
#include "tracer/ops/scatter.h"

#include "tracer/ops/carry.h"

static const gcut_attr_row scatter_rows[] = {
    GCUT_ATTR_INT(gcut__scatter_attrs, axis, 0),
    GCUT_ATTR_STRING(gcut__scatter_attrs, reduction, "none"),
    {0}};

gcut__reduction gcut__reduction_of(const gcut__scatter_attrs *attrs) {
  static const char *const names[] = {"none", "add", "mul", "max", "min"};
  int r = 0;
  while (r < GCUT__REDUCE_N && !gcut__is_text(attrs->reduction, names[r])) r++;
  return (gcut__reduction)r;
}

static gcut_status check_reduction(const gcut_infer *c, gcut_error *err) {
  const gcut__scatter_attrs *attrs = c->attrs;
  gcut__reduction reduction = gcut__reduction_of(attrs);
  if (reduction == GCUT__REDUCE_N)
    return GCUT_NODE_FAIL(c, err, "reduction '%.*s'", (int)(attrs->reduction.size & 63),
                          attrs->reduction.data);
  if (reduction != GCUT__REDUCE_NONE &&
      !((GCUT_NUMERIC | GCUT_TYPE(BOOL)) >> gcut_infer_dtype(c, 0) & 1))
    return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "reduction of %s",
                           gcut_dtype_name(gcut_infer_dtype(c, 0)));
  return GCUT_OK;
}

// Fails where two dims are numbers that differ.
static gcut_status expect_equal(const gcut_infer *c, gcut_dim found, gcut_dim expected, int d,
                                gcut_error *err) {
  if (!gcut_dim_known(found) || !gcut_dim_known(expected) || found == expected) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "dim %d of the updates is %lld, expected %lld", d, (long long)found,
                        (long long)expected);
}

// Contents of a rank-1 tensor with some elements replaced.
static gcut_status propagate_scatter(gcut_infer *c, gcut_error *err) {
  const gcut_dim *data, *indices, *updates;
  uint32_t n, n_indices, n_updates;
  if (gcut_infer_rank(c, 0) != 1 || gcut__reduction_of(c->attrs) != GCUT__REDUCE_NONE)
    return GCUT_OK;
  if (!gcut__content(c, 0, &data, &n) || !gcut__content(c, 1, &indices, &n_indices) ||
      !gcut__content(c, 2, &updates, &n_updates) || n_indices != n_updates)
    return GCUT_OK;
  gcut_dim *values = gcut_arena_copy(c->arena, data, n * sizeof *data);
  if (!values) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < n_indices; k++) {
    gcut_dim i = indices[k];
    if (!gcut_dim_known(i)) return GCUT_OK;
    if (i < -(gcut_dim)n || i >= n)
      return GCUT_NODE_FAIL(c, err, "index %lld of an axis of %u elements", (long long)i, n);
    values[i < 0 ? i + n : i] = updates[k];
  }
  return gcut__keep_content(c, 0, values, n, err);
}

// ---- ScatterElements --------------------------------------------------------------------------

static gcut_status infer_scatter_elements(gcut_infer *c, gcut_error *err) {
  const gcut__scatter_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axis;
  GCUT_TRY(check_reduction(c, err));
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank, rank, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 2, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    gcut_dim data = gcut_infer_dims(c, 0)[d], index = gcut_infer_dims(c, 1)[d];
    GCUT_TRY(expect_equal(c, gcut_infer_dims(c, 2)[d], index, d, err));
    if (d != axis && gcut_dim_known(data) && gcut_dim_known(index) && index > data)
      return GCUT_NODE_FAIL(c, err, "indices have %lld elements in dim %d, the data %lld",
                            (long long)index, d, (long long)data);
  }
  GCUT_TRY(gcut_infer_set_like(c, 0, 0, err));
  return propagate_scatter(c, err);
}

const gcut_op gcut__op_scatter_elements = {.inputs = "TIT",
                                           .outputs = "T",
                                           .attrs = scatter_rows,
                                           .attrs_size = sizeof(gcut__scatter_attrs),
                                           .infer = infer_scatter_elements,
                                           .flops = gcut__no_flops};
const gcut_op gcut__op_scatter = {.inputs = "TIT",
                                  .outputs = "T",
                                  .attrs = scatter_rows,
                                  .attrs_size = sizeof(gcut__scatter_attrs),
                                  .infer = infer_scatter_elements,
                                  .flops = gcut__no_flops};

// ---- ScatterND --------------------------------------------------------------------------------

static gcut_status infer_scatter_nd(gcut_infer *c, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0), index_rank = gcut_infer_rank(c, 1);
  GCUT_TRY(check_reduction(c, err));
  if (rank < 1 || index_rank < 1) return GCUT_NODE_FAIL(c, err, "data or indices of rank 0");
  gcut_dim depth = gcut_infer_dims(c, 1)[index_rank - 1];
  GCUT_TRY(gcut_infer_set_like(c, 0, 0, err));
  if (!gcut_dim_known(depth)) return GCUT_OK;
  if (depth < 0 || depth > rank)
    return GCUT_NODE_FAIL(c, err, "indices of %lld coordinates for data of rank %d",
                          (long long)depth, rank);
  int update_rank = index_rank - 1 + rank - (int)depth;
  GCUT_TRY(gcut_infer_expect_rank(c, 2, update_rank, update_rank, err));
  for (int d = 0; d < update_rank; d++) {
    gcut_dim expected = d < index_rank - 1
                            ? gcut_infer_dims(c, 1)[d]
                            : gcut_infer_dims(c, 0)[(int)depth + d - (index_rank - 1)];
    GCUT_TRY(expect_equal(c, gcut_infer_dims(c, 2)[d], expected, d, err));
  }
  return depth == 1 ? propagate_scatter(c, err) : GCUT_OK;
}

const gcut_op gcut__op_scatter_nd = {.inputs = "TiT",
                                     .outputs = "T",
                                     .attrs = scatter_rows,
                                     .attrs_size = sizeof(gcut__scatter_attrs),
                                     .infer = infer_scatter_nd,
                                     .flops = gcut__no_flops};

// ---- TensorScatter ----------------------------------------------------------------------------

static const gcut_attr_row tensor_scatter_rows[] = {
    GCUT_ATTR_INT(gcut__tensor_scatter_attrs, axis, -2),
    GCUT_ATTR_STRING(gcut__tensor_scatter_attrs, mode, "linear"),
    {0}};

bool gcut__tensor_scatter_is_circular(const gcut__tensor_scatter_attrs *attrs) {
  return gcut__is_text(attrs->mode, "circular");
}

static gcut_status check_write_indices(const gcut_infer *c, gcut_error *err) {
  if (!gcut_infer_has(c, 2)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 1, 1, err));
  gcut_dim n = gcut_infer_dims(c, 2)[0], batch = gcut_infer_dims(c, 0)[0];
  if (gcut_dim_known(n) && gcut_dim_known(batch) && n != batch)
    return GCUT_NODE_FAIL(c, err, "%lld write indices for a batch of %lld", (long long)n,
                          (long long)batch);
  return GCUT_OK;
}

static gcut_status infer_tensor_scatter(gcut_infer *c, gcut_error *err) {
  const gcut__tensor_scatter_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axis;
  if (!gcut__is_text(attrs->mode, "linear") && !gcut__is_text(attrs->mode, "circular"))
    return GCUT_NODE_FAIL(c, err, "mode '%.*s'", (int)(attrs->mode.size & 63), attrs->mode.data);
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  if (axis == 0) return GCUT_NODE_FAIL(c, err, "the axis is the batch's");
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    gcut_dim cache = gcut_infer_dims(c, 0)[d], update = gcut_infer_dims(c, 1)[d];
    if (d != axis)
      GCUT_TRY(expect_equal(c, update, cache, d, err));
    else if (gcut_dim_known(cache) && gcut_dim_known(update) && update > cache)
      return GCUT_NODE_FAIL(c, err, "an update of %lld for a cache of %lld", (long long)update,
                            (long long)cache);
  }
  GCUT_TRY(check_write_indices(c, err));
  return gcut_infer_set_like(c, 0, 0, err);
}

const gcut_op gcut__op_tensor_scatter = {.inputs = "TTi?",
                                         .outputs = "T",
                                         .attrs = tensor_scatter_rows,
                                         .attrs_size = sizeof(gcut__tensor_scatter_attrs),
                                         .infer = infer_tensor_scatter,
                                         .flops = gcut__no_flops};
