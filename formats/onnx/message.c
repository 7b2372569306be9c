// Nodes, attributes, subgraphs and the model as protobuf-c messages.
//
// Names, attributes and elements are pointed at where they lie in the graph, so a message costs its
// structs and lists alone and raw data goes from the mapping to the file.
#include "formats/onnx/keys.h"
#include "formats/onnx/writer.h"

// ---- subgraphs --------------------------------------------------------------------------------

static GcutOnnx__GraphProto *make_body(gcut__message_maker *m, uint32_t body);

static void fill_values(gcut__message_maker *m, const uint32_t *values, uint32_t n, uint32_t body,
                        GcutOnnx__ValueInfoProto ***out, size_t *out_n) {
  *out = GCUT__LIST(m, GcutOnnx__ValueInfoProto, n);
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
  out->value_info = GCUT__LIST(m, GcutOnnx__ValueInfoProto, n);
  out->quantization_annotation = GCUT__LIST(m, GcutOnnx__TensorAnnotation, n);
  out->node = GCUT__LIST(m, GcutOnnx__NodeProto, b->n_nodes);
  out->initializer = GCUT__LIST(m, GcutOnnx__TensorProto, b->n_initializers);
  return !m->failed;
}

static GcutOnnx__GraphProto *make_body(gcut__message_maker *m, uint32_t body) {
  const gcut_body *b = &m->graph->bodies[body];
  GcutOnnx__GraphProto *out = gcut__message_take(m, 1, sizeof *out);
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

// ---- attributes -------------------------------------------------------------------------------

static GcutOnnx__SparseTensorProto *make_sparse(gcut__message_maker *m, const gcut_attribute *a) {
  GcutOnnx__SparseTensorProto *out = gcut__message_take(m, 1, sizeof *out);
  if (!out) return NULL;
  gcut_onnx__sparse_tensor_proto__init(out);
  const gcut_constant *constants = m->graph->constants;
  out->values = gcut__message_tensor(m, a->sparse.values, constants[a->sparse.values].name);
  out->indices = gcut__message_tensor(m, a->sparse.indices, constants[a->sparse.indices].name);
  out->dims = (int64_t *)a->sparse.dims;
  out->n_dims = (size_t)a->sparse.rank;
  return out;
}

static void fill_list(gcut__message_maker *m, const gcut_attribute *a,
                      GcutOnnx__AttributeProto *out) {
  if (a->kind == GCUT_ATTRIBUTE_TENSORS) out->tensors = GCUT__LIST(m, GcutOnnx__TensorProto, a->n);
  if (a->kind == GCUT_ATTRIBUTE_GRAPHS) out->graphs = GCUT__LIST(m, GcutOnnx__GraphProto, a->n);
  if (a->kind == GCUT_ATTRIBUTE_TYPES) out->type_protos = GCUT__LIST(m, GcutOnnx__TypeProto, a->n);
  for (size_t i = 0; i < a->n && !m->failed; i++) {
    if (out->tensors)
      out->tensors[out->n_tensors++] =
          gcut__message_tensor(m, a->tensors[i], m->graph->constants[a->tensors[i]].name);
    if (out->graphs) out->graphs[out->n_graphs++] = make_body(m, a->bodies[i]);
    if (out->type_protos)
      out->type_protos[out->n_type_protos++] = gcut__message_type(m, &a->types[i]);
  }
}

static GcutOnnx__AttributeProto *make_attribute(gcut__message_maker *m, const gcut_attribute *a) {
  GcutOnnx__AttributeProto *out = gcut__message_take(m, 1, sizeof *out);
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
    gcut__message_strings(m, a->strings, a->n, &out->strings, &out->n_strings);
    break;
  case GCUT_ATTRIBUTE_TYPE: out->tp = gcut__message_type(m, a->types); break;
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: out->sparse_tensor = make_sparse(m, a); break;
  default: fill_list(m, a, out); break;
  }
  return out;
}

// ---- nodes ------------------------------------------------------------------------------------

static char **make_operands(gcut__message_maker *m, const uint32_t *values, uint32_t n) {
  char **names = gcut__message_take(m, n, sizeof *names);
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
  out->metadata_props[out->n_metadata_props++] = gcut__message_entry(m, GCUT__SCOPE_NAMES, names);
  out->metadata_props[out->n_metadata_props++] =
      gcut__message_entry(m, GCUT__SCOPE_CLASSES, classes);
}

GcutOnnx__NodeProto *gcut__message_node(gcut__message_maker *m, uint32_t node) {
  const gcut_node *n = &m->graph->nodes[node];
  GcutOnnx__NodeProto *out = gcut__message_take(m, 1, sizeof *out);
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
  out->attribute = GCUT__LIST(m, GcutOnnx__AttributeProto, n->n_attributes);
  for (uint32_t i = 0; i < n->n_attributes && out->attribute; i++)
    out->attribute[out->n_attribute++] =
        make_attribute(m, &m->graph->attributes[n->first_attribute + i]);
  fill_node_metadata(m, n, out);
  return out;
}

// ---- the model --------------------------------------------------------------------------------

static void fill_opsets(gcut__message_maker *m, GcutOnnx__ModelProto *out) {
  out->opset_import = GCUT__LIST(m, GcutOnnx__OperatorSetIdProto, m->graph->n_opsets);
  for (uint32_t i = 0; i < m->graph->n_opsets && out->opset_import; i++) {
    GcutOnnx__OperatorSetIdProto *opset = gcut__message_take(m, 1, sizeof *opset);
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
  GcutOnnx__ModelProto *out = gcut__message_take(m, 1, sizeof *out);
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
