// Graphs and nodes as text.
#include "formats/gcir/gcir.h"
#include "formats/gcir/print.h"

static void indent(gcir_printer *p, unsigned depth) {
  for (unsigned i = 0; i < depth; i++) gcut__gcir_put(p, "  ");
}

// ---- metadata ---------------------------------------------------------------------------------

void gcut__gcir_put_metadata(gcir_printer *p, uint32_t first, uint32_t n) {
  gcut__gcir_put(p, "[");
  for (uint32_t i = 0; i < n; i++) {
    const gcut_metadata *m = &p->graph->metadata[first + i];
    if (i > 0) gcut__gcir_put(p, ", ");
    gcut__gcir_put_text(p, m->key);
    gcut__gcir_put(p, ": ");
    gcut__gcir_put_text(p, m->value);
  }
  gcut__gcir_put(p, "]");
}

static void put_info(gcir_printer *p, const char *doc, uint32_t first, uint32_t n) {
  bool has_doc = doc && *doc;
  if (!has_doc && n == 0) return;
  gcut__gcir_put(p, " {");
  if (has_doc) {
    gcut__gcir_put(p, "doc_string: ");
    gcut__gcir_put_text(p, doc);
  }
  if (has_doc && n > 0) gcut__gcir_put(p, ", ");
  if (n > 0) {
    gcut__gcir_put(p, "metadata_props: ");
    gcut__gcir_put_metadata(p, first, n);
  }
  gcut__gcir_put(p, "}");
}

// ---- values -----------------------------------------------------------------------------------

static void put_typed(gcir_printer *p, const gcut_value *v) {
  if (gcut__gcir_type_says(&v->declared)) {
    gcut__gcir_put_type(p, &v->declared);
    gcut__gcir_put(p, " ");
  }
  gcut__gcir_put_name(p, v->name);
}

static void put_value(gcir_printer *p, uint32_t value) {
  const gcut_value *v = &p->graph->values[value];
  put_typed(p, v);
  put_info(p, v->doc, v->first_metadata, v->n_metadata);
}

static void put_inputs(gcir_printer *p, const gcut_body *body) {
  gcut__gcir_put(p, "(");
  for (uint32_t i = 0; i < body->n_inputs; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    put_value(p, body->inputs[i]);
  }
  gcut__gcir_put(p, ")");
}

// What is told of an input stands there, of an outer value further out; here only the type is
// repeated, for readers that want one.
static void put_outputs(gcir_printer *p, const gcut_body *body, uint32_t b) {
  gcut__gcir_put(p, "(");
  for (uint32_t i = 0; i < body->n_outputs; i++) {
    uint32_t value = body->outputs[i];
    const gcut_value *v = &p->graph->values[value];
    if (i > 0) gcut__gcir_put(p, ", ");
    if (v->body != b)
      gcut__gcir_put_name(p, v->name);
    else if (v->is_input || p->printed[value])
      put_typed(p, v);
    else
      put_value(p, value);
    p->printed[value] |= v->body == b;
  }
  gcut__gcir_put(p, ")");
}

static bool needs_line(const gcut_value *v) {
  if (v->is_input || v->is_output) return false;
  return gcut__gcir_type_says(&v->declared) || v->n_metadata > 0 || (v->doc && *v->doc);
}

static void begin_line(gcir_printer *p, bool *any) {
  gcut__gcir_put(p, *any ? ",\n" : " <\n");
  indent(p, p->depth + 1);
  *any = true;
}

// Initializers, then what the model says of the values between.
static void put_values(gcir_printer *p, const gcut_body *body, uint32_t b) {
  bool any = false;
  for (uint32_t i = 0; i < body->n_initializers; i++) {
    const gcut_value *v = &p->graph->values[body->initializers[i]];
    begin_line(p, &any);
    gcut__gcir_put_constant(p, v->constant, v->name, true);
  }
  for (uint32_t i = p->first_value[b]; i < p->first_value[b + 1]; i++) {
    if (!needs_line(&p->graph->values[p->body_values[i]])) continue;
    begin_line(p, &any);
    put_value(p, p->body_values[i]);
  }
  if (!any) return;
  gcut__gcir_put(p, "\n");
  indent(p, p->depth);
  gcut__gcir_put(p, ">");
}

// ---- attributes -------------------------------------------------------------------------------

