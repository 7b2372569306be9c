// What a graph keeps while it is built, beside its public arrays. For tracer/ alone.
#ifndef GCUT_TRACER_PRIVATE_H
#define GCUT_TRACER_PRIVATE_H

#include "graphcut/graph.h"
#include "tracer/base/arena.h"
#include "tracer/base/intern.h"
#include "tracer/base/map.h"

struct gcut_graph_private {
  gcut_intern *names; // tagged with the main graph's value, and its first node, of that name
  gcut_map values;    // of other bodies: gcut__name_key(name, body) -> value
  gcut_map scopes;    // gcut__name_key(name, parent) -> scope
  struct {
    uint32_t tags[2];
    char text[8];
  } nothing;         // an empty name for when memory is out
  const char *empty; // the empty name interned, or NULL
  struct {           // of the arrays of gcut_graph, in items
    uint32_t nodes, values, constants, bodies, scopes, files, attributes, metadata, operands,
        opsets;
  } capacity;
  struct gcut__body_capacity { // [n_bodies]: of each body's lists, in items
    uint32_t nodes, inputs, outputs, initializers;
  } * body_capacity;
  uint32_t body_capacity_capacity;
  uint32_t *bare, n_bare, bare_capacity; // nodes that did not tell their scope
  gcut_status status;                    // the first failure while building
  gcut_error error;
};

enum { GCUT__MAX_BODIES = 1 << 20 };

// One key for an interned name within a body or scope: each lies in 16 bytes of
// its own, below 2^47.
static inline uint64_t gcut__name_key(const char *interned, uint32_t index) {
  return (uint64_t)(uintptr_t)interned >> 4 | (uint64_t)index << 43;
}

// Ranges and operands of all nodes lie within their arrays; bodies belong to their nodes.
GCUT_MUST_USE gcut_status gcut__graph_check_operands(const gcut_graph *graph, gcut_error *err);
// Gives the nodes that did not tell their scope the one their neighbours agree on (spread.c).
GCUT_MUST_USE gcut_status gcut__graph_spread_scopes(gcut_graph *graph, gcut_error *err);
// Notes that a body has a value of that interned name; false where memory is out.
bool gcut__name_value(gcut_graph *graph, uint32_t body, const char *interned, uint32_t value);
// gcut_type_format over any dim table.
int gcut__type_format(const gcut_dims *dims, const gcut_type *type, char *buffer, size_t size);

#endif
