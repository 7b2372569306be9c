// Concat and Split.
#include "tracer/ops/concat.h"

#include "tracer/ops/carry.h"

// ---- Concat -----------------------------------------------------------------------------------

static const gcut_attr_row concat_rows[] = {GCUT_ATTR_INT(gcut__concat_attrs, axis, GCUT_NO_AXIS),
                                            {0}};

// Adds input `i` to the shape of those before it.
static gcut_status join(gcut_infer *c, uint32_t i, int axis, gcut_dim *dims, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  GCUT_TRY(gcut_infer_expect_rank(c, i, rank, rank, err));
  for (int d = 0; d < rank; d++) {
    gcut_dim dim = gcut_infer_dims(c, i)[d];
    if (d == axis) {
      dims[d] = gcut_dim_add(c->dims, dims[d], dim);
    } else if (gcut_dim_known(dim)) {
      if (gcut_dim_known(dims[d]) && dims[d] != dim)
        return GCUT_NODE_FAIL(c, err, "input %u has %lld elements in dim %d, others have %lld", i,
                              (long long)dim, d, (long long)dims[d]);
      dims[d] = dim;
    }
  }
  return GCUT_OK;
}

// Contents one after the other, where all are known.
static gcut_status propagate_concat(gcut_infer *c, gcut_error *err) {
  uint32_t n, at = 0;
  gcut_dim *values = gcut__new_content(c, 0, &n);
  if (!values) return GCUT_OK;
  for (uint32_t i = 0; i < c->n_inputs; i++) {
    const gcut_dim *part;
    uint32_t n_part;
    if (!gcut__content(c, i, &part, &n_part) || n_part > n - at) return GCUT_OK;
    if (n_part > 0) memcpy(values + at, part, n_part * sizeof *part);
    at += n_part;
  }
  return gcut__keep_content(c, 0, values, at, err);
}

static gcut_status infer_concat(gcut_infer *c, gcut_error *err) {
  const gcut__concat_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK];
  int rank = gcut_infer_rank(c, 0), axis;
  if (attrs->axis == GCUT_NO_AXIS && c->node->version >= 4)
    return GCUT_NODE_FAIL(c, err, "attribute 'axis' is missing");
  GCUT_TRY(gcut_infer_axis(c, gcut__concat_axis(attrs), rank, &axis, err));
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  for (uint32_t i = 1; i < c->n_inputs; i++) GCUT_TRY(join(c, i, axis, dims, err));
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return propagate_concat(c, err);
}

int64_t gcut__concat_axis(const gcut__concat_attrs *attrs) {
  return attrs->axis == GCUT_NO_AXIS ? 1 : attrs->axis;
}

const gcut_op gcut__op_concat = {.inputs = "T...",
                                 .outputs = "T",
                                 .attrs = concat_rows,
                                 .attrs_size = sizeof(gcut__concat_attrs),
                                 .flags = GCUT_OP_MOVES,
                                 .infer = infer_concat,
                                 .flops = gcut__no_flops};

// ---- Split ------------------------------------------------------------------------------------

static const gcut_attr_row split_rows[] = {GCUT_ATTR_INT(gcut__split_attrs, axis, 0),
                                           GCUT_ATTR_INT(gcut__split_attrs, num_outputs, 0),
                                           GCUT_ATTR_INTS(gcut__split_attrs, split),
                                           {0}};

// The lengths as given by attribute or input: *out_given whether they are given, *out_lengths NULL
// where they are, but not known yet.
static gcut_status read_lengths(gcut_infer *c, const gcut_dim **out_lengths, bool *out_given,
                                gcut_error *err) {
  const gcut__split_attrs *attrs = c->attrs;
  uint32_t n = 0;
  *out_lengths = NULL;
  *out_given = gcut_infer_has(c, 1) || (c->node->version < 13 && attrs->split.given);
  if (!*out_given) return GCUT_OK;
  if (c->node->version < 13 && attrs->split.given) {
    *out_lengths = gcut__ints_as_dims(c, attrs->split);
    if (!*out_lengths) return GCUT_NO_MEMORY(err);
    n = (uint32_t)attrs->split.n;
  } else {
    GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
    if (gcut_infer_dtype(c, 1) != GCUT_INT64) { // opset 1 has lengths in floats
      *out_lengths = NULL;
      return gcut_infer_fail(c, GCUT_UNSUPPORTED, err, "lengths of %s",
                             gcut_dtype_name(gcut_infer_dtype(c, 1)));
    }
    if (!gcut_infer_content(c, 1, out_lengths, &n)) return GCUT_OK;
  }
  if (n != c->n_outputs)
    return GCUT_NODE_FAIL(c, err, "%u lengths for %u outputs", n, c->n_outputs);
  return GCUT_OK;
}

