// Operators on sequences of tensors. A fact of a sequence tells what is known of every item.
#include "tracer/ops/sequence.h"

#include "tracer/ops/carry.h"

static gcut_status expect_sequence(const gcut_infer *c, uint32_t i, gcut_error *err) {
  const gcut_type *type = &c->inputs[i]->type;
  bool unknown = type->kind == GCUT_KIND_TENSOR && type->type == GCUT_UNDEFINED && type->rank < 0;
  if (type->kind == GCUT_KIND_SEQUENCE || unknown) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "input %u is no sequence", i);
}

static gcut_status expect_position(const gcut_infer *c, uint32_t i, gcut_error *err) {
  if (!gcut_infer_has(c, i) || gcut_infer_rank(c, i) < 0) return GCUT_OK;
  return gcut_infer_expect_rank(c, i, 0, 1, err);
}

// What is known of an item of input `i`.
static gcut_type item_type(const gcut_infer *c, uint32_t i) {
  const gcut_type *type = &c->inputs[i]->type;
  if (type->kind == GCUT_KIND_SEQUENCE && type->element) return *type->element;
  return (gcut_type){.type = type->kind == GCUT_KIND_SEQUENCE ? type->type : 0, .rank = -1};
}

static gcut_status set_sequence(gcut_infer *c, const gcut_type *item, gcut_error *err) {
  if (c->n_outputs == 0) return GCUT_OK;
  gcut_type *element = gcut_arena_copy(c->arena, item, sizeof *item);
  if (!element) return GCUT_NO_MEMORY(err);
  c->outputs[0].type =
      (gcut_type){.kind = GCUT_KIND_SEQUENCE, .type = item->type, .rank = -1, .element = element};
  return GCUT_OK;
}

// What holds of items of either type: rank and dims where they agree.
static gcut_status join(gcut_infer *c, gcut_type *to, const gcut_type *with, gcut_error *err) {
  if (to->rank != with->rank) to->rank = -1;
  if (to->rank <= 0) return GCUT_OK;
  gcut_dim *dims = gcut_arena_copy(c->arena, to->dims, (size_t)to->rank * sizeof *dims);
  if (!dims) return GCUT_NO_MEMORY(err);
  for (int d = 0; d < to->rank; d++)
    if (dims[d] != with->dims[d]) dims[d] = gcut_dim_fresh(c->dims);
  to->dims = dims;
  return GCUT_OK;
}

// ---- making them ------------------------------------------------------------------------------

static const gcut_attr_row empty_rows[] = {
    GCUT_ATTR_INT(gcut__sequence_empty_attrs, dtype, GCUT_FLOAT), {0}};

static gcut_status infer_sequence_empty(gcut_infer *c, gcut_error *err) {
  const gcut__sequence_empty_attrs *attrs = c->attrs;
  if (attrs->dtype < 1 || attrs->dtype >= GCUT_N_DTYPES)
    return GCUT_NODE_FAIL(c, err, "element type %lld", (long long)attrs->dtype);
  return set_sequence(c, &(gcut_type){.type = (uint8_t)attrs->dtype, .rank = -1}, err);
}

const gcut_op gcut__op_sequence_empty = {.inputs = "",
                                         .outputs = "*",
                                         .attrs = empty_rows,
                                         .attrs_size = sizeof(gcut__sequence_empty_attrs),
                                         .infer = infer_sequence_empty,
                                         .flops = gcut__no_flops};

static gcut_status infer_sequence_construct(gcut_infer *c, gcut_error *err) {
  gcut_type item = c->inputs[0]->type;
  for (uint32_t i = 1; i < c->n_inputs; i++) GCUT_TRY(join(c, &item, &c->inputs[i]->type, err));
  return set_sequence(c, &item, err);
}

const gcut_op gcut__op_sequence_construct = {.inputs = "T...",
                                             .outputs = "*",
                                             .flags = GCUT_OP_ANY_RANK,
                                             .infer = infer_sequence_construct,
                                             .flops = gcut__no_flops};

static const gcut_attr_row split_rows[] = {
    GCUT_ATTR_INT(gcut__split_to_sequence_attrs, axis, 0),
    GCUT_ATTR_INT(gcut__split_to_sequence_attrs, keepdims, 1),
    {0}};

// The length of the pieces: one where they are single slices, a number where all are known to be
// alike, else a fresh symbol.
static gcut_dim piece_length(gcut_infer *c) {
  const gcut_dim *lengths;
  uint32_t n;
  if (!gcut_infer_has(c, 1)) return 1;
  if (!gcut__content(c, 1, &lengths, &n) || n == 0 || gcut_infer_rank(c, 1) == 0)
    return gcut_dim_fresh(c->dims); // the last piece may be shorter than the others
  for (uint32_t k = 1; k < n; k++)
    if (lengths[k] != lengths[0]) return gcut_dim_fresh(c->dims);
  return lengths[0];
}

