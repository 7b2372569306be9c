// Operators that combine two tensors element by element: arithmetic, comparison, logic and bits.
#include "tracer/ops/binary.h"

#include "tracer/ops/propagate.h"
#include "tracer/ops/unary.h"

static const gcut_attr_row broadcast_rows[] = {
    GCUT_ATTR_INT(gcut__broadcast_attrs, axis, GCUT_NO_AXIS),
    GCUT_ATTR_INT(gcut__broadcast_attrs, broadcast, 0),
    {0}};
static const gcut_attr_row mod_rows[] = {GCUT_ATTR_INT(gcut__mod_attrs, fmod, 0), {0}};
static const gcut_attr_row bit_shift_rows[] = {
    GCUT_ATTR_STRING_REQUIRED(gcut__bit_shift_attrs, direction), {0}};
static const gcut_attr_row swiglu_rows[] = {GCUT_ATTR_FLOAT(gcut__alpha_attrs, alpha, 1.0f), {0}};

// ---- shapes -----------------------------------------------------------------------------------

int gcut__broadcast_trailing(const gcut_node *node, const gcut__broadcast_attrs *attrs, int rank_0,
                             int rank_1) {
  if (node->version >= 7) return 0;
  int64_t axis = attrs ? attrs->axis : 1;
  if (axis == GCUT_NO_AXIS || (!attrs && (rank_0 < 2 || rank_1 != 1))) return 0;
  if (axis < 0) axis += rank_0;
  return axis < 0 || axis > rank_0 - rank_1 ? -1 : (int)(rank_0 - axis - rank_1);
}

// Output 0 is shaped like input 0, to whose dims input 1's are repeated after `trailing` dims of 1
// were appended to them.
static gcut_status infer_one_sided(gcut_infer *c, int trailing, gcut_error *err) {
  int rank_0 = gcut_infer_rank(c, 0), rank_1 = gcut_infer_rank(c, 1);
  const gcut_dim *dims_0 = gcut_infer_dims(c, 0), *dims_1 = gcut_infer_dims(c, 1);
  if (trailing < 0 || rank_1 + trailing > rank_0)
    return GCUT_NODE_FAIL(c, err, "input 1 of rank %d does not broadcast to rank %d", rank_1,
                          rank_0);
  for (int d = 0; d < rank_1; d++) {
    int at = rank_0 - trailing - rank_1 + d;
    if (dims_1[d] != 1 && gcut_dim_known(dims_1[d]) && gcut_dim_known(dims_0[at]) &&
        dims_1[d] != dims_0[at])
      return GCUT_NODE_FAIL(c, err, "dimension %d of input 1 is %lld, input 0 has %lld there", d,
                            (long long)dims_1[d], (long long)dims_0[at]);
  }
  return gcut_infer_set(c, 0, GCUT_UNDEFINED, rank_0, dims_0, err);
}

static gcut_status expect_same_shape(gcut_infer *c, gcut_error *err) {
  int rank = gcut_infer_rank(c, 0);
  bool same = rank == gcut_infer_rank(c, 1);
  for (int d = 0; same && d < rank; d++) {
    gcut_order order =
        gcut_dim_compare(c->dims, gcut_infer_dims(c, 0)[d], gcut_infer_dims(c, 1)[d]);
    same = order == GCUT_EQUAL || order == GCUT_UNDECIDED;
  }
  if (!same) return GCUT_NODE_FAIL(c, err, "inputs 0 and 1 differ in shape");
  return GCUT_OK;
}

static gcut_status infer_shape(gcut_infer *c, gcut_error *err) {
  const gcut__broadcast_attrs *attrs = c->attrs;
  if (c->node->version >= 7) return gcut_infer_elementwise(c, err);
  if (!attrs->broadcast) GCUT_TRY(expect_same_shape(c, err));
  int trailing =
      gcut__broadcast_trailing(c->node, attrs, gcut_infer_rank(c, 0), gcut_infer_rank(c, 1));
  return infer_one_sided(c, attrs->broadcast ? trailing : 0, err);
}

