// Operators that give the same elements another shape, and those that ask for a shape.
//
// Reshape is where exporters' shape arithmetic ends up, so its target may be symbolic: dims that
// occur on both sides cancel before anything is multiplied or divided, which keeps expressions
// small and lets a 0 (an empty batch) stand beside -1.
#include "tracer/ops/reshape.h"

#include "tracer/ops/carry.h"

// ---- Reshape ----------------------------------------------------------------------------------

typedef struct reshape_attrs {
  gcut_ints shape; // opset 1
  int64_t allowzero;
} reshape_attrs;

static const gcut_attr_row reshape_rows[] = {
    GCUT_ATTR_INTS(reshape_attrs, shape), GCUT_ATTR_INT(reshape_attrs, allowzero, 0), {0}};

// The contents of output 0 are those of input 0.
static gcut_status same_content(gcut_infer *c, gcut_error *err) {
  const gcut_dim *values;
  uint32_t n;
  if (!gcut__content(c, 0, &values, &n)) return GCUT_OK;
  return gcut__keep_content(c, 0, values, n, err);
}

// Products of the dims of two shapes after striking out those that stand on both sides.
static void cancelled_products(gcut_infer *c, const gcut_dim *a, int n_a, const gcut_dim *b,
                               int n_b, gcut_dim *out_a, gcut_dim *out_b) {
  gcut_dim left_a[GCUT_MAX_RANK], left_b[GCUT_MAX_RANK];
  int m_a = 0, m_b = n_b;
  if (n_b > 0) memcpy(left_b, b, (size_t)n_b * sizeof *b);
  for (int i = 0; i < n_a; i++) {
    int j = 0;
    while (j < m_b && left_b[j] != a[i]) j++;
    if (j == m_b)
      left_a[m_a++] = a[i];
    else
      left_b[j] = left_b[--m_b];
  }
  *out_a = gcut_infer_product(c, left_a, 0, m_a);
  *out_b = gcut_infer_product(c, left_b, 0, m_b);
}

// The dim that -1 stands for: elements of the data by those of the other dims.
static gcut_status infer_rest(gcut_infer *c, const gcut_dim *others, int n_others, gcut_dim *out,
                              gcut_error *err) {
  gcut_dim total, rest;
  if (gcut_infer_rank(c, 0) < 0) {
    *out = gcut_dim_fresh(c->dims);
    return GCUT_OK;
  }
  cancelled_products(c, gcut_infer_dims(c, 0), gcut_infer_rank(c, 0), others, n_others, &total,
                     &rest);
  if (gcut_dim_known(total) && gcut_dim_known(rest) && (rest == 0 ? total != 0 : total % rest != 0))
    return GCUT_NODE_FAIL(c, err, "%lld elements do not divide by %lld, the dims beside -1",
                          (long long)total, (long long)rest);
  *out = rest == 0 ? 0 : gcut__or_fresh(c, gcut_dim_floor_div(c->dims, total, rest));
  return GCUT_OK;
}

static bool is_empty(const gcut_dim *dims, int n) {
  for (int d = 0; d < n; d++)
    if (dims[d] == 0) return true;
  return false;
}

static gcut_status check_count(gcut_infer *c, int rank, const gcut_dim *dims, gcut_error *err) {
  gcut_dim total, target;
  int from = gcut_infer_rank(c, 0);
  // No elements on either side: a 0 that cancels must not leave the other dims to disagree.
  if (from < 0 || (is_empty(gcut_infer_dims(c, 0), from) && is_empty(dims, rank))) return GCUT_OK;
  cancelled_products(c, gcut_infer_dims(c, 0), from, dims, rank, &total, &target);
  if (gcut_dim_known(total) && gcut_dim_known(target) && total != target)
    return GCUT_NODE_FAIL(c, err, "a shape of %lld elements for data of %lld (common dims aside)",
                          (long long)target, (long long)total);
  return GCUT_OK;
}

