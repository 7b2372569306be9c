// NodeProto: read in place, operands resolved through the names around it.
#include "formats/onnx/reader.h"
#include "tracer/base/error.h"

static gcut__wire_node node_fields(gcut__span bytes) {
  enum { OP_TYPE = 4, DOC = 6, DOMAIN = 7, OVERLOAD = 8 };
  gcut__span none = {(const uint8_t *)"", 0};
  gcut__wire_node node = {bytes, none, none, none, none, none, 0, 0, 0, 0};
  for (gcut__field field; gcut__wire_next(&bytes, &field);) switch (field.number) {
    case GCUT__NODE_INPUT: node.n_inputs++; break;
    case GCUT__NODE_OUTPUT: node.n_outputs++; break;
    case GCUT__NODE_ATTRIBUTE: node.n_attributes++; break;
    case GCUT__NODE_METADATA: node.n_metadata++; break;
    case GCUT__NODE_NAME: node.name = field.bytes; break;
    case OP_TYPE: node.op_type = field.bytes; break;
    case DOC: node.doc = field.bytes; break;
    case DOMAIN: node.domain = field.bytes; break;
    case OVERLOAD: node.overload = field.bytes; break;
    default: break;
    }
  return node;
}

// ---- operands ---------------------------------------------------------------------------------

bool gcut__find_value(const gcut__reader *r, const gcut__names *names, const char *interned,
                      uint32_t *out_value) {
  for (; names; names = names->outer) {
    uint32_t value = names->map ? gcut_map_get(names->map, (uint64_t)(uintptr_t)interned)
                                : gcut_graph_value_named(r->graph, names->body, interned);
    if (value == GCUT_NONE) continue;
    *out_value = value == GCUT__ABSENT ? GCUT_NONE : value;
    return true;
  }
  return false;
}

static gcut_status push_operand(gcut__reader *r, uint32_t value, gcut_error *err) {
  uint32_t *pushed = gcut__push(&r->operands, sizeof *pushed);
  if (!pushed) return GCUT_NO_MEMORY(err);
  *pushed = value;
  return GCUT_OK;
}

static gcut_status find_operand(gcut__reader *r, const gcut__wire_node *node, gcut__span name,
                                const gcut__context *where, uint32_t *out_value, gcut_error *err) {
  *out_value = GCUT_NONE;
  if (name.size == 0 || gcut__find_value(r, where->names, gcut__intern(r, name), out_value))
    return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "node '%.*s' (%.*s): nothing defines '%.*s'",
                   GCUT__SHOW(node->name), GCUT__SHOW(node->op_type), GCUT__SHOW(name));
}

gcut_status gcut__read_inputs(gcut__reader *r, const gcut__wire_node *node,
                              const gcut__context *where, gcut_error *err) {
  gcut__span rest = node->bytes;
  gcut__field field;
  uint32_t value;
  for (uint32_t i = 0; i < node->n_inputs && gcut__next_of(&rest, GCUT__NODE_INPUT, &field); i++) {
    GCUT_TRY(find_operand(r, node, field.bytes, where, &value, err));
    GCUT_TRY(push_operand(r, value, err));
  }
  return GCUT_OK;
}

// A body's outputs are read in the order in which they were defined, so the next one is mostly the
// value after the last: no look-up then.
static bool is_next_output(const gcut__reader *r, const gcut__names *names, gcut__span name) {
  if (!names || names->map || names->next_output >= r->graph->n_values) return false;
  const gcut_value *v = &r->graph->values[names->next_output];
  return v->body == names->body && strncmp(v->name, (const char *)name.data, name.size) == 0 &&
         v->name[name.size] == '\0';
}

gcut_status gcut__read_outputs(gcut__reader *r, const gcut__wire_node *node,
                               const gcut__context *where, gcut_error *err) {
  gcut__span rest = node->bytes;
  gcut__field field;
  for (uint32_t i = 0; i < node->n_outputs && gcut__next_of(&rest, GCUT__NODE_OUTPUT, &field);
       i++) {
    uint32_t value = where->names ? where->names->next_output : 0;
    if (!is_next_output(r, where->names, field.bytes))
      GCUT_TRY(find_operand(r, node, field.bytes, where, &value, err));
    if (where->names && value != GCUT_NONE) where->names->next_output = value + 1;
    GCUT_TRY(push_operand(r, value, err));
  }
  return GCUT_OK;
}

// ---- metadata ---------------------------------------------------------------------------------

static gcut_string as_string(gcut__span span) {
  return (gcut_string){(const char *)span.data, span.size};
}

static gcut_status read_metadata(gcut__reader *r, const gcut__wire_node *node,
                                 gcut__scope_hints *hints, gcut_error *err) {
  gcut__span rest = node->bytes, key, value;
  hints->name = as_string(node->name);
  if (node->n_metadata == 0) return GCUT_OK;
  for (gcut__field field; gcut__next_of(&rest, GCUT__NODE_METADATA, &field);) {
    gcut__entry_fields(field.bytes, &key, &value);
    if (!gcut__scope_hint(hints, as_string(key), as_string(value)))
      GCUT_TRY(gcut__push_metadata(r, key, value, err));
  }
  return GCUT_OK;
}

uint32_t gcut__node_scope(gcut__reader *r, const gcut__wire_node *node,
                          const gcut__context *where) {
  gcut__scope_hints hints = {.name = as_string(node->name)};
  gcut__span rest = node->bytes, key, value;
  for (gcut__field field; gcut__next_of(&rest, GCUT__NODE_METADATA, &field);) {
    gcut__entry_fields(field.bytes, &key, &value);
    gcut__scope_hint(&hints, as_string(key), as_string(value));
  }
  return gcut__scope_find(r->graph, where->scope, &hints, &r->scopes);
}

