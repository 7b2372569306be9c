// GraphProto.
//
// A graph's fields are walked twice, in place: first everything that defines a name (inputs,
// initializers, node outputs), then everything that uses one, so nodes may stand in any order and a
// subgraph sees names that its outer graph defines later.
#include "formats/onnx/reader.h"
#include "tracer/base/error.h"

// Field numbers of GraphProto; nodes are GCUT__GRAPH_NODE.
enum {
  NAME = 2,
  INITIALIZER = 5,
  DOC_STRING = 10,
  INPUT = 11,
  OUTPUT = 12,
  VALUE_INFO = 13,
  QUANTIZATION_ANNOTATION = 14,
  SPARSE_INITIALIZER = 15,
  METADATA = 16,
};

static gcut__span span_of(const char *text) {
  return (gcut__span){(const uint8_t *)(text ? text : ""), text ? strlen(text) : 0};
}

// Announces the names in the node that follows in a graph, of the given fields (a bit each).
static void prefetch_node(const gcut__reader *r, gcut__span graph, unsigned fields) {
  gcut__field node, field;
  if (!gcut__wire_next(&graph, &node) || node.number != GCUT__GRAPH_NODE) return;
  while (gcut__wire_next(&node.bytes, &field))
    if (field.number < 8 && (fields >> field.number & 1))
      gcut_graph_prefetch(r->graph, (const char *)field.bytes.data, field.bytes.size);
}

// ---- first walk: what defines names -----------------------------------------------------------

static uint32_t named(const gcut__reader *r, uint32_t body, const char *name) {
  return gcut_graph_value_named(r->graph, body, name);
}

static gcut_status defined_twice(const char *name, gcut_error *err) {
  return GCUT_FAIL(err, GCUT_FORMAT, "value '%.300s' is defined twice", name);
}

// Keeps what is said of a value beside its type.
static gcut_status describe(gcut__reader *r, uint32_t value, const GcutOnnx__ValueInfoProto *info,
                            gcut_error *err) {
  uint32_t first = r->metadata.n;
  gcut_value *v = &r->graph->values[value];
  if (info->doc_string && *info->doc_string) v->doc = gcut__intern(r, span_of(info->doc_string));
  for (size_t i = 0; i < info->n_metadata_props; i++) {
    const GcutOnnx__StringStringEntryProto *entry = info->metadata_props[i];
    GCUT_TRY(gcut__push_metadata(r, span_of(entry->key), span_of(entry->value), err));
  }
  if (r->metadata.n > first) gcut__keep_metadata(r, first, &v->first_metadata, &v->n_metadata);
  return GCUT_OK;
}

static gcut_status declare(gcut__reader *r, uint32_t value, const GcutOnnx__ValueInfoProto *info,
                           gcut_error *err) {
  gcut_type type;
  if (info->type) {
    GCUT_TRY(gcut__read_type(r, info->type, r->scratch, &type, err));
    gcut_value_declare(r->graph, value, &type);
  }
  return describe(r, value, info, err);
}

static gcut_status name_value(gcut_status status, const char *name, gcut_error *err) {
  if (status == GCUT_OK || !err) return status;
  gcut_error inner = *err;
  return GCUT_FAIL(err, status, "value '%.300s': %s", name, inner.message);
}

static gcut_status unpack_info(gcut__reader *r, gcut__span bytes,
                               const GcutOnnx__ValueInfoProto **out, const char **out_name,
                               gcut_error *err) {
  gcut_arena_reset(r->scratch);
  const GcutOnnx__ValueInfoProto *info =
      gcut__wire_unpack(bytes, &gcut_onnx__value_info_proto__descriptor, r->scratch);
  if (!info) return GCUT_NO_MEMORY(err);
  *out = info;
  *out_name = gcut__intern(r, span_of(info->name));
  return GCUT_OK;
}

// Initializers are read before. Up to IR version 3 each had to be listed as an input, too, which
// says nothing; since then such an input is one with a default.
static gcut_status read_input(gcut__reader *r, gcut__span bytes, uint32_t body, gcut_error *err) {
  const GcutOnnx__ValueInfoProto *info;
  const char *name;
  GCUT_TRY(unpack_info(r, bytes, &info, &name, err));
  if (!*name) return GCUT_FAIL(err, GCUT_FORMAT, "an input without a name");
  uint32_t value = named(r, body, name);
  bool fresh = value == GCUT_NONE;
  if (fresh) value = gcut_graph_add_value(r->graph, body, name);
  if (value == GCUT_NONE) return GCUT_NO_MEMORY(err);
  const gcut_value *v = &r->graph->values[value];
  if (!fresh && (v->constant == GCUT_NONE || v->is_input)) return defined_twice(name, err);
  if (r->ir_version < 4 && v->constant != GCUT_NONE) return describe(r, value, info, err);
  gcut_graph_add_input(r->graph, body, value);
  return name_value(declare(r, value, info, err), name, err);
}

