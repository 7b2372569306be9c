// Operators from one element type to another: Cast and CastLike convert values, BitCast keeps bits.
#include "tracer/ops/cast.h"

#include <strings.h>

#include "tracer/ops/propagate.h"

static const gcut_attr_row cast_rows[] = {GCUT_ATTR_INT(gcut__cast_attrs, saturate, 1),
                                          GCUT_ATTR_STRING(gcut__cast_attrs, round_mode, "up"),
                                          {0}};

#define COMPLEX_TYPES (GCUT_TYPE(COMPLEX64) | GCUT_TYPE(COMPLEX128))
#define CAST_TYPES    (~COMPLEX_TYPES)
#define BITCAST_TYPES (~GCUT_TYPE(STRING))

// The type that attribute `to` names: by number, or before opset 6 by name ("FLOAT").
static gcut_status read_target(const gcut_infer *c, uint64_t types, gcut_dtype *out_type,
                               gcut_error *err) {
  const gcut_attribute *a = gcut_node_attribute(c->graph, c->node, "to");
  *out_type = GCUT_UNDEFINED;
  if (a && a->kind == GCUT_ATTRIBUTE_INT && a->i > 0 && a->i < GCUT_N_DTYPES)
    *out_type = (gcut_dtype)a->i;
  if (a && a->kind == GCUT_ATTRIBUTE_STRING)
    for (int type = 1; type < GCUT_N_DTYPES; type++) {
      const char *name = gcut_dtype_name((gcut_dtype)type);
      if (strlen(name) == a->s.size && strncasecmp(name, a->s.data, a->s.size) == 0)
        *out_type = (gcut_dtype)type;
    }
  if (*out_type != GCUT_UNDEFINED && (types >> *out_type & 1)) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "attribute 'to' is no type it casts to");
}

static gcut_status check_round_mode(const gcut_infer *c, gcut_error *err) {
  gcut_string mode = ((const gcut__cast_attrs *)c->attrs)->round_mode;
  static const char *const modes[] = {"up", "down", "nearest"};
  for (size_t k = 0; k < 3; k++)
    if (mode.size == strlen(modes[k]) && memcmp(mode.data, modes[k], mode.size) == 0)
      return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "attribute 'round_mode' must be \"up\", \"down\" or \"nearest\"");
}

// Output 0 is of that type and shaped like input 0, as far as that is known.
static gcut_status set_output(gcut_infer *c, gcut_dtype type, gcut_error *err) {
  if (gcut_infer_rank(c, 0) < 0) return gcut_infer_set_unknown(c, 0, type, -1, err);
  return gcut_infer_set(c, 0, type, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

static gcut_dim dim_same(gcut_infer *c, gcut_dim a) {
  (void)c;
  return a;
}

static gcut_dim dim_to_bool(gcut_infer *c, gcut_dim a) {
  gcut_dim zero = gcut__dim_is_equal(c, a, 0);
  return zero == GCUT_DIM_INVALID ? zero : !zero;
}

static gcut_status infer_cast_to(gcut_infer *c, gcut_dtype type, gcut_error *err) {
  GCUT_TRY(check_round_mode(c, err));
  GCUT_TRY(set_output(c, type, err));
  return gcut__propagate_unary(c, type == GCUT_BOOL ? dim_to_bool : dim_same, err);
}

static gcut_status infer_cast(gcut_infer *c, gcut_error *err) {
  gcut_dtype type;
  GCUT_TRY(read_target(c, CAST_TYPES, &type, err));
  return infer_cast_to(c, type, err);
}

static gcut_status infer_cast_like(gcut_infer *c, gcut_error *err) {
  gcut_dtype type = gcut_infer_dtype(c, 1);
  return type ? infer_cast_to(c, type, err) : GCUT_OK;
}

static gcut_status infer_bitcast(gcut_infer *c, gcut_error *err) {
  gcut_dtype type, from = gcut_infer_dtype(c, 0);
  GCUT_TRY(read_target(c, BITCAST_TYPES, &type, err));
  if (from && gcut_dtype_bits(from) != gcut_dtype_bits(type))
    return GCUT_NODE_FAIL(c, err, "%s has %u bits, %s %u", gcut_dtype_name(from),
                          gcut_dtype_bits(from), gcut_dtype_name(type), gcut_dtype_bits(type));
  return set_output(c, type, err);
}

const gcut_op gcut__op_cast = {.inputs = "T",
                               .outputs = "*",
                               .T = CAST_TYPES,
                               .flags = GCUT_OP_ANY_RANK,
                               .attrs = cast_rows,
                               .attrs_size = sizeof(gcut__cast_attrs),
                               .infer = infer_cast};
const gcut_op gcut__op_cast_like = {.inputs = "T U",
                                    .outputs = "U",
                                    .T = CAST_TYPES,
                                    .U = CAST_TYPES,
                                    .flags = GCUT_OP_ANY_RANK,
                                    .attrs = cast_rows,
                                    .attrs_size = sizeof(gcut__cast_attrs),
                                    .infer = infer_cast_like};
const gcut_op gcut__op_bitcast = {.inputs = "T",
                                  .outputs = "*",
                                  .T = BITCAST_TYPES,
                                  .flags = GCUT_OP_ANY_RANK,
                                  .infer = infer_bitcast};
