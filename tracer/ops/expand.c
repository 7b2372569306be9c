// Operators that repeat elements: Expand and Tile.
#include "tracer/ops/carry.h"

// ---- Expand -----------------------------------------------------------------------------------

// A dim joined with what the target asks for. Of two different symbols the target's is taken: the
// other must be equal or 1.
static gcut_status join(gcut_infer *c, gcut_dim have, gcut_dim want, int d, gcut_dim *out,
                        gcut_error *err) {
  if (gcut_dim_known(want) && want < 0)
    return GCUT_NODE_FAIL(c, err, "dim %d is to become %lld", d, (long long)want);
  if (gcut_dim_known(have) && gcut_dim_known(want) && have != want && have != 1 && want != 1)
    return GCUT_NODE_FAIL(c, err, "dim %d of %lld elements is to become %lld", d, (long long)have,
                          (long long)want);
  *out = want == 1 || (gcut_dim_known(have) && have != 1) ? have : want;
  return GCUT_OK;
}

// The contents of output 0 where input 0's repeat: its one element, or all of them in turn.
static gcut_status repeat_content(gcut_infer *c, gcut_error *err) {
  const gcut_dim *from;
  uint32_t n_from, n;
  if (gcut_infer_rank(c, 0) > 1 || !gcut__content(c, 0, &from, &n_from)) return GCUT_OK;
  gcut_dim *values = gcut__new_content(c, 0, &n);
  if (!values || (n_from == 0 && n > 0)) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++) values[i] = from[i % n_from];
  return gcut__keep_content(c, 0, values, n, err);
}

// Where the target is not known: dims that it does not reach, or of other sizes than 1, stay as
// they are.
static gcut_status expand_unknown(gcut_infer *c, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK];
  int have_rank = gcut_infer_rank(c, 0), want_rank = gcut__rank_of(gcut__static_length(c, 1));
  if (want_rank < 0) return GCUT_OK;
  int rank = want_rank < have_rank ? have_rank : want_rank;
  if (rank > GCUT_MAX_RANK) return GCUT_NODE_FAIL(c, err, "a shape of %d dims or more", rank);
  for (int d = 0; d < rank; d++) {
    int h = d - (rank - have_rank);
    gcut_dim have = h < 0 ? 1 : gcut_infer_dims(c, 0)[h];
    bool stays = d < rank - want_rank || (gcut_dim_known(have) && have != 1);
    dims[d] = stays ? have : gcut_dim_fresh(c->dims);
  }
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

static gcut_status infer_expand(gcut_infer *c, gcut_error *err) {
  const gcut_dim *want;
  uint32_t n;
  gcut_dim dims[GCUT_MAX_RANK];
  int have_rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  if (!gcut_infer_content(c, 1, &want, &n)) return expand_unknown(c, err);
  if (n > GCUT_MAX_RANK)
    return GCUT_NODE_FAIL(c, err, "a shape of %u dims, at most %d", n, GCUT_MAX_RANK);
  int rank = have_rank > (int)n ? have_rank : (int)n;
  for (int d = 0; d < rank; d++) {
    int h = d - (rank - have_rank), w = d - (rank - (int)n);
    GCUT_TRY(join(c, h < 0 ? 1 : gcut_infer_dims(c, 0)[h], w < 0 ? 1 : want[w], d, &dims[d], err));
  }
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return repeat_content(c, err);
}

const gcut_op gcut__op_expand = {.inputs = "Ti",
                                 .outputs = "T",
                                 .flags = GCUT_OP_MOVES,
                                 .infer = infer_expand,
                                 .flops = gcut__no_flops};

// ---- Tile -------------------------------------------------------------------------------------

// A whole number that opset 1 passes in a float scalar.
static bool scalar_of(gcut_infer *c, uint32_t i, int64_t *out) {
  const double *floats;
  const int64_t *ints;
  uint32_t n = 0;
  if (gcut_infer_ints(c, i, &ints, &n) && n == 1) {
    *out = ints[0];
    return true;
  }
  if (!gcut_infer_floats(c, i, &floats, &n) || n != 1) return false;
  *out = floats[0] >= -0x1p31 && floats[0] <= 0x1p31 ? (int64_t)floats[0] : INT64_MIN;
  return true;
}

// Opset 1: input 1 counts the copies along the axis that input 2 names.
static gcut_status infer_tile_axis(gcut_infer *c, gcut_error *err) {
  int64_t copies, axis_value;
  int rank = gcut_infer_rank(c, 0), axis;
  gcut_dim dims[GCUT_MAX_RANK];
  if (!gcut_infer_has(c, 2)) return GCUT_NODE_FAIL(c, err, "the axis is missing");
  if (!scalar_of(c, 1, &copies) || !scalar_of(c, 2, &axis_value)) {
    if (gcut__at_run_time(c)) return GCUT_NODE_FAIL(c, err, "tiles or axis are no numbers");
    return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, rank, err);
  }
  if (copies < 0) return GCUT_NODE_FAIL(c, err, "a negative number of tiles");
  GCUT_TRY(gcut_infer_axis(c, axis_value, rank, &axis, err));
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  dims[axis] = gcut_dim_mul(c->dims, dims[axis], copies);
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

static gcut_status infer_tile(gcut_infer *c, gcut_error *err) {
  const gcut_dim *repeats;
  uint32_t n;
  gcut_dim dims[GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0);
  if (c->node->version < 6) return infer_tile_axis(c, err);
  if (gcut_infer_dtype(c, 1) != GCUT_INT64 || gcut_infer_has(c, 2))
    return GCUT_NODE_FAIL(c, err, "repeats must be one tensor of int64");
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  if (!gcut_infer_content(c, 1, &repeats, &n))
    return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, rank, err);
  if (n != (uint32_t)rank)
    return GCUT_NODE_FAIL(c, err, "%u repeats for a tensor of rank %d", n, rank);
  for (int d = 0; d < rank; d++) {
    if (gcut_dim_known(repeats[d]) && repeats[d] < 0)
      return GCUT_NODE_FAIL(c, err, "dim %d repeats %lld times", d, (long long)repeats[d]);
    dims[d] = gcut_dim_mul(c->dims, gcut_infer_dims(c, 0)[d], repeats[d]);
  }
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return repeat_content(c, err);
}

const gcut_op gcut__op_tile = {
    .inputs = "T**?", .outputs = "T", .infer = infer_tile, .flops = gcut__no_flops};
