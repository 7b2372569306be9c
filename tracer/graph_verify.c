// Checks the invariants that include/graphcut/graph.h states.
#include <stdlib.h>

#include "tracer/base/error.h"
#include "tracer/build.h"
#include "tracer/private.h"

static bool in_range(uint32_t first, uint32_t n, uint32_t size) {
  return first <= size && n <= size - first;
}

static gcut_status check_node_ranges(const gcut_graph *g, const gcut_node *node, gcut_error *err) {
  bool ok = in_range(node->first_input, node->n_inputs, g->n_operands) &&
            in_range(node->first_output, node->n_outputs, g->n_operands) &&
            in_range(node->first_attribute, node->n_attributes, g->n_attributes) &&
            in_range(node->first_metadata, node->n_metadata, g->n_metadata) &&
            node->body < g->n_bodies && node->scope < g->n_scopes;
  if (!ok)
    return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': a range lies outside its array", node->name);
  for (uint32_t i = 0; i < node->n_inputs; i++)
    if (gcut_node_inputs(g, node)[i] != GCUT_NONE && gcut_node_inputs(g, node)[i] >= g->n_values)
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': input %u is no value", node->name, i);
  for (uint32_t i = 0; i < node->n_outputs; i++)
    if (gcut_node_outputs(g, node)[i] != GCUT_NONE && gcut_node_outputs(g, node)[i] >= g->n_values)
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': output %u is no value", node->name, i);
  return GCUT_OK;
}

static gcut_status check_attribute(const gcut_graph *g, const gcut_node *node,
                                   const gcut_attribute *a, gcut_error *err) {
  const uint32_t *bodies = a->kind == GCUT_ATTRIBUTE_GRAPH ? &a->body : a->bodies;
  const uint32_t *tensors = a->kind == GCUT_ATTRIBUTE_TENSOR ? &a->tensor : a->tensors;
  bool graphs = a->kind == GCUT_ATTRIBUTE_GRAPH || a->kind == GCUT_ATTRIBUTE_GRAPHS;
  bool constants = a->kind == GCUT_ATTRIBUTE_TENSOR || a->kind == GCUT_ATTRIBUTE_TENSORS;
  for (size_t i = 0; i < a->n && graphs; i++)
    if (bodies[i] >= g->n_bodies || bodies[i] <= node->body ||
        g->bodies[bodies[i]].node >= g->n_nodes || &g->nodes[g->bodies[bodies[i]].node] != node)
      return GCUT_FAIL(err, GCUT_FORMAT,
                       "node '%.200s': attribute '%.100s' holds no body of its own", node->name,
                       a->name);
  for (size_t i = 0; i < a->n && constants; i++)
    if (tensors[i] >= g->n_constants)
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s': attribute '%.100s' holds no constant",
                       node->name, a->name);
  return GCUT_OK;
}

// What finish relies on before it can compute anything.
gcut_status gcut__graph_check_operands(const gcut_graph *g, gcut_error *err) {
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    const gcut_node *node = &g->nodes[i];
    GCUT_TRY(check_node_ranges(g, node, err));
    for (uint32_t k = 0; k < node->n_attributes; k++)
      GCUT_TRY(check_attribute(g, node, &g->attributes[node->first_attribute + k], err));
  }
  return GCUT_OK;
}

// Whether body `inner` is `outer` or lies within it.
static bool body_within(const gcut_graph *g, uint32_t inner, uint32_t outer) {
  while (inner > outer && g->bodies[inner].node < g->n_nodes)
    inner = g->nodes[g->bodies[inner].node].body;
  return inner == outer;
}

// A value may be read from a body where it is defined in that body or around it.
static gcut_status check_read(const gcut_graph *g, uint32_t value, uint32_t body,
                              const char *reader, gcut_error *err) {
  const gcut_value *v = &g->values[value];
  if (!body_within(g, body, v->body))
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "'%.200s' reads value '%.200s' from a subgraph it does not see", reader,
                     v->name);
  if (v->producer == GCUT_NONE && v->constant == GCUT_NONE && !v->is_input)
    return GCUT_FAIL(err, GCUT_FORMAT, "'%.200s' reads value '%.200s', which nothing produces",
                     reader, v->name);
  return GCUT_OK;
}

// Producers first: `position` numbers the nodes of each body in its order.
static gcut_status check_node_order(const gcut_graph *g, uint32_t i, const uint32_t *position,
                                    gcut_error *err) {
  const gcut_node *node = &g->nodes[i];
  for (uint32_t k = 0; k < gcut_node_n_reads(node); k++) {
    uint32_t value = gcut_node_read(g, node, k);
    if (value == GCUT_NONE) continue;
    GCUT_TRY(check_read(g, value, node->body, node->name, err));
    uint32_t producer = g->values[value].producer;
    if (producer != GCUT_NONE && g->nodes[producer].body == node->body &&
        position[producer] >= position[i])
      return GCUT_FAIL(err, GCUT_FORMAT,
                       "node '%.200s' stands before the producer of its input '%.200s'", node->name,
                       g->values[value].name);
  }
  for (uint32_t k = 0; k < node->n_outputs; k++) {
    uint32_t value = gcut_node_outputs(g, node)[k];
    if (value != GCUT_NONE &&
        (g->values[value].producer != i || g->values[value].body != node->body))
      return GCUT_FAIL(err, GCUT_FORMAT, "value '%.200s' has two producers", g->values[value].name);
  }
  return GCUT_OK;
}

static gcut_status check_body(const gcut_graph *g, uint32_t b, gcut_error *err) {
  const gcut_body *body = &g->bodies[b];
  if (b > 0 && body->node >= g->n_nodes)
    return GCUT_FAIL(err, GCUT_FORMAT, "subgraph '%.200s' belongs to no node", body->name);
  for (uint32_t i = 0; i < body->n_outputs; i++)
    GCUT_TRY(check_read(g, body->outputs[i], b, "an output", err));
  for (uint32_t i = 0; i < body->n_inputs; i++)
    if (g->values[body->inputs[i]].body != b)
      return GCUT_FAIL(err, GCUT_FORMAT, "input '%.200s' belongs to another graph",
                       g->values[body->inputs[i]].name);
  return GCUT_OK;
}

static gcut_status check_order(const gcut_graph *g, uint32_t *position, gcut_error *err) {
  uint32_t n = 0;
  for (uint32_t b = 0; b < g->n_bodies; b++)
    for (uint32_t i = 0; i < g->bodies[b].n_nodes; i++, n++) position[g->bodies[b].nodes[i]] = i;
  if (n != g->n_nodes) return GCUT_FAIL(err, GCUT_FORMAT, "a node stands in no graph, or in two");
  for (uint32_t i = 0; i < g->n_nodes; i++) GCUT_TRY(check_node_order(g, i, position, err));
  for (uint32_t b = 0; b < g->n_bodies; b++) GCUT_TRY(check_body(g, b, err));
  for (uint32_t s = 1; s < g->n_scopes; s++)
    if (g->scopes[s].parent >= s)
      return GCUT_FAIL(err, GCUT_FORMAT, "scope %u stands before its parent", s);
  return GCUT_OK;
}

gcut_status gcut_graph_verify(const gcut_graph *g, gcut_error *err) {
  GCUT_TRY(gcut__graph_check_operands(g, err));
  uint32_t *position = calloc((size_t)g->n_nodes + 1, sizeof *position);
  if (!position) return GCUT_NO_MEMORY(err);
  gcut_status status = check_order(g, position, err);
  free(position);
  return status;
}
