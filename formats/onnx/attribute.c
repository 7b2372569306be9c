// AttributeProto, and the constants it and the graph hold.
#include "formats/onnx/reader.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"

// Field numbers of AttributeProto.
enum {
  F = 2,
  I = 3,
  S = 4,
  T = 5,
  G = 6,
  FLOATS = 7,
  INTS = 8,
  STRINGS = 9,
  TENSORS = 10,
  GRAPHS = 11,
  TP = 14,
  TYPE_PROTOS = 15,
  TYPE = 20,
  REF_ATTR_NAME = 21,
  SPARSE_TENSOR = 22,
  SPARSE_TENSORS = 23,
};

// ---- constants --------------------------------------------------------------------------------

// Points a constant at its elements in another file.
static gcut_status external_elements(gcut__reader *r, const gcut__wire_tensor *tensor,
                                     gcut_constant *constant, gcut_error *err) {
  const GcutOnnx__TensorProto *t = tensor->message;
  if (tensor->has_raw || t->n_float_data || t->n_int32_data || t->n_int64_data ||
      t->n_double_data || t->n_uint64_data || t->n_string_data)
    return GCUT_FAIL(err, GCUT_FORMAT, "tensor '%.200s': elements here and in external data",
                     constant->name);
  gcut_metadata *entries = GCUT_NEW_ARRAY(r->scratch, gcut_metadata, t->n_external_data);
  if (!entries) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < t->n_external_data; i++) {
    const GcutOnnx__StringStringEntryProto *entry = t->external_data[i];
    entries[i] = (gcut_metadata){entry->key ? entry->key : "", entry->value ? entry->value : ""};
  }
  return gcut__external_elements(&r->externals, entries, t->n_external_data, constant, err);
}