// ---- the node ---------------------------------------------------------------------------------

// Where the reader's stacks stood before a node.
typedef struct mark {
  uint32_t operands, attributes, metadata;
} mark;

static mark take_mark(const gcut__reader *r) {
  return (mark){r->operands.n, r->attributes.n, r->metadata.n};
}

static void release_mark(gcut__reader *r, mark at) {
  r->operands.n = at.operands;
  r->attributes.n = at.attributes;
  r->metadata.n = at.metadata;
}

static gcut_status check_attribute_names(const gcut_attribute *attributes, uint32_t n,
                                         gcut_error *err) {
  gcut_map seen = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = n > 1 ? 0 : n; i < n && status == GCUT_OK; i++) {
    uint64_t key = (uint64_t)(uintptr_t)attributes[i].name;
    if (gcut_map_get(&seen, key) != UINT32_MAX)
      status = GCUT_FAIL(err, GCUT_FORMAT, "attribute '%.200s' is given twice", attributes[i].name);
    else if (!gcut_map_set(&seen, key, i))
      status = GCUT_NO_MEMORY(err);
  }
  gcut_map_free(&seen);
  return status;
}

static gcut_status read_attributes(gcut__reader *r, const gcut__wire_node *node,
                                   const gcut__context *where, uint32_t first, gcut_error *err) {
  gcut__span rest = node->bytes;
  for (gcut__field field; gcut__next_of(&rest, GCUT__NODE_ATTRIBUTE, &field);)
    GCUT_TRY(gcut__read_attribute(r, field.bytes, where, err));
  gcut_attribute *items = r->attributes.items;
  return check_attribute_names(items + first, r->attributes.n - first, err);
}

// A node of a function takes the call's name before its own.
static const char *node_name(gcut__reader *r, const gcut__wire_node *node,
                             const gcut__context *where) {
  if (!where->call || node->name.size == 0) return gcut__intern(r, node->name);
  gcut_arena_reset(r->scratch);
  return gcut_arena_format(r->scratch, "%s%.*s", where->call->prefix, (int)node->name.size,
                           (const char *)node->name.data);
}

static gcut_status add_node(gcut__reader *r, const gcut__wire_node *node,
                            const gcut__context *where, mark at, uint32_t n_inputs, uint32_t scope,
                            gcut_error *err) {
  const uint32_t *operands = (uint32_t *)r->operands.items + at.operands;
  gcut_node_spec spec = {.name = node_name(r, node, where),
                         .op_type = gcut__intern(r, node->op_type),
                         .domain = gcut__intern(r, node->domain),
                         .overload = gcut__intern(r, node->overload),
                         .doc = gcut__intern(r, node->doc),
                         .body = where->body,
                         .scope = scope,
                         .inputs = operands,
                         .n_inputs = n_inputs,
                         .outputs = operands + n_inputs,
                         .n_outputs = r->operands.n - at.operands - n_inputs,
                         .attributes = (gcut_attribute *)r->attributes.items + at.attributes,
                         .n_attributes = r->attributes.n - at.attributes,
                         .metadata = (gcut_metadata *)r->metadata.items + at.metadata,
                         .n_metadata = r->metadata.n - at.metadata};
  if (!spec.name || gcut_graph_add_node(r->graph, &spec) == GCUT_NONE) return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}

static gcut_status read_operator(gcut__reader *r, const gcut__wire_node *node,
                                 const gcut__context *where, gcut_error *err) {
  mark at = take_mark(r);
  gcut__scope_hints hints = {0};
  if (node->op_type.size == 0)
    return GCUT_FAIL(err, GCUT_FORMAT, "node '%.*s' names no operator", GCUT__SHOW(node->name));
  if (where->call && where->call->other_opsets)
    GCUT_TRY(gcut__check_version(r, where->call, node, err));
  GCUT_TRY(gcut__read_inputs(r, node, where, err));
  uint32_t n_inputs = r->operands.n - at.operands;
  GCUT_TRY(gcut__read_outputs(r, node, where, err));
  if (node->n_attributes > 0) GCUT_TRY(read_attributes(r, node, where, at.attributes, err));
  GCUT_TRY(read_metadata(r, node, &hints, err));
  uint32_t scope = gcut__scope_find(r->graph, where->scope, &hints, &r->scopes);
  if (scope == GCUT_NONE && where->call) scope = where->scope;
  GCUT_TRY(add_node(r, node, where, at, n_inputs, scope, err));
  release_mark(r, at);
  return GCUT_OK;
}

// Puts the node's name before a message that speaks of a part of it.
static gcut_status name_node(gcut_status status, const gcut__wire_node *node, gcut_error *err) {
  if (status == GCUT_OK || !err || strncmp(err->message, "node ", 5) == 0) return status;
  gcut_error inner = *err;
  return GCUT_FAIL(err, status, "node '%.*s' (%.*s): %s", GCUT__SHOW(node->name),
                   GCUT__SHOW(node->op_type), inner.message);
}

gcut_status gcut__read_node(gcut__reader *r, gcut__span bytes, const gcut__context *where,
                            gcut_error *err) {
  gcut__wire_node node = node_fields(bytes);
  GCUT_TRY(gcut__charge(r, 0, 1, err));
  gcut__function *function = r->n_functions > 0 ? gcut__function_find(r, &node) : NULL;
  gcut_status status = function ? gcut__inline_call(r, function, &node, where, err)
                                : read_operator(r, &node, where, err);
  return name_node(status, &node, err);
}
