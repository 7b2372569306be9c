// Completing a graph: operators and attributes resolved, captures and uses listed, nodes ordered.
//
// A body's number is greater than that of the body its node stands in (readers add it while they
// read the node), so walking bodies from the last to the first meets inner ones before outer ones
// without recursion.
#include <stdlib.h>

#include "tracer/base/error.h"
#include "tracer/base/vector.h"
#include "tracer/build.h"
#include "tracer/ops/op.h"
#include "tracer/private.h"

// ---- operators --------------------------------------------------------------------------------

static const uint32_t NOT_FOUND = UINT32_MAX - 1;

// Sets the operator's row of a node; `known` remembers rows by the domain's index and the interned
// type.
static bool find_op(gcut_map *known, gcut_node *node, uint32_t domain) {
  size_t n;
  const gcut_op_row *rows = gcut_op_rows(&n);
  uint64_t key = gcut__name_key(node->op_type, domain);
  uint32_t found = gcut_map_get(known, key);
  if (found == GCUT_NONE) {
    const gcut_op_row *row = gcut_op_find(node->domain, node->op_type);
    found = row ? (uint32_t)(row - rows) : NOT_FOUND;
    if (!gcut_map_set(known, key, found)) return false;
  }
  if (found != NOT_FOUND) node->op = rows[found].op, node->op_row = found;
  return true;
}

static gcut_status resolve_node(gcut_graph *g, gcut_node *node, gcut_map *known, gcut_error *err) {
  uint32_t domain = 0;
  while (domain < g->n_opsets && g->opsets[domain].domain != node->domain) domain++;
  if (domain == g->n_opsets)
    return GCUT_FAIL(err, GCUT_FORMAT, "node '%.200s' (%.100s): domain '%.100s' is not imported",
                     node->name, node->op_type, node->domain);
  node->version = (int32_t)g->opsets[domain].version;
  if (!find_op(known, node, domain)) return GCUT_NO_MEMORY(err);
  return node->op ? gcut_op_parse_attrs(g, node, node->op, g->arena, &node->attrs, err) : GCUT_OK;
}

static gcut_status resolve_operators(gcut_graph *g, gcut_error *err) {
  gcut_map known = {0};
  gcut_status status = GCUT_OK;
  for (uint32_t i = 0; i < g->n_nodes && status == GCUT_OK; i++)
    status = resolve_node(g, &g->nodes[i], &known, err);
  gcut_map_free(&known);
  return status;
}

static void index_nodes(gcut_graph *g) {
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++) {
    uint32_t node = g->bodies[0].nodes[i], *tag = &gcut_intern_tags(g->nodes[node].name)[1];
    if (*tag == GCUT_NONE) *tag = node;
  }
}

// ---- captures ---------------------------------------------------------------------------------

// The list being made for one node: outer values, each once.
typedef struct capture_list {
  gcut_graph *g;
  uint32_t *seen; // [n_values] the node + 1 that last listed the value
  uint32_t node;
  uint32_t *items, n, capacity;
} capture_list;

static bool capture(capture_list *c, uint32_t value, uint32_t body) {
  if (value == GCUT_NONE || c->g->values[value].body == body) return true;
  if (c->seen[value] == c->node + 1) return true;
  c->seen[value] = c->node + 1;
  if (!gcut_vector_reserve((void **)&c->items, &c->capacity, c->n, 1, sizeof *c->items))
    return false;
  c->items[c->n++] = value;
  return true;
}

// Lists what body `b` reads from outside itself.
static bool capture_body(capture_list *c, uint32_t b) {
  const gcut_graph *g = c->g;
  for (uint32_t i = 0; i < g->bodies[b].n_nodes; i++) {
    const gcut_node *node = &g->nodes[g->bodies[b].nodes[i]];
    for (uint32_t k = 0; k < node->n_inputs; k++)
      if (!capture(c, gcut_node_inputs(g, node)[k], b)) return false;
    for (uint32_t k = 0; k < node->n_captures; k++)
      if (!capture(c, gcut_node_captures(g, node)[k], b)) return false;
  }
  for (uint32_t i = 0; i < g->bodies[b].n_outputs; i++)
    if (!capture(c, g->bodies[b].outputs[i], b)) return false;
  return true;
}

