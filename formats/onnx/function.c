// Model-local functions, inlined where they are called.
//
// A call opens a frame of names: the function's formal inputs and outputs stand for the call's
// values, whatever else its nodes define gets "<call>/<name>" in the caller's body. Attributes that
// refer to the function's are read from the call, in the caller's context. Limits: 10,000
// functions, 100 calls deep, and a bound on what all calls together add, since functions that call
// the next one twice grow as powers of two.
#include <stdlib.h>

#include "formats/inline.h"
#include "formats/onnx/reader.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"
#include "tracer/ops/op.h"

enum { MAX_FUNCTIONS = 10000, MAX_DEPTH = 256, MAX_CALLS = 100, MAX_PREFIX = 256 };
enum { MAX_OPSETS = 1000, MAX_ATTRIBUTES = 1000 };
enum { MAX_INLINED_BYTES = 256 << 20, MAX_INLINED_ITEMS = 1000000 };

// Field numbers of FunctionProto.
enum {
  NAME = 1,
  INPUT = 4,
  OUTPUT = 5,
  NODE = 7,
  OPSET_IMPORT = 9,
  DOMAIN = 10,
  ATTRIBUTE_PROTO = 11,
  OVERLOAD = 13,
};

struct gcut__function {
  gcut__span bytes, domain, name, overload;
  gcut__named_list defaults; // of its attributes
  bool active;               // being inlined right now
};

// ---- attributes -------------------------------------------------------------------------------

// Lists a message's attributes by name.
static gcut_status list_attributes(gcut__reader *r, gcut__span bytes, uint32_t number,
                                   gcut__named_list *out, gcut_error *err) {
  gcut__field field, name;
  size_t n = 0;
  for (gcut__span rest = bytes; gcut__next_of(&rest, number, &field);) n++;
  if (n > MAX_ATTRIBUTES)
    return GCUT_FAIL(err, GCUT_FORMAT, "more than %d attributes", MAX_ATTRIBUTES);
  out->items = GCUT_NEW_ARRAY(r->arena, gcut__named, n);
  if (!out->items) return GCUT_NO_MEMORY(err);
  for (gcut__span rest = bytes; gcut__next_of(&rest, number, &field);) {
    gcut__span inner = field.bytes;
    if (!gcut__next_of(&inner, GCUT__ATTRIBUTE_NAME, &name)) continue;
    out->items[out->n++] = (gcut__named){name.bytes, field.bytes};
  }
  return GCUT_OK;
}

static bool find_attribute(const gcut__named_list *list, gcut__span name, gcut__span *out) {
  for (size_t i = 0; i < list->n; i++) {
    const gcut__named *a = &list->items[i];
    if (a->name.size != name.size || memcmp(a->name.data, name.data, name.size) != 0) continue;
    *out = a->bytes;
    return true;
  }
  return false;
}

bool gcut__call_attribute(const gcut__call *call, gcut__span name, gcut__span *out_bytes,
                          const gcut__context **out_where) {
  *out_where = call->caller;
  if (find_attribute(&call->attributes, name, out_bytes)) return true;
  *out_where = &call->inner_defaults;
  return find_attribute(&call->function->defaults, name, out_bytes);
}

// ---- the table --------------------------------------------------------------------------------

// The interned "domain\nname\noverload" of a function.
static const char *function_id(const gcut__reader *r, gcut__span domain, gcut__span name,
                               gcut__span overload) {
  if (domain.size == 7 && memcmp(domain.data, "ai.onnx", 7) == 0) domain.size = 0;
  char *text = gcut_arena_format(r->scratch, "%.*s\n%.*s\n%.*s", (int)domain.size,
                                 (const char *)domain.data, (int)name.size, (const char *)name.data,
                                 (int)overload.size, (const char *)overload.data);
  return text ? gcut_graph_intern(r->graph, text, strlen(text)) : "";
}

