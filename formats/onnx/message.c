// Graph items as protobuf-c messages.
//
// Names, attributes and elements are pointed at where they lie in the graph, so a message costs its
// structs and lists alone and raw data goes from the mapping to the file.
#include <stdio.h>

#include "formats/onnx/keys.h"
#include "formats/onnx/reader.h"
#include "formats/onnx/writer.h"

static void *take(gcut__message_maker *m, size_t count, size_t size) {
  void *memory = gcut_arena_alloc(m->arena, count, size);
  if (!memory) m->failed = true;
  return memory;
}

// Room for a list of messages.
#define LIST(m, T, count) ((T **)take((m), (count), sizeof(T *)))

// ---- metadata ----

static GcutOnnx__StringStringEntryProto *make_entry(gcut__message_maker *m, const char *key,
                                                    const char *value) {
  GcutOnnx__StringStringEntryProto *entry = take(m, 1, sizeof *entry);
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
      LIST(m, GcutOnnx__StringStringEntryProto, (size_t)n + 2);
  *out_n = 0;
  for (uint32_t i = 0; i < n && list; i++) {
    const gcut_metadata *entry = &m->graph->metadata[first + i];
    if (!own_key(entry->key)) list[(*out_n)++] = make_entry(m, entry->key, entry->value);
  }
  return list;
}

// ---- types ----

static GcutOnnx__TypeProto *make_type(gcut__message_maker *m, const gcut_type *type);

// A symbol of an unusual name prints in quotes; ONNX has it bare, where that reads back the same.
static char *plain_symbol(gcut__message_maker *m, char *text) {
  size_t size = strlen(text), n = 0;
  char *name = *text == '"' && size > 2 ? take(m, size, 1) : NULL, again[1200];
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
  GcutOnnx__TensorShapeProto__Dimension *d = take(m, 1, sizeof *d);
  if (!d) return NULL;
  gcut_onnx__tensor_shape_proto__dimension__init(d);
  if (gcut_dim_known(dim)) {
    d->value_case = GCUT_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    d->dim_value = dim;
    return d;
  }
  int length = gcut_dim_format(m->graph, dim, NULL, 0);
  char *text = take(m, (size_t)length + 1, 1);
  if (!text) return NULL;
  gcut_dim_format(m->graph, dim, text, (size_t)length + 1);
  if (*text == '?') return d; // a size of its own: ONNX writes nothing
  d->value_case = GCUT_ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
  d->dim_param = plain_symbol(m, text);
  return d;
}

static GcutOnnx__TensorShapeProto *make_shape(gcut__message_maker *m, const gcut_type *type) {
  GcutOnnx__TensorShapeProto *shape = take(m, 1, sizeof *shape);
  if (!shape) return NULL;
  gcut_onnx__tensor_shape_proto__init(shape);
  shape->dim = LIST(m, GcutOnnx__TensorShapeProto__Dimension, (size_t)type->rank);
  if (!shape->dim) return NULL;
  shape->n_dim = (size_t)type->rank;
  for (int i = 0; i < type->rank; i++) shape->dim[i] = make_dim(m, type->dims[i]);
  return shape;
}

static void fill_tensor_type(gcut__message_maker *m, const gcut_type *type,
                             GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Tensor *tensor = take(m, 1, sizeof *tensor);
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
  return make_type(m, type->element ? type->element : &plain);
}

static void fill_sequence_type(gcut__message_maker *m, const gcut_type *type,
                               GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Sequence *sequence = take(m, 1, sizeof *sequence);
  if (!sequence) return;
  gcut_onnx__type_proto__sequence__init(sequence);
  sequence->elem_type = make_inner(m, type);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
  out->sequence_type = sequence;
}

static void fill_optional_type(gcut__message_maker *m, const gcut_type *type,
                               GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Optional *optional = take(m, 1, sizeof *optional);
  if (!optional) return;
  gcut_onnx__type_proto__optional__init(optional);
  optional->elem_type = make_inner(m, type);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
  out->optional_type = optional;
}

static void fill_map_type(gcut__message_maker *m, const gcut_type *type, GcutOnnx__TypeProto *out) {
  GcutOnnx__TypeProto__Map *map = take(m, 1, sizeof *map);
  if (!map) return;
  gcut_onnx__type_proto__map__init(map);
  map->has_key_type = true;
  map->key_type = type->type;
  if (type->element) map->value_type = make_type(m, type->element);
  out->value_case = GCUT_ONNX__TYPE_PROTO__VALUE_MAP_TYPE;
  out->map_type = map;
}