gcut_status gcut__read_constant(gcut__reader *r, gcut__span bytes, uint32_t *out_constant,
                                gcut_error *err) {
  gcut__wire_tensor tensor;
  gcut_constant constant;
  GCUT_TRY(gcut__charge(r, 0, 1, err));
  gcut_arena_reset(r->scratch);
  GCUT_TRY(gcut__tensor_unpack(bytes, r->scratch, &tensor, err));
  GCUT_TRY(gcut__tensor_shape(&tensor, r->scratch, &constant, err));
  if (tensor.message->data_location != 0 || tensor.message->n_external_data > 0) {
    GCUT_TRY(external_elements(r, &tensor, &constant, err));
  } else {
    GCUT_TRY(gcut__tensor_elements(&tensor, r->arena, &constant, err));
    if (tensor.has_raw && r->file_index != GCUT_NONE) {
      constant.file = r->file_index;
      constant.offset = (uint64_t)(tensor.raw.data - r->file.data);
    }
  }
  *out_constant = gcut_graph_add_constant(r->graph, &constant);
  return *out_constant == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

static gcut_status sparse_dims(gcut__reader *r, gcut__span bytes, gcut_attribute *out,
                               gcut_error *err) {
  enum { DIMS = 3 };
  size_t rank = 0;
  uint64_t count;
  gcut__field field;
  for (gcut__span rest = bytes; gcut__next_of(&rest, DIMS, &field);)
    rank += gcut__wire_count(&field, GCUT__VARINT);
  if (rank > GCUT_MAX_RANK)
    return GCUT_FAIL(err, GCUT_FORMAT, "a sparse tensor of rank %zu (at most %d)", rank,
                     GCUT_MAX_RANK);
  int64_t *dims = GCUT_NEW_ARRAY(r->arena, int64_t, rank);
  if (!dims) return GCUT_NO_MEMORY(err);
  out->sparse.dims = dims;
  out->sparse.rank = (int32_t)rank;
  for (gcut__span rest = bytes; gcut__next_of(&rest, DIMS, &field);) {
    gcut__wire_varints(&field, dims);
    dims += gcut__wire_count(&field, GCUT__VARINT);
  }
  if (!gcut_checked_count(out->sparse.rank, out->sparse.dims, &count))
    return GCUT_FAIL(err, GCUT_FORMAT, "a sparse tensor's shape is negative or too large");
  return GCUT_OK;
}

gcut_status gcut__read_sparse(gcut__reader *r, gcut__span bytes, gcut_attribute *out,
                              gcut_error *err) {
  enum { VALUES = 1, INDICES = 2 };
  gcut__span rest = bytes, again = bytes;
  gcut__field values, indices;
  if (!gcut__next_of(&rest, VALUES, &values) || !gcut__next_of(&again, INDICES, &indices))
    return GCUT_FAIL(err, GCUT_FORMAT, "a sparse tensor without values or without indices");
  GCUT_TRY(gcut__read_constant(r, values.bytes, &out->sparse.values, err));
  GCUT_TRY(gcut__read_constant(r, indices.bytes, &out->sparse.indices, err));
  out->n = 2;
  return sparse_dims(r, bytes, out, err);
}

// ---- lists ------------------------------------------------------------------------------------

static size_t count_of(gcut__span bytes, uint32_t number) {
  size_t n = 0;
  for (gcut__field field; gcut__next_of(&bytes, number, &field);) n++;
  return n;
}

static size_t count_numbers(gcut__span bytes, uint32_t number, gcut__number_kind kind) {
  size_t n = 0;
  for (gcut__field field; gcut__next_of(&bytes, number, &field);)
    n += gcut__wire_count(&field, kind);
  return n;
}

static gcut_status read_ints(gcut__reader *r, gcut__span bytes, gcut_attribute *out,
                             gcut_error *err) {
  out->n = count_numbers(bytes, INTS, GCUT__VARINT);
  int64_t *ints = GCUT_NEW_ARRAY(r->arena, int64_t, out->n);
  if (!ints) return GCUT_NO_MEMORY(err);
  out->ints = ints;
  for (gcut__field field; gcut__next_of(&bytes, INTS, &field);) {
    gcut__wire_varints(&field, ints);
    ints += gcut__wire_count(&field, GCUT__VARINT);
  }
  return GCUT_OK;
}

static gcut_status read_floats(gcut__reader *r, gcut__span bytes, gcut_attribute *out,
                               gcut_error *err) {
  out->n = count_numbers(bytes, FLOATS, GCUT__FIXED32);
  float *floats = GCUT_NEW_ARRAY(r->arena, float, out->n);
  if (!floats) return GCUT_NO_MEMORY(err);
  out->floats = floats;
  for (gcut__field field; gcut__next_of(&bytes, FLOATS, &field);) {
    gcut__wire_floats(&field, floats);
    floats += gcut__wire_count(&field, GCUT__FIXED32);
  }
  return GCUT_OK;
}

static gcut_status copy_string(gcut__reader *r, gcut__span text, gcut_string *out,
                               gcut_error *err) {
  *out = (gcut_string){gcut__text(r, text), text.size};
  return out->data ? GCUT_OK : GCUT_NO_MEMORY(err);
}

static gcut_status read_strings(gcut__reader *r, gcut__span bytes, gcut_attribute *out,
                                gcut_error *err) {
  out->n = count_of(bytes, STRINGS);
  gcut_string *strings = GCUT_NEW_ARRAY(r->arena, gcut_string, out->n);
  if (!strings) return GCUT_NO_MEMORY(err);
  out->strings = strings;
  for (gcut__field field; gcut__next_of(&bytes, STRINGS, &field);)
    GCUT_TRY(copy_string(r, field.bytes, strings++, err));
  return GCUT_OK;
}

static gcut_status read_body(gcut__reader *r, gcut__span bytes, const gcut__context *where,
                             uint32_t *out_body, gcut_error *err) {
  uint32_t body = gcut_graph_add_body(r->graph, "");
  if (body == GCUT_NONE) return gcut_graph_failed(r->graph, err);
  gcut__names names = {.body = body, .outer = where->names};
  gcut__context inside = {
      .body = body, .names = &names, .scope = where->scope, .call = where->call};
  *out_body = body;
  return gcut__read_graph(r, bytes, &inside, err);
}

static gcut_status read_indices(gcut__reader *r, gcut__span bytes, uint32_t number,
                                const gcut__context *where, gcut_attribute *out, gcut_error *err) {
  out->n = count_of(bytes, number);
  uint32_t *items = GCUT_NEW_ARRAY(r->arena, uint32_t, out->n);
  if (!items) return GCUT_NO_MEMORY(err);
  out->tensors = items;
  for (gcut__field field; gcut__next_of(&bytes, number, &field); items++)
    GCUT_TRY(number == GRAPHS ? read_body(r, field.bytes, where, items, err)
                              : gcut__read_constant(r, field.bytes, items, err));
  return GCUT_OK;
}

static gcut_status read_types(gcut__reader *r, gcut__span bytes, uint32_t number,
                              gcut_attribute *out, gcut_error *err) {
  out->n = count_of(bytes, number);
  gcut_type *types = GCUT_NEW_ARRAY(r->arena, gcut_type, out->n);
  if (!types) return GCUT_NO_MEMORY(err);
  out->types = types;
  for (gcut__field field; gcut__next_of(&bytes, number, &field); types++) {
    gcut_arena_reset(r->scratch);
    GcutOnnx__TypeProto *type =
        gcut__wire_unpack(field.bytes, &gcut_onnx__type_proto__descriptor, r->scratch);
    if (!type) return GCUT_NO_MEMORY(err);
    GCUT_TRY(gcut__read_type(r, type, r->arena, types, err));
  }
  return GCUT_OK;
}

// ---- one attribute ----------------------------------------------------------------------------

// The field that holds an attribute of each kind.
static const uint8_t field_of_kind[] = {
    [GCUT_ATTRIBUTE_FLOAT] = F,
    [GCUT_ATTRIBUTE_INT] = I,
    [GCUT_ATTRIBUTE_STRING] = S,
    [GCUT_ATTRIBUTE_TENSOR] = T,
    [GCUT_ATTRIBUTE_GRAPH] = G,
    [GCUT_ATTRIBUTE_FLOATS] = FLOATS,
    [GCUT_ATTRIBUTE_INTS] = INTS,
    [GCUT_ATTRIBUTE_STRINGS] = STRINGS,
    [GCUT_ATTRIBUTE_TENSORS] = TENSORS,
    [GCUT_ATTRIBUTE_GRAPHS] = GRAPHS,
    [GCUT_ATTRIBUTE_SPARSE_TENSOR] = SPARSE_TENSOR,
    [GCUT_ATTRIBUTE_SPARSE_TENSORS] = SPARSE_TENSORS,
    [GCUT_ATTRIBUTE_TYPE] = TP,
    [GCUT_ATTRIBUTE_TYPES] = TYPE_PROTOS,
};
enum { N_KINDS = sizeof field_of_kind };

// An attribute's fields, in place.
typedef struct wire_attribute {
  gcut__span bytes, name, reference;
  uint64_t kind;
  gcut__field value; // the last field that holds a value of that kind
} wire_attribute;

// Before IR version 2 the kind was told by which field is there.
static uint64_t guess_kind(gcut__span bytes) {
  for (gcut__field field; gcut__wire_next(&bytes, &field);)
    for (uint64_t kind = 1; kind < N_KINDS; kind++)
      if (field_of_kind[kind] == field.number) return kind;
  return 0;
}

static wire_attribute attribute_fields(gcut__span bytes) {
  wire_attribute a = {.bytes = bytes};
  gcut__field field;
  for (gcut__span rest = bytes; gcut__wire_next(&rest, &field);) {
    if (field.number == GCUT__ATTRIBUTE_NAME) a.name = field.bytes;
    if (field.number == REF_ATTR_NAME) a.reference = field.bytes;
    if (field.number == TYPE) a.kind = field.value;
  }
  if (a.kind == 0) a.kind = guess_kind(bytes);
  if (a.kind >= N_KINDS) return a;
  for (gcut__span rest = bytes; gcut__next_of(&rest, field_of_kind[a.kind], &field);)
    a.value = field;
  return a;
}

static gcut_status read_value(gcut__reader *r, const wire_attribute *a, const gcut__context *where,
                              gcut_attribute *out, gcut_error *err) {
  gcut__span value = a->value.bytes;
  if (a->value.number == 0) value = (gcut__span){(const uint8_t *)"", 0};
  switch (out->kind) {
  case GCUT_ATTRIBUTE_FLOAT: out->f = gcut__wire_float(&a->value); return GCUT_OK;
  case GCUT_ATTRIBUTE_INT: out->i = (int64_t)a->value.value; return GCUT_OK;
  case GCUT_ATTRIBUTE_STRING: return copy_string(r, value, &out->s, err);
  case GCUT_ATTRIBUTE_TENSOR: return gcut__read_constant(r, value, &out->tensor, err);
  case GCUT_ATTRIBUTE_GRAPH: return read_body(r, value, where, &out->body, err);
  case GCUT_ATTRIBUTE_FLOATS: return read_floats(r, a->bytes, out, err);
  case GCUT_ATTRIBUTE_INTS: return read_ints(r, a->bytes, out, err);
  case GCUT_ATTRIBUTE_STRINGS: return read_strings(r, a->bytes, out, err);
  case GCUT_ATTRIBUTE_TENSORS: return read_indices(r, a->bytes, TENSORS, where, out, err);
  case GCUT_ATTRIBUTE_GRAPHS: return read_indices(r, a->bytes, GRAPHS, where, out, err);
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: return gcut__read_sparse(r, value, out, err);
  case GCUT_ATTRIBUTE_TYPE: return read_types(r, a->bytes, TP, out, err);
  case GCUT_ATTRIBUTE_TYPES: return read_types(r, a->bytes, TYPE_PROTOS, out, err);
  default:
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "attribute '%s': a list of sparse tensors", out->name);
  }
}

