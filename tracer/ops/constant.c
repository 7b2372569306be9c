// Operators that make tensors from attributes or sizes: Constant, ConstantOfShape, Range, EyeLike,
// OneHot.
#include "tracer/ops/constant.h"

#include <math.h>

#include "tracer/ops/carry.h"

// ---- Constant ---------------------------------------------------------------------------------

// A constant of `n` elements copied from an attribute; rank 0 or 1.
static gcut_status set_from(gcut_infer *c, gcut_dtype type, int rank, const void *data, size_t n,
                            size_t bytes, gcut_error *err) {
  gcut_constant *k = GCUT_NEW(c->arena, gcut_constant);
  int64_t *dims = GCUT_NEW_ARRAY(c->arena, int64_t, 1);
  void *copy = gcut_arena_copy(c->arena, data, bytes);
  if (!k || !dims || !copy) return GCUT_NO_MEMORY(err);
  dims[0] = (int64_t)n;
  *k = (gcut_constant){.name = "",
                       .type = type,
                       .rank = rank,
                       .dims = dims,
                       .bytes = bytes,
                       .file = GCUT_NONE,
                       .data = copy};
  return gcut_infer_set_constant(c, 0, k, err);
}

// A sparse constant's shape; its elements are laid out by the kernel.
static gcut_status infer_sparse(gcut_infer *c, const gcut_attribute *a, gcut_error *err) {
  const gcut_constant *values = &c->graph->constants[a->sparse.values];
  const gcut_constant *indices = &c->graph->constants[a->sparse.indices];
  int rank = a->sparse.rank;
  if (values->rank != 1) return GCUT_NODE_FAIL(c, err, "sparse values of rank %d", values->rank);
  int64_t n = values->dims[0];
  bool linear = indices->rank == 1 && indices->dims[0] == n;
  bool coordinates = indices->rank == 2 && indices->dims[0] == n && indices->dims[1] == rank;
  if (indices->type != GCUT_INT64 || (!linear && !coordinates))
    return GCUT_NODE_FAIL(c, err, "sparse indices do not fit %lld values", (long long)n);
  return gcut_infer_set(c, 0, values->type, rank, a->sparse.dims, err);
}

static gcut_status infer_attribute(gcut_infer *c, const gcut_attribute *a, gcut_error *err) {
  switch (a->kind) {
  case GCUT_ATTRIBUTE_TENSOR:
    return gcut_infer_set_constant(c, 0, &c->graph->constants[a->tensor], err);
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: return infer_sparse(c, a, err);
  case GCUT_ATTRIBUTE_INT: return set_from(c, GCUT_INT64, 0, &a->i, 1, sizeof a->i, err);
  case GCUT_ATTRIBUTE_FLOAT: return set_from(c, GCUT_FLOAT, 0, &a->f, 1, sizeof a->f, err);
  case GCUT_ATTRIBUTE_STRING: return set_from(c, GCUT_STRING, 0, &a->s, 1, sizeof a->s, err);
  case GCUT_ATTRIBUTE_INTS:
    return set_from(c, GCUT_INT64, 1, a->ints, a->n, a->n * sizeof *a->ints, err);
  case GCUT_ATTRIBUTE_FLOATS:
    return set_from(c, GCUT_FLOAT, 1, a->floats, a->n, a->n * sizeof *a->floats, err);
  case GCUT_ATTRIBUTE_STRINGS:
    return set_from(c, GCUT_STRING, 1, a->strings, a->n, a->n * sizeof *a->strings, err);
  default: return GCUT_NODE_FAIL(c, err, "attribute '%s' holds no value", a->name);
  }
}

static gcut_status infer_constant(gcut_infer *c, gcut_error *err) {
  const gcut_attribute *a = gcut__constant_value(c->graph, c->node);
  if (!a) return GCUT_NODE_FAIL(c, err, "it has no value");
  return infer_attribute(c, a, err);
}