// PRelu's slope is repeated to the input, never the other way.
static gcut_status infer_prelu(gcut_infer *c, gcut_error *err) {
  return infer_one_sided(
      c, gcut__broadcast_trailing(c->node, NULL, gcut_infer_rank(c, 0), gcut_infer_rank(c, 1)),
      err);
}

static gcut_status infer_bit_shift(gcut_infer *c, gcut_error *err) {
  gcut_string direction = ((const gcut__bit_shift_attrs *)c->attrs)->direction;
  bool left = direction.size == 4 && memcmp(direction.data, "LEFT", 4) == 0;
  bool right = direction.size == 5 && memcmp(direction.data, "RIGHT", 5) == 0;
  if (!left && !right)
    return GCUT_NODE_FAIL(c, err, "attribute 'direction' must be \"LEFT\" or \"RIGHT\"");
  return gcut_infer_elementwise(c, err);
}

static gcut_status infer_swiglu(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_same_shape(c, err));
  return gcut_infer_same(c, err);
}

// ---- shape arithmetic -------------------------------------------------------------------------

static gcut_dim dim_add(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut_dim_add(c->dims, a, b);
}
static gcut_dim dim_sub(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut_dim_sub(c->dims, a, b);
}
static gcut_dim dim_mul(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut_dim_mul(c->dims, a, b);
}

// Rounds toward zero, which is what floor division does where nothing is negative.
static gcut_dim dim_div(gcut_infer *c, gcut_dim a, gcut_dim b) {
  if (gcut_dim_known(a) && gcut_dim_known(b)) return b == 0 ? GCUT_DIM_INVALID : a / b;
  bool plain = gcut__dim_is_at_least(c, a, 0) && gcut__dim_is_at_least(c, b, 1);
  return plain ? gcut_dim_floor_div(c->dims, a, b) : GCUT_DIM_INVALID;
}

static gcut_dim dim_mod(gcut_infer *c, gcut_dim a, gcut_dim b) {
  bool truncates = ((const gcut__mod_attrs *)c->attrs)->fmod != 0;
  if (!gcut__dim_is_at_least(c, b, 1) || (truncates && !gcut__dim_is_at_least(c, a, 0)))
    return GCUT_DIM_INVALID;
  return gcut_dim_mod(c->dims, a, b);
}

static gcut_dim dim_not(gcut_dim a) {
  return a == GCUT_DIM_INVALID ? a : !a;
}
static gcut_dim dim_greater(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return gcut__dim_is_less(c, b, a);
}
static gcut_dim dim_less_or_equal(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return dim_not(gcut__dim_is_less(c, b, a));
}
static gcut_dim dim_greater_or_equal(gcut_infer *c, gcut_dim a, gcut_dim b) {
  return dim_not(gcut__dim_is_less(c, a, b));
}

#define DIM_LOGIC(name, operator)                                                                  \
  static gcut_dim name(gcut_infer *c, gcut_dim a, gcut_dim b) {                                    \
    (void)c;                                                                                       \
    return gcut_dim_known(a) && gcut_dim_known(b) ? (a != 0) operator(b != 0) : GCUT_DIM_INVALID;  \
  }
DIM_LOGIC(dim_and, &)
DIM_LOGIC(dim_or, |)
DIM_LOGIC(dim_xor, ^)
#undef DIM_LOGIC

#define INFER_PROPAGATED(name, shape, f)                                                           \
  static gcut_status name(gcut_infer *c, gcut_error *err) {                                        \
    GCUT_TRY(shape(c, err));                                                                       \
    return gcut__propagate_binary(c, f, err);                                                      \
  }
