// ai.onnx.ml LabelEncoder, CategoryMapper, OneHotEncoder. LabelEncoder has of version 1 a list of
// classes between strings and their indices, later a list of keys and one of values in any of
// several types.
#include "tracer/ops/label.h"

#include "tracer/ops/carry.h"

#define LABELS                                                                                     \
  (GCUT_TYPE(STRING) | GCUT_TYPE(FLOAT) | GCUT_TYPE(DOUBLE) | GCUT_INDICES | GCUT_TYPE(INT16))

static const gcut_attr_row label_rows[] = {
    GCUT_ATTR_STRINGS(gcut__label_attrs, classes_strings),
    GCUT_ATTR_STRINGS(gcut__label_attrs, keys_strings),
    GCUT_ATTR_STRINGS(gcut__label_attrs, values_strings),
    GCUT_ATTR_INTS(gcut__label_attrs, keys_int64s),
    GCUT_ATTR_INTS(gcut__label_attrs, values_int64s),
    GCUT_ATTR_FLOATS(gcut__label_attrs, keys_floats),
    GCUT_ATTR_FLOATS(gcut__label_attrs, values_floats),
    GCUT_ATTR_TENSOR(gcut__label_attrs, keys_tensor),
    GCUT_ATTR_TENSOR(gcut__label_attrs, values_tensor),
    GCUT_ATTR_TENSOR(gcut__label_attrs, default_tensor),
    GCUT_ATTR_STRING(gcut__label_attrs, default_string, "_Unused"),
    GCUT_ATTR_INT(gcut__label_attrs, default_int64, -1),
    GCUT_ATTR_FLOAT(gcut__label_attrs, default_float, -0.0f),
    {0}};

static size_t count_of(const gcut_constant *k) {
  size_t n = 1;
  for (int d = 0; d < k->rank; d++) n *= (size_t)k->dims[d];
  return n;
}

// The one list that is given; type GCUT_UNDEFINED where none is.
static gcut__labels pick(const gcut_graph *graph, uint32_t tensor, gcut_strings strings,
                         gcut_ints ints, gcut_floats floats) {
  if (tensor != GCUT_NONE) {
    const gcut_constant *k = &graph->constants[tensor];
    return (gcut__labels){k->data ? k->type : GCUT_UNDEFINED, count_of(k), k->data};
  }
  if (strings.given) return (gcut__labels){GCUT_STRING, strings.n, strings.data};
  if (ints.given) return (gcut__labels){GCUT_INT64, ints.n, ints.data};
  if (floats.given) return (gcut__labels){GCUT_FLOAT, floats.n, floats.data};
  return (gcut__labels){GCUT_UNDEFINED, 0, NULL};
}

// The default of that type, or NULL.
static const void *pick_default(const gcut_graph *graph, const gcut__label_attrs *attrs,
                                gcut_dtype type) {
  if (attrs->default_tensor != GCUT_NONE) {
    const gcut_constant *k = &graph->constants[attrs->default_tensor];
    return k->type == type && count_of(k) == 1 ? k->data : NULL;
  }
  switch (type) {
  case GCUT_STRING: return &attrs->default_string;
  case GCUT_INT64: return &attrs->default_int64;
  case GCUT_FLOAT: return &attrs->default_float;
  default: return NULL;
  }
}

bool gcut__label_table_of(const gcut_graph *graph, int32_t version, const gcut__label_attrs *attrs,
                          gcut_dtype in, gcut__label_table *out) {
  if (version < 2) {
    gcut__labels classes = {GCUT_STRING, attrs->classes_strings.n, attrs->classes_strings.data};
    gcut__labels indices = {GCUT_INT64, classes.n, NULL};
    out->keys = in == GCUT_STRING ? classes : indices;
    out->values = in == GCUT_STRING ? indices : classes;
  } else {
    out->keys = pick(graph, attrs->keys_tensor, attrs->keys_strings, attrs->keys_int64s,
                     attrs->keys_floats);
    out->values = pick(graph, attrs->values_tensor, attrs->values_strings, attrs->values_int64s,
                       attrs->values_floats);
  }
  out->absent = pick_default(graph, attrs, out->values.type);
  return out->keys.type == in && (LABELS >> out->values.type & 1) && out->absent &&
         out->keys.n == out->values.n;
}

