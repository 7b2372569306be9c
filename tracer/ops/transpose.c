// Operators that permute axes: Transpose, and the two that move blocks between depth and space.
#include "tracer/ops/transpose.h"

#include "tracer/ops/carry.h"
#include "tracer/ops/expect.h"

// ---- Transpose --------------------------------------------------------------------------------

static const gcut_attr_row transpose_rows[] = {GCUT_ATTR_INTS(gcut__transpose_attrs, perm), {0}};

static gcut_status infer_transpose(gcut_infer *c, gcut_error *err) {
  const gcut__transpose_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0), axes[GCUT_MAX_RANK];
  gcut_dim dims[GCUT_MAX_RANK];
  const gcut_dim *values;
  uint32_t n;
  if (attrs->perm.given) {
    if (attrs->perm.n != (size_t)rank)
      return GCUT_NODE_FAIL(c, err, "perm has %zu axes, the tensor %d", attrs->perm.n, rank);
    GCUT_TRY(gcut_infer_axes(c, attrs->perm.data, attrs->perm.n, rank, axes, err));
  }
  for (int d = 0; d < rank; d++)
    dims[d] = gcut_infer_dims(c, 0)[attrs->perm.given ? axes[d] : rank - 1 - d];
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  if (rank > 1 || !gcut__content(c, 0, &values, &n)) return GCUT_OK;
  return gcut__keep_content(c, 0, values, n, err);
}

const gcut_op gcut__op_transpose = {.inputs = "T",
                                    .outputs = "T",
                                    .attrs = transpose_rows,
                                    .attrs_size = sizeof(gcut__transpose_attrs),
                                    .flags = GCUT_OP_MOVES,
                                    .infer = infer_transpose,
                                    .flops = gcut__no_flops};

// ---- DepthToSpace, SpaceToDepth ---------------------------------------------------------------

static const gcut_attr_row depth_rows[] = {GCUT_ATTR_INT_REQUIRED(gcut__depth_attrs, blocksize),
                                           GCUT_ATTR_STRING(gcut__depth_attrs, mode, "DCR"),
                                           {0}};

bool gcut__depth_is_crd(const gcut__depth_attrs *attrs) {
  return gcut__is_text(attrs->mode, "CRD");
}

static gcut_status check_depth_attrs(const gcut_infer *c, gcut_error *err) {
  const gcut__depth_attrs *attrs = c->attrs;
  if (attrs->blocksize < 1 || attrs->blocksize > INT32_MAX)
    return GCUT_NODE_FAIL(c, err, "blocksize %lld", (long long)attrs->blocksize);
  if (!gcut__is_text(attrs->mode, "DCR") && !gcut__is_text(attrs->mode, "CRD"))
    return GCUT_NODE_FAIL(c, err, "mode '%.*s', expected DCR or CRD", (int)(attrs->mode.size & 63),
                          attrs->mode.data);
  return gcut_infer_expect_rank(c, 0, 4, 4, err);
}

static gcut_status infer_depth_to_space(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(check_depth_attrs(c, err));
  int64_t block = ((const gcut__depth_attrs *)c->attrs)->blocksize;
  const gcut_dim *in = gcut_infer_dims(c, 0);
  gcut_dim depth;
  GCUT_TRY(gcut__divide_dim(c, in[1], block * block, "depth", &depth, err));
  gcut_dim dims[4] = {in[0], depth, gcut_dim_mul(c->dims, in[2], block),
                      gcut_dim_mul(c->dims, in[3], block)};
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, 4, dims, err);
}

const gcut_op gcut__op_depth_to_space = {.inputs = "T",
                                         .outputs = "T",
                                         .attrs = depth_rows,
                                         .attrs_size = sizeof(gcut__depth_attrs),
                                         .infer = infer_depth_to_space,
                                         .flops = gcut__no_flops};

static gcut_status infer_space_to_depth(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(check_depth_attrs(c, err));
  int64_t block = ((const gcut__depth_attrs *)c->attrs)->blocksize;
  const gcut_dim *in = gcut_infer_dims(c, 0);
  gcut_dim dims[4] = {in[0], gcut_dim_mul(c->dims, in[1], block * block)};
  GCUT_TRY(gcut__divide_dim(c, in[2], block, "height", &dims[2], err));
  GCUT_TRY(gcut__divide_dim(c, in[3], block, "width", &dims[3], err));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, 4, dims, err);
}

const gcut_op gcut__op_space_to_depth = {.inputs = "T",
                                         .outputs = "T",
                                         .attrs = depth_rows,
                                         .attrs_size = sizeof(gcut__depth_attrs),
                                         .infer = infer_space_to_depth,
                                         .flops = gcut__no_flops};