// Reads the attribute under a name that may be another's: within a function, that of the node it
// was passed on to.
static gcut_status read_as(gcut__reader *r, gcut__span bytes, gcut__span name,
                           const gcut__context *where, gcut_error *err) {
  wire_attribute a = attribute_fields(bytes);
  if (a.reference.size > 0) {
    gcut__span bound;
    const gcut__context *outside;
    if (!where->call)
      return GCUT_FAIL(err, GCUT_FORMAT, "attribute '%.*s' refers to a function's, outside of one",
                       GCUT__SHOW(name));
    if (!gcut__call_attribute(where->call, a.reference, &bound, &outside)) return GCUT_OK;
    GCUT_TRY(gcut__charge(r, bound.size, 1, err));
    return read_as(r, bound, name, outside, err);
  }
  bool needs_value = a.kind == GCUT_ATTRIBUTE_GRAPH || a.kind == GCUT_ATTRIBUTE_TYPE;
  if (a.kind == 0 || a.kind >= N_KINDS || (needs_value && a.value.number == 0))
    return GCUT_FAIL(err, GCUT_FORMAT, "attribute '%.*s' has no value of a known kind",
                     GCUT__SHOW(name));
  gcut_attribute read = {
      .name = gcut__intern(r, name), .kind = (gcut_attribute_kind)a.kind, .n = 1};
  GCUT_TRY(read_value(r, &a, where, &read, err));
  gcut_attribute *pushed = gcut__push(&r->attributes, sizeof read);
  if (!pushed) return GCUT_NO_MEMORY(err);
  *pushed = read;
  return GCUT_OK;
}

gcut_status gcut__read_attribute(gcut__reader *r, gcut__span bytes, const gcut__context *where,
                                 gcut_error *err) {
  gcut__field name;
  gcut__span rest = bytes;
  if (!gcut__next_of(&rest, GCUT__ATTRIBUTE_NAME, &name) || name.bytes.size == 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "an attribute without a name");
  return read_as(r, bytes, name.bytes, where, err);
}