// Turns the target as written into dims; *out_rest is the place of -1, or -1.
static gcut_status read_target(gcut_infer *c, const gcut_dim *target, int n, bool allow_zero,
                               gcut_dim *dims, int *out_rest, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  *out_rest = -1;
  for (int d = 0; d < n; d++) {
    dims[d] = target[d];
    if (target[d] == 0 && !allow_zero) {
      if (rank >= 0 && d >= rank)
        return GCUT_NODE_FAIL(c, err, "dim %d is copied from data of rank %d", d, rank);
      dims[d] = rank < 0 ? gcut_dim_fresh(c->dims) : gcut_infer_dims(c, 0)[d];
    } else if (target[d] == -1) {
      if (*out_rest >= 0) return GCUT_NODE_FAIL(c, err, "a shape with -1 twice");
      *out_rest = d;
    } else if (gcut_dim_known(target[d]) && target[d] < 0) {
      return GCUT_NODE_FAIL(c, err, "a shape with %lld", (long long)target[d]);
    }
  }
  return GCUT_OK;
}

static gcut_status infer_reshape_to(gcut_infer *c, const gcut_dim *target, uint32_t n,
                                    gcut_error *err) {
  const reshape_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK], others[GCUT_MAX_RANK];
  int rest, n_others = 0;
  if (n > GCUT_MAX_RANK)
    return GCUT_NODE_FAIL(c, err, "a shape of %u dims, at most %d", n, GCUT_MAX_RANK);
  GCUT_TRY(read_target(c, target, (int)n, attrs->allowzero != 0, dims, &rest, err));
  for (int d = 0; d < (int)n; d++)
    if (d != rest) others[n_others++] = dims[d];
  if (rest >= 0) GCUT_TRY(infer_rest(c, others, n_others, &dims[rest], err));
  GCUT_TRY(check_count(c, (int)n, dims, err));
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, (int)n, dims, err));
  return same_content(c, err);
}

static gcut_status infer_reshape(gcut_infer *c, gcut_error *err) {
  const reshape_attrs *attrs = c->attrs;
  const gcut_dim *target;
  uint32_t n;
  if (c->node->version < 5 && attrs->shape.given) {
    target = gcut__ints_as_dims(c, attrs->shape);
    return target ? infer_reshape_to(c, target, (uint32_t)attrs->shape.n, err)
                  : GCUT_NO_MEMORY(err);
  }
  if (!gcut_infer_has(c, 1)) return GCUT_NODE_FAIL(c, err, "the shape is missing");
  if (gcut_infer_rank(c, 1) >= 0) GCUT_TRY(gcut_infer_expect_rank(c, 1, 1, 1, err));
  if (gcut_infer_content(c, 1, &target, &n)) return infer_reshape_to(c, target, n, err);
  int64_t length = gcut__static_length(c, 1);
  return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, gcut__rank_of(length), err);
}

const gcut_op gcut__op_reshape = {.inputs = "Ti?",
                                  .outputs = "T",
                                  .flags = GCUT_OP_VIEW | GCUT_OP_ANY_RANK,
                                  .attrs = reshape_rows,
                                  .attrs_size = sizeof(reshape_attrs),
                                  .infer = infer_reshape,
                                  .flops = gcut__no_flops};

// ---- Flatten ----------------------------------------------------------------------------------

typedef struct flatten_attrs {
  int64_t axis;
} flatten_attrs;

static const gcut_attr_row flatten_rows[] = {GCUT_ATTR_INT(flatten_attrs, axis, 1), {0}};

static gcut_status infer_flatten(gcut_infer *c, gcut_error *err) {
  const flatten_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0);
  if (attrs->axis < -rank || attrs->axis > rank)
    return GCUT_NODE_FAIL(c, err, "axis %lld of a tensor of rank %d", (long long)attrs->axis, rank);
  int axis = (int)(attrs->axis < 0 ? attrs->axis + rank : attrs->axis);
  const gcut_dim *in = gcut_infer_dims(c, 0);
  gcut_dim dims[2] = {gcut_infer_product(c, in, 0, axis), gcut_infer_product(c, in, axis, rank)};
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, 2, dims, err);
}

const gcut_op gcut__op_flatten = {.inputs = "T",
                                  .outputs = "T",
                                  .flags = GCUT_OP_VIEW,
                                  .attrs = flatten_rows,
                                  .attrs_size = sizeof(flatten_attrs),
                                  .infer = infer_flatten,
                                  .flops = gcut__no_flops};

// ---- Squeeze, Unsqueeze -----------------------------------------------------------------------

typedef struct axes_attrs {
  gcut_ints axes; // before opset 13
} axes_attrs;

