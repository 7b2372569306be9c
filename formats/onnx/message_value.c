// Values, types, tensors and metadata as protobuf-c messages.
#include "formats/onnx/keys.h"
#include "formats/onnx/reader.h"
#include "formats/onnx/writer.h"

void *gcut__message_take(gcut__message_maker *m, size_t count, size_t size) {
  void *memory = gcut_arena_alloc(m->arena, count, size);
  if (!memory) m->failed = true;
  return memory;
}

// ---- metadata ---------------------------------------------------------------------------------

GcutOnnx__StringStringEntryProto *gcut__message_entry(gcut__message_maker *m, const char *key,
                                                      const char *value) {
  GcutOnnx__StringStringEntryProto *entry = gcut__message_take(m, 1, sizeof *entry);
  if (!entry) return NULL;
  gcut_onnx__string_string_entry_proto__init(entry);
  entry->key = (char *)key;
  entry->value = (char *)value;
  return entry;
}

static bool own_key(const char *key) {
  return strncmp(key, GCUT__QUANTIZATION, strlen(GCUT__QUANTIZATION)) == 0;
}

GcutOnnx__StringStringEntryProto **gcut__message_metadata(gcut__message_maker *m, uint32_t first,
                                                          uint32_t n, size_t *out_n) {
  GcutOnnx__StringStringEntryProto **list =
      GCUT__LIST(m, GcutOnnx__StringStringEntryProto, (size_t)n + 2);
  *out_n = 0;
  for (uint32_t i = 0; i < n && list; i++) {
    const gcut_metadata *entry = &m->graph->metadata[first + i];
    if (!own_key(entry->key)) list[(*out_n)++] = gcut__message_entry(m, entry->key, entry->value);
  }
  return list;
}

// ---- types ------------------------------------------------------------------------------------

// A symbol of an unusual name prints in quotes; ONNX has it bare, where that reads back the same.
static char *plain_symbol(gcut__message_maker *m, char *text) {
  size_t size = strlen(text), n = 0;
  char *name = *text == '"' && size > 2 ? gcut__message_take(m, size, 1) : NULL, again[1200];
  if (!name) return text;
  for (const char *at = text + 1; *at && *at != '"'; at++) {
    if (*at == '\\' && at[1]) at++;
    name[n++] = *at;
  }
  gcut_dim dim = gcut__dim_read(m->shadow->dims, name);
  int length = gcut_dim_format(m->shadow, dim, again, sizeof again);
  return length == (int)size && strcmp(again, text) == 0 ? name : text;
}

static GcutOnnx__TensorShapeProto__Dimension *make_dim(gcut__message_maker *m, gcut_dim dim) {
  GcutOnnx__TensorShapeProto__Dimension *d = gcut__message_take(m, 1, sizeof *d);
  if (!d) return NULL;
  gcut_onnx__tensor_shape_proto__dimension__init(d);
  if (gcut_dim_known(dim)) {
    d->value_case = GCUT_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    d->dim_value = dim;
    return d;
  }
  int length = gcut_dim_format(m->graph, dim, NULL, 0);
  char *text = gcut__message_take(m, (size_t)length + 1, 1);
  if (!text) return NULL;
  gcut_dim_format(m->graph, dim, text, (size_t)length + 1);
  if (*text == '?') return d; // a size of its own: ONNX writes nothing
  d->value_case = GCUT_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
  d->dim_param = plain_symbol(m, text);
  return d;
}

static GcutOnnx__TensorShapeProto *make_shape(gcut__message_maker *m, const gcut_type *type) {
  GcutOnnx__TensorShapeProto *shape = gcut__message_take(m, 1, sizeof *shape);
  if (!shape) return NULL;
  gcut_onnx__tensor_shape_proto__init(shape);
  shape->dim = GCUT__LIST(m, GcutOnnx__TensorShapeProto__Dimension, (size_t)type->rank);
  if (!shape->dim) return NULL;
  shape->n_dim = (size_t)type->rank;
  for (int i = 0; i < type->rank; i++) shape->dim[i] = make_dim(m, type->dims[i]);
  return shape;
}