gcut_status gcut__functions_add(gcut__reader *r, gcut__span bytes, gcut_error *err) {
  gcut__span none = {(const uint8_t *)"", 0};
  gcut__function f = {.bytes = bytes, .domain = none, .name = none, .overload = none};
  GCUT_TRY(list_attributes(r, bytes, ATTRIBUTE_PROTO, &f.defaults, err));
  for (gcut__field field; gcut__wire_next(&bytes, &field);) {
    if (field.number == NAME) f.name = field.bytes;
    if (field.number == DOMAIN) f.domain = field.bytes;
    if (field.number == OVERLOAD) f.overload = field.bytes;
  }
  if (r->n_functions >= MAX_FUNCTIONS)
    return GCUT_FAIL(err, GCUT_FORMAT, "more than %d functions", MAX_FUNCTIONS);
  if (!r->functions) r->functions = calloc(MAX_FUNCTIONS, sizeof *r->functions);
  if (!r->functions) return GCUT_NO_MEMORY(err);
  gcut_arena_reset(r->scratch);
  uint64_t key = (uint64_t)(uintptr_t)function_id(r, f.domain, f.name, f.overload);
  if (gcut_map_get(&r->function_index, key) != UINT32_MAX)
    return GCUT_FAIL(err, GCUT_FORMAT, "function '%.*s' is defined twice", GCUT__SHOW(f.name));
  if (!gcut_map_set(&r->function_index, key, r->n_functions)) return GCUT_NO_MEMORY(err);
  r->functions[r->n_functions++] = f;
  return GCUT_OK;
}

void gcut__functions_free(gcut__reader *r) {
  gcut_map_free(&r->function_index);
  free(r->functions);
}

gcut__function *gcut__function_find(const gcut__reader *r, const gcut__wire_node *node) {
  gcut_arena_reset(r->scratch);
  const char *id = function_id(r, node->domain, node->op_type, node->overload);
  uint32_t index = gcut_map_get(&r->function_index, (uint64_t)(uintptr_t)id);
  return index == UINT32_MAX ? NULL : &r->functions[index];
}

// ---- limits -----------------------------------------------------------------------------------

gcut_status gcut__charge(gcut__reader *r, uint64_t bytes, uint64_t items, gcut_error *err) {
  if (r->calls == 0) return GCUT_OK;
  r->inlined_bytes += bytes;
  r->inlined_items += items;
  if (r->inlined_bytes <= MAX_INLINED_BYTES && r->inlined_items <= MAX_INLINED_ITEMS)
    return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "inlining its functions makes the model too large");
}

static unsigned call_depth(const gcut__call *call) {
  unsigned depth = 0;
  for (; call; call = call->caller->call) depth++;
  return depth;
}

static gcut_status check_call(const gcut__reader *r, const gcut__function *f,
                              const gcut__context *where, gcut_error *err) {
  if (f->active)
    return GCUT_FAIL(err, GCUT_FORMAT, "function '%.*s' calls itself", GCUT__SHOW(f->name));
  if (call_depth(where->call) >= MAX_CALLS || r->depth >= MAX_DEPTH)
    return GCUT_FAIL(err, GCUT_FORMAT, "function '%.*s': calls more than %d deep",
                     GCUT__SHOW(f->name), MAX_CALLS);
  return GCUT_OK;
}

// ---- opsets -----------------------------------------------------------------------------------

gcut_status gcut__import(gcut__reader *r, gcut__span bytes, bool *out_differs, gcut_error *err) {
  gcut_arena_reset(r->scratch);
  const GcutOnnx__OperatorSetIdProto *opset =
      gcut__wire_unpack(bytes, &gcut_onnx__operator_set_id_proto__descriptor, r->scratch);
  if (!opset) return GCUT_NO_MEMORY(err);
  const char *domain = opset->domain ? opset->domain : "";
  int64_t known = gcut_graph_opset(r->graph, domain);
  if (opset->version < 1)
    return GCUT_FAIL(err, GCUT_FORMAT, "opset version %lld of domain '%.200s' is no version",
                     (long long)opset->version, domain);
  if (r->graph->n_opsets >= MAX_OPSETS)
    return GCUT_FAIL(err, GCUT_FORMAT, "more than %d opset imports", MAX_OPSETS);
  *out_differs = known != 0 && known != opset->version;
  if (known == 0) gcut_graph_add_opset(r->graph, domain, opset->version);
  return GCUT_OK;
}

