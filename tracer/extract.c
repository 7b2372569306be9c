// Copying nodes, with what they need, into a graph of their own.
//
// Values of the source are looked up in a map from their numbers, filled as they are met, so the
// work is linear in the part and does not depend on the size of the source. Dims are carried over
// as text, which both dim tables read alike.
#include "tracer/extract.h"

#include "tracer/base/error.h"
#include "tracer/base/map.h"
#include "tracer/build.h"

typedef struct extractor {
  const gcut_trace *trace;
  const gcut_graph *from;
  const gcut_extract *part;
  gcut_graph *to;
  gcut_map values, scopes; // of the source -> of the new graph
} extractor;

static void out_of_memory(extractor *x) {
  gcut_graph_fail(x->to, GCUT_NOMEM, "out of memory");
}

static void *take(extractor *x, size_t count, size_t size) {
  void *memory = gcut_arena_alloc(gcut_graph_arena(x->to), count, size);
  if (!memory) out_of_memory(x);
  return memory;
}

const gcut_constant *gcut_extract_constant(const gcut_trace *trace, uint32_t value) {
  const gcut_value *v = &trace->graph->values[value];
  if (trace->facts[value].constant) return trace->facts[value].constant;
  return v->constant != GCUT_NONE && !v->is_input ? &trace->graph->constants[v->constant] : NULL;
}

// ---- types ------------------------------------------------------------------------------------

static gcut_dim copy_dim(extractor *x, gcut_dim dim) {
  if (gcut_dim_known(dim)) return dim;
  int length = gcut_dims_format(x->trace->dims, dim, NULL, 0);
  char *text = take(x, (size_t)length + 1, 1);
  if (!text) return GCUT_DIM_INVALID;
  gcut_dims_format(x->trace->dims, dim, text, (size_t)length + 1);
  gcut_dim copy = gcut_dim_parse(x->to->dims, text, (size_t)length);
  if (copy == GCUT_DIM_INVALID) out_of_memory(x);
  return copy;
}

// Fills `out` with the type; dims and element types lie in the new graph's arena.
static void copy_type(extractor *x, const gcut_type *type, gcut_type *out) {
  for (;; type = type->element) {
    *out = *type;
    gcut_dim *dims = type->rank > 0 ? take(x, (size_t)type->rank, sizeof *dims) : NULL;
    gcut_type *element = type->element ? take(x, 1, sizeof *element) : NULL;
    if (type->rank > 0 && !dims) out->rank = -1;
    for (int d = 0; d < out->rank; d++) dims[d] = copy_dim(x, type->dims[d]);
    out->dims = dims;
    out->element = element;
    if (!element) return;
    out = element;
  }
}

static void declare(extractor *x, uint32_t value, const gcut_type *type) {
  gcut_type copy;
  copy_type(x, type, &copy);
  gcut_value_declare(x->to, value, &copy);
}

static bool says_nothing(const gcut_type *type) {
  return type->kind == GCUT_KIND_TENSOR && type->type == GCUT_UNDEFINED && type->rank < 0;
}

const gcut_type *gcut_extract_type(const gcut_trace *trace, uint32_t value) {
  const gcut_type *type = &trace->facts[value].type;
  const gcut_type *declared = &trace->graph->values[value].declared;
  if (says_nothing(declared)) return type;
  return says_nothing(type) || type->kind != declared->kind ? declared : type;
}

static void declare_crossing(extractor *x, uint32_t from, uint32_t to) {
  const gcut_value *v = &x->from->values[from];
  const gcut_type *type = gcut_extract_type(x->trace, from);
  if (type->kind == GCUT_KIND_TENSOR && !type->type && !v->is_input && !v->is_output)
    gcut_graph_fail(x->to, GCUT_UNSUPPORTED,
                    "value '%.200s' passes from part to part, and its type is unknown", v->name);
  declare(x, to, type);
}

// ---- values and constants ---------------------------------------------------------------------

static void copy_metadata(extractor *x, uint32_t first, uint32_t n, uint32_t *out_first,
                          uint32_t *out_n) {
  gcut_graph_add_metadata(x->to, x->from->metadata + first, n, out_first, out_n);
}

static uint32_t add_value(extractor *x, uint32_t from, uint32_t body) {
  const gcut_value *v = &x->from->values[from];
  uint32_t to = gcut_graph_add_value(x->to, body, v->name), first, n;
  if (to == GCUT_NONE) return to;
  if (!gcut_map_set(&x->values, from, to)) out_of_memory(x);
  if (!says_nothing(&v->declared)) declare(x, to, &v->declared);
  copy_metadata(x, v->first_metadata, v->n_metadata, &first, &n);
  x->to->values[to].first_metadata = first;
  x->to->values[to].n_metadata = n;
  x->to->values[to].doc = v->doc;
  return to;
}

