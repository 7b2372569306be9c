// Functions, inlined where they are called, by the rules of the ONNX reader: a call opens a frame
// of names in which formal inputs and outputs stand for the call's values, and what else the
// function's nodes define gets "<call>/<name>" in the caller's body. Functions that call themselves
// are refused; so is a growth beyond two million items, for functions that call the next one twice.
#include "formats/gcir/gcir.h"
#include "formats/inline.h"
#include "tracer/ops/op.h"

enum { MAX_PREFIX = 256, MAX_INLINED = 2000000 };

// ---- the table --------------------------------------------------------------------------------

static const char *function_id(const gcir_builder *b, const char *domain, const char *name,
                               const char *overload) {
  if (strcmp(domain, "ai.onnx") == 0) domain = "";
  char *text = gcut_arena_format(b->p->scratch, "%s\n%s\n%s", domain, name, overload);
  return text ? gcut_graph_intern(b->graph, text, strlen(text)) : "";
}

gcut_status gcut__gcir_index_functions(gcir_builder *b) {
  for (uint32_t i = 0; i < b->p->functions.n; i++) {
    const gcir_function *f = &GCIR_ITEM(gcir_function, b->p->functions, i);
    uint64_t key = (uint64_t)(uintptr_t)function_id(b, f->domain, f->name, f->overload);
    if (gcut_map_get(&b->functions, key) != UINT32_MAX)
      return GCUT_FAIL(b->p->err, GCUT_FORMAT, "function '%.200s' is defined twice", f->name);
    if (!gcut_map_set(&b->functions, key, i)) return GCUT_NO_MEMORY(b->p->err);
  }
  return GCUT_OK;
}

gcir_function *gcut__gcir_find_function(const gcir_builder *b, const gcir_node *node) {
  const char *id = function_id(b, node->domain, node->op_type, node->overload);
  uint32_t index = gcut_map_get(&b->functions, (uint64_t)(uintptr_t)id);
  return index == UINT32_MAX ? NULL : &GCIR_ITEM(gcir_function, b->p->functions, index);
}

// ---- limits -----------------------------------------------------------------------------------

gcut_status gcut__gcir_charge(gcir_builder *b, uint64_t items) {
  if (b->calls == 0) return GCUT_OK;
  b->inlined += items;
  if (b->inlined <= MAX_INLINED) return GCUT_OK;
  return GCUT_FAIL(b->p->err, GCUT_FORMAT, "inlining its functions makes the model too large");
}

static gcut_status check_call(const gcir_builder *b, const gcir_function *f,
                              const gcir_node *node) {
  if (f->active) return gcut__gcir_fail(b->p, node->at, "function '%.200s' calls itself", f->name);
  if (b->calls >= GCIR_MAX_CALLS || b->depth >= GCIR_MAX_DEPTH)
    return gcut__gcir_fail(b->p, node->at, "calls more than %d deep", GCIR_MAX_CALLS);
  return GCUT_OK;
}

// ---- opsets -----------------------------------------------------------------------------------

// Nodes of a function that imports another version of a domain than the model does must mean the
// same in both.
static gcut_status check_versions(const gcir_builder *b, const gcir_function *f, const char *domain,
                                  int64_t own, int64_t models) {
  for (const gcir_node *node = f->nodes; node; node = node->next) {
    if (strcmp(node->domain, domain) != 0) continue;
    if (gcut__inline_means_same(domain, node->op_type, own, models)) continue;
    return GCUT_FAIL(b->p->err, GCUT_UNSUPPORTED,
                     "function '%.200s' uses %.200s of opset %lld, the model imports opset %lld",
                     f->name, node->op_type, (long long)own, (long long)models);
  }
  return GCUT_OK;
}

static gcut_status import_opsets(gcir_builder *b, const gcir_function *f) {
  for (uint32_t i = 0; i < f->opsets.n; i++) {
    gcir_opset opset = GCIR_ITEM(gcir_opset, f->opsets, i);
    const char *domain = strcmp(opset.domain, "ai.onnx") ? opset.domain : "";
    int64_t models = gcut_graph_opset(b->graph, domain);
    if (models == 0)
      gcut_graph_add_opset(b->graph, domain, opset.version);
    else if (models != opset.version)
      GCUT_TRY(check_versions(b, f, domain, opset.version, models));
  }
  return GCUT_OK;
}

// ---- names ------------------------------------------------------------------------------------