static const gcut_attr_row axes_rows[] = {GCUT_ATTR_INTS(axes_attrs, axes), {0}};

// The axes of the attribute or of input 1. *out_n: SIZE_MAX where there are none; *out_known:
// whether their values are known.
static gcut_status read_axes(gcut_infer *c, const int64_t **out_axes, size_t *out_n,
                             bool *out_known, gcut_error *err) {
  const axes_attrs *attrs = c->attrs;
  uint32_t n = 0;
  *out_axes = NULL;
  *out_n = SIZE_MAX;
  *out_known = true;
  if (c->node->version < 13) {
    if (attrs->axes.given) *out_axes = attrs->axes.data, *out_n = attrs->axes.n;
    return GCUT_OK;
  }
  if (!gcut_infer_has(c, 1)) return GCUT_OK;
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
  *out_known = gcut_infer_ints(c, 1, out_axes, &n);
  *out_n = n;
  return GCUT_OK;
}

// The shape where the values of the axes are not known, only their number.
static gcut_status infer_axes_unknown(gcut_infer *c, int sign, gcut_error *err) {
  int64_t length = gcut_infer_rank(c, 1) == 0 ? 1 : gcut__static_length(c, 1);
  if (length < 0) return GCUT_OK;
  int64_t rank = gcut_infer_rank(c, 0) + sign * length;
  if (length > GCUT_MAX_RANK || rank < 0 || rank > GCUT_MAX_RANK)
    return GCUT_NODE_FAIL(c, err, "%lld axes for a tensor of rank %d", (long long)length,
                          gcut_infer_rank(c, 0));
  return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, (int)rank, err);
}

// Without axes every dim of 1 goes; where a dim is symbolic nobody knows yet.
static gcut_status squeeze_all(gcut_infer *c, bool *drop, bool *out_known) {
  *out_known = true;
  for (int d = 0; d < gcut_infer_rank(c, 0); d++) {
    gcut_dim dim = gcut_infer_dims(c, 0)[d];
    drop[d] = dim == 1;
    if (!gcut_dim_known(dim) && gcut_dim_compare(c->dims, dim, 1) != GCUT_GREATER)
      *out_known = false;
  }
  return GCUT_OK;
}

static gcut_status squeeze_axes(gcut_infer *c, const int64_t *axes, size_t n, bool *drop,
                                gcut_error *err) {
  int list[GCUT_MAX_RANK];
  GCUT_TRY(gcut_infer_axes(c, axes, n, gcut_infer_rank(c, 0), list, err));
  for (size_t k = 0; k < n; k++) {
    gcut_dim dim = gcut_infer_dims(c, 0)[list[k]];
    if (gcut_dim_known(dim) && dim != 1)
      return GCUT_NODE_FAIL(c, err, "axis %d has %lld elements, expected 1", list[k],
                            (long long)dim);
    drop[list[k]] = true;
  }
  return GCUT_OK;
}

static gcut_status infer_squeeze(gcut_infer *c, gcut_error *err) {
  const int64_t *axes;
  size_t n;
  bool known, drop[GCUT_MAX_RANK] = {false};
  gcut_dim dims[GCUT_MAX_RANK];
  int rank = 0;
  GCUT_TRY(read_axes(c, &axes, &n, &known, err));
  if (!known) return infer_axes_unknown(c, -1, err);
  if (n == SIZE_MAX)
    GCUT_TRY(squeeze_all(c, drop, &known));
  else
    GCUT_TRY(squeeze_axes(c, axes, n, drop, err));
  if (!known) return GCUT_OK;
  for (int d = 0; d < gcut_infer_rank(c, 0); d++)
    if (!drop[d]) dims[rank++] = gcut_infer_dims(c, 0)[d];
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return same_content(c, err);
}

const gcut_op gcut__op_squeeze = {.inputs = "Ti?",
                                  .outputs = "T",
                                  .flags = GCUT_OP_VIEW,
                                  .attrs = axes_rows,
                                  .attrs_size = sizeof(axes_attrs),
                                  .infer = infer_squeeze,
                                  .flops = gcut__no_flops};

