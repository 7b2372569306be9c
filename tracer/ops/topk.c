// TopK: the k largest or smallest along an axis, and where they were.
#include "tracer/ops/topk.h"

static const gcut_attr_row topk_rows[] = {GCUT_ATTR_INT(gcut__topk_attrs, axis, -1),
                                          GCUT_ATTR_INT(gcut__topk_attrs, largest, 1),
                                          GCUT_ATTR_INT(gcut__topk_attrs, sorted, 1),
                                          GCUT_ATTR_INT(gcut__topk_attrs, k, -1),
                                          {0}};

// The number of elements asked for, perhaps symbolic; GCUT_DIM_INVALID where it is not known.
static gcut_status read_k(gcut_infer *c, gcut_dim *out_k, gcut_error *err) {
  const gcut_dim *k;
  uint32_t n;
  *out_k = ((const gcut__topk_attrs *)c->attrs)->k;
  if (c->node->version < 10) return GCUT_OK;
  if (!gcut_infer_has(c, 1)) return GCUT_NODE_FAIL(c, err, "input 1 is missing");
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
  *out_k = GCUT_DIM_INVALID;
  if (!gcut_infer_content(c, 1, &k, &n)) return GCUT_OK;
  if (n != 1) return GCUT_NODE_FAIL(c, err, "input 1 has %u elements, expected one", n);
  *out_k = k[0];
  return GCUT_OK;
}

static gcut_status infer_topk(gcut_infer *c, gcut_error *err) {
  const gcut__topk_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axis;
  gcut_dim dims[GCUT_MAX_RANK], k;
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  GCUT_TRY(read_k(c, &k, err));
  for (int d = 0; d < rank; d++) dims[d] = gcut_infer_dims(c, 0)[d];
  if (k == GCUT_DIM_INVALID)
    k = gcut_dim_fresh(c->dims);
  else if ((gcut_dim_known(k) && k < 0) ||
           (gcut_dim_known(k) && gcut_dim_known(dims[axis]) && k > dims[axis]))
    return GCUT_NODE_FAIL(c, err, "k is %lld, axis %d has %lld elements", (long long)k, axis,
                          (long long)dims[axis]);
  dims[axis] = k;
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return gcut_infer_set(c, 1, GCUT_INT64, rank, dims, err);
}

static double count_input(const gcut_infer *c) {
  return gcut_fact_count(c->inputs[0]);
}

const gcut_op gcut__op_topk = {.inputs = "T i?",
                               .outputs = "T i",
                               .T = GCUT_NUMERIC,
                               .attrs = topk_rows,
                               .attrs_size = sizeof(gcut__topk_attrs),
                               .infer = infer_topk,
                               .flops = count_input};