static gcut_status infer_split_to_sequence(gcut_infer *c, gcut_error *err) {
  const gcut__split_to_sequence_attrs *attrs = c->attrs;
  gcut_type item = c->inputs[0]->type;
  int axis;
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, item.rank, &axis, err));
  if (gcut_infer_has(c, 1)) GCUT_TRY(gcut_infer_expect_rank(c, 1, 0, 1, err));
  gcut_dim *dims = gcut_arena_copy(c->arena, item.dims, (size_t)item.rank * sizeof *dims);
  if (!dims) return GCUT_NO_MEMORY(err);
  item.dims = dims;
  dims[axis] = piece_length(c);
  if (!gcut_infer_has(c, 1) && !attrs->keepdims) {
    for (int d = axis; d + 1 < item.rank; d++) dims[d] = dims[d + 1];
    item.rank--;
  }
  return set_sequence(c, &item, err);
}

const gcut_op gcut__op_split_to_sequence = {.inputs = "TI?",
                                            .outputs = "*",
                                            .attrs = split_rows,
                                            .attrs_size = sizeof(gcut__split_to_sequence_attrs),
                                            .infer = infer_split_to_sequence,
                                            .flops = gcut__no_flops};

// ---- using them -------------------------------------------------------------------------------

static gcut_status infer_sequence_at(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_sequence(c, 0, err));
  GCUT_TRY(expect_position(c, 1, err));
  if (c->n_outputs > 0) c->outputs[0].type = item_type(c, 0);
  return GCUT_OK;
}

const gcut_op gcut__op_sequence_at = {.inputs = "SI",
                                      .outputs = "*",
                                      .flags = GCUT_OP_ANY_RANK,
                                      .infer = infer_sequence_at,
                                      .flops = gcut__no_flops};

static gcut_status infer_sequence_insert(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_sequence(c, 0, err));
  GCUT_TRY(expect_position(c, 2, err));
  gcut_type item = item_type(c, 0);
  const gcut_type *tensor = &c->inputs[1]->type;
  if (item.type && tensor->type && item.type != tensor->type)
    return GCUT_NODE_FAIL(c, err, "a tensor of %s for a sequence of %s",
                          gcut_dtype_name((gcut_dtype)tensor->type),
                          gcut_dtype_name((gcut_dtype)item.type));
  GCUT_TRY(join(c, &item, tensor, err));
  if (!item.type) item.type = tensor->type;
  return set_sequence(c, &item, err);
}

const gcut_op gcut__op_sequence_insert = {.inputs = "STI?",
                                          .outputs = "*",
                                          .flags = GCUT_OP_ANY_RANK,
                                          .infer = infer_sequence_insert,
                                          .flops = gcut__no_flops};

static gcut_status infer_sequence_erase(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_sequence(c, 0, err));
  GCUT_TRY(expect_position(c, 1, err));
  gcut_type item = item_type(c, 0);
  return set_sequence(c, &item, err);
}

const gcut_op gcut__op_sequence_erase = {.inputs = "SI?",
                                         .outputs = "*",
                                         .flags = GCUT_OP_ANY_RANK,
                                         .infer = infer_sequence_erase,
                                         .flops = gcut__no_flops};

static gcut_status infer_sequence_length(gcut_infer *c, gcut_error *err) {
  GCUT_TRY(expect_sequence(c, 0, err));
  return gcut_infer_set(c, 0, GCUT_INT64, 0, NULL, err);
}

const gcut_op gcut__op_sequence_length = {.inputs = "S",
                                          .outputs = "i",
                                          .flags = GCUT_OP_ANY_RANK,
                                          .infer = infer_sequence_length,
                                          .flops = gcut__no_flops};

static const gcut_attr_row concat_rows[] = {
    GCUT_ATTR_INT_REQUIRED(gcut__concat_from_sequence_attrs, axis),
    GCUT_ATTR_INT(gcut__concat_from_sequence_attrs, new_axis, 0),
    {0}};

static gcut_status infer_concat_from_sequence(gcut_infer *c, gcut_error *err) {
  const gcut__concat_from_sequence_attrs *attrs = c->attrs;
  gcut_dim dims[GCUT_MAX_RANK + 1];
  int axis;
  GCUT_TRY(expect_sequence(c, 0, err));
  gcut_type item = item_type(c, 0);
  gcut_dtype type = (gcut_dtype)item.type;
  if (item.rank < 0) return gcut_infer_set_unknown(c, 0, type, -1, err);
  int rank = item.rank + (attrs->new_axis ? 1 : 0);
  GCUT_TRY(gcut_infer_axis(c, attrs->axis, rank, &axis, err));
  for (int d = 0, from = 0; d < rank; d++) {
    dims[d] = d == axis ? gcut_dim_fresh(c->dims) : item.dims[from];
    if (d != axis || !attrs->new_axis) from++;
  }
  return gcut_infer_set(c, 0, type, rank, dims, err);
}

const gcut_op gcut__op_concat_from_sequence = {.inputs = "S",
                                               .outputs = "*",
                                               .flags = GCUT_OP_ANY_RANK,
                                               .attrs = concat_rows,
                                               .attrs_size =
                                                   sizeof(gcut__concat_from_sequence_attrs),
                                               .infer = infer_concat_from_sequence,
                                               .flops = gcut__no_flops};