static bool capture_node(capture_list *c, uint32_t node) {
  gcut_graph *g = c->g;
  gcut_node *n = &g->nodes[node];
  c->node = node;
  c->n = 0;
  for (uint32_t i = 0; i < n->n_attributes; i++) {
    const gcut_attribute *a = &g->attributes[n->first_attribute + i];
    const uint32_t *bodies = a->kind == GCUT_ATTRIBUTE_GRAPH ? &a->body : a->bodies;
    if (a->kind != GCUT_ATTRIBUTE_GRAPH && a->kind != GCUT_ATTRIBUTE_GRAPHS) continue;
    for (size_t k = 0; k < a->n; k++)
      if (!capture_body(c, bodies[k])) return false;
  }
  if (!gcut_vector_reserve((void **)&g->operands, &g->private_state->capacity.operands,
                           g->n_operands, c->n, sizeof *g->operands))
    return false;
  n->first_capture = g->n_operands;
  n->n_captures = c->n;
  if (c->n > 0) memcpy(g->operands + g->n_operands, c->items, c->n * sizeof *c->items);
  g->n_operands += c->n;
  return true;
}

// Inner bodies first: what they capture from further out, the node around them captures, too.
static gcut_status find_captures(gcut_graph *g, gcut_error *err) {
  capture_list c = {.g = g, .seen = calloc((size_t)g->n_values + 1, sizeof *c.seen)};
  bool ok = c.seen != NULL;
  for (uint32_t b = g->n_bodies; ok && b-- > 0;)
    for (uint32_t i = 0; ok && i < g->bodies[b].n_nodes; i++)
      ok = capture_node(&c, g->bodies[b].nodes[i]);
  free(c.seen);
  free(c.items);
  return ok ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- uses -------------------------------------------------------------------------------------

typedef void (*visit)(void *context, uint32_t value, uint32_t node);

// Calls back for every (value, node that reads it) once, in node order.
static void each_use(const gcut_graph *g, uint32_t *last, visit visit_use, void *context) {
  for (uint32_t i = 0; i < g->n_nodes; i++) {
    const gcut_node *node = &g->nodes[i];
    for (uint32_t k = 0; k < gcut_node_n_reads(node); k++) {
      uint32_t value = gcut_node_read(g, node, k);
      if (value == GCUT_NONE || last[value] == i + 1) continue;
      last[value] = i + 1;
      visit_use(context, value, i);
    }
  }
}

static void count_use(void *context, uint32_t value, uint32_t node) {
  (void)node;
  ((gcut_graph *)context)->values[value].n_uses++;
}

static void store_use(void *context, uint32_t value, uint32_t node) {
  gcut_graph *g = context;
  g->uses[g->values[value].first_use + g->values[value].n_uses++] = node;
}

static gcut_status list_uses(gcut_graph *g, gcut_error *err) {
  uint32_t *last = calloc((size_t)g->n_values + 1, sizeof *last);
  if (!last) return GCUT_NO_MEMORY(err);
  each_use(g, last, count_use, g);
  for (uint32_t v = 0; v < g->n_values; v++) {
    g->values[v].first_use = g->n_uses;
    g->n_uses += g->values[v].n_uses;
    g->values[v].n_uses = 0;
  }
  g->uses = malloc(((size_t)g->n_uses + 1) * sizeof *g->uses);
  if (g->uses) {
    memset(last, 0, ((size_t)g->n_values + 1) * sizeof *last);
    each_use(g, last, store_use, g);
  }
  free(last);
  return g->uses ? GCUT_OK : GCUT_NO_MEMORY(err);
}

// ---- order ------------------------------------------------------------------------------------

// Kahn's algorithm with a binary heap of ready nodes, so the order stays as near the file's as it
// can.
typedef struct sorter {
  const gcut_graph *g;
  uint32_t *waiting; // [n_nodes] producers still to come
  uint32_t *heap, n_heap;
  uint32_t *order, n_order;
} sorter;

static void heap_push(sorter *s, uint32_t node) {
  uint32_t i = s->n_heap++;
  for (; i > 0 && s->heap[(i - 1) / 2] > node; i = (i - 1) / 2) s->heap[i] = s->heap[(i - 1) / 2];
  s->heap[i] = node;
}

static uint32_t heap_pop(sorter *s) {
  uint32_t top = s->heap[0], last = s->heap[--s->n_heap], i = 0;
  for (uint32_t child; (child = 2 * i + 1) < s->n_heap; i = child) {
    if (child + 1 < s->n_heap && s->heap[child + 1] < s->heap[child]) child++;
    if (s->heap[child] >= last) break;
    s->heap[i] = s->heap[child];
  }
  s->heap[i] = last;
  return top;
}

// The node in the same body that produces an operand, or GCUT_NONE.
static uint32_t producer_in(const gcut_graph *g, uint32_t value, uint32_t body) {
  if (value == GCUT_NONE || g->values[value].body != body) return GCUT_NONE;
  return g->values[value].producer;
}

static void count_waiting(sorter *s, const gcut_body *body, uint32_t b) {
  for (uint32_t i = 0; i < body->n_nodes; i++) s->waiting[body->nodes[i]] = 0;
  for (uint32_t i = 0; i < body->n_nodes; i++) {
    const gcut_node *node = &s->g->nodes[body->nodes[i]];
    for (uint32_t k = 0; k < node->n_outputs; k++) {
      uint32_t value = gcut_node_outputs(s->g, node)[k];
      if (value == GCUT_NONE || s->g->values[value].body != b) continue;
      for (uint32_t u = 0; u < s->g->values[value].n_uses; u++) {
        uint32_t user = s->g->uses[s->g->values[value].first_use + u];
        if (s->g->nodes[user].body == b) s->waiting[user]++;
      }
    }
  }
}

static void release_users(sorter *s, uint32_t node, uint32_t b) {
  const gcut_node *n = &s->g->nodes[node];
  for (uint32_t k = 0; k < n->n_outputs; k++) {
    uint32_t value = gcut_node_outputs(s->g, n)[k];
    if (value == GCUT_NONE || s->g->values[value].body != b) continue;
    for (uint32_t u = 0; u < s->g->values[value].n_uses; u++) {
      uint32_t user = s->g->uses[s->g->values[value].first_use + u];
      if (s->g->nodes[user].body == b && --s->waiting[user] == 0) heap_push(s, user);
    }
  }
}

// Walks back from a node that never became ready until a node repeats: that is on a cycle.
static gcut_status report_cycle(const sorter *s, const gcut_body *body, uint32_t b,
                                gcut_error *err) {
  const gcut_graph *g = s->g;
  uint32_t at = GCUT_NONE;
  for (uint32_t i = 0; i < body->n_nodes && at == GCUT_NONE; i++)
    if (s->waiting[body->nodes[i]] > 0) at = body->nodes[i];
  for (uint32_t step = 0; step < body->n_nodes; step++) {
    const gcut_node *node = &g->nodes[at];
    for (uint32_t k = 0; k < gcut_node_n_reads(node); k++) {
      uint32_t value = gcut_node_read(g, node, k);
      uint32_t from = producer_in(g, value, b);
      if (from == GCUT_NONE || s->waiting[from] == 0) continue;
      at = from;
      break;
    }
  }
  return GCUT_FAIL(err, GCUT_FORMAT, "the graph has a cycle through node '%.200s' (%.100s)",
                   g->nodes[at].name, g->nodes[at].op_type);
}

static gcut_status order_body(sorter *s, gcut_body *body, uint32_t b, gcut_error *err) {
  s->n_heap = s->n_order = 0;
  count_waiting(s, body, b);
  for (uint32_t i = 0; i < body->n_nodes; i++)
    if (s->waiting[body->nodes[i]] == 0) heap_push(s, body->nodes[i]);
  while (s->n_heap > 0) {
    uint32_t node = heap_pop(s);
    s->order[s->n_order++] = node;
    release_users(s, node, b);
  }
  if (s->n_order < body->n_nodes) return report_cycle(s, body, b, err);
  if (body->n_nodes > 0) memcpy(body->nodes, s->order, body->n_nodes * sizeof *s->order);
  return GCUT_OK;
}

static gcut_status order_nodes(gcut_graph *g, gcut_error *err) {
  size_t n = (size_t)g->n_nodes + 1;
  uint32_t *memory = calloc(n, 3 * sizeof *memory);
  if (!memory) return GCUT_NO_MEMORY(err);
  sorter s = {.g = g, .waiting = memory, .heap = memory + n, .order = memory + 2 * n};
  gcut_status status = GCUT_OK;
  for (uint32_t b = 0; b < g->n_bodies && status == GCUT_OK; b++)
    status = order_body(&s, &g->bodies[b], b, err);
  free(memory);
  return status;
}

// ---- all of it --------------------------------------------------------------------------------

static void count_scopes(gcut_graph *g) {
  for (uint32_t i = 0; i < g->bodies[0].n_nodes; i++)
    g->scopes[g->nodes[g->bodies[0].nodes[i]].scope].n_nodes++;
  for (uint32_t s = g->n_scopes; s-- > 1;)
    g->scopes[g->scopes[s].parent].n_nodes += g->scopes[s].n_nodes;
}

gcut_status gcut_graph_finish(gcut_graph *g, gcut_error *err) {
  GCUT_TRY(gcut_graph_failed(g, err));
  GCUT_TRY(resolve_operators(g, err));
  GCUT_TRY(gcut__graph_check_operands(g, err));
  GCUT_TRY(find_captures(g, err));
  GCUT_TRY(list_uses(g, err));
  GCUT_TRY(order_nodes(g, err));
  index_nodes(g);
  GCUT_TRY(gcut__graph_spread_scopes(g, err));
  count_scopes(g);
  return gcut_graph_verify(g, err);
}