static void fill_tensor_type(gcut__message_maker *m, const gcut_type *type,
                             GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Tensor *tensor = gcut__message_take(m, 1, sizeof *tensor);
  if (!tensor) return;
  gcut_onnx__type_proto__tensor__init(tensor);
  tensor->has_elem_type = true;
  tensor->elem_type = type->type;
  if (type->rank >= 0) tensor->shape = make_shape(m, type);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  out->tensor_type = tensor;
}

// The type of what a sequence or optional holds.
static GcutOnnx__TypeProto *make_inner(gcut__message_maker *m, const gcut_type *type) {
  gcut_type plain = {.kind = GCUT_KIND_TENSOR, .type = type->type, .rank = -1};
  return gcut__message_type(m, type->element ? type->element : &plain);
}

static void fill_sequence_type(gcut__message_maker *m, const gcut_type *type,
                               GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Sequence *sequence = gcut__message_take(m, 1, sizeof *sequence);
  if (!sequence) return;
  gcut_onnx__type_proto__sequence__init(sequence);
  sequence->elem_type = make_inner(m, type);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
  out->sequence_type = sequence;
}

static void fill_optional_type(gcut__message_maker *m, const gcut_type *type,
                               GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Optional *optional = gcut__message_take(m, 1, sizeof *optional);
  if (!optional) return;
  gcut_onnx__type_proto__optional__init(optional);
  optional->elem_type = make_inner(m, type);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
  out->optional_type = optional;
}

static void fill_map_type(gcut__message_maker *m, const gcut_type *type, GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Map *map = gcut__message_take(m, 1, sizeof *map);
  if (!map) return;
  gcut_onnx__type_proto__map__init(map);
  map->has_key_type = true;
  map->key_type = type->type;
  if (type->element) map->value_type = gcut__message_type(m, type->element);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_MAP_TYPE;
  out->map_type = map;
}

GcutOnnx__TypeProto *gcut__message_type(gcut__message_maker *m, const gcut_type *type) {
  GcutOnnx__TypeProto *out = gcut__message_take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__type_proto__init(out);
  switch (type->kind) {
  case GCUT_KIND_SEQUENCE: fill_sequence_type(m, type, out); break;
  case GCUT_KIND_OPTIONAL: fill_optional_type(m, type, out); break;
  case GCUT_KIND_MAP: fill_map_type(m, type, out); break;
  default: fill_tensor_type(m, type, out); break;
  }
  return out;
}

// ---- values -----------------------------------------------------------------------------------

static bool type_says(const gcut_type *type) {
  return type->kind != GCUT_KIND_TENSOR || type->type != 0 || type->rank >= 0;
}

bool gcut__value_annotated(const gcut_graph *graph, const gcut_value *value) {
  const gcut_metadata *entries = graph->metadata + value->first_metadata;
  return value->n_metadata > 0 && own_key(entries[value->n_metadata - 1].key);
}

bool gcut__value_says(const gcut_graph *graph, const gcut_value *value) {
  const gcut_metadata *entries = graph->metadata + value->first_metadata;
  return type_says(&value->declared) || *value->doc ||
         (value->n_metadata > 0 && !own_key(entries[0].key));
}

static GcutOnnx__ValueInfoProto *make_info(gcut__message_maker *m, const char *name) {
  GcutOnnx__ValueInfoProto *info = gcut__message_take(m, 1, sizeof *info);
  if (!info) return NULL;
  gcut_onnx__value_info_proto__init(info);
  info->name = (char *)name;
  return info;
}

GcutOnnx__ValueInfoProto *gcut__message_value(gcut__message_maker *m, uint32_t value,
                                              uint32_t body) {
  const gcut_value *v = &m->graph->values[value];
  GcutOnnx__ValueInfoProto *info = make_info(m, v->name);
  if (!info || v->body != body) return info;
  if (type_says(&v->declared)) info->type = gcut__message_type(m, &v->declared);
  if (*v->doc) info->doc_string = (char *)v->doc;
  info->metadata_props =
      gcut__message_metadata(m, v->first_metadata, v->n_metadata, &info->n_metadata_props);
  return info;
}