static uint32_t add_constant(extractor *x, const gcut_constant *constant) {
  gcut_constant copy = *constant;
  if (x->part->place) x->part->place(x->part->context, &copy);
  return gcut_graph_add_constant(x->to, &copy);
}

// The new graph's value: one met already, or an initializer.
static uint32_t read_value(extractor *x, uint32_t from) {
  if (from == GCUT_NONE) return GCUT_NONE;
  uint32_t to = gcut_map_get(&x->values, from);
  if (to != UINT32_MAX) return to;
  const gcut_constant *constant =
      x->from->values[from].body == 0 ? gcut_extract_constant(x->trace, from) : NULL;
  if (!constant) {
    gcut_graph_fail(x->to, GCUT_ARGUMENT, "value '%.200s' is read, but not made in this part",
                    x->from->values[from].name);
    return GCUT_NONE;
  }
  to = add_value(x, from, 0);
  gcut_graph_add_initializer(x->to, 0, to, add_constant(x, constant));
  return to;
}

// ---- nodes, attributes, bodies ----------------------------------------------------------------

static uint32_t copy_body(extractor *x, uint32_t from);

static uint32_t copy_tensor(extractor *x, uint32_t constant) {
  return add_constant(x, &x->from->constants[constant]);
}

static const uint32_t *copy_list(extractor *x, const uint32_t *from, size_t n,
                                 uint32_t (*copy)(extractor *, uint32_t)) {
  uint32_t *to = take(x, n, sizeof *to);
  for (size_t i = 0; i < n && to; i++) to[i] = copy(x, from[i]);
  return to;
}

static const gcut_type *copy_types(extractor *x, const gcut_type *from, size_t n) {
  gcut_type *to = take(x, n, sizeof *to);
  for (size_t i = 0; i < n && to; i++) copy_type(x, &from[i], &to[i]);
  return to;
}

static void copy_attribute(extractor *x, const gcut_attribute *from, gcut_attribute *to) {
  *to = *from;
  switch (from->kind) {
  case GCUT_ATTRIBUTE_TENSOR: to->tensor = copy_tensor(x, from->tensor); break;
  case GCUT_ATTRIBUTE_TENSORS:
    to->tensors = copy_list(x, from->tensors, from->n, copy_tensor);
    break;
  case GCUT_ATTRIBUTE_GRAPH: to->body = copy_body(x, from->body); break;
  case GCUT_ATTRIBUTE_GRAPHS: to->bodies = copy_list(x, from->bodies, from->n, copy_body); break;
  case GCUT_ATTRIBUTE_TYPE: to->types = copy_types(x, from->types, 1); break;
  case GCUT_ATTRIBUTE_TYPES: to->types = copy_types(x, from->types, from->n); break;
  case GCUT_ATTRIBUTE_SPARSE_TENSOR:
    to->sparse.values = copy_tensor(x, from->sparse.values);
    to->sparse.indices = copy_tensor(x, from->sparse.indices);
    break;
  default: break; // numbers and strings, borrowed
  }
}

static uint32_t copy_scope(extractor *x, uint32_t from) {
  if (from == 0) return 0;
  uint32_t to = gcut_map_get(&x->scopes, from);
  if (to != UINT32_MAX) return to;
  const gcut_scope *s = &x->from->scopes[from];
  to = gcut_graph_add_scope(x->to, copy_scope(x, s->parent), s->name, s->class_name);
  if (!gcut_map_set(&x->scopes, from, to)) out_of_memory(x);
  return to;
}

static uint32_t *copy_inputs(extractor *x, const gcut_node *node) {
  uint32_t *list = take(x, node->n_inputs, sizeof *list);
  for (uint32_t i = 0; i < node->n_inputs && list; i++)
    list[i] = read_value(x, gcut_node_inputs(x->from, node)[i]);
  return list;
}

static uint32_t *add_outputs(extractor *x, const gcut_node *node, uint32_t body) {
  uint32_t *list = take(x, node->n_outputs, sizeof *list);
  for (uint32_t i = 0; i < node->n_outputs && list; i++) {
    uint32_t from = gcut_node_outputs(x->from, node)[i];
    list[i] = from == GCUT_NONE ? GCUT_NONE : add_value(x, from, body);
  }
  return list;
}