static gcut_status import_opsets(gcut__reader *r, gcut__call *call, gcut_error *err) {
  gcut__span rest = call->function->bytes;
  for (gcut__field field; gcut__next_of(&rest, OPSET_IMPORT, &field);) {
    bool differs;
    GCUT_TRY(gcut__import(r, field.bytes, &differs, err));
    call->other_opsets |= differs;
  }
  return GCUT_OK;
}

// The version at which a function imports a domain, or 0.
static int64_t imported(gcut__reader *r, const gcut__function *f, const char *domain) {
  int64_t version = 0;
  gcut__span rest = f->bytes;
  for (gcut__field field; gcut__next_of(&rest, OPSET_IMPORT, &field);) {
    gcut_arena_reset(r->scratch);
    const GcutOnnx__OperatorSetIdProto *opset =
        gcut__wire_unpack(field.bytes, &gcut_onnx__operator_set_id_proto__descriptor, r->scratch);
    const char *name = opset && opset->domain ? opset->domain : "";
    if (strcmp(name, "ai.onnx") == 0) name = "";
    if (opset && strcmp(name, domain) == 0) version = opset->version;
  }
  return version;
}

gcut_status gcut__check_version(gcut__reader *r, const gcut__call *call,
                                const gcut__wire_node *node, gcut_error *err) {
  const char *domain = gcut__intern(r, node->domain), *name = gcut__intern(r, node->op_type);
  if (strcmp(domain, "ai.onnx") == 0) domain = "";
  int64_t own = imported(r, call->function, domain), models = gcut_graph_opset(r->graph, domain);
  if (gcut__inline_means_same(domain, name, own, models)) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_UNSUPPORTED,
                   "function '%.*s' uses %.100s of opset %lld, the model imports opset %lld",
                   GCUT__SHOW(call->function->name), name, (long long)own, (long long)models);
}

// ---- names ------------------------------------------------------------------------------------

// A name for a value that a function defines, free in the body of the call.
static const char *inlined_name(gcut__reader *r, const gcut__context *where, const char *name) {
  return gcut__inline_name(r->graph, r->scratch, where->body, where->call->prefix, name,
                           &r->inlined_items);
}

// "<prefix of the caller><name of the call>/"; a counter where that would be long.
static const char *call_prefix(gcut__reader *r, const gcut__wire_node *node,
                               const gcut__context *where) {
  const char *outer = where->call ? where->call->prefix : "";
  if (node->name.size > 0 && node->name.size + strlen(outer) < MAX_PREFIX)
    return gcut_arena_format(r->arena, "%s%.*s/", outer, (int)node->name.size,
                             (const char *)node->name.data);
  return gcut_arena_format(r->arena, "%.*s_%llu/",
                           (int)(node->op_type.size < 64 ? node->op_type.size : 63),
                           (const char *)node->op_type.data, (unsigned long long)r->n_calls);
}

static gcut_string string_of(gcut__span span) {
  return (gcut_string){(const char *)span.data, span.size};
}

// The scope of a call: below that of its node, named by the last part of its name.
static uint32_t call_scope(gcut__reader *r, const gcut__function *f, const gcut__wire_node *node,
                           const char *prefix, const gcut__context *where) {
  uint32_t scope = gcut__node_scope(r, node, where);
  return gcut__inline_scope(r->graph, scope == GCUT_NONE ? where->scope : scope, prefix,
                            string_of(node->op_type), string_of(f->domain), string_of(f->name));
}

// ---- the frame of a call ----------------------------------------------------------------------