static gcut_status infer_label_encoder(gcut_infer *c, gcut_error *err) {
  gcut__label_table table;
  if (!gcut__label_table_of(c->graph, c->node->version, c->attrs, gcut_infer_dtype(c, 0), &table))
    return GCUT_NODE_FAIL(c, err, "its keys, values and default make no table for %s",
                          gcut_dtype_name(gcut_infer_dtype(c, 0)));
  return gcut_infer_set(c, 0, table.values.type, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_label_encoder = {.inputs = "T",
                                        .outputs = "*",
                                        .T = LABELS,
                                        .attrs = label_rows,
                                        .attrs_size = sizeof(gcut__label_attrs),
                                        .infer = infer_label_encoder};

// ---- CategoryMapper, OneHotEncoder --------------------------------------------------------------

static const gcut_attr_row mapper_rows[] = {
    GCUT_ATTR_INTS(gcut__category_attrs, cats_int64s),
    GCUT_ATTR_STRINGS(gcut__category_attrs, cats_strings),
    GCUT_ATTR_INT(gcut__category_attrs, default_int64, -1),
    GCUT_ATTR_STRING(gcut__category_attrs, default_string, "_Unused"),
    {0}};

bool gcut__category_table_of(const gcut__category_attrs *attrs, gcut_dtype in,
                             gcut__label_table *out) {
  gcut__labels ints = {GCUT_INT64, attrs->cats_int64s.n, attrs->cats_int64s.data};
  gcut__labels strings = {GCUT_STRING, attrs->cats_strings.n, attrs->cats_strings.data};
  bool from_strings = in == GCUT_STRING;
  out->keys = from_strings ? strings : ints;
  out->values = from_strings ? ints : strings;
  out->absent = from_strings ? (const void *)&attrs->default_int64 : &attrs->default_string;
  return ints.n == strings.n;
}

static gcut_status infer_category_mapper(gcut_infer *c, gcut_error *err) {
  gcut__label_table table;
  if (!gcut__category_table_of(c->attrs, gcut_infer_dtype(c, 0), &table))
    return GCUT_NODE_FAIL(c, err, "its lists of categories have different lengths");
  return gcut_infer_set(c, 0, table.values.type, gcut_infer_rank(c, 0), gcut_infer_dims(c, 0), err);
}

const gcut_op gcut__op_category_mapper = {.inputs = "T",
                                          .outputs = "*",
                                          .T = GCUT_TYPE(STRING) | GCUT_TYPE(INT64),
                                          .attrs = mapper_rows,
                                          .attrs_size = sizeof(gcut__category_attrs),
                                          .infer = infer_category_mapper};

static const gcut_attr_row one_hot_rows[] = {GCUT_ATTR_INTS(gcut__category_attrs, cats_int64s),
                                             GCUT_ATTR_STRINGS(gcut__category_attrs, cats_strings),
                                             GCUT_ATTR_INT(gcut__category_attrs, zeros, 1),
                                             {0}};

gcut__labels gcut__categories_of(const gcut__category_attrs *attrs) {
  if (attrs->cats_strings.n > 0)
    return (gcut__labels){GCUT_STRING, attrs->cats_strings.n, attrs->cats_strings.data};
  return (gcut__labels){GCUT_INT64, attrs->cats_int64s.n, attrs->cats_int64s.data};
}

static gcut_status infer_one_hot_encoder(gcut_infer *c, gcut_error *err) {
  gcut__labels categories = gcut__categories_of(c->attrs);
  gcut_dim dims[GCUT_MAX_RANK + 1];
  int rank = gcut_infer_rank(c, 0);
  if (categories.n == 0 ||
      (categories.type == GCUT_STRING) != (gcut_infer_dtype(c, 0) == GCUT_STRING))
    return GCUT_NODE_FAIL(c, err, "%zu categories of %s for %s", categories.n,
                          gcut_dtype_name(categories.type),
                          gcut_dtype_name(gcut_infer_dtype(c, 0)));
  memcpy(dims, gcut_infer_dims(c, 0), (size_t)rank * sizeof *dims);
  dims[rank] = (gcut_dim)categories.n;
  return gcut_infer_set(c, 0, GCUT_FLOAT, rank + 1, dims, err);
}

const gcut_op gcut__op_one_hot_encoder = {.inputs = "T",
                                          .outputs = "f",
                                          .T = GCUT_TYPE(STRING) | GCUT_TYPE(FLOAT) |
                                               GCUT_TYPE(DOUBLE) | GCUT_INDICES,
                                          .attrs = one_hot_rows,
                                          .attrs_size = sizeof(gcut__category_attrs),
                                          .infer = infer_one_hot_encoder,
                                          .flops = gcut__no_flops};