static GcutOnnx__TypeProto *make_type(gcut__message_maker *m, const gcut_type *type) {
  GcutOnnx__TypeProto *out = take(m, 1, sizeof *out);
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

// ---- values ----

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
  GcutOnnx__ValueInfoProto *info = take(m, 1, sizeof *info);
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
  if (type_says(&v->declared)) info->type = make_type(m, &v->declared);
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
  info->type = make_type(m, &type);
  return info;
}

GcutOnnx__TensorAnnotation *gcut__message_annotation(gcut__message_maker *m, uint32_t value) {
  const gcut_value *v = &m->graph->values[value];
  GcutOnnx__TensorAnnotation *annotation = take(m, 1, sizeof *annotation);
  GcutOnnx__StringStringEntryProto **list =
      LIST(m, GcutOnnx__StringStringEntryProto, v->n_metadata);
  if (!annotation || !list) return NULL;
  gcut_onnx__tensor_annotation__init(annotation);
  annotation->tensor_name = (char *)v->name;
  annotation->quant_parameter_tensor_names = list;
  for (uint32_t i = 0; i < v->n_metadata; i++) {
    const gcut_metadata *entry = &m->graph->metadata[v->first_metadata + i];
    if (own_key(entry->key))
      list[annotation->n_quant_parameter_tensor_names++] =
          make_entry(m, entry->key + strlen(GCUT__QUANTIZATION), entry->value);
  }
  return annotation;
}

// ---- tensors ----

static void fill_external(gcut__message_maker *m, const char *location, uint64_t offset,
                          uint64_t bytes, GcutOnnx__TensorProto *out) {
  GcutOnnx__StringStringEntryProto **list = LIST(m, GcutOnnx__StringStringEntryProto, 3);
  char *offset_text = gcut_arena_format(m->arena, "%llu", (unsigned long long)offset);
  char *length_text = gcut_arena_format(m->arena, "%llu", (unsigned long long)bytes);
  if (!offset_text || !length_text) m->failed = true;
  if (!list) return;
  list[0] = make_entry(m, "location", location);
  list[1] = make_entry(m, "offset", offset_text);
  list[2] = make_entry(m, "length", length_text);
  out->external_data = list;
  out->n_external_data = 3;
  out->has_data_location = true;
  out->data_location = 1;
}

static void fill_strings(gcut__message_maker *m, const gcut_string *strings, size_t n,
                         ProtobufCBinaryData **out, size_t *out_n) {
  *out = take(m, n, sizeof **out);
  if (!*out) return;
  *out_n = n;
  for (size_t i = 0; i < n; i++)
    (*out)[i] = (ProtobufCBinaryData){strings[i].size, (uint8_t *)strings[i].data};
}

