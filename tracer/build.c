// Adding things to a graph. The arrays grow by doubling in malloc'd memory; names and lists lie in
// the arena.
#include "tracer/build.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "tracer/base/checked.h"
#include "tracer/base/error.h"
#include "tracer/base/vector.h"
#include "tracer/private.h"

// Makes room in one of the graph's arrays; false (and the failure remembered) where memory is out.
#define RESERVE(g, field, more)                                                                    \
  reserve((g), (void **)&(g)->field, &(g)->private_state->capacity.field, (g)->n_##field, (more),  \
          sizeof *(g)->field)

static bool reserve(gcut_graph *g, void **array, uint32_t *capacity, uint32_t count, uint64_t more,
                    size_t size) {
  if (gcut_vector_reserve(array, capacity, count, more, size)) return true;
  gcut_graph_fail(g, GCUT_NOMEM, "out of memory");
  return false;
}

void gcut_graph_fail(gcut_graph *graph, gcut_status status, const char *format, ...) {
  struct gcut_graph_private *p = graph->private_state;
  if (p->status != GCUT_OK) return;
  char text[sizeof p->error.message];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  p->status = GCUT_FAIL(&p->error, status, "%s", text);
}

gcut_status gcut_graph_failed(const gcut_graph *graph, gcut_error *err) {
  const struct gcut_graph_private *p = graph->private_state;
  if (p->status != GCUT_OK && err) *err = p->error;
  return p->status;
}

// Ranges of nothing start somewhere, too: no array that has ranges is NULL.
static bool prepare(gcut_graph *g) {
  g->arena = gcut_arena_create();
  g->private_state = calloc(1, sizeof *g->private_state);
  g->dims = gcut_dims_create();
  if (!g->arena || !g->private_state || !g->dims) return false;
  g->private_state->names = gcut_intern_create(g->arena);
  return g->private_state->names && RESERVE(g, operands, 1) && RESERVE(g, attributes, 1) &&
         RESERVE(g, metadata, 1);
}

gcut_status gcut_graph_create(gcut_graph **out_graph, gcut_error *err) {
  gcut_graph *g = calloc(1, sizeof *g);
  *out_graph = NULL;
  if (!g) return GCUT_NO_MEMORY(err);
  g->producer_name = g->producer_version = g->domain = g->doc = g->path = "";
  if (!prepare(g) || gcut_graph_add_body(g, "") == GCUT_NONE ||
      gcut_graph_add_scope(g, GCUT_NONE, "", "") == GCUT_NONE) {
    gcut_graph_destroy(g);
    return GCUT_NO_MEMORY(err);
  }
  *out_graph = g;
  return GCUT_OK;
}

void gcut_graph_destroy(gcut_graph *g) {
  if (!g) return;
  for (uint32_t i = 0; i < g->n_files; i++)
    if (g->files[i].data && g->files[i].bytes > 0)
      munmap((void *)g->files[i].data, g->files[i].bytes);
  for (uint32_t i = 0; i < g->n_bodies; i++) {
    free(g->bodies[i].nodes);
    free(g->bodies[i].inputs);
    free(g->bodies[i].outputs);
    free(g->bodies[i].initializers);
  }
  void *arrays[] = {g->nodes,      g->values,   g->constants, g->bodies, g->scopes, g->files,
                    g->attributes, g->metadata, g->operands,  g->uses,   g->opsets};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
  if (g->private_state) {
    gcut_intern_destroy(g->private_state->names);
    gcut_map_free(&g->private_state->values);
    gcut_map_free(&g->private_state->scopes);
    free(g->private_state->body_capacity);
    free(g->private_state->bare);
    free(g->private_state);
  }
  gcut_dims_destroy(g->dims);
  gcut_arena_destroy(g->arena);
  free(g);
}

gcut_arena *gcut_graph_arena(gcut_graph *graph) {
  return graph->arena;
}

const char *gcut_graph_intern(gcut_graph *graph, const char *data, size_t size) {
  const char *text = gcut_intern_add(graph->private_state->names, data, size);
  if (!text) gcut_graph_fail(graph, GCUT_NOMEM, "out of memory");
  return text ? text : graph->private_state->nothing.text;
}

void gcut_graph_prefetch(const gcut_graph *graph, const char *data, size_t size) {
  gcut_intern_prefetch(graph->private_state->names, data, size);
}

static const char *intern(gcut_graph *g, const char *text) {
  struct gcut_graph_private *p = g->private_state;
  if (text && *text) return gcut_graph_intern(g, text, strlen(text));
  if (!p->empty) p->empty = gcut_graph_intern(g, "", 0);
  return p->empty;
}

