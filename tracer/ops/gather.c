// Gather, GatherElements, GatherND.
#include "tracer/ops/gather.h"

#include "tracer/ops/carry.h"

static const gcut_attr_row gather_rows[] = {GCUT_ATTR_INT(gcut__gather_attrs, axis, 0), {0}};

// Contents of output 0 picked from a rank-1 input 0 by the contents of the indices.
static gcut_status pick_content(gcut_infer *c, gcut_error *err) {
  const gcut_dim *from, *indices;
  uint32_t n_from, n_indices, n;
  if (gcut_infer_rank(c, 0) != 1 || !gcut__content(c, 0, &from, &n_from)) return GCUT_OK;
  if (!gcut__content(c, 1, &indices, &n_indices)) return GCUT_OK;
  gcut_dim *values = gcut__new_content(c, 0, &n);
  if (!values || n != n_indices) return GCUT_OK;
  for (uint32_t k = 0; k < n; k++) {
    gcut_dim i = indices[k];
    if (!gcut_dim_known(i)) return GCUT_OK;
    if (i < -(gcut_dim)n_from || i >= n_from)
      return GCUT_NODE_FAIL(c, err, "index %lld of an axis of %u elements", (long long)i, n_from);
    values[k] = from[i < 0 ? i + n_from : i];
  }
  return gcut__keep_content(c, 0, values, n, err);
}

// ---- Gather -----------------------------------------------------------------------------------

static gcut_status infer_gather(gcut_infer *c, gcut_error *err) {
  const gcut__gather_attrs *attrs = c->attrs;
  gcut_dim dims[2 * GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0), n_indices = gcut_infer_rank(c, 1), axis, n = 0;
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  for (int d = 0; d < axis; d++) dims[n++] = gcut_infer_dims(c, 0)[d];
  for (int d = 0; d < n_indices; d++) dims[n++] = gcut_infer_dims(c, 1)[d];
  for (int d = axis + 1; d < rank; d++) dims[n++] = gcut_infer_dims(c, 0)[d];
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, n, dims, err));
  return pick_content(c, err);
}

const gcut_op gcut__op_gather = {.inputs = "TI",
                                 .outputs = "T",
                                 .attrs = gather_rows,
                                 .attrs_size = sizeof(gcut__gather_attrs),
                                 .flags = GCUT_OP_PICKS,
                                 .infer = infer_gather,
                                 .flops = gcut__no_flops};

// ---- GatherElements ---------------------------------------------------------------------------

static gcut_status infer_gather_elements(gcut_infer *c, gcut_error *err) {
  const gcut__gather_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axis;
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 1, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    gcut_dim from = gcut_infer_dims(c, 0)[d], picked = gcut_infer_dims(c, 1)[d];
    if (d != axis && gcut_dim_known(from) && gcut_dim_known(picked) && picked > from)
      return GCUT_NODE_FAIL(c, err, "indices have %lld elements in dim %d, the data %lld",
                            (long long)picked, d, (long long)from);
  }
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, gcut_infer_dims(c, 1), err));
  return pick_content(c, err);
}

const gcut_op gcut__op_gather_elements = {.inputs = "TI",
                                          .outputs = "T",
                                          .attrs = gather_rows,
                                          .attrs_size = sizeof(gcut__gather_attrs),
                                          .flags = GCUT_OP_PICKS,
                                          .infer = infer_gather_elements,
                                          .flops = gcut__no_flops};

// ---- GatherND ---------------------------------------------------------------------------------

static const gcut_attr_row gather_nd_rows[] = {GCUT_ATTR_INT(gcut__gather_nd_attrs, batch_dims, 0),
                                               {0}};

static gcut_status check_batch(gcut_infer *c, int batch, gcut_error *err) {
  for (int d = 0; d < batch; d++) {
    gcut_dim a = gcut_infer_dims(c, 0)[d], b = gcut_infer_dims(c, 1)[d];
    if (gcut_dim_known(a) && gcut_dim_known(b) && a != b)
      return GCUT_NODE_FAIL(c, err, "batch dim %d is %lld in the data, %lld in the indices", d,
                            (long long)a, (long long)b);
  }
  return GCUT_OK;
}

static gcut_status infer_gather_nd(gcut_infer *c, gcut_error *err) {
  const gcut__gather_nd_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), index_rank = gcut_infer_rank(c, 1), n = 0;
  gcut_dim dims[2 * GCUT_MAX_RANK];
  if (rank < 1 || index_rank < 1) return GCUT_NODE_FAIL(c, err, "data or indices of rank 0");
  if (attrs->batch_dims < 0 || attrs->batch_dims >= rank || attrs->batch_dims >= index_rank)
    return GCUT_NODE_FAIL(c, err, "batch_dims %lld for data of rank %d, indices of rank %d",
                          (long long)attrs->batch_dims, rank, index_rank);
  int batch = (int)attrs->batch_dims;
  gcut_dim depth = gcut_infer_dims(c, 1)[index_rank - 1];
  GCUT_TRY(check_batch(c, batch, err));
  if (!gcut_dim_known(depth)) return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, -1, err);
  if (depth < 1 || depth > rank - batch)
    return GCUT_NODE_FAIL(c, err,
                          "indices of %lld coordinates for data of rank %d after %d batch "
                          "dims",
                          (long long)depth, rank, batch);
  for (int d = 0; d < index_rank - 1; d++) dims[n++] = gcut_infer_dims(c, 1)[d];
  for (int d = batch + (int)depth; d < rank; d++) dims[n++] = gcut_infer_dims(c, 0)[d];
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, n, dims, err));
  return batch == 0 ? pick_content(c, err) : GCUT_OK;
}

const gcut_op gcut__op_gather_nd = {.inputs = "Ti",
                                    .outputs = "T",
                                    .attrs = gather_nd_rows,
                                    .attrs_size = sizeof(gcut__gather_nd_attrs),
                                    .flags = GCUT_OP_PICKS,
                                    .infer = infer_gather_nd,
                                    .flops = gcut__no_flops};
