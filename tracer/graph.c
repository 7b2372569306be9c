// Looking things up in a graph, and writing types as text.
#include "graphcut/graph.h"

#include <stdio.h>

#include "tracer/build.h"
#include "tracer/dims.h"
#include "tracer/private.h"

const gcut_attribute *gcut_node_attribute(const gcut_graph *g, const gcut_node *node,
                                          const char *name) {
  for (uint32_t i = 0; i < node->n_attributes; i++)
    if (strcmp(g->attributes[node->first_attribute + i].name, name) == 0)
      return &g->attributes[node->first_attribute + i];
  return NULL;
}

uint32_t gcut_graph_find_value(const gcut_graph *g, uint32_t body, const char *name) {
  const char *text = gcut_intern_find(g->private_state->names, name, strlen(name));
  return text ? gcut_graph_value_named(g, body, text) : GCUT_NONE;
}

uint32_t gcut_graph_value_named(const gcut_graph *g, uint32_t body, const char *interned) {
  if (body == 0) return gcut_intern_tags(interned)[0];
  return gcut_map_get(&g->private_state->values, gcut__name_key(interned, body));
}

bool gcut__name_value(gcut_graph *g, uint32_t body, const char *interned, uint32_t value) {
  if (body > 0)
    return gcut_map_set(&g->private_state->values, gcut__name_key(interned, body), value);
  gcut_intern_tags(interned)[0] = value;
  return true;
}

uint32_t gcut_graph_find_node(const gcut_graph *g, const char *name) {
  const char *text = gcut_intern_find(g->private_state->names, name, strlen(name));
  return text ? gcut_intern_tags(text)[1] : GCUT_NONE;
}

int gcut_dim_format(const gcut_graph *graph, gcut_dim dim, char *buffer, size_t size) {
  return gcut_dims_format(graph->dims, dim, buffer, size);
}

// snprintf-like appending: *at counts what would have been written.
typedef struct writer {
  char *buffer;
  size_t size, at;
} writer;

static char *rest(const writer *w, size_t *left) {
  *left = w->at < w->size ? w->size - w->at : 0;
  return *left ? w->buffer + w->at : NULL;
}

static void put(writer *w, const char *text) {
  size_t left;
  char *to = rest(w, &left);
  w->at += (size_t)snprintf(to, left, "%s", text);
}

static void put_dims(writer *w, const gcut_dims *dims, const gcut_type *type) {
  put(w, "[");
  for (int d = 0; d < type->rank; d++) {
    size_t left;
    if (d > 0) put(w, ",");
    char *to = rest(w, &left);
    w->at += (size_t)gcut_dims_format(dims, type->dims[d], to, left);
  }
  put(w, "]");
}

int gcut__type_format(const gcut_dims *dims, const gcut_type *type, char *buffer, size_t size) {
  writer w = {buffer, size, 0};
  const char *wrap = type->kind == GCUT_KIND_SEQUENCE   ? "seq("
                     : type->kind == GCUT_KIND_OPTIONAL ? "optional("
                                                        : NULL;
  if (size > 0) buffer[0] = '\0';
  if (wrap) put(&w, wrap);
  put(&w, type->type ? gcut_dtype_name((gcut_dtype)type->type) : "?");
  if (type->rank >= 0) put_dims(&w, dims, type);
  if (wrap) put(&w, ")");
  return (int)w.at;
}

int gcut_type_format(const gcut_graph *graph, const gcut_type *type, char *buffer, size_t size) {
  return gcut__type_format(graph->dims, type, buffer, size);
}