// "<prefix of the caller><name of the call>/"; a counter where that would be long.
static const char *call_prefix(gcir_builder *b, const gcir_node *node, const gcir_context *where) {
  const char *outer = where->call ? where->call->prefix : "";
  if (*node->name && strlen(node->name) + strlen(outer) < MAX_PREFIX)
    return gcut_arena_format(b->p->arena, "%s%s/", outer, node->name);
  return gcut_arena_format(b->p->arena, "%.63s_%llu/", node->op_type,
                           (unsigned long long)b->n_calls);
}

static gcut_string string_of(const char *text) {
  return (gcut_string){text, strlen(text)};
}

// The scope of a call: below that of its node, named by the last part of its name.
static uint32_t call_scope(gcir_builder *b, const gcir_function *f, const gcir_node *node,
                           const char *prefix, const gcir_context *where) {
  uint32_t scope = gcut__gcir_node_scope(b, node, where);
  return gcut__inline_scope(b->graph, scope == GCUT_NONE ? where->scope : scope, prefix,
                            string_of(node->op_type), string_of(f->domain), string_of(f->name));
}

// ---- the frame of a call ----------------------------------------------------------------------

static gcut_status bind(gcir_builder *b, gcut_map *map, const char *name, uint32_t value) {
  uint64_t key = (uint64_t)(uintptr_t)name;
  if (gcut_map_get(map, key) != UINT32_MAX)
    return GCUT_FAIL(b->p->err, GCUT_FORMAT, "function: '%.200s' is defined twice", name);
  return gcut_map_set(map, key, value == GCUT_NONE ? GCIR_ABSENT : value)
             ? GCUT_OK
             : GCUT_NO_MEMORY(b->p->err);
}

static gcut_status check_counts(const gcir_builder *b, const gcir_call *call) {
  const gcir_function *f = call->function;
  const gcir_node *node = call->node;
  if (node->inputs.n <= f->inputs.n && node->outputs.n <= f->outputs.n) return GCUT_OK;
  return gcut__gcir_fail(b->p, node->at,
                         "function '%.200s' has %u inputs and %u outputs, the call %u and %u",
                         f->name, f->inputs.n, f->outputs.n, node->inputs.n, node->outputs.n);
}

// The value that the call has at a position of its inputs or outputs; GCUT_NONE where it is absent.
static gcut_status call_value(const gcir_builder *b, const gcir_call *call, const gcir_list *names,
                              uint32_t i, uint32_t *out) {
  *out = GCUT_NONE;
  if (i >= names->n || !*GCIR_ITEM(const char *, *names, i)) return GCUT_OK;
  const char *name = GCIR_ITEM(const char *, *names, i);
  if (gcut__gcir_find_value(b, call->caller->names, name, out)) return GCUT_OK;
  return gcut__gcir_fail(b->p, call->node->at, "nothing defines '%.200s'", name);
}

static gcut_status bind_inputs(gcir_builder *b, const gcir_call *call, gcut_map *map) {
  for (uint32_t i = 0; i < call->function->inputs.n; i++) {
    uint32_t value;
    GCUT_TRY(call_value(b, call, &call->node->inputs, i, &value));
    GCUT_TRY(bind(b, map, GCIR_ITEM(const char *, call->function->inputs, i), value));
  }
  return GCUT_OK;
}

static gcut_status bind_output(gcir_builder *b, const gcir_context *inside, const char *name,
                               uint32_t value, gcut_map *map) {
  uint32_t input = gcut_map_get(map, (uint64_t)(uintptr_t)name);
  if (value == GCUT_NONE) return GCUT_OK;
  if (input == UINT32_MAX) return bind(b, map, name, value);
  if (input == GCIR_ABSENT)
    return GCUT_FAIL(b->p->err, GCUT_FORMAT,
                     "function: output '%.200s' is an input that is left out", name);
  return gcut__inline_identity(b->graph, inside->body, inside->scope, input, value, b->p->err);
}

static gcut_status bind_outputs(gcir_builder *b, const gcir_context *inside, gcut_map *map) {
  const gcir_call *call = inside->call;
  for (uint32_t i = 0; i < call->function->outputs.n; i++) {
    uint32_t value;
    GCUT_TRY(call_value(b, call, &call->node->outputs, i, &value));
    GCUT_TRY(
        bind_output(b, inside, GCIR_ITEM(const char *, call->function->outputs, i), value, map));
  }
  return GCUT_OK;
}