static gcut_status read_initializer(gcut__reader *r, gcut__span bytes, uint32_t body,
                                    gcut_error *err) {
  uint32_t constant;
  GCUT_TRY(gcut__read_constant(r, bytes, &constant, err));
  const char *name = r->graph->constants[constant].name;
  if (!*name) return GCUT_FAIL(err, GCUT_FORMAT, "an initializer without a name");
  if (named(r, body, name) != GCUT_NONE) return defined_twice(name, err);
  uint32_t value = gcut_graph_add_value(r->graph, body, name);
  if (value == GCUT_NONE) return GCUT_NO_MEMORY(err);
  gcut_graph_add_initializer(r->graph, body, value, constant);
  return GCUT_OK;
}

// A sparse initializer becomes what it is short for: a Constant node.
static gcut_status read_sparse_initializer(gcut__reader *r, gcut__span bytes, uint32_t body,
                                           gcut_error *err) {
  gcut_attribute attribute = {.name = "sparse_value", .kind = GCUT_ATTRIBUTE_SPARSE_TENSOR};
  GCUT_TRY(gcut__read_sparse(r, bytes, &attribute, err));
  const char *name = r->graph->constants[attribute.sparse.values].name;
  if (!*name || named(r, body, name) != GCUT_NONE)
    return GCUT_FAIL(err, GCUT_FORMAT, "sparse initializer '%.300s' needs a name of its own", name);
  uint32_t value = gcut_graph_add_value(r->graph, body, name);
  gcut_node_spec spec = {.op_type = "Constant",
                         .body = body,
                         .scope = GCUT_NONE,
                         .outputs = &value,
                         .n_outputs = 1,
                         .attributes = &attribute,
                         .n_attributes = 1};
  return gcut_graph_add_node(r->graph, &spec) == GCUT_NONE ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

static gcut_status define_outputs(gcut__reader *r, gcut__span node, uint32_t body,
                                  gcut_error *err) {
  for (gcut__field field; gcut__next_of(&node, GCUT__NODE_OUTPUT, &field);) {
    if (field.bytes.size == 0) continue;
    const char *name = gcut__intern(r, field.bytes);
    if (named(r, body, name) != GCUT_NONE) return defined_twice(name, err);
    if (gcut_graph_add_value(r->graph, body, name) == GCUT_NONE) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

static gcut_status define_names(gcut__reader *r, gcut__span bytes, uint32_t body, gcut_error *err) {
  gcut_body *b = &r->graph->bodies[body];
  uint32_t first = r->metadata.n;
  gcut__field field;
  for (gcut__span rest = bytes; gcut__next_of(&rest, INITIALIZER, &field);)
    GCUT_TRY(read_initializer(r, field.bytes, body, err));
  while (gcut__wire_next(&bytes, &field)) switch (field.number) {
    case GCUT__GRAPH_NODE:
      prefetch_node(r, bytes, 1 << GCUT__NODE_OUTPUT);
      GCUT_TRY(define_outputs(r, field.bytes, body, err));
      break;
    case NAME: b->name = gcut__intern(r, field.bytes); break;
    case DOC_STRING: b->doc = gcut__intern(r, field.bytes); break;
    case METADATA: GCUT_TRY(gcut__push_entry(r, field.bytes, err)); break;
    case INPUT: GCUT_TRY(read_input(r, field.bytes, body, err)); break;
    default: break;
    }
  gcut__keep_metadata(r, first, &b->first_metadata, &b->n_metadata);
  return GCUT_OK;
}

// ---- second walk: what uses them --------------------------------------------------------------

static gcut_status read_output(gcut__reader *r, gcut__span bytes, const gcut__context *where,
                               gcut_error *err) {
  const GcutOnnx__ValueInfoProto *info;
  const char *name;
  uint32_t value = GCUT_NONE;
  GCUT_TRY(unpack_info(r, bytes, &info, &name, err));
  if (!gcut__find_value(r, where->names, name, &value) || value == GCUT_NONE)
    return GCUT_FAIL(err, GCUT_FORMAT, "nothing defines the output '%.300s'", name);
  gcut_graph_add_output(r->graph, where->body, value);
  const gcut_value *v = &r->graph->values[value];
  if (v->body != where->body || v->is_input) return GCUT_OK;
  return name_value(declare(r, value, info, err), name, err);
}

// Types of values in between. One that names no value says nothing.
static gcut_status read_value_info(gcut__reader *r, gcut__span bytes, uint32_t body,
                                   gcut_error *err) {
  const GcutOnnx__ValueInfoProto *info;
  const char *name;
  GCUT_TRY(unpack_info(r, bytes, &info, &name, err));
  uint32_t value = named(r, body, name);
  if (value == GCUT_NONE || r->graph->values[value].is_input) return GCUT_OK;
  return name_value(declare(r, value, info, err), name, err);
}

// Pushes the entries that a value has already. An annotation made before is the last of them.
static gcut_status push_kept(gcut__reader *r, const gcut_value *v, gcut_error *err) {
  const gcut_metadata *kept = r->graph->metadata + v->first_metadata;
  if (v->n_metadata > 0 &&
      strncmp(kept[v->n_metadata - 1].key, GCUT__QUANTIZATION, strlen(GCUT__QUANTIZATION)) == 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "value '%.300s' has two quantization annotations", v->name);
  for (uint32_t i = 0; i < v->n_metadata; i++) {
    gcut_metadata *pushed = gcut__push(&r->metadata, sizeof *pushed);
    if (!pushed) return GCUT_NO_MEMORY(err);
    *pushed = kept[i];
  }
  return GCUT_OK;
}

static gcut_status push_annotation(gcut__reader *r, const GcutOnnx__TensorAnnotation *annotation,
                                   gcut_error *err) {
  for (size_t i = 0; i < annotation->n_quant_parameter_tensor_names; i++) {
    const GcutOnnx__StringStringEntryProto *entry = annotation->quant_parameter_tensor_names[i];
    const char *inner = entry->key ? entry->key : "";
    char *key = gcut_arena_format(r->scratch, GCUT__QUANTIZATION "%s", inner);
    if (!key) return GCUT_NO_MEMORY(err);
    GCUT_TRY(gcut__push_metadata(r, span_of(key), span_of(entry->value), err));
  }
  return GCUT_OK;
}

// Kept as metadata of the value it speaks of, each entry under a key of graphcut's own.
static gcut_status read_annotation(gcut__reader *r, gcut__span bytes, uint32_t body,
                                   gcut_error *err) {
  gcut_arena_reset(r->scratch);
  const GcutOnnx__TensorAnnotation *annotation =
      gcut__wire_unpack(bytes, &gcut_onnx__tensor_annotation__descriptor, r->scratch);
  if (!annotation) return GCUT_NO_MEMORY(err);
  if (annotation->n_quant_parameter_tensor_names == 0) return GCUT_OK;
  gcut__span name = span_of(annotation->tensor_name);
  uint32_t value = named(r, body, gcut__intern(r, name)), first = r->metadata.n;
  if (value == GCUT_NONE)
    return GCUT_FAIL(err, GCUT_FORMAT, "a quantization annotation of '%.*s', which is no value",
                     GCUT__SHOW(name));
  gcut_value *v = &r->graph->values[value];
  GCUT_TRY(push_kept(r, v, err));
  GCUT_TRY(push_annotation(r, annotation, err));
  gcut__keep_metadata(r, first, &v->first_metadata, &v->n_metadata);
  return GCUT_OK;
}

// Of the main graph, each so many nodes.
static gcut_status tell(const gcut__reader *r, gcut__span bytes, gcut__span rest, gcut_error *err) {
  enum { EACH = 1024 };
  if (r->depth != 1 || r->graph->n_nodes % EACH != 0) return GCUT_OK;
  return gcut__tell(&r->progress, bytes.size - rest.size, bytes.size, err);
}

static gcut_status use_names(gcut__reader *r, gcut__span bytes, const gcut__context *where,
                             gcut_error *err) {
  gcut__field field;
  for (gcut__span rest = bytes; gcut__next_of(&rest, SPARSE_INITIALIZER, &field);)
    GCUT_TRY(read_sparse_initializer(r, field.bytes, where->body, err));
  for (gcut__span rest = bytes; gcut__wire_next(&rest, &field);) switch (field.number) {
    case GCUT__GRAPH_NODE:
      prefetch_node(r, rest, 1 << GCUT__NODE_INPUT | 1 << GCUT__NODE_NAME);
      GCUT_TRY(gcut__read_node(r, field.bytes, where, err));
      GCUT_TRY(tell(r, bytes, rest, err));
      break;
    case VALUE_INFO: GCUT_TRY(read_value_info(r, field.bytes, where->body, err)); break;
    default: break;
    }
  for (gcut__span rest = bytes; gcut__wire_next(&rest, &field);) switch (field.number) {
    case OUTPUT: GCUT_TRY(read_output(r, field.bytes, where, err)); break;
    case QUANTIZATION_ANNOTATION:
      GCUT_TRY(read_annotation(r, field.bytes, where->body, err));
      break;
    default: break;
    }
  return GCUT_OK;
}

gcut_status gcut__read_graph(gcut__reader *r, gcut__span bytes, const gcut__context *where,
                             gcut_error *err) {
  GCUT_TRY(define_names(r, bytes, where->body, err));
  r->depth++;
  gcut_status status = use_names(r, bytes, where, err);
  r->depth--;
  return status;
}
