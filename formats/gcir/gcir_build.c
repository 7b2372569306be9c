// From the syntax tree to the graph. A graph is walked twice: first everything that defines a name,
// then everything that uses one, so nodes may stand in any order and a subgraph sees names that its
// outer graph defines later.
#include "formats/gcir/gcir.h"

#define TEXT(s) ((gcut_string){(s), strlen(s)})

bool gcut__gcir_find_value(const gcir_builder *b, const gcir_names *names, const char *name,
                           uint32_t *out_value) {
  for (; names; names = names->outer) {
    uint32_t value = names->map ? gcut_map_get(names->map, (uint64_t)(uintptr_t)name)
                                : gcut_graph_value_named(b->graph, names->body, name);
    if (value == GCUT_NONE) continue;
    *out_value = value == GCIR_ABSENT ? GCUT_NONE : value;
    return true;
  }
  return false;
}

// ---- what defines names -----------------------------------------------------------------------

static gcut_status add_value(gcir_builder *b, uint32_t body, const char *name, size_t at,
                             uint32_t *out_value) {
  if (!*name) return gcut__gcir_fail(b->p, at, "a value without a name");
  if (gcut_graph_value_named(b->graph, body, name) != GCUT_NONE)
    return gcut__gcir_fail(b->p, at, "value '%.300s' is defined twice", name);
  *out_value = gcut_graph_add_value(b->graph, body, name);
  return *out_value == GCUT_NONE ? GCUT_NO_MEMORY(b->p->err) : GCUT_OK;
}

static void declare(gcir_builder *b, uint32_t value, const gcir_value *from) {
  gcut_value *v = &b->graph->values[value];
  if (from->typed) gcut_value_declare(b->graph, value, &from->type);
  if (from->info.doc) v->doc = from->info.doc;
  if (from->info.metadata.n > 0)
    gcut_graph_add_metadata(b->graph, from->info.metadata.items, from->info.metadata.n,
                            &v->first_metadata, &v->n_metadata);
}

static bool before_ir_4(const gcir_builder *b) {
  return b->graph->ir_version < 4;
}

// Before IR version 4 every initializer was listed as an input, too; then only the initializer
// counts.
static gcut_status define_input(gcir_builder *b, const gcir_value *input, uint32_t body) {
  uint32_t value = gcut_graph_value_named(b->graph, body, input->name);
  const gcut_value *listed = value == GCUT_NONE ? NULL : &b->graph->values[value];
  if (!listed || listed->is_input || listed->constant == GCUT_NONE)
    GCUT_TRY(add_value(b, body, input->name, input->at, &value));
  if (input->constant != GCUT_NONE)
    gcut_graph_add_initializer(b->graph, body, value, input->constant);
  if (!before_ir_4(b) || b->graph->values[value].constant == GCUT_NONE)
    gcut_graph_add_input(b->graph, body, value);
  declare(b, value, input);
  return GCUT_OK;
}

static gcut_status define_initializer(gcir_builder *b, const gcir_value *v, uint32_t body) {
  uint32_t value = gcut_graph_value_named(b->graph, body, v->name);
  if (value != GCUT_NONE && b->graph->values[value].constant != GCUT_NONE)
    return gcut__gcir_fail(b->p, v->at, "value '%.300s' is defined twice", v->name);
  if (value == GCUT_NONE) GCUT_TRY(add_value(b, body, v->name, v->at, &value));
  gcut_graph_add_initializer(b->graph, body, value, v->constant);
  return GCUT_OK;
}

static gcut_status define_inputs(gcir_builder *b, const gcir_graph *graph, uint32_t body) {
  for (uint32_t i = 0; i < graph->inputs.n; i++)
    GCUT_TRY(define_input(b, &GCIR_ITEM(gcir_value, graph->inputs, i), body));
  return GCUT_OK;
}

static gcut_status define_initializers(gcir_builder *b, const gcir_graph *graph, uint32_t body) {
  for (uint32_t i = 0; i < graph->values.n; i++)
    if (GCIR_ITEM(gcir_value, graph->values, i).constant != GCUT_NONE)
      GCUT_TRY(define_initializer(b, &GCIR_ITEM(gcir_value, graph->values, i), body));
  return GCUT_OK;
}

static gcut_status define_names(gcir_builder *b, const gcir_graph *graph, uint32_t body) {
  uint32_t value;
  gcut_body *out = &b->graph->bodies[body];
  out->name = graph->name;
  if (graph->info.doc) out->doc = graph->info.doc;
  gcut_graph_add_metadata(b->graph, graph->info.metadata.items, graph->info.metadata.n,
                          &out->first_metadata, &out->n_metadata);
  if (before_ir_4(b)) GCUT_TRY(define_initializers(b, graph, body));
  GCUT_TRY(define_inputs(b, graph, body));
  if (!before_ir_4(b)) GCUT_TRY(define_initializers(b, graph, body));
  for (const gcir_node *node = graph->nodes; node; node = node->next)
    for (uint32_t i = 0; i < node->outputs.n; i++) {
      const char *name = GCIR_ITEM(const char *, node->outputs, i);
      if (*name) GCUT_TRY(add_value(b, body, name, node->at, &value));
    }
  return GCUT_OK;
}