// Gives the values that the function's nodes define their names. `made` holds all that are defined
// so far, inputs included; `map` the outputs, too.
static gcut_status define_output(gcir_builder *b, const gcir_context *inside, const char *name,
                                 gcut_map *map, gcut_map *made) {
  GCUT_TRY(bind(b, made, name, 0));
  if (gcut_map_get(map, (uint64_t)(uintptr_t)name) != UINT32_MAX) return GCUT_OK;
  const char *own = gcut__inline_name(b->graph, b->p->scratch, inside->body, inside->call->prefix,
                                      name, &b->inlined);
  uint32_t value = gcut_graph_add_value(b->graph, inside->body, own);
  if (value == GCUT_NONE) return GCUT_NO_MEMORY(b->p->err);
  return bind(b, map, name, value);
}

static gcut_status define_all(gcir_builder *b, const gcir_context *inside, gcut_map *map,
                              gcut_map *made) {
  const gcir_function *f = inside->call->function;
  for (uint32_t i = 0; i < f->inputs.n; i++)
    GCUT_TRY(bind(b, made, GCIR_ITEM(const char *, f->inputs, i), 0));
  for (const gcir_node *node = f->nodes; node; node = node->next)
    for (uint32_t i = 0; i < node->outputs.n; i++) {
      const char *name = GCIR_ITEM(const char *, node->outputs, i);
      if (*name) GCUT_TRY(define_output(b, inside, name, map, made));
    }
  for (uint32_t i = 0; i < f->outputs.n; i++) {
    const char *name = GCIR_ITEM(const char *, f->outputs, i);
    if (gcut_map_get(made, (uint64_t)(uintptr_t)name) == UINT32_MAX)
      return GCUT_FAIL(b->p->err, GCUT_FORMAT,
                       "function '%.200s': nothing defines its output '%.200s'", f->name, name);
  }
  return GCUT_OK;
}

static gcut_status define_values(gcir_builder *b, const gcir_context *inside, gcut_map *map) {
  gcut_map made = {0};
  gcut_status status = define_all(b, inside, map, &made);
  gcut_map_free(&made);
  return status;
}

// ---- attributes -------------------------------------------------------------------------------

static const gcir_attribute *find_attribute(const gcir_list *list, const char *name) {
  for (uint32_t i = 0; i < list->n; i++)
    if (GCIR_ITEM(gcir_attribute, *list, i).value.name == name)
      return &GCIR_ITEM(gcir_attribute, *list, i);
  return NULL;
}

const gcir_attribute *gcut__gcir_bound_attribute(const gcir_call *call, const char *name,
                                                 const gcir_context **out_where) {
  const gcir_attribute *found = find_attribute(&call->node->attributes, name);
  *out_where = call->caller;
  return found ? found : find_attribute(&call->function->defaults, name);
}

// ---- the call ---------------------------------------------------------------------------------

static gcut_status inline_into(gcir_builder *b, const gcir_context *inside, gcut_map *map) {
  const gcir_function *f = inside->call->function;
  GCUT_TRY(gcut__gcir_charge(b, 1 + f->n_nodes));
  GCUT_TRY(check_counts(b, inside->call));
  GCUT_TRY(import_opsets(b, f));
  GCUT_TRY(bind_inputs(b, inside->call, map));
  GCUT_TRY(bind_outputs(b, inside, map));
  GCUT_TRY(define_values(b, inside, map));
  for (const gcir_node *node = f->nodes; node; node = node->next)
    GCUT_TRY(gcut__gcir_build_node(b, node, inside));
  return GCUT_OK;
}

gcut_status gcut__gcir_inline(gcir_builder *b, gcir_function *function, const gcir_node *node,
                              const gcir_context *where) {
  gcut_map map = {0};
  gcir_names names = {.map = &map};
  gcir_call call = {
      .function = function, .caller = where, .node = node, .prefix = call_prefix(b, node, where)};
  gcir_context inside = {.body = where->body, .names = &names, .call = &call};
  GCUT_TRY(check_call(b, function, node));
  if (!call.prefix) return GCUT_NO_MEMORY(b->p->err);
  inside.scope = call_scope(b, function, node, call.prefix, where);
  if (inside.scope == GCUT_NONE) return gcut_graph_finish(b->graph, b->p->err); // says why
  function->active = true;
  b->depth++, b->calls++, b->n_calls++;
  gcut_status status = inline_into(b, &inside, &map);
  b->depth--, b->calls--;
  function->active = false;
  gcut_map_free(&map);
  return status;
}
