// TypeProto: tensors, sequences, optionals and maps.
#include "formats/onnx/reader.h"
#include "tracer/base/error.h"

typedef GcutOnnx__TensorShapeProto__Dimension dimension;

// Whether a text is a path such as "Squeeze/decoder/Squeeze_output_0_dim_0", as ONNX Runtime names
// sizes after nodes, rather than a quotient: those stand in floor(...), or divide by a number.
static bool is_path(const char *text) {
  const char *slash = strchr(text, '/');
  return slash && slash > text && !strpbrk(text, "( *+") && (slash[1] < '0' || slash[1] > '9') &&
         slash[1] != '/';
}

// Whether a text is no name but what some exporters write for every size they do not know: two of
// them need not be equal.
static bool says_nothing(const char *text) {
  return !*text || !strcmp(text, "?") || !strcmp(text, "-1") || !strcmp(text, "None");
}

gcut_dim gcut__dim_read(gcut_dims *dims, const char *text) {
  size_t size = strlen(text);
  if (says_nothing(text)) return gcut_dim_fresh(dims);
  return is_path(text) ? gcut_dim_symbol(dims, text, size) : gcut_dim_parse(dims, text, size);
}

// A dim that says nothing is a size of its own; so is a negative one, as old exporters write it.
static gcut_dim read_dim(gcut_dims *dims, const dimension *d) {
  switch (d->value_case) {
  case GCUT_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE:
    return d->dim_value >= 0 ? d->dim_value : gcut_dim_fresh(dims);
  case GCUT_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM:
    return gcut__dim_read(dims, d->dim_param);
  default: return gcut_dim_fresh(dims);
  }
}

static gcut_status read_element_type(int32_t type, gcut_type *out, gcut_error *err) {
  if (type != GCUT_UNDEFINED && gcut_dtype_bits((gcut_dtype)type) == 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "element type %d is unknown", type);
  out->type = (uint8_t)type;
  return GCUT_OK;
}

static gcut_status read_tensor(gcut__reader *r, const GcutOnnx__TypeProto__Tensor *tensor,
                               gcut_arena *arena, gcut_type *out, gcut_error *err) {
  GCUT_TRY(read_element_type(tensor->elem_type, out, err));
  if (!tensor->shape) return GCUT_OK;
  size_t rank = tensor->shape->n_dim;
  if (rank > GCUT_MAX_RANK)
    return GCUT_FAIL(err, GCUT_FORMAT, "rank %zu (at most %d)", rank, GCUT_MAX_RANK);
  gcut_dim *dims = GCUT_NEW_ARRAY(arena, gcut_dim, rank);
  if (!dims) return GCUT_NO_MEMORY(err);
  for (size_t d = 0; d < rank; d++) {
    dims[d] = read_dim(r->graph->dims, tensor->shape->dim[d]);
    if (dims[d] == GCUT_DIM_INVALID)
      return gcut_dims_out_of_memory(r->graph->dims)
                 ? GCUT_NO_MEMORY(err)
                 : GCUT_FAIL(err, GCUT_FORMAT, "dimension %zu is too large an expression", d);
  }
  out->rank = (int16_t)rank;
  out->dims = dims;
  return GCUT_OK;
}

// What a sequence or optional holds. The element is kept apart where it says more than its type.
static gcut_status read_inner(gcut__reader *r, gcut_kind kind, const GcutOnnx__TypeProto *inner,
                              gcut_type *out, gcut_error *err) {
  gcut_type *element = GCUT_NEW(r->arena, gcut_type);
  if (!element) return GCUT_NO_MEMORY(err);
  if (inner)
    GCUT_TRY(gcut__read_type(r, inner, r->arena, element, err));
  else
    *element = (gcut_type){.rank = -1};
  *out = (gcut_type){.kind = (uint8_t)kind, .type = element->type, .rank = -1};
  if (element->kind != GCUT_KIND_TENSOR || element->rank >= 0) out->element = element;
  return GCUT_OK;
}

static gcut_status read_map(gcut__reader *r, const GcutOnnx__TypeProto__Map *map, gcut_type *out,
                            gcut_error *err) {
  gcut_type *value = GCUT_NEW(r->arena, gcut_type);
  if (!value) return GCUT_NO_MEMORY(err);
  *value = (gcut_type){.rank = -1};
  if (map->value_type) GCUT_TRY(gcut__read_type(r, map->value_type, r->arena, value, err));
  *out = (gcut_type){.kind = GCUT_KIND_MAP, .rank = -1, .element = value};
  return read_element_type(map->key_type, out, err);
}

gcut_status gcut__read_type(gcut__reader *r, const GcutOnnx__TypeProto *type, gcut_arena *arena,
                            gcut_type *out, gcut_error *err) {
  *out = (gcut_type){.kind = GCUT_KIND_TENSOR, .rank = -1};
  switch (type->value_case) {
  case GCUT_ONNX__TYPE_PROTO__VALUE__NOT_SET: return GCUT_OK;
  case GCUT_ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
    return read_tensor(r, type->tensor_type, arena, out, err);
  case GCUT_ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
    return read_inner(r, GCUT_KIND_SEQUENCE, type->sequence_type->elem_type, out, err);
  case GCUT_ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
    return read_inner(r, GCUT_KIND_OPTIONAL, type->optional_type->elem_type, out, err);
  case GCUT_ONNX__TYPE_PROTO__VALUE_MAP_TYPE: return read_map(r, type->map_type, out, err);
  default: return GCUT_FAIL(err, GCUT_UNSUPPORTED, "a sparse tensor or opaque type");
  }
}
