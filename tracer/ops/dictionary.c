// ai.onnx.ml: ZipMap makes a map of each row of scores; CastMap and DictVectorizer make rows of
// maps.
//
// What is known of a map: the type of its keys, and of its values in `element`. At run time it is
// there itself.
#include "tracer/ops/dictionary.h"

#include "tracer/ops/carry.h"

gcut__classes gcut__zip_keys(const gcut__zip_map_attrs *attrs) {
  return (gcut__classes){attrs->classlabels_int64s, attrs->classlabels_strings};
}

gcut__classes gcut__vocabulary(const gcut__dict_vectorizer_attrs *attrs) {
  return (gcut__classes){attrs->int64_vocabulary, attrs->string_vocabulary};
}

bool gcut__is_sparse_map(const gcut__cast_map_attrs *attrs) {
  return gcut__is_text(attrs->map_form, "SPARSE");
}

// The type of keys; fails unless there is one list of them.
static gcut_status key_type(const gcut_infer *c, gcut__classes keys, gcut_dtype *out,
                            gcut_error *err) {
  *out = keys.strings.n > 0 ? GCUT_STRING : GCUT_INT64;
  if ((keys.ints.n > 0) != (keys.strings.n > 0)) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "there must be one list of keys");
}

// Fails unless input 0 is a map, or nothing is known of it, whose keys are of that type.
static gcut_status expect_map(const gcut_infer *c, gcut_dtype keys, gcut_error *err) {
  const gcut_type *type = &c->inputs[0]->type;
  bool unknown = type->kind == GCUT_KIND_TENSOR && type->type == GCUT_UNDEFINED && type->rank < 0;
  if (unknown && !gcut__at_run_time(c)) return GCUT_OK;
  if (type->kind == GCUT_KIND_MAP && type->type == keys) return GCUT_OK;
  return GCUT_NODE_FAIL(c, err, "input 0 is no map with keys of %s", gcut_dtype_name(keys));
}

// ---- ZipMap -------------------------------------------------------------------------------------

static const gcut_attr_row zip_rows[] = {
    GCUT_ATTR_INTS(gcut__zip_map_attrs, classlabels_int64s),
    GCUT_ATTR_STRINGS(gcut__zip_map_attrs, classlabels_strings),
    {0}};

static gcut_status infer_zip_map(gcut_infer *c, gcut_error *err) {
  gcut__classes keys = gcut__zip_keys(c->attrs);
  gcut_dtype type;
  GCUT_TRY(key_type(c, keys, &type, err));
  GCUT_TRY(gcut_infer_expect_rank(c, 0, 1, 2, err));
  gcut_dim columns = gcut_infer_dims(c, 0)[gcut_infer_rank(c, 0) - 1];
  if (gcut_dim_known(columns) && (uint64_t)columns != gcut__n_classes(keys))
    return GCUT_NODE_FAIL(c, err, "%lld columns for %zu keys", (long long)columns,
                          gcut__n_classes(keys));
  gcut_type *types = GCUT_NEW_ARRAY(c->arena, gcut_type, 2);
  if (!types) return GCUT_NO_MEMORY(err);
  types[0] = (gcut_type){.type = GCUT_FLOAT};
  types[1] =
      (gcut_type){.kind = GCUT_KIND_MAP, .type = (uint8_t)type, .rank = -1, .element = &types[0]};
  if (c->n_outputs > 0)
    c->outputs[0].type = (gcut_type){
        .kind = GCUT_KIND_SEQUENCE, .type = (uint8_t)type, .rank = -1, .element = &types[1]};
  return GCUT_OK;
}

const gcut_op gcut__op_zip_map = {.inputs = "f",
                                  .outputs = "*",
                                  .attrs = zip_rows,
                                  .attrs_size = sizeof(gcut__zip_map_attrs),
                                  .infer = infer_zip_map,
                                  .flops = gcut__no_flops};

// ---- CastMap ------------------------------------------------------------------------------------

static const gcut_attr_row cast_rows[] = {
    GCUT_ATTR_STRING(gcut__cast_map_attrs, cast_to, "TO_FLOAT"),
    GCUT_ATTR_STRING(gcut__cast_map_attrs, map_form, "DENSE"),
    GCUT_ATTR_INT(gcut__cast_map_attrs, max_map, 1),
    {0}};

static gcut_status infer_cast_map(gcut_infer *c, gcut_error *err) {
  static const char *const targets[] = {"TO_FLOAT", "TO_STRING", "TO_INT64"};
  static const gcut_dtype types[] = {GCUT_FLOAT, GCUT_STRING, GCUT_INT64};
  const gcut__cast_map_attrs *attrs = c->attrs;
  int target = gcut__find_text(attrs->cast_to, targets, 3);
  bool sparse = gcut__is_sparse_map(attrs);
  if (target == 3 || (!sparse && !gcut__is_text(attrs->map_form, "DENSE")) || attrs->max_map < 1)
    return GCUT_NODE_FAIL(c, err, "unknown cast_to or map_form, or max_map is not positive");
  GCUT_TRY(expect_map(c, GCUT_INT64, err));
  const gcut_tensor *map = c->inputs[0]->tensor;
  gcut_dim n = sparse ? attrs->max_map : map ? (gcut_dim)map->items[0]->count : GCUT_DIM_INVALID;
  return gcut_infer_set(c, 0, types[target], 2, (gcut_dim[]){1, gcut__or_fresh(c, n)}, err);
}

const gcut_op gcut__op_cast_map = {.inputs = "*",
                                   .outputs = "*",
                                   .flags = GCUT_OP_ANY_RANK,
                                   .attrs = cast_rows,
                                   .attrs_size = sizeof(gcut__cast_map_attrs),
                                   .infer = infer_cast_map,
                                   .flops = gcut__no_flops};

// ---- DictVectorizer -----------------------------------------------------------------------------

static const gcut_attr_row vectorizer_rows[] = {
    GCUT_ATTR_INTS(gcut__dict_vectorizer_attrs, int64_vocabulary),
    GCUT_ATTR_STRINGS(gcut__dict_vectorizer_attrs, string_vocabulary),
    {0}};

static gcut_status infer_dict_vectorizer(gcut_infer *c, gcut_error *err) {
  gcut__classes words = gcut__vocabulary(c->attrs);
  gcut_dtype type;
  GCUT_TRY(key_type(c, words, &type, err));
  GCUT_TRY(expect_map(c, type, err));
  const gcut_tensor *map = c->inputs[0]->tensor;
  const gcut_type *value = c->inputs[0]->type.element;
  gcut_dtype values = map ? map->items[1]->type : value ? (gcut_dtype)value->type : GCUT_UNDEFINED;
  gcut_dim dims[2] = {1, (gcut_dim)gcut__n_classes(words)};
  if (values == GCUT_UNDEFINED) return GCUT_OK;
  return gcut_infer_set(c, 0, values, 2, dims, err);
}

const gcut_op gcut__op_dict_vectorizer = {.inputs = "*",
                                          .outputs = "*",
                                          .flags = GCUT_OP_ANY_RANK,
                                          .attrs = vectorizer_rows,
                                          .attrs_size = sizeof(gcut__dict_vectorizer_attrs),
                                          .infer = infer_dict_vectorizer,
                                          .flops = gcut__no_flops};