static gcut_status bind(gcut__reader *r, gcut_map *map, gcut__span name, uint32_t value,
                        gcut_error *err) {
  uint64_t key = (uint64_t)(uintptr_t)gcut__intern(r, name);
  if (gcut_map_get(map, key) != UINT32_MAX)
    return GCUT_FAIL(err, GCUT_FORMAT, "function: '%.*s' is defined twice", GCUT__SHOW(name));
  return gcut_map_set(map, key, value == GCUT_NONE ? GCUT__ABSENT : value) ? GCUT_OK
                                                                           : GCUT_NO_MEMORY(err);
}

// Ties the function's formal inputs to the values that the call passes.
static gcut_status bind_inputs(gcut__reader *r, const gcut__function *f,
                               const gcut__wire_node *node, const gcut__context *where,
                               gcut_map *map, gcut_error *err) {
  uint32_t first = r->operands.n, i = first;
  gcut__span rest = f->bytes;
  GCUT_TRY(gcut__read_inputs(r, node, where, err));
  for (gcut__field field; gcut__next_of(&rest, INPUT, &field); i++) {
    uint32_t value = i < r->operands.n ? ((uint32_t *)r->operands.items)[i] : GCUT_NONE;
    GCUT_TRY(bind(r, map, field.bytes, value, err));
  }
  if (i < r->operands.n)
    return GCUT_FAIL(err, GCUT_FORMAT, "function '%.*s' has %u inputs, the call %u",
                     GCUT__SHOW(f->name), i - first, r->operands.n - first);
  r->operands.n = first;
  return GCUT_OK;
}

// Ties one formal output to the value of the call that takes it, or to an input passed through.
static gcut_status bind_output(gcut__reader *r, const gcut__context *inside, gcut__span name,
                               uint32_t value, gcut_map *map, gcut_error *err) {
  uint64_t key = (uint64_t)(uintptr_t)gcut__intern(r, name);
  uint32_t input = gcut_map_get(map, key);
  if (input == UINT32_MAX) return value == GCUT_NONE ? GCUT_OK : bind(r, map, name, value, err);
  if (value == GCUT_NONE) return GCUT_OK;
  if (input == GCUT__ABSENT)
    return GCUT_FAIL(err, GCUT_FORMAT, "function: output '%.*s' is an input that is left out",
                     GCUT__SHOW(name));
  return gcut__inline_identity(r->graph, inside->body, inside->scope, input, value, err);
}

static gcut_status bind_outputs(gcut__reader *r, const gcut__function *f,
                                const gcut__wire_node *node, const gcut__context *inside,
                                gcut_map *map, gcut_error *err) {
  uint32_t first = r->operands.n, i = first;
  gcut__span rest = f->bytes;
  GCUT_TRY(gcut__read_outputs(r, node, inside->call->caller, err));
  for (gcut__field field; gcut__next_of(&rest, OUTPUT, &field); i++) {
    uint32_t value = i < r->operands.n ? ((uint32_t *)r->operands.items)[i] : GCUT_NONE;
    GCUT_TRY(bind_output(r, inside, field.bytes, value, map, err));
  }
  if (i < r->operands.n)
    return GCUT_FAIL(err, GCUT_FORMAT, "function '%.*s' has %u outputs, the call %u",
                     GCUT__SHOW(f->name), i - first, r->operands.n - first);
  r->operands.n = first;
  return GCUT_OK;
}

// Gives the values that one of the function's nodes defines their names. `made` holds all that are
// defined so far, inputs included; `map` the outputs, too.
static gcut_status define_outputs(gcut__reader *r, gcut__span node, const gcut__context *inside,
                                  gcut_map *map, gcut_map *made, gcut_error *err) {
  for (gcut__field field; gcut__next_of(&node, GCUT__NODE_OUTPUT, &field);) {
    if (field.bytes.size == 0) continue;
    const char *name = gcut__intern(r, field.bytes);
    uint64_t key = (uint64_t)(uintptr_t)name;
    GCUT_TRY(bind(r, made, field.bytes, 0, err));
    GCUT_TRY(gcut__charge(r, strlen(inside->call->prefix), 1, err));
    if (gcut_map_get(map, key) != UINT32_MAX) continue;
    gcut_arena_reset(r->scratch);
    uint32_t value = gcut_graph_add_value(r->graph, inside->body, inlined_name(r, inside, name));
    if (value == GCUT_NONE || !gcut_map_set(map, key, value)) return GCUT_NO_MEMORY(err);
  }
  return GCUT_OK;
}