static gcut_status check_sum(gcut_infer *c, const gcut_dim *lengths, gcut_dim whole,
                             gcut_error *err) {
  gcut_dim sum = 0;
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    if (gcut_dim_known(lengths[i]) && lengths[i] < 0)
      return GCUT_NODE_FAIL(c, err, "length %u is %lld", i, (long long)lengths[i]);
    sum = gcut_dim_add(c->dims, sum, lengths[i]);
  }
  if (gcut_dim_known(sum) && gcut_dim_known(whole) && sum != whole)
    return GCUT_NODE_FAIL(c, err, "lengths add up to %lld, the axis has %lld", (long long)sum,
                          (long long)whole);
  return GCUT_OK;
}

// Parts of one length, as far as the elements reach.
static void fill_lengths(gcut_infer *c, gcut_dim whole, gcut_dim each, gcut_dim *lengths) {
  uint32_t n = c->n_outputs;
  for (uint32_t i = 0; i < n; i++) lengths[i] = each;
  if (c->node->version < 18) return;
  if (!gcut_dim_known(whole)) { // the last is what whole parts leave
    gcut_dim before = gcut_dim_mul(c->dims, each, n - 1);
    lengths[n - 1] = gcut__or_fresh(c, gcut_dim_sub(c->dims, whole, before));
    return;
  }
  for (uint32_t i = 0; i < n; i++) {
    lengths[i] = each < whole ? each : whole;
    whole -= lengths[i];
  }
}

// Equal lengths; from opset 18 on the last parts may be shorter, even empty.
static gcut_status equal_lengths(gcut_infer *c, gcut_dim whole, gcut_dim *lengths,
                                 gcut_error *err) {
  const gcut__split_attrs *attrs = c->attrs;
  int64_t n = c->n_outputs;
  if (attrs->num_outputs != 0 && attrs->num_outputs != n)
    return GCUT_NODE_FAIL(c, err, "num_outputs is %lld, the node names %lld",
                          (long long)attrs->num_outputs, (long long)n);
  if (gcut_dim_known(whole) && whole % n != 0 && c->node->version < 18)
    return GCUT_NODE_FAIL(c, err, "%lld elements do not divide into %lld", (long long)whole,
                          (long long)n);
  gcut_dim each = c->node->version < 18 ? gcut_dim_floor_div(c->dims, whole, n)
                                        : gcut_dim_ceil_div(c->dims, whole, n);
  fill_lengths(c, whole, gcut__or_fresh(c, each), lengths);
  return GCUT_OK;
}

static gcut_status set_parts(gcut_infer *c, int axis, const gcut_dim *lengths, gcut_error *err) {
  gcut_dim dims[GCUT_MAX_RANK];
  const gcut_dim *values = NULL;
  uint32_t n = 0, at = 0;
  int rank = gcut_infer_rank(c, 0);
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  bool known = rank == 1 && gcut__content(c, 0, &values, &n);
  for (uint32_t i = 0; i < c->n_outputs; i++) {
    dims[axis] = lengths[i];
    GCUT_TRY(gcut_infer_set(c, i, GCUT_UNDEFINED, rank, dims, err));
    known = known && gcut_dim_known(lengths[i]) && lengths[i] <= n - at;
    if (!known) continue;
    GCUT_TRY(gcut_infer_set_content(c, i, values + at, (uint32_t)lengths[i], err));
    at += (uint32_t)lengths[i];
  }
  return GCUT_OK;
}

static gcut_status infer_split(gcut_infer *c, gcut_error *err) {
  const gcut__split_attrs *attrs = c->attrs;
  const gcut_dim *given_lengths;
  bool given;
  int axis;
  if (c->n_outputs == 0) return GCUT_OK;
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, gcut_infer_rank(c, 0), &axis, err));
  GCUT_TRY(read_lengths(c, &given_lengths, &given, err));
  gcut_dim whole = gcut_infer_dims(c, 0)[axis];
  if (given_lengths) {
    GCUT_TRY(check_sum(c, given_lengths, whole, err));
    return set_parts(c, axis, given_lengths, err);
  }
  gcut_dim *lengths = GCUT_NEW_ARRAY(c->arena, gcut_dim, c->n_outputs);
  if (!lengths) return GCUT_NO_MEMORY(err);
  if (!given)
    GCUT_TRY(equal_lengths(c, whole, lengths, err));
  else
    for (uint32_t i = 0; i < c->n_outputs; i++) lengths[i] = gcut_dim_fresh(c->dims);
  return set_parts(c, axis, lengths, err);
}

const gcut_op gcut__op_split = {.inputs = "T*?",
                                .outputs = "T...",
                                .attrs = split_rows,
                                .attrs_size = sizeof(gcut__split_attrs),
                                .flags = GCUT_OP_MOVES,
                                .infer = infer_split,
                                .flops = gcut__no_flops};