static gcut_status infer_unsqueeze(gcut_infer *c, gcut_error *err) {
  const int64_t *axes;
  size_t n;
  bool known, is_new[GCUT_MAX_RANK] = {false};
  int list[GCUT_MAX_RANK];
  gcut_dim dims[GCUT_MAX_RANK];
  GCUT_TRY(read_axes(c, &axes, &n, &known, err));
  if (!known) return infer_axes_unknown(c, 1, err);
  if (n == SIZE_MAX) return GCUT_NODE_FAIL(c, err, "the axes are missing");
  if (n > (size_t)(GCUT_MAX_RANK - gcut_infer_rank(c, 0)))
    return GCUT_NODE_FAIL(c, err, "%zu axes for a tensor of rank %d", n, gcut_infer_rank(c, 0));
  int rank = gcut_infer_rank(c, 0) + (int)n;
  GCUT_TRY(gcut_infer_axes(c, axes, n, rank, list, err));
  for (size_t k = 0; k < n; k++) is_new[list[k]] = true;
  for (int d = 0, from = 0; d < rank; d++) dims[d] = is_new[d] ? 1 : gcut_infer_dims(c, 0)[from++];
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err));
  return same_content(c, err);
}

const gcut_op gcut__op_unsqueeze = {.inputs = "Ti?",
                                    .outputs = "T",
                                    .flags = GCUT_OP_VIEW,
                                    .attrs = axes_rows,
                                    .attrs_size = sizeof(axes_attrs),
                                    .infer = infer_unsqueeze,
                                    .flops = gcut__no_flops};

// ---- Identity ---------------------------------------------------------------------------------

// All that is known of the input holds for the output, whatever kind it is.
static gcut_status infer_identity(gcut_infer *c, gcut_error *err) {
  (void)err;
  if (c->n_outputs == 0) return GCUT_OK;
  c->outputs[0] = *c->inputs[0];
  c->outputs[0].tensor = NULL;
  if (gcut__at_run_time(c)) c->outputs[0].constant = NULL;
  return GCUT_OK;
}

const gcut_op gcut__op_identity = {.inputs = "*",
                                   .outputs = "*",
                                   .flags = GCUT_OP_VIEW | GCUT_OP_ANY_RANK,
                                   .infer = infer_identity,
                                   .flops = gcut__no_flops};

// ---- Shape, Size ------------------------------------------------------------------------------

static const gcut_attr_row shape_rows[] = {GCUT_ATTR_INT(gcut__shape_attrs, start, 0),
                                           GCUT_ATTR_INT(gcut__shape_attrs, end, INT64_MAX),
                                           {0}};

// An end of the slice: counted from the back where negative, then clamped.
static int clamp_end(int64_t x, int rank) {
  if (x < 0) x += rank;
  return (int)(x < 0 ? 0 : x > rank ? rank : x);
}

int gcut__shape_slice(const gcut__shape_attrs *attrs, int rank, int *out_start) {
  int end = clamp_end(attrs->end, rank);
  *out_start = clamp_end(attrs->start, rank);
  return end > *out_start ? end - *out_start : 0;
}

static gcut_status infer_shape(gcut_infer *c, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0), start;
  if (rank < 0) return gcut_infer_set_unknown(c, 0, GCUT_INT64, 1, err);
  gcut_dim n = gcut__shape_slice(c->attrs, rank, &start);
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_INT64, 1, &n, err));
  if (n == 0) start = 0;
  return gcut_infer_set_content(c, 0, gcut_infer_dims(c, 0) + start, (uint32_t)n, err);
}

const gcut_op gcut__op_shape = {.inputs = "T",
                                .outputs = "i",
                                .flags = GCUT_OP_ANY_RANK,
                                .attrs = shape_rows,
                                .attrs_size = sizeof(gcut__shape_attrs),
                                .infer = infer_shape,
                                .flops = gcut__no_flops};

static gcut_status infer_size(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_INT64, 0, NULL, err));
  int rank = gcut_infer_rank(c, 0);
  if (rank < 0) return GCUT_OK;
  gcut_dim count = gcut_infer_product(c, gcut_infer_dims(c, 0), 0, rank);
  return gcut_infer_set_content(c, 0, &count, 1, err);
}

const gcut_op gcut__op_size = {.inputs = "T",
                               .outputs = "i",
                               .flags = GCUT_OP_ANY_RANK,
                               .infer = infer_size,
                               .flops = gcut__no_flops};