static gcut_status define_all(gcut__reader *r, const gcut__function *f, const gcut__context *inside,
                              gcut_map *map, gcut_map *made, gcut_error *err) {
  gcut__field field;
  for (gcut__span rest = f->bytes; gcut__next_of(&rest, INPUT, &field);)
    GCUT_TRY(bind(r, made, field.bytes, 0, err));
  for (gcut__span rest = f->bytes; gcut__next_of(&rest, NODE, &field);)
    GCUT_TRY(define_outputs(r, field.bytes, inside, map, made, err));
  for (gcut__span rest = f->bytes; gcut__next_of(&rest, OUTPUT, &field);)
    if (gcut_map_get(made, (uint64_t)(uintptr_t)gcut__intern(r, field.bytes)) == UINT32_MAX)
      return GCUT_FAIL(err, GCUT_FORMAT, "function '%.*s': nothing defines its output '%.*s'",
                       GCUT__SHOW(f->name), GCUT__SHOW(field.bytes));
  return GCUT_OK;
}

static gcut_status define_values(gcut__reader *r, const gcut__function *f,
                                 const gcut__context *inside, gcut_map *map, gcut_error *err) {
  gcut_map made = {0};
  gcut_status status = define_all(r, f, inside, map, &made, err);
  gcut_map_free(&made);
  return status;
}

// ---- the call ---------------------------------------------------------------------------------

static gcut_status read_nodes(gcut__reader *r, const gcut__function *f, const gcut__context *inside,
                              gcut_error *err) {
  gcut__span rest = f->bytes;
  for (gcut__field field; gcut__next_of(&rest, NODE, &field);)
    GCUT_TRY(gcut__read_node(r, field.bytes, inside, err));
  return GCUT_OK;
}

static gcut_status inline_into(gcut__reader *r, const gcut__function *f,
                               const gcut__wire_node *node, const gcut__context *inside,
                               gcut_map *map, gcut_error *err) {
  GCUT_TRY(gcut__charge(r, f->bytes.size + 64, 1, err));
  GCUT_TRY(bind_inputs(r, f, node, inside->call->caller, map, err));
  GCUT_TRY(bind_outputs(r, f, node, inside, map, err));
  GCUT_TRY(define_values(r, f, inside, map, err));
  return read_nodes(r, f, inside, err);
}

gcut_status gcut__inline_call(gcut__reader *r, gcut__function *function,
                              const gcut__wire_node *node, const gcut__context *where,
                              gcut_error *err) {
  gcut_map map = {0};
  gcut__names names = {.map = &map};
  gcut__call call = {.function = function,
                     .caller = where,
                     .inner_defaults = {.body = where->body},
                     .prefix = call_prefix(r, node, where)};
  gcut__context inside = {.body = where->body, .names = &names, .call = &call};
  GCUT_TRY(check_call(r, function, where, err));
  if (!call.prefix) return GCUT_NO_MEMORY(err);
  GCUT_TRY(list_attributes(r, node->bytes, GCUT__NODE_ATTRIBUTE, &call.attributes, err));
  GCUT_TRY(import_opsets(r, &call, err));
  inside.scope = call_scope(r, function, node, call.prefix, where);
  if (inside.scope == GCUT_NONE) return gcut_graph_failed(r->graph, err);
  function->active = true;
  r->depth++;
  r->calls++;
  r->n_calls++;
  gcut_status status = inline_into(r, function, node, &inside, &map, err);
  r->calls--;
  r->depth--;
  function->active = false;
  gcut_map_free(&map);
  return status;
}