// ---- attributes -------------------------------------------------------------------------------

static gcut_status build_graph(gcir_builder *b, const gcir_graph *graph, const gcir_context *where);

static gcut_status build_body(gcir_builder *b, const gcir_graph *graph, const gcir_context *where,
                              uint32_t *out_body) {
  gcir_names names = {.outer = where->names};
  gcir_context inside = {.names = &names, .scope = where->scope, .call = where->call};
  if (b->depth >= GCIR_MAX_DEPTH)
    return gcut__gcir_fail(b->p, graph->at, "more than %d graphs and calls within one another",
                           GCIR_MAX_DEPTH);
  inside.body = names.body = *out_body = gcut_graph_add_body(b->graph, graph->name);
  if (*out_body == GCUT_NONE) return gcut_graph_finish(b->graph, b->p->err); // says why
  b->depth++;
  gcut_status status = build_graph(b, graph, &inside);
  b->depth--;
  return status;
}

static gcut_status build_bodies(gcir_builder *b, const gcir_attribute *a, const gcir_context *where,
                                gcut_attribute *out) {
  if (a->value.kind == GCUT_ATTRIBUTE_GRAPH)
    return build_body(b, GCIR_ITEM(gcir_graph *, a->graphs, 0), where, &out->body);
  uint32_t *bodies = GCUT_NEW_ARRAY(b->p->arena, uint32_t, a->graphs.n);
  if (!bodies) return GCUT_NO_MEMORY(b->p->err);
  out->bodies = bodies, out->n = a->graphs.n;
  for (uint32_t i = 0; i < a->graphs.n; i++)
    GCUT_TRY(build_body(b, GCIR_ITEM(gcir_graph *, a->graphs, i), where, &bodies[i]));
  return GCUT_OK;
}

// Follows references out of functions; *out is NULL where the call leaves the attribute out.
static gcut_status resolve_reference(gcir_builder *b, const gcir_node *node,
                                     const gcir_attribute **out, const gcir_context **where) {
  while (*out && (*out)->reference) {
    if (!(*where)->call)
      return gcut__gcir_fail(b->p, node->at,
                             "attribute '%.200s' refers to a function's, outside of one",
                             (*out)->value.name);
    *out = gcut__gcir_bound_attribute((*where)->call, (*out)->reference, where);
  }
  return GCUT_OK;
}

// Fills out[*n]; an attribute that a call leaves out adds none.
static gcut_status build_attribute(gcir_builder *b, const gcir_node *node, const gcir_attribute *a,
                                   const gcir_context *where, gcut_attribute *out, uint32_t *n) {
  const char *name = a->value.name;
  for (uint32_t i = 0; i < *n; i++)
    if (out[i].name == name)
      return gcut__gcir_fail(b->p, node->at, "attribute '%.200s' is given twice", name);
  GCUT_TRY(resolve_reference(b, node, &a, &where));
  if (!a) return GCUT_OK;
  GCUT_TRY(gcut__gcir_charge(b, 1));
  out[*n] = a->value;
  out[*n].name = name;
  if (a->graphs.n > 0 || a->value.kind == GCUT_ATTRIBUTE_GRAPHS)
    GCUT_TRY(build_bodies(b, a, where, &out[*n]));
  ++*n;
  return GCUT_OK;
}

// ---- nodes ------------------------------------------------------------------------------------

uint32_t gcut__gcir_node_scope(gcir_builder *b, const gcir_node *node, const gcir_context *where) {
  if (node->scope != GCUT_NONE) return node->scope;
  if (b->p->has_scopes) return where->scope;
  gcut__scope_hints hints = {.name = TEXT(node->name)};
  for (uint32_t i = 0; i < node->info.metadata.n; i++) {
    gcut_metadata entry = GCIR_ITEM(gcut_metadata, node->info.metadata, i);
    gcut__scope_hint(&hints, TEXT(entry.key), TEXT(entry.value));
  }
  uint32_t scope = gcut__scope_find(b->graph, where->scope, &hints, &b->scopes);
  return scope == GCUT_NONE && where->call ? where->scope : scope;
}

// Values of the names in a list: inputs must be defined, outputs are.
static gcut_status find_operands(gcir_builder *b, const gcir_node *node, const gcir_list *names,
                                 const gcir_context *where, uint32_t *out) {
  for (uint32_t i = 0; i < names->n; i++) {
    const char *name = GCIR_ITEM(const char *, *names, i);
    out[i] = GCUT_NONE;
    if (*name && !gcut__gcir_find_value(b, where->names, name, &out[i]))
      return gcut__gcir_fail(b->p, node->at, "node '%.200s' (%.200s): nothing defines '%.200s'",
                             node->name, node->op_type, name);
  }
  return GCUT_OK;
}