#define LISTED_KINDS(X)                                                                            \
  X(FLOATS, gcut__gcir_put_float(p, a->floats[i]))                                                 \
  X(INTS, gcut__gcir_put_int(p, a->ints[i]))                                                       \
  X(STRINGS, gcut__gcir_put_string(p, a->strings[i].data, a->strings[i].size))                     \
  X(TENSORS,                                                                                       \
    gcut__gcir_put_constant(p, a->tensors[i], p->graph->constants[a->tensors[i]].name, false))     \
  X(TYPES, gcut__gcir_put_type(p, &a->types[i]))

static void put_element(gcir_printer *p, const gcut_attribute *a, size_t i) {
  switch (a->kind) {
#define X(kind, put)                                                                               \
  case GCUT_ATTRIBUTE_##kind: put; return;
    LISTED_KINDS(X)
#undef X
  default: return;
  }
}

static void put_sparse(gcir_printer *p, const gcut_attribute *a) {
  gcut__gcir_put(p, "sparse [");
  for (int i = 0; i < a->sparse.rank; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    gcut__gcir_put_int(p, a->sparse.dims[i]);
  }
  gcut__gcir_put(p, "] (");
  uint32_t both[] = {a->sparse.values, a->sparse.indices};
  for (int i = 0; i < 2; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    gcut__gcir_put_constant(p, both[i], p->graph->constants[both[i]].name, false);
  }
  gcut__gcir_put(p, ")");
}

static void put_single(gcir_printer *p, const gcut_attribute *a) {
  switch (a->kind) {
  case GCUT_ATTRIBUTE_FLOAT: gcut__gcir_put_float(p, a->f); return;
  case GCUT_ATTRIBUTE_INT: gcut__gcir_put_int(p, a->i); return;
  case GCUT_ATTRIBUTE_STRING: gcut__gcir_put_string(p, a->s.data, a->s.size); return;
  case GCUT_ATTRIBUTE_TENSOR:
    gcut__gcir_put_constant(p, a->tensor, p->graph->constants[a->tensor].name, false);
    return;
  case GCUT_ATTRIBUTE_SPARSE_TENSOR: put_sparse(p, a); return;
  case GCUT_ATTRIBUTE_TYPE: gcut__gcir_put_type(p, a->types); return;
  default: return;
  }
}

static const char *kind_name(gcut_attribute_kind kind) {
  static const char *const names[] = {
      [GCUT_ATTRIBUTE_FLOAT] = "float",       [GCUT_ATTRIBUTE_INT] = "int",
      [GCUT_ATTRIBUTE_STRING] = "string",     [GCUT_ATTRIBUTE_TENSOR] = "tensor",
      [GCUT_ATTRIBUTE_GRAPH] = "graph",       [GCUT_ATTRIBUTE_FLOATS] = "floats",
      [GCUT_ATTRIBUTE_INTS] = "ints",         [GCUT_ATTRIBUTE_STRINGS] = "strings",
      [GCUT_ATTRIBUTE_TENSORS] = "tensors",   [GCUT_ATTRIBUTE_GRAPHS] = "graphs",
      [GCUT_ATTRIBUTE_TYPE] = "type_proto",   [GCUT_ATTRIBUTE_SPARSE_TENSOR] = "sparse_tensor",
      [GCUT_ATTRIBUTE_TYPES] = "type_protos", [GCUT_ATTRIBUTE_SPARSE_TENSORS] = "sparse_tensors",
  };
  return names[kind];
}

static bool holds_graphs(const gcut_attribute *a) {
  return a->kind == GCUT_ATTRIBUTE_GRAPH || a->kind == GCUT_ATTRIBUTE_GRAPHS;
}

static gcut_status put_graphs(gcir_printer *p, const gcut_attribute *a, gcut_error *err) {
  const uint32_t *bodies = a->kind == GCUT_ATTRIBUTE_GRAPH ? &a->body : a->bodies;
  size_t n = a->kind == GCUT_ATTRIBUTE_GRAPH ? 1 : a->n;
  for (size_t i = 0; i < n; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    p->depth++;
    gcut_status status = gcut__gcir_put_body(p, bodies[i], err);
    p->depth--;
    GCUT_TRY(status);
  }
  return GCUT_OK;
}

static bool is_list(gcut_attribute_kind kind) {
  return (kind >= GCUT_ATTRIBUTE_FLOATS && kind <= GCUT_ATTRIBUTE_GRAPHS) ||
         kind == GCUT_ATTRIBUTE_TYPES;
}