// ---- opsets -----------------------------------------------------------------------------------

static const char *canonical_domain(const char *domain) {
  return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

void gcut_graph_add_opset(gcut_graph *g, const char *domain, int64_t version) {
  domain = canonical_domain(domain);
  if (version < 1 || version > INT32_MAX) {
    gcut_graph_fail(g, GCUT_FORMAT, "opset version %lld of domain '%.200s' is no version",
                    (long long)version, domain);
    return;
  }
  if (gcut_graph_opset(g, domain) > 0) {
    if (gcut_graph_opset(g, domain) != version)
      gcut_graph_fail(g, GCUT_FORMAT, "domain '%.200s' is imported at two versions", domain);
    return;
  }
  if (!RESERVE(g, opsets, 1)) return;
  g->opsets[g->n_opsets++] = (gcut_opset){.domain = intern(g, domain), .version = version};
}

int64_t gcut_graph_opset(const gcut_graph *g, const char *domain) {
  domain = canonical_domain(domain);
  for (uint32_t i = 0; i < g->n_opsets; i++)
    if (strcmp(g->opsets[i].domain, domain) == 0) return g->opsets[i].version;
  return 0;
}

// ---- bodies and values ------------------------------------------------------------------------

uint32_t gcut_graph_add_body(gcut_graph *g, const char *name) {
  struct gcut_graph_private *p = g->private_state;
  if (g->n_bodies >= GCUT__MAX_BODIES) {
    gcut_graph_fail(g, GCUT_FORMAT, "more than %d subgraphs", GCUT__MAX_BODIES);
    return GCUT_NONE;
  }
  if (!RESERVE(g, bodies, 1) || !reserve(g, (void **)&p->body_capacity, &p->body_capacity_capacity,
                                         g->n_bodies, 1, sizeof *p->body_capacity))
    return GCUT_NONE;
  p->body_capacity[g->n_bodies] = (struct gcut__body_capacity){0};
  g->bodies[g->n_bodies] = (gcut_body){.name = intern(g, name), .node = GCUT_NONE, .doc = ""};
  return g->n_bodies++;
}

// Appends to one of a body's lists.
#define APPEND(g, body, field, item)                                                               \
  append((g), &(g)->bodies[body].field, &(g)->private_state->body_capacity[body].field,            \
         &(g)->bodies[body].n_##field, (item))

static void append(gcut_graph *g, uint32_t **list, uint32_t *capacity, uint32_t *n, uint32_t item) {
  if (reserve(g, (void **)list, capacity, *n, 1, sizeof **list)) (*list)[(*n)++] = item;
}

// A name that no value of the body has yet.
static const char *made_up_name(gcut_graph *g, uint32_t body) {
  char text[32];
  for (uint32_t n = g->n_values;; n++) {
    snprintf(text, sizeof text, "_%u", n);
    const char *name = intern(g, text);
    if (g->private_state->status != GCUT_OK || gcut_graph_find_value(g, body, name) == GCUT_NONE)
      return name;
  }
}

uint32_t gcut_graph_add_value(gcut_graph *g, uint32_t body, const char *name) {
  if (body >= g->n_bodies || !RESERVE(g, values, 1)) return GCUT_NONE;
  const char *text = name && *name ? intern(g, name) : made_up_name(g, body);
  if (gcut_graph_value_named(g, body, text) != GCUT_NONE)
    gcut_graph_fail(g, GCUT_FORMAT, "value '%.300s' is defined twice", text);
  if (!gcut__name_value(g, body, text, g->n_values))
    gcut_graph_fail(g, GCUT_NOMEM, "out of memory");
  g->values[g->n_values] = (gcut_value){.name = text,
                                        .declared = {.kind = GCUT_KIND_TENSOR, .rank = -1},
                                        .producer = GCUT_NONE,
                                        .constant = GCUT_NONE,
                                        .body = body,
                                        .doc = ""};
  return g->n_values++;
}

// A copy of a type whose dims and elements lie in the arena.
static gcut_type copy_type(gcut_graph *g, const gcut_type *type) {
  gcut_type copy = *type;
  if (type->rank > 0)
    copy.dims = gcut_arena_copy(g->arena, type->dims, (size_t)type->rank * sizeof *type->dims);
  if (type->rank > 0 && !copy.dims) {
    gcut_graph_fail(g, GCUT_NOMEM, "out of memory");
    copy.rank = -1;
  }
  return copy;
}

void gcut_value_declare(gcut_graph *g, uint32_t value, const gcut_type *type) {
  if (value < g->n_values) g->values[value].declared = copy_type(g, type);
}

uint32_t gcut_graph_add_input(gcut_graph *g, uint32_t body, uint32_t value) {
  if (body >= g->n_bodies || value >= g->n_values) return GCUT_NONE;
  if (g->values[value].is_input)
    gcut_graph_fail(g, GCUT_FORMAT, "input '%.300s' is listed twice", g->values[value].name);
  g->values[value].is_input = true;
  APPEND(g, body, inputs, value);
  return value;
}

void gcut_graph_add_output(gcut_graph *g, uint32_t body, uint32_t value) {
  if (body >= g->n_bodies || value >= g->n_values) return;
  if (g->values[value].body == body) g->values[value].is_output = true;
  APPEND(g, body, outputs, value);
}

// ---- files and constants ----------------------------------------------------------------------

uint32_t gcut_graph_add_file(gcut_graph *g, const char *path, const char *location,
                             const void *data, uint64_t bytes) {
  if (!RESERVE(g, files, 1)) {
    if (data && bytes > 0) munmap((void *)data, bytes);
    return GCUT_NONE;
  }
  g->files[g->n_files] = (gcut_file){
      .path = intern(g, path), .location = intern(g, location), .data = data, .bytes = bytes};
  return g->n_files++;
}

uint32_t gcut_graph_add_constant(gcut_graph *g, const gcut_constant *constant) {
  if (!RESERVE(g, constants, 1)) return GCUT_NONE;
  gcut_constant *copy = &g->constants[g->n_constants];
  *copy = *constant;
  copy->name = intern(g, constant->name);
  copy->dims =
      gcut_arena_copy(g->arena, constant->dims, (size_t)constant->rank * sizeof *constant->dims);
  if (!copy->dims) {
    gcut_graph_fail(g, GCUT_NOMEM, "out of memory");
    return GCUT_NONE;
  }
  return g->n_constants++;
}

void gcut_graph_add_initializer(gcut_graph *g, uint32_t body, uint32_t value, uint32_t constant) {
  if (body >= g->n_bodies || value >= g->n_values || constant >= g->n_constants) return;
  if (g->values[value].constant != GCUT_NONE)
    gcut_graph_fail(g, GCUT_FORMAT, "initializer '%.300s' is given twice", g->values[value].name);
  g->values[value].constant = constant;
  APPEND(g, body, initializers, value);
}

// ---- scopes -----------------------------------------------------------------------------------

// "above.name"; NULL where memory is out.
static const char *join_path(gcut_graph *g, const char *above, const char *name) {
  size_t size = strlen(above), name_size = strlen(name);
  if (size == 0) return name;
  char *path = gcut_arena_alloc(g->arena, size + name_size + 2, 1);
  if (!path) return NULL;
  memcpy(path, above, size);
  path[size] = '.';
  memcpy(path + size + 1, name, name_size);
  return path;
}

uint32_t gcut_graph_add_scope(gcut_graph *g, uint32_t parent, const char *name,
                              const char *class_name) {
  const char *text = intern(g, name), *class_text = intern(g, class_name);
  if (parent != GCUT_NONE && parent >= g->n_scopes) return GCUT_NONE;
  uint64_t key = gcut__name_key(text, parent == GCUT_NONE ? 0 : parent + 1);
  uint32_t found = gcut_map_get(&g->private_state->scopes, key);
  if (found != GCUT_NONE) {
    if (!*g->scopes[found].class_name) g->scopes[found].class_name = class_text;
    return found;
  }
  if (parent != GCUT_NONE &&
      strlen(g->scopes[parent].path) + strlen(text) + 2 > GCUT_MAX_SCOPE_PATH) {
    gcut_graph_fail(g, GCUT_FORMAT, "the path of module '%.100s' has more than %d bytes", text,
                    GCUT_MAX_SCOPE_PATH);
    return GCUT_NONE;
  }
  if (g->n_scopes >= GCUT__MAX_BODIES - 1) {
    gcut_graph_fail(g, GCUT_FORMAT, "more than %d module scopes", GCUT__MAX_BODIES);
    return GCUT_NONE;
  }
  if (!RESERVE(g, scopes, 1)) return GCUT_NONE;
  const char *path = parent == GCUT_NONE ? text : join_path(g, g->scopes[parent].path, text);
  if (!path || !gcut_map_set(&g->private_state->scopes, key, g->n_scopes)) {
    gcut_graph_fail(g, GCUT_NOMEM, "out of memory");
    return GCUT_NONE;
  }
  g->scopes[g->n_scopes] =
      (gcut_scope){.name = text, .path = path, .class_name = class_text, .parent = parent};
  return g->n_scopes++;
}

// ---- nodes ------------------------------------------------------------------------------------

static void add_operands(gcut_graph *g, const uint32_t *items, uint32_t n, uint32_t *first,
                         uint32_t *n_out) {
  *first = g->n_operands;
  *n_out = 0;
  if (!RESERVE(g, operands, n)) return;
  for (uint32_t i = 0; i < n; i++) g->operands[g->n_operands++] = items[i];
  *n_out = n;
}

void gcut_graph_add_metadata(gcut_graph *g, const gcut_metadata *metadata, uint32_t n,
                             uint32_t *first, uint32_t *n_out) {
  *first = g->n_metadata;
  *n_out = 0;
  if (n == 0 || !RESERVE(g, metadata, n)) return;
  memcpy(g->metadata + g->n_metadata, metadata, n * sizeof *metadata);
  g->n_metadata += n;
  *n_out = n;
}

// Ties the bodies that an attribute holds to their node.
static void own_bodies(gcut_graph *g, const gcut_attribute *a, uint32_t node) {
  const uint32_t *bodies = a->kind == GCUT_ATTRIBUTE_GRAPH ? &a->body : a->bodies;
  if (a->kind != GCUT_ATTRIBUTE_GRAPH && a->kind != GCUT_ATTRIBUTE_GRAPHS) return;
  for (size_t i = 0; i < a->n; i++)
    if (bodies[i] < g->n_bodies) g->bodies[bodies[i]].node = node;
}

static void add_attributes(gcut_graph *g, const gcut_node_spec *spec, gcut_node *node) {
  node->first_attribute = g->n_attributes;
  if (spec->n_attributes == 0 || !RESERVE(g, attributes, spec->n_attributes)) return;
  memcpy(g->attributes + g->n_attributes, spec->attributes,
         spec->n_attributes * sizeof *spec->attributes);
  g->n_attributes += spec->n_attributes;
  node->n_attributes = spec->n_attributes;
  for (uint32_t i = 0; i < spec->n_attributes; i++) own_bodies(g, &spec->attributes[i], g->n_nodes);
}

static void set_producers(gcut_graph *g, const gcut_node_spec *spec, uint32_t node) {
  for (uint32_t i = 0; i < spec->n_outputs; i++) {
    if (spec->outputs[i] >= g->n_values) continue;
    gcut_value *v = &g->values[spec->outputs[i]];
    if (v->producer != GCUT_NONE || v->constant != GCUT_NONE || v->is_input)
      gcut_graph_fail(g, GCUT_FORMAT, "value '%.300s' is produced twice", v->name);
    v->producer = node;
  }
}

static const char *node_name(gcut_graph *g, const gcut_node_spec *spec) {
  char text[320];
  if (spec->name && *spec->name) return intern(g, spec->name);
  snprintf(text, sizeof text, "%.200s_%u", spec->op_type ? spec->op_type : "",
           g->bodies[spec->body].n_nodes);
  return intern(g, text);
}

// The node about to be added does not tell its scope.
static void remember_bare(gcut_graph *g) {
  struct gcut_graph_private *p = g->private_state;
  if (reserve(g, (void **)&p->bare, &p->bare_capacity, p->n_bare, 1, sizeof *p->bare))
    p->bare[p->n_bare++] = g->n_nodes;
}

uint32_t gcut_graph_add_node(gcut_graph *g, const gcut_node_spec *spec) {
  if (spec->body >= g->n_bodies || !RESERVE(g, nodes, 1)) return GCUT_NONE;
  gcut_node node = {.name = node_name(g, spec),
                    .op_type = intern(g, spec->op_type),
                    .domain = intern(g, canonical_domain(spec->domain)),
                    .overload = intern(g, spec->overload),
                    .doc = intern(g, spec->doc),
                    .body = spec->body,
                    .scope = spec->scope < g->n_scopes ? spec->scope : 0};
  if (spec->scope >= g->n_scopes) remember_bare(g);
  add_operands(g, spec->inputs, spec->n_inputs, &node.first_input, &node.n_inputs);
  add_operands(g, spec->outputs, spec->n_outputs, &node.first_output, &node.n_outputs);
  add_attributes(g, spec, &node);
  gcut_graph_add_metadata(g, spec->metadata, spec->n_metadata, &node.first_metadata,
                          &node.n_metadata);
  set_producers(g, spec, g->n_nodes);
  APPEND(g, spec->body, nodes, g->n_nodes);
  g->nodes[g->n_nodes] = node;
  return g->n_nodes++;
}