const gcut_attribute *gcut__constant_value(const gcut_graph *graph, const gcut_node *node) {
  static const struct {
    const char *name;
    gcut_attribute_kind kind;
  } forms[] = {
      {"value", GCUT_ATTRIBUTE_TENSOR},        {"sparse_value", GCUT_ATTRIBUTE_SPARSE_TENSOR},
      {"value_int", GCUT_ATTRIBUTE_INT},       {"value_ints", GCUT_ATTRIBUTE_INTS},
      {"value_float", GCUT_ATTRIBUTE_FLOAT},   {"value_floats", GCUT_ATTRIBUTE_FLOATS},
      {"value_string", GCUT_ATTRIBUTE_STRING}, {"value_strings", GCUT_ATTRIBUTE_STRINGS}};
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    const gcut_attribute *a = gcut_node_attribute(graph, node, forms[i].name);
    if (a && a->kind == forms[i].kind) return a;
  }
  return NULL;
}

const gcut_op gcut__op_constant = {
    .inputs = "", .outputs = "*", .infer = infer_constant, .flops = gcut__no_flops};

// ---- ConstantOfShape --------------------------------------------------------------------------

extern const gcut_op gcut__op_constant_of_shape;

static const gcut_attr_row constant_of_shape_rows[] = {
    GCUT_ATTR_TENSOR(gcut__constant_of_shape_attrs, value), {0}};

// The value of every element, where it is an integer that tracing should follow.
static bool integer_value(const gcut_constant *k, int64_t *out) {
  gcut_fact fact = {.type = {.type = (uint8_t)k->type, .rank = 0}, .constant = k};
  const gcut_fact *input = &fact;
  gcut_arena *arena = gcut_arena_create();
  gcut_infer c = {.inputs = &input, .n_inputs = 1, .arena = arena};
  const int64_t *values;
  uint32_t n;
  bool known = arena && gcut_infer_ints(&c, 0, &values, &n) && n == 1;
  if (known) *out = values[0];
  gcut_arena_destroy(arena);
  return known;
}

static gcut_status propagate_filled(gcut_infer *c, const gcut_constant *k, gcut_error *err) {
  uint32_t n;
  int64_t value;
  gcut_dim *values = gcut__new_content(c, 0, &n);
  if (!values || !integer_value(k, &value)) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++) values[i] = value;
  return gcut_infer_set_content(c, 0, values, n, err);
}

static gcut_status infer_constant_of_shape(gcut_infer *c, gcut_error *err) {
  const gcut__constant_of_shape_attrs *attrs = c->attrs;
  const gcut_constant *k = attrs->value == GCUT_NONE ? NULL : &c->graph->constants[attrs->value];
  gcut_dtype type = k ? k->type : GCUT_FLOAT;
  const gcut_dim *dims;
  uint32_t n;
  if (k && (k->rank > 1 || (k->rank == 1 && k->dims[0] != 1)))
    return GCUT_NODE_FAIL(c, err, "value has more than one element");
  if (k && !k->data) return GCUT_NODE_FAIL(c, err, "value has no data");
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 1, err));
  if (!gcut_infer_content(c, 0, &dims, &n)) {
    return gcut_infer_set_unknown(c, 0, type, gcut__rank_of(gcut__static_length(c, 0)), err);
  }
  GCUT_TRY(gcut_infer_set(c, 0, type, gcut__rank_of(n), dims, err));
  return k ? propagate_filled(c, k, err) : GCUT_OK;
}

bool gcut__is_filled(const gcut_graph *graph, uint32_t value, bool *out_zero) {
  uint32_t producer = value == GCUT_NONE ? GCUT_NONE : graph->values[value].producer;
  if (producer == GCUT_NONE || graph->nodes[producer].op != &gcut__op_constant_of_shape)
    return false;
  const gcut__constant_of_shape_attrs *attrs = graph->nodes[producer].attrs;
  int64_t filled;
  *out_zero = attrs->value == GCUT_NONE;
  if (*out_zero) return true;
  if (!integer_value(&graph->constants[attrs->value], &filled)) return false;
  *out_zero = filled == 0;
  return true;
}