GcutOnnx__ValueInfoProto *gcut__message_initializer_input(gcut__message_maker *m, uint32_t value) {
  const gcut_value *v = &m->graph->values[value];
  GcutOnnx__ValueInfoProto *info = gcut__message_value(m, value, v->body);
  if (!info || info->type) return info;
  const gcut_constant *c = &m->graph->constants[v->constant];
  gcut_type type = {.type = (uint8_t)c->type, .rank = (int16_t)c->rank, .dims = c->dims};
  info->type = gcut__message_type(m, &type);
  return info;
}

GcutOnnx__TensorAnnotation *gcut__message_annotation(gcut__message_maker *m, uint32_t value) {
  const gcut_value *v = &m->graph->values[value];
  GcutOnnx__TensorAnnotation *annotation = gcut__message_take(m, 1, sizeof *annotation);
  GcutOnnx__StringStringEntryProto **list =
      GCUT__LIST(m, GcutOnnx__StringStringEntryProto, v->n_metadata);
  if (!annotation || !list) return NULL;
  gcut_onnx__tensor_annotation__init(annotation);
  annotation->tensor_name = (char *)v->name;
  annotation->quant_parameter_tensor_names = list;
  for (uint32_t i = 0; i < v->n_metadata; i++) {
    const gcut_metadata *entry = &m->graph->metadata[v->first_metadata + i];
    if (own_key(entry->key))
      list[annotation->n_quant_parameter_tensor_names++] =
          gcut__message_entry(m, entry->key + strlen(GCUT__QUANTIZATION), entry->value);
  }
  return annotation;
}

// ---- tensors ----------------------------------------------------------------------------------

static void fill_external(gcut__message_maker *m, const char *location, uint64_t offset,
                          uint64_t bytes, GcutOnnx__TensorProto *out) {
  GcutOnnx__StringStringEntryProto **list = GCUT__LIST(m, GcutOnnx__StringStringEntryProto, 3);
  char *offset_text = gcut_arena_format(m->arena, "%llu", (unsigned long long)offset);
  char *length_text = gcut_arena_format(m->arena, "%llu", (unsigned long long)bytes);
  if (!offset_text || !length_text) m->failed = true;
  if (!list) return;
  list[0] = gcut__message_entry(m, "location", location);
  list[1] = gcut__message_entry(m, "offset", offset_text);
  list[2] = gcut__message_entry(m, "length", length_text);
  out->external_data = list;
  out->n_external_data = 3;
  out->has_data_location = true;
  out->data_location = 1;
}

void gcut__message_strings(gcut__message_maker *m, const gcut_string *strings, size_t n,
                           ProtobufCBinaryData **out, size_t *out_n) {
  *out = gcut__message_take(m, n, sizeof **out);
  if (!*out) return;
  *out_n = n;
  for (size_t i = 0; i < n; i++)
    (*out)[i] = (ProtobufCBinaryData){strings[i].size, (uint8_t *)strings[i].data};
}

GcutOnnx__TensorProto *gcut__message_tensor(gcut__message_maker *m, uint32_t constant,
                                            const char *name) {
  const gcut_constant *c = &m->graph->constants[constant];
  GcutOnnx__TensorProto *out = gcut__message_take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__tensor_proto__init(out);
  out->has_data_type = true;
  out->data_type = (int32_t)c->type;
  out->dims = (int64_t *)c->dims;
  out->n_dims = (size_t)c->rank;
  if (*name) out->name = (char *)name;
  gcut__place place = (gcut__place)m->placement->places[constant];
  if (c->type == GCUT_STRING) {
    gcut__message_strings(m, c->data, c->bytes / sizeof(gcut_string), &out->string_data,
                          &out->n_string_data);
  } else if (place == GCUT__KEPT) {
    fill_external(m, m->graph->files[c->file].location, c->offset, c->bytes, out);
  } else if (place == GCUT__MOVED) {
    fill_external(m, m->placement->data_location, m->placement->offsets[constant], c->bytes, out);
  } else {
    out->has_raw_data = true;
    out->raw_data = (ProtobufCBinaryData){c->bytes, (uint8_t *)c->data};
  }
  return out;
}