// Attributes come before outputs: bodies read what is outside, and cannot see the node's results.
static void copy_node(extractor *x, uint32_t from, uint32_t body) {
  const gcut_node *n = &x->from->nodes[from];
  uint32_t *inputs = copy_inputs(x, n);
  gcut_attribute *attributes = take(x, n->n_attributes, sizeof *attributes);
  for (uint32_t i = 0; i < n->n_attributes && attributes; i++)
    copy_attribute(x, &x->from->attributes[n->first_attribute + i], &attributes[i]);
  uint32_t *outputs = add_outputs(x, n, body);
  if (gcut_graph_failed(x->to, NULL) != GCUT_OK) return;
  gcut_graph_add_node(x->to, &(gcut_node_spec){.name = n->name,
                                               .op_type = n->op_type,
                                               .domain = n->domain,
                                               .overload = n->overload,
                                               .doc = n->doc,
                                               .body = body,
                                               .scope = copy_scope(x, n->scope),
                                               .inputs = inputs,
                                               .outputs = outputs,
                                               .n_inputs = n->n_inputs,
                                               .n_outputs = n->n_outputs,
                                               .attributes = attributes,
                                               .n_attributes = n->n_attributes,
                                               .metadata = x->from->metadata + n->first_metadata,
                                               .n_metadata = n->n_metadata});
}

static void describe_body(extractor *x, uint32_t from, uint32_t to) {
  const gcut_body *b = &x->from->bodies[from];
  uint32_t first, n;
  copy_metadata(x, b->first_metadata, b->n_metadata, &first, &n);
  x->to->bodies[to].first_metadata = first;
  x->to->bodies[to].n_metadata = n;
  x->to->bodies[to].doc = b->doc;
}

// As deep as the source, whose reader has bounded that.
static uint32_t copy_body(extractor *x, uint32_t from) {
  const gcut_body *b = &x->from->bodies[from];
  uint32_t to = gcut_graph_add_body(x->to, b->name);
  if (to == GCUT_NONE) return to;
  describe_body(x, from, to);
  for (uint32_t i = 0; i < b->n_inputs; i++)
    gcut_graph_add_input(x->to, to, add_value(x, b->inputs[i], to));
  for (uint32_t i = 0; i < b->n_initializers; i++) {
    uint32_t value = b->initializers[i], constant = x->from->values[value].constant;
    uint32_t copy =
        x->from->values[value].is_input ? read_value(x, value) : add_value(x, value, to);
    gcut_graph_add_initializer(x->to, to, copy, copy_tensor(x, constant));
  }
  for (uint32_t i = 0; i < b->n_nodes; i++) copy_node(x, b->nodes[i], to);
  for (uint32_t i = 0; i < b->n_outputs; i++)
    gcut_graph_add_output(x->to, to, read_value(x, b->outputs[i]));
  return to;
}

// ---- the whole --------------------------------------------------------------------------------

static void copy_header(extractor *x) {
  const gcut_graph *from = x->from;
  gcut_graph *to = x->to;
  for (uint32_t i = 0; i < from->n_opsets; i++)
    gcut_graph_add_opset(to, from->opsets[i].domain, from->opsets[i].version);
  to->ir_version = from->ir_version;
  to->model_version = from->model_version;
  to->producer_name = from->producer_name;
  to->producer_version = from->producer_version;
  to->domain = from->domain;
  to->doc = from->doc;
  to->path = gcut_graph_intern(to, x->part->path, strlen(x->part->path));
  to->bodies[0].name = from->bodies[0].name;
  copy_metadata(x, from->first_metadata, from->n_model_metadata, &to->first_metadata,
                &to->n_model_metadata);
  describe_body(x, 0, 0);
  for (uint32_t i = 0; i < from->n_files; i++)
    gcut_graph_add_file(to, from->files[i].path, from->files[i].location, NULL, 0);
  if (x->part->file) gcut_graph_add_file(to, x->part->file->path, x->part->file->location, NULL, 0);
}

static void copy_part(extractor *x) {
  const gcut_extract *p = x->part;
  copy_header(x);
  for (uint32_t i = 0; i < p->n_inputs; i++) {
    uint32_t value = add_value(x, p->inputs[i], 0);
    declare_crossing(x, p->inputs[i], gcut_graph_add_input(x->to, 0, value));
  }
  for (uint32_t i = 0; i < p->n_nodes; i++) copy_node(x, p->nodes[i], 0);
  for (uint32_t i = 0; i < p->n_outputs; i++) {
    uint32_t value = read_value(x, p->outputs[i]);
    gcut_graph_add_output(x->to, 0, value);
    declare_crossing(x, p->outputs[i], value);
  }
}

gcut_status gcut_graph_extract(const gcut_trace *trace, const gcut_extract *part,
                               gcut_graph **out_graph, gcut_error *err) {
  extractor x = {.trace = trace, .from = trace->graph, .part = part};
  GCUT_TRY(gcut_graph_create(&x.to, err));
  copy_part(&x);
  gcut_status status = gcut_graph_finish(x.to, err);
  gcut_map_free(&x.values);
  gcut_map_free(&x.scopes);
  if (status != GCUT_OK) {
    gcut_graph_destroy(x.to);
    x.to = NULL;
  }
  *out_graph = x.to;
  return status;
}