static gcut_status put_attribute(gcir_printer *p, const gcut_attribute *a, gcut_error *err) {
  if (a->kind == GCUT_ATTRIBUTE_SPARSE_TENSORS)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "attribute '%.200s': a list of sparse tensors",
                     a->name);
  gcut__gcir_put_name(p, a->name);
  gcut__gcir_put(p, ": ");
  gcut__gcir_put(p, kind_name(a->kind));
  gcut__gcir_put(p, is_list(a->kind) ? " = [" : " = ");
  if (holds_graphs(a)) {
    GCUT_TRY(put_graphs(p, a, err));
  } else if (!is_list(a->kind)) {
    put_single(p, a);
  } else {
    for (size_t i = 0; i < a->n; i++) {
      if (i > 0) gcut__gcir_put(p, ", ");
      put_element(p, a, i);
    }
  }
  if (is_list(a->kind)) gcut__gcir_put(p, "]");
  return GCUT_OK;
}

static gcut_status put_attributes(gcir_printer *p, const gcut_node *node, gcut_error *err) {
  for (uint32_t i = 0; i < node->n_attributes; i++) {
    gcut__gcir_put(p, i == 0 ? " <" : ", ");
    GCUT_TRY(put_attribute(p, &p->graph->attributes[node->first_attribute + i], err));
  }
  if (node->n_attributes > 0) gcut__gcir_put(p, ">");
  return GCUT_OK;
}

// ---- nodes ------------------------------------------------------------------------------------

static void put_operands(gcir_printer *p, const uint32_t *values, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) gcut__gcir_put(p, ", ");
    gcut__gcir_put_name(p, values[i] == GCUT_NONE ? "" : p->graph->values[values[i]].name);
  }
}

static bool is_dotted(const char *domain) {
  for (const char *at = domain; *at; at++)
    if (*at == '.' ? at == domain || at[1] == '.' || !at[1]
                   : !(*at == '_' || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                       (*at >= '0' && *at <= '9' && at != domain && at[-1] != '.')))
      return false;
  return true;
}

static void put_operator(gcir_printer *p, const gcut_node *node) {
  if (*node->domain) {
    if (is_dotted(node->domain))
      gcut__gcir_put(p, node->domain);
    else
      gcut__gcir_put_text(p, node->domain);
    gcut__gcir_put(p, ".");
  }
  gcut__gcir_put_name(p, node->op_type);
  if (!*node->overload) return;
  gcut__gcir_put(p, ":");
  gcut__gcir_put_name(p, node->overload);
}

// Attributes that hold graphs stand after the inputs, which would be far away otherwise.
static gcut_status put_node(gcir_printer *p, const gcut_node *node, gcut_error *err) {
  bool graphs = false;
  for (uint32_t i = 0; i < node->n_attributes; i++)
    graphs |= holds_graphs(&p->graph->attributes[node->first_attribute + i]);
  gcut__gcir_put(p, "[");
  gcut__gcir_put_name(p, node->name);
  gcut__gcir_put(p, "] ");
  put_operands(p, gcut_node_outputs(p->graph, node), node->n_outputs);
  gcut__gcir_put(p, " = ");
  put_operator(p, node);
  if (!graphs) GCUT_TRY(put_attributes(p, node, err));
  gcut__gcir_put(p, " (");
  put_operands(p, gcut_node_inputs(p->graph, node), node->n_inputs);
  gcut__gcir_put(p, ")");
  if (graphs) GCUT_TRY(put_attributes(p, node, err));
  if (node->scope != 0) fprintf(p->out, " @%u", node->scope);
  put_info(p, node->doc, node->first_metadata, node->n_metadata);
  return GCUT_OK;
}

// ---- graphs -----------------------------------------------------------------------------------

gcut_status gcut__gcir_put_body(gcir_printer *p, uint32_t b, gcut_error *err) {
  const gcut_body *body = &p->graph->bodies[b];
  if (p->depth >= GCIR_MAX_DEPTH)
    return GCUT_FAIL(err, GCUT_UNSUPPORTED, "more than %d graphs within one another",
                     GCIR_MAX_DEPTH);
  gcut__gcir_put_name(p, body->name);
  put_info(p, body->doc, body->first_metadata, body->n_metadata);
  gcut__gcir_put(p, " ");
  put_inputs(p, body);
  gcut__gcir_put(p, " => ");
  put_outputs(p, body, b);
  put_values(p, body, b);
  gcut__gcir_put(p, " {\n");
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    indent(p, p->depth + 1);
    GCUT_TRY(put_node(p, &p->graph->nodes[body->nodes[i]], err));
    gcut__gcir_put(p, "\n");
  }
  indent(p, p->depth);
  gcut__gcir_put(p, "}");
  return GCUT_OK;
}