INFER_PROPAGATED(infer_add, infer_shape, dim_add)
INFER_PROPAGATED(infer_sub, infer_shape, dim_sub)
INFER_PROPAGATED(infer_mul, infer_shape, dim_mul)
INFER_PROPAGATED(infer_div, infer_shape, dim_div)
INFER_PROPAGATED(infer_mod, gcut_infer_elementwise, dim_mod)
INFER_PROPAGATED(infer_and, infer_shape, dim_and)
INFER_PROPAGATED(infer_or, infer_shape, dim_or)
INFER_PROPAGATED(infer_xor, infer_shape, dim_xor)
INFER_PROPAGATED(infer_equal, infer_shape, gcut__dim_is_equal)
INFER_PROPAGATED(infer_less, infer_shape, gcut__dim_is_less)
INFER_PROPAGATED(infer_greater, infer_shape, dim_greater)
INFER_PROPAGATED(infer_less_or_equal, infer_shape, dim_less_or_equal)
INFER_PROPAGATED(infer_greater_or_equal, infer_shape, dim_greater_or_equal)
#undef INFER_PROPAGATED

// ---- operators --------------------------------------------------------------------------------

#define BINARY(ident, input_types, output_types, types, infer_function)                            \
  const gcut_op gcut__op_##ident = {.inputs = input_types,                                         \
                                    .outputs = output_types,                                       \
                                    .T = (types),                                                  \
                                    .U = GCUT_NUMERIC,                                             \
                                    .attrs = broadcast_rows,                                       \
                                    .attrs_size = sizeof(gcut__broadcast_attrs),                   \
                                    .infer = infer_function};

BINARY(add, "T T", "T", GCUT_NUMERIC, infer_add)
BINARY(sub, "T T", "T", GCUT_NUMERIC, infer_sub)
BINARY(mul, "T T", "T", GCUT_NUMERIC, infer_mul)
BINARY(div, "T T", "T", GCUT_NUMERIC, infer_div)
BINARY(pow, "T U", "T", GCUT_FLOATS_STANDARD | GCUT_TYPE(INT32) | GCUT_TYPE(INT64), infer_shape)
BINARY(and, "b b", "b", 0, infer_and)
BINARY(or, "b b", "b", 0, infer_or)
BINARY(xor, "b b", "b", 0, infer_xor)
BINARY(equal, "T T", "b", GCUT_NUMERIC | GCUT_TYPE(BOOL) | GCUT_TYPE(STRING), infer_equal)
BINARY(less, "T T", "b", GCUT_NUMERIC, infer_less)
BINARY(greater, "T T", "b", GCUT_NUMERIC, infer_greater)
BINARY(less_or_equal, "T T", "b", GCUT_NUMERIC, infer_less_or_equal)
BINARY(greater_or_equal, "T T", "b", GCUT_NUMERIC, infer_greater_or_equal)
BINARY(bitwise_and, "T T", "T", GCUT_INTEGERS, gcut_infer_elementwise)
BINARY(bitwise_or, "T T", "T", GCUT_INTEGERS, gcut_infer_elementwise)
BINARY(bitwise_xor, "T T", "T", GCUT_INTEGERS, gcut_infer_elementwise)

const gcut_op gcut__op_bit_shift = {.inputs = "T T",
                                    .outputs = "T",
                                    .T = GCUT_INTEGERS,
                                    .attrs = bit_shift_rows,
                                    .attrs_size = sizeof(gcut__bit_shift_attrs),
                                    .infer = infer_bit_shift};
const gcut_op gcut__op_mod = {.inputs = "T T",
                              .outputs = "T",
                              .T = GCUT_NUMERIC,
                              .attrs = mod_rows,
                              .attrs_size = sizeof(gcut__mod_attrs),
                              .infer = infer_mod};
const gcut_op gcut__op_prelu = {
    .inputs = "T T", .outputs = "T", .T = GCUT_NUMERIC, .infer = infer_prelu};
const gcut_op gcut__op_swiglu = {.inputs = "T T",
                                 .outputs = "T",
                                 .T = GCUT_FLOATS_STANDARD,
                                 .attrs = swiglu_rows,
                                 .attrs_size = sizeof(gcut__alpha_attrs),
                                 .infer = infer_swiglu};