const gcut_op gcut__op_constant_of_shape = {.inputs = "i",
                                            .outputs = "*",
                                            .attrs = constant_of_shape_rows,
                                            .attrs_size = sizeof(gcut__constant_of_shape_attrs),
                                            .infer = infer_constant_of_shape,
                                            .flops = gcut__no_flops};

// ---- Range ------------------------------------------------------------------------------------

// Elements of an integer range; false where they are symbolic beyond expression.
static gcut_status count_integers(gcut_infer *c, gcut_dim start, gcut_dim limit, gcut_dim delta,
                                  gcut_dim *out, gcut_error *err) {
  if (delta == 0) return GCUT_NODE_FAIL(c, err, "a step of 0");
  gcut_dim span = gcut_dim_sub(c->dims, limit, start);
  if (gcut_dim_known(delta) && delta < 0) {
    span = gcut_dim_sub(c->dims, start, limit);
    delta = -delta;
  }
  gcut_dim n = gcut_dim_ceil_div(c->dims, span, delta);
  if (n == GCUT_DIM_INVALID && gcut_dim_known(start) && gcut_dim_known(limit))
    return GCUT_NODE_FAIL(c, err, "a range of more elements than can be counted");
  *out = gcut__or_fresh(c, gcut_dim_max(c->dims, n, 0));
  return GCUT_OK;
}

static gcut_status propagate_range(gcut_infer *c, gcut_dim start, gcut_dim delta, gcut_error *err) {
  uint32_t n;
  gcut_dim *values = gcut__new_content(c, 0, &n);
  if (!values) return GCUT_OK;
  for (uint32_t i = 0; i < n; i++)
    values[i] = gcut_dim_add(c->dims, start, gcut_dim_mul(c->dims, delta, i));
  return gcut_infer_set_content(c, 0, values, n, err);
}

static gcut_status infer_integer_range(gcut_infer *c, gcut_error *err) {
  gcut_dim ends[3], n;
  for (uint32_t i = 0; i < 3; i++) {
    const gcut_dim *values;
    uint32_t count;
    if (!gcut_infer_content(c, i, &values, &count))
      return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, 1, err);
    if (count != 1) return GCUT_NODE_FAIL(c, err, "input %u is no scalar", i);
    ends[i] = values[0];
  }
  GCUT_TRY(count_integers(c, ends[0], ends[1], ends[2], &n, err));
  GCUT_TRY(gcut_infer_set(c, 0, GCUT_UNDEFINED, 1, &n, err));
  return propagate_range(c, ends[0], ends[2], err);
}

// The span is taken in the element type, the division in double, as the standard's own inference
// does.
static gcut_status infer_float_range(gcut_infer *c, gcut_error *err) {
  double ends[3];
  for (uint32_t i = 0; i < 3; i++) {
    const double *values;
    uint32_t count;
    if (!gcut_infer_floats(c, i, &values, &count))
      return gcut_infer_set_unknown(c, 0, GCUT_UNDEFINED, 1, err);
    if (count != 1) return GCUT_NODE_FAIL(c, err, "input %u is no scalar", i);
    ends[i] = values[0];
  }
  double span = ends[1] - ends[0];
  if (gcut_infer_dtype(c, 0) != GCUT_DOUBLE) span = (double)(float)span;
  double n = ceil(span / ends[2]);
  if (!(fabs(n) < 0x1p62)) return GCUT_NODE_FAIL(c, err, "a range without an end");
  gcut_dim count = n > 0 ? (gcut_dim)n : 0;
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, 1, &count, err);
}