// A node of a function takes the call's name before its own.
static const char *node_name(gcir_builder *b, const gcir_node *node, const gcir_context *where) {
  if (!where->call || !*node->name) return node->name;
  return gcut_arena_format(b->p->arena, "%s%s", where->call->prefix, node->name);
}

static gcut_status build_operator(gcir_builder *b, const gcir_node *node,
                                  const gcir_context *where) {
  gcut_arena *scratch = b->p->scratch;
  uint32_t *inputs = GCUT_NEW_ARRAY(scratch, uint32_t, node->inputs.n);
  uint32_t *outputs = GCUT_NEW_ARRAY(scratch, uint32_t, node->outputs.n);
  gcut_attribute *attributes = GCUT_NEW_ARRAY(scratch, gcut_attribute, node->attributes.n);
  if (!inputs || !outputs || !attributes) return GCUT_NO_MEMORY(b->p->err);
  uint32_t n_attributes = 0;
  GCUT_TRY(find_operands(b, node, &node->inputs, where, inputs));
  GCUT_TRY(find_operands(b, node, &node->outputs, where, outputs));
  for (uint32_t i = 0; i < node->attributes.n; i++)
    GCUT_TRY(build_attribute(b, node, &GCIR_ITEM(gcir_attribute, node->attributes, i), where,
                             attributes, &n_attributes));
  gcut_node_spec spec = {.name = node_name(b, node, where),
                         .op_type = node->op_type,
                         .domain = node->domain,
                         .overload = node->overload,
                         .doc = node->info.doc,
                         .body = where->body,
                         .scope = gcut__gcir_node_scope(b, node, where),
                         .inputs = inputs,
                         .n_inputs = node->inputs.n,
                         .outputs = outputs,
                         .n_outputs = node->outputs.n,
                         .attributes = attributes,
                         .n_attributes = n_attributes,
                         .metadata = node->info.metadata.items,
                         .n_metadata = node->info.metadata.n};
  return gcut_graph_add_node(b->graph, &spec) == GCUT_NONE ? GCUT_NO_MEMORY(b->p->err) : GCUT_OK;
}

gcut_status gcut__gcir_build_node(gcir_builder *b, const gcir_node *node,
                                  const gcir_context *where) {
  GCUT_TRY(gcut__gcir_charge(b, 1 + node->inputs.n + node->outputs.n));
  gcir_function *function = b->p->functions.n > 0 ? gcut__gcir_find_function(b, node) : NULL;
  return function ? gcut__gcir_inline(b, function, node, where) : build_operator(b, node, where);
}

// ---- graphs -----------------------------------------------------------------------------------

// Types of values in between. One that names no value says nothing.
static gcut_status use_value_info(gcir_builder *b, const gcir_value *info, uint32_t body) {
  uint32_t value = gcut_graph_value_named(b->graph, body, info->name);
  if (info->constant != GCUT_NONE || value == GCUT_NONE || b->graph->values[value].is_input)
    return GCUT_OK;
  declare(b, value, info);
  return GCUT_OK;
}

static gcut_status use_output(gcir_builder *b, const gcir_value *output,
                              const gcir_context *where) {
  uint32_t value = GCUT_NONE;
  if (!gcut__gcir_find_value(b, where->names, output->name, &value) || value == GCUT_NONE)
    return gcut__gcir_fail(b->p, output->at, "nothing defines the output '%.300s'", output->name);
  gcut_graph_add_output(b->graph, where->body, value);
  const gcut_value *v = &b->graph->values[value];
  if (v->body != where->body || v->declared.type != 0 || v->declared.rank >= 0) return GCUT_OK;
  declare(b, value, output);
  return GCUT_OK;
}

static gcut_status build_graph(gcir_builder *b, const gcir_graph *graph,
                               const gcir_context *where) {
  GCUT_TRY(define_names(b, graph, where->body));
  for (uint32_t i = 0; i < graph->values.n; i++)
    GCUT_TRY(use_value_info(b, &GCIR_ITEM(gcir_value, graph->values, i), where->body));
  for (const gcir_node *node = graph->nodes; node; node = node->next)
    GCUT_TRY(gcut__gcir_build_node(b, node, where));
  for (uint32_t i = 0; i < graph->outputs.n; i++)
    GCUT_TRY(use_output(b, &GCIR_ITEM(gcir_value, graph->outputs, i), where));
  return GCUT_OK;
}

gcut_status gcut__gcir_build(gcir_parser *p) {
  gcir_builder b = {.p = p, .graph = p->graph};
  gcir_names names = {.body = 0};
  gcir_context where = {.names = &names};
  gcut_status status = gcut__gcir_index_functions(&b);
  if (status == GCUT_OK) status = build_graph(&b, p->main, &where);
  gcut_map_free(&b.functions);
  return status == GCUT_OK ? gcut_graph_finish(p->graph, p->err) : status;
}