GcutOnnx__TensorProto *gcut__message_tensor(gcut__message_maker *m, uint32_t constant,
                                            const char *name) {
  const gcut_constant *c = &m->graph->constants[constant];
  GcutOnnx__TensorProto *out = take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__tensor_proto__init(out);
  out->has_data_type = true;
  out->data_type = (int32_t)c->type;
  out->dims = (int64_t *)c->dims;
  out->n_dims = (size_t)c->rank;
  if (*name) out->name = (char *)name;
  gcut__place place = (gcut__place)m->placement->places[constant];
  if (c->type == GCUT_STRING) {
    fill_strings(m, c->data, c->bytes / sizeof(gcut_string), &out->string_data,
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

static GcutOnnx__SparseTensorProto *make_sparse(gcut__message_maker *m, const gcut_attribute *a) {
  GcutOnnx__SparseTensorProto *out = take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__sparse_tensor_proto__init(out);
  const gcut_constant *constants = m->graph->constants;
  out->values = gcut__message_tensor(m, a->sparse.values, constants[a->sparse.values].name);
  out->indices = gcut__message_tensor(m, a->sparse.indices, constants[a->sparse.indices].name);
  out->dims = (int64_t *)a->sparse.dims;
  out->n_dims = (size_t)a->sparse.rank;
  return out;
}

// ---- subgraphs ----

static GcutOnnx__GraphProto *make_body(gcut__message_maker *m, uint32_t body);

static void fill_values(gcut__message_maker *m, const uint32_t *values, uint32_t n, uint32_t body,
                        GcutOnnx__ValueInfoProto ***out, size_t *out_n) {
  *out = LIST(m, GcutOnnx__ValueInfoProto, n);
  for (uint32_t i = 0; i < n && *out; i++)
    (*out)[(*out_n)++] = gcut__message_value(m, values[i], body);
}

// Types and annotations of the values inside a body.
static void fill_infos(gcut__message_maker *m, uint32_t n_values, const uint32_t *values,
                       GcutOnnx__GraphProto *out) {
  for (uint32_t i = 0; i < n_values; i++) {
    const gcut_value *v = values[i] == GCUT_NONE ? NULL : &m->graph->values[values[i]];
    if (!v) continue;
    if (gcut__value_says(m->graph, v) && !v->is_output)
      out->value_info[out->n_value_info++] = gcut__message_value(m, values[i], v->body);
    if (gcut__value_annotated(m->graph, v))
      out->quantization_annotation[out->n_quantization_annotation++] =
          gcut__message_annotation(m, values[i]);
  }
}

static bool reserve_infos(gcut__message_maker *m, const gcut_body *b, GcutOnnx__GraphProto *out) {
  size_t n = b->n_initializers;
  for (uint32_t i = 0; i < b->n_nodes; i++) n += m->graph->nodes[b->nodes[i]].n_outputs;
  out->value_info = LIST(m, GcutOnnx__ValueInfoProto, n);
  out->quantization_annotation = LIST(m, GcutOnnx__TensorAnnotation, n);
  out->node = LIST(m, GcutOnnx__NodeProto, b->n_nodes);
  out->initializer = LIST(m, GcutOnnx__TensorProto, b->n_initializers);
  return !m->failed;
}

static GcutOnnx__GraphProto *make_body(gcut__message_maker *m, uint32_t body) {
  const gcut_body *b = &m->graph->bodies[body];
  GcutOnnx__GraphProto *out = take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__graph_proto__init(out);
  if (!reserve_infos(m, b, out)) return NULL;
  out->name = (char *)b->name;
  if (*b->doc) out->doc_string = (char *)b->doc;
  fill_values(m, b->inputs, b->n_inputs, body, &out->input, &out->n_input);
  fill_values(m, b->outputs, b->n_outputs, body, &out->output, &out->n_output);
  for (uint32_t i = 0; i < b->n_initializers; i++) {
    const gcut_value *v = &m->graph->values[b->initializers[i]];
    out->initializer[out->n_initializer++] = gcut__message_tensor(m, v->constant, v->name);
    if (!v->is_input) fill_infos(m, 1, &b->initializers[i], out);
  }
  for (uint32_t i = 0; i < b->n_nodes; i++) {
    const gcut_node *node = &m->graph->nodes[b->nodes[i]];
    out->node[out->n_node++] = gcut__message_node(m, b->nodes[i]);
    fill_infos(m, node->n_outputs, gcut_node_outputs(m->graph, node), out);
  }
  out->metadata_props =
      gcut__message_metadata(m, b->first_metadata, b->n_metadata, &out->n_metadata_props);
  return out;
}

// ---- attributes ----

static void fill_list(gcut__message_maker *m, const gcut_attribute *a,
                      GcutOnnx__AttributeProto *out) {
  if (a->kind == GCUT_ATTRIBUTE_TENSORS) out->tensors = LIST(m, GcutOnnx__TensorProto, a->n);
  if (a->kind == GCUT_ATTRIBUTE_GRAPHS) out->graphs = LIST(m, GcutOnnx__GraphProto, a->n);
  if (a->kind == GCUT_ATTRIBUTE_TYPES) out->type_protos = LIST(m, GcutOnnx__TypeProto, a->n);
  for (size_t i = 0; i < a->n && !m->failed; i++) {
    if (out->tensors)
      out->tensors[out->n_tensors++] =
          gcut__message_tensor(m, a->tensors[i], m->graph->constants[a->tensors[i]].name);
    if (out->graphs) out->graphs[out->n_graphs++] = make_body(m, a->bodies[i]);
    if (out->type_protos) out->type_protos[out->n_type_protos++] = make_type(m, &a->types[i]);
  }
}

static GcutOnnx__AttributeProto *make_attribute(gcut__message_maker *m, const gcut_attribute *a) {
  GcutOnnx__AttributeProto *out = take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__attribute_proto__init(out);
  out->name = (char *)a->name;
  out->has_type = true;
  out->type = (int32_t)a->kind;
  switch (a->kind) {
  case GCUT_ATTRIBUTE_FLOAT: out->has_f = true, out->f = a->f; break;
  case GCUT_ATTRIBUTE_INT: out->has_i = true, out->i = a->i; break;
  case GCUT_ATTRIBUTE_STRING:
    out->has_s = true;
    out->s = (ProtobufCBinaryData){a->s.size, (uint8_t *)a->s.data};
    break;
  case GCUT_ATTRIBUTE_TENSOR:
    out->t = gcut__message_tensor(m, a->tensor, m->graph->constants[a->tensor].name);
    break;
  case GCUT_ATTRIBUTE_GRAPH: out->g = make_body(m, a->body); break;
  case GCUT_ATTRIBUTE_FLOATS: out->n_floats = a->n, out->floats = (float *)a->floats; break;
  case GCUT_ATTRIBUTE_INTS: out->n_ints = a->n, out->ints = (int64_t *)a->ints; break;
  case GCUT_ATTRIBUTE_STRINGS:
    fill_strings(m, a->strings, a->n, &out->strings, &out->n_strings);
    break;
  case GCUT_ATTRIBUTE_TYPE: out->tp = make_type(m, a->types); break;
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: out->sparse_tensor = make_sparse(m, a); break;
  default: fill_list(m, a, out); break;
  }
  return out;
}

// ---- nodes ----

static char **make_operands(gcut__message_maker *m, const uint32_t *values, uint32_t n) {
  char **names = take(m, n, sizeof *names);
  for (uint32_t i = 0; i < n && names; i++)
    names[i] = values[i] == GCUT_NONE ? "" : (char *)m->graph->values[values[i]].name;
  return names;
}

static void fill_node_metadata(gcut__message_maker *m, const gcut_node *node,
                               GcutOnnx__NodeProto *out) {
  const char *names, *classes;
  out->metadata_props =
      gcut__message_metadata(m, node->first_metadata, node->n_metadata, &out->n_metadata_props);
  if (!out->metadata_props || !gcut__message_scope(m, node, &names, &classes)) return;
  out->metadata_props[out->n_metadata_props++] = make_entry(m, GCUT__SCOPE_NAMES, names);
  out->metadata_props[out->n_metadata_props++] = make_entry(m, GCUT__SCOPE_CLASSES, classes);
}

GcutOnnx__NodeProto *gcut__message_node(gcut__message_maker *m, uint32_t node) {
  const gcut_node *n = &m->graph->nodes[node];
  GcutOnnx__NodeProto *out = take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__node_proto__init(out);
  out->name = (char *)n->name;
  out->op_type = (char *)n->op_type;
  if (*n->domain) out->domain = (char *)n->domain;
  if (*n->overload) out->overload = (char *)n->overload;
  if (*n->doc) out->doc_string = (char *)n->doc;
  out->input = make_operands(m, gcut_node_inputs(m->graph, n), n->n_inputs);
  out->n_input = n->n_inputs;
  out->output = make_operands(m, gcut_node_outputs(m->graph, n), n->n_outputs);
  out->n_output = n->n_outputs;
  out->attribute = LIST(m, GcutOnnx__AttributeProto, n->n_attributes);
  for (uint32_t i = 0; i < n->n_attributes && out->attribute; i++)
    out->attribute[out->n_attribute++] =
        make_attribute(m, &m->graph->attributes[n->first_attribute + i]);
  fill_node_metadata(m, n, out);
  return out;
}

// ---- the model ----

static void fill_opsets(gcut__message_maker *m, GcutOnnx__ModelProto *out) {
  out->opset_import = LIST(m, GcutOnnx__OperatorSetIdProto, m->graph->n_opsets);
  for (uint32_t i = 0; i < m->graph->n_opsets && out->opset_import; i++) {
    GcutOnnx__OperatorSetIdProto *opset = take(m, 1, sizeof *opset);
    if (!opset) return;
    gcut_onnx__operator_set_id_proto__init(opset);
    opset->domain = (char *)m->graph->opsets[i].domain;
    opset->has_version = true;
    opset->version = m->graph->opsets[i].version;
    out->opset_import[out->n_opset_import++] = opset;
  }
}

GcutOnnx__ModelProto *gcut__message_model(gcut__message_maker *m) {
  const gcut_graph *g = m->graph;
  GcutOnnx__ModelProto *out = take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__model_proto__init(out);
  out->has_ir_version = true;
  out->ir_version = g->ir_version;
  out->has_model_version = g->model_version != 0;
  out->model_version = g->model_version;
  if (*g->producer_name) out->producer_name = (char *)g->producer_name;
  if (*g->producer_version) out->producer_version = (char *)g->producer_version;
  if (*g->domain) out->domain = (char *)g->domain;
  if (*g->doc) out->doc_string = (char *)g->doc;
  fill_opsets(m, out);
  out->metadata_props =
      gcut__message_metadata(m, g->first_metadata, g->n_model_metadata, &out->n_metadata_props);
  return out;
}