static gcut_status infer_range(gcut_infer *c, gcut_error *err) {
  for (uint32_t i = 0; i < 3; i++) GCUT_TRY(gcut_infer_expect_rank(c, i, 0, 1, err));
  if (GCUT_FLOATS_STANDARD >> gcut_infer_dtype(c, 0) & 1) return infer_float_range(c, err);
  return infer_integer_range(c, err);
}

const gcut_op gcut__op_range = {.inputs = "TTT",
                                .outputs = "T",
                                .T = GCUT_FLOATS_STANDARD | GCUT_TYPE(INT16) | GCUT_INDICES,
                                .infer = infer_range};

// ---- EyeLike ----------------------------------------------------------------------------------

static const gcut_attr_row eye_like_rows[] = {
    GCUT_ATTR_INT(gcut__eye_like_attrs, dtype, 0), GCUT_ATTR_INT(gcut__eye_like_attrs, k, 0), {0}};

static gcut_status infer_eye_like(gcut_infer *c, gcut_error *err) {
  const gcut__eye_like_attrs *attrs = c->attrs;
  int64_t type = attrs->dtype ? attrs->dtype : gcut_infer_dtype(c, 0);
  if (type <= 0 || type >= GCUT_N_DTYPES || !((GCUT_NUMERIC | GCUT_TYPE(BOOL)) >> type & 1))
    return GCUT_NODE_FAIL(c, err, "element type %lld", (long long)type);
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 2, 2, err));
  return gcut_infer_set(c, 0, (gcut_dtype)type, 2, gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_eye_like = {.inputs = "T",
                                   .outputs = "*",
                                   .attrs = eye_like_rows,
                                   .attrs_size = sizeof(gcut__eye_like_attrs),
                                   .infer = infer_eye_like,
                                   .flops = gcut__no_flops};

// ---- OneHot -----------------------------------------------------------------------------------

static const gcut_attr_row one_hot_rows[] = {GCUT_ATTR_INT(gcut__one_hot_attrs, axis, -1), {0}};

// The depth, or a fresh symbol where it is not known yet.
static gcut_status read_depth(gcut_infer *c, gcut_dim *out, gcut_error *err) {
  const gcut_dim *values;
  const double *floats;
  uint32_t n = 1;
  *out = GCUT_DIM_INVALID;
  GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
  if (gcut_infer_content(c, 1, &values, &n)) {
    if (n == 1) *out = values[0];
  } else if (gcut_infer_floats(c, 1, &floats, &n)) {
    if (n == 1 && floats[0] >= 0 && floats[0] < 0x1p62) *out = (gcut_dim)floats[0];
  } else {
    *out = gcut_dim_fresh(c->dims);
  }
  if (n != 1) return GCUT_NODE_FAIL(c, err, "depth has %u elements, expected 1", n);
  return GCUT_OK;
}

static gcut_status infer_one_hot(gcut_infer *c, gcut_error *err) {
  const gcut__one_hot_attrs *attrs = c->attrs;
  int rank = gcut_infer_rank(c, 0) + 1, axis;
  gcut_dim dims[GCUT_MAX_RANK + 1];
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 2, 1, 1, err));
  gcut_dim n_values = gcut_infer_dims(c, 2)[0];
  if (gcut_dim_known(n_values) && n_values != 2)
    return GCUT_NODE_FAIL(c, err, "values has %lld elements, expected 2", (long long)n_values);
  for (int d = 0, from = 0; d < rank; d++) dims[d] = d == axis ? 0 : gcut_infer_dims(c, 0)[from++];
  GCUT_TRY(read_depth(c, &dims[axis], err));
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank, dims, err);
}

const gcut_op gcut__op_one_hot = {.inputs = "TUV",
                                  .outputs = "V",
                                  .T = GCUT_NUMERIC,
                                  .U = GCUT_NUMERIC,
                                  .attrs = one_hot_rows,
                                  .attrs_size = sizeof(gcut__one_hot_attrs),
                                  .infer = infer_one_hot,
                                  .flops = gcut__no_flops};
