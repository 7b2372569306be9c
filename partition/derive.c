// From an assignment of nodes to parts to the plan. One pass over the parts in order finds what
// each reads and from where; a second one, knowing every value's last reader, what each hands on.
// Marks by value are stamped with the part's number, so nothing is cleared between parts: linear.
#include <string.h>

#include "partition/draft.h"
#include "partition/peak.h"
#include "partition/reads.h"
#include "tracer/base/checked.h"
#include "tracer/base/error.h"

typedef struct deriver {
  const gcut__draft *draft;
  const gcut_graph *graph;
  gcut_plan *plan;
  gcut_arena *arena;                  // the plan's
  uint32_t *made, *read;              // [n_values] part + 1 that last did
  uint32_t *last_reader, *first_part; // [n_values] GCUT_NONE; part that made it (graph inputs: 0)
  uint32_t *loaded;                   // [n_constants] part + 1 that last counted it
  uint32_t *inputs, *constants;       // room for what one part reads
  uint32_t n_inputs, n_constants;
  uint32_t part;                 // whose bodies are read
  uint32_t *body_of, *next_body; // [n_nodes], [n_bodies] bodies inside a main graph's node, linked
} deriver;

static gcut_status allocate(deriver *d, gcut_error *err) {
  const gcut_graph *g = d->graph;
  gcut_arena *s = d->draft->scratch;
  size_t n = g->n_values;
  d->made = GCUT_NEW_ARRAY(s, uint32_t, n);
  d->read = GCUT_NEW_ARRAY(s, uint32_t, n);
  d->last_reader = GCUT_NEW_ARRAY(s, uint32_t, n);
  d->first_part = GCUT_NEW_ARRAY(s, uint32_t, n);
  d->inputs = GCUT_NEW_ARRAY(s, uint32_t, n);
  d->constants = GCUT_NEW_ARRAY(s, uint32_t, n);
  d->loaded = GCUT_NEW_ARRAY(s, uint32_t, g->n_constants);
  d->body_of = GCUT_NEW_ARRAY(s, uint32_t, g->n_nodes);
  d->next_body = GCUT_NEW_ARRAY(s, uint32_t, g->n_bodies);
  if (!d->made || !d->read || !d->last_reader || !d->first_part || !d->inputs || !d->constants ||
      !d->loaded || !d->body_of || !d->next_body)
    return GCUT_NO_MEMORY(err);
  for (size_t v = 0; v < n; v++) d->last_reader[v] = GCUT_NONE;
  return GCUT_OK;
}

// Links every inner body to the main graph's node it lies in; 0 ends a list. A body's number is
// greater than that of the body around it.
static gcut_status link_bodies(deriver *d, gcut_error *err) {
  const gcut_graph *g = d->graph;
  uint32_t *root = GCUT_NEW_ARRAY(d->draft->scratch, uint32_t, g->n_bodies);
  if (!root) return GCUT_NO_MEMORY(err);
  for (uint32_t b = 1; b < g->n_bodies; b++) {
    uint32_t node = g->bodies[b].node;
    root[b] = g->nodes[node].body == 0 ? node : root[g->nodes[node].body];
    d->next_body[b] = d->body_of[root[b]];
    d->body_of[root[b]] = b;
  }
  return GCUT_OK;
}

// ---- nodes of each part -----------------------------------------------------------------------

static gcut_status copy_ids(deriver *d, const uint32_t *from, uint32_t n, uint32_t **out,
                            uint32_t *out_n, gcut_error *err) {
  *out = GCUT_NEW_ARRAY(d->arena, uint32_t, n);
  if (!*out) return GCUT_NO_MEMORY(err);
  if (n > 0) memcpy(*out, from, n * sizeof **out);
  *out_n = n;
  return GCUT_OK;
}

static gcut_status allocate_nodes(deriver *d, gcut_error *err) {
  const gcut__draft *f = d->draft;
  gcut_part *parts = d->plan->parts;
  for (uint32_t i = 0; i < f->n_order; i++) parts[f->part[f->order[i]]].n_nodes++;
  for (uint32_t i = 0; i < f->n_again; i++) {
    parts[f->again[i].part].n_nodes++;
    parts[f->again[i].part].n_recomputed++;
  }
  for (uint32_t p = 0; p < f->n_parts; p++) {
    parts[p].nodes = GCUT_NEW_ARRAY(d->arena, uint32_t, parts[p].n_nodes);
    parts[p].recomputed = GCUT_NEW_ARRAY(d->arena, uint32_t, parts[p].n_recomputed);
    if (!parts[p].nodes || !parts[p].recomputed) return GCUT_NO_MEMORY(err);
    parts[p].n_nodes = parts[p].n_recomputed = 0;
  }
  return GCUT_OK;
}

// Hands out the nodes in the graph's order, so producers come first in every part.
static gcut_status place_nodes(deriver *d, gcut_error *err) {
  const gcut__draft *f = d->draft;
  gcut_part *parts = d->plan->parts;
  GCUT_TRY(allocate_nodes(d, err));
  uint32_t *first = GCUT_NEW_ARRAY(f->scratch, uint32_t, d->graph->n_nodes); // 1 + of next[]
  uint32_t *next = GCUT_NEW_ARRAY(f->scratch, uint32_t, f->n_again);
  if (!first || !next) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < f->n_again; i++) {
    next[i] = first[f->again[i].node];
    first[f->again[i].node] = i + 1;
  }
  for (uint32_t i = 0; i < f->n_order; i++) {
    uint32_t node = f->order[i];
    gcut_part *own = &parts[f->part[node]];
    own->nodes[own->n_nodes++] = node;
    for (uint32_t a = first[node]; a; a = next[a - 1]) {
      gcut_part *p = &parts[f->again[a - 1].part];
      p->nodes[p->n_nodes++] = p->recomputed[p->n_recomputed++] = node;
    }
  }
  return GCUT_OK;
}

// ---- what a part reads ------------------------------------------------------------------------

static void add_constant(deriver *d, uint32_t part, uint32_t value, const gcut_constant *constant) {
  d->constants[d->n_constants++] = value;
  uint32_t number = gcut__constant_number(d->graph, constant);
  if (number != GCUT_NONE) {
    if (d->loaded[number] == part + 1) return;
    d->loaded[number] = part + 1;
  }
  d->plan->parts[part].weight_bytes += constant->bytes;
  d->plan->parts[part].peak_bytes += gcut_range_bytes(constant->bytes);
}

static gcut_status fail_order(deriver *d, uint32_t part, uint32_t value, gcut_error *err) {
  const gcut_node *from = &d->graph->nodes[d->graph->values[value].producer];
  uint32_t later = d->draft->part[d->graph->values[value].producer];
  char name[96], made_by[96], here[96], there[96];
  return GCUT_FAIL(err, GCUT_FORMAT,
                   "part %u '%s' reads '%s', which node '%s' makes only in part %u '%s'", part,
                   gcut__printable(d->draft->names[part], here, sizeof here),
                   gcut__printable(d->graph->values[value].name, name, sizeof name),
                   gcut__printable(from->name, made_by, sizeof made_by), later,
                   gcut__printable(d->draft->names[later], there, sizeof there));
}

static gcut_status read_value(deriver *d, uint32_t part, uint32_t value, gcut_error *err) {
  if (value == GCUT_NONE || d->made[value] == part + 1 || d->read[value] == part + 1)
    return GCUT_OK;
  d->read[value] = part + 1;
  const gcut_constant *constant = gcut__constant(d->draft->trace, value);
  if (constant) {
    add_constant(d, part, value, constant);
    return GCUT_OK;
  }
  uint32_t producer = d->graph->values[value].producer;
  if (producer != GCUT_NONE && d->draft->part[producer] >= part)
    return fail_order(d, part, value, err);
  d->inputs[d->n_inputs++] = value;
  d->last_reader[value] = part;
  return GCUT_OK;
}

static void read_inner(void *context, uint32_t value, const gcut_constant *constant) {
  deriver *d = context;
  add_constant(d, d->part, value, constant);
}

static void read_bodies(deriver *d, uint32_t part, uint32_t node) {
  d->part = part;
  for (uint32_t b = d->body_of[node]; b; b = d->next_body[b])
    gcut__each_inner_constant(d->draft->trace, b, read_inner, d);
}

static gcut_status read_part(deriver *d, uint32_t part, gcut_error *err) {
  const gcut_graph *g = d->graph;
  gcut_part *p = &d->plan->parts[part];
  d->n_inputs = d->n_constants = 0;
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *node = &g->nodes[p->nodes[i]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++)
      GCUT_TRY(read_value(d, part, gcut_node_read(g, node, r), err));
    read_bodies(d, part, p->nodes[i]);
    for (uint32_t o = 0; o < node->n_outputs; o++)
      if (gcut_node_outputs(g, node)[o] != GCUT_NONE)
        d->made[gcut_node_outputs(g, node)[o]] = part + 1;
    p->flops += d->draft->trace->flops[p->nodes[i]];
  }
  GCUT_TRY(copy_ids(d, d->inputs, d->n_inputs, &p->inputs, &p->n_inputs, err));
  return copy_ids(d, d->constants, d->n_constants, &p->constants, &p->n_constants, err);
}

// ---- what a part hands on ---------------------------------------------------------------------

static gcut_status hand_on(deriver *d, uint32_t part, gcut_error *err) {
  const gcut_graph *g = d->graph;
  gcut_part *p = &d->plan->parts[part];
  uint32_t n = 0;
  for (uint32_t i = 0; i < p->n_inputs; i++)
    if (d->last_reader[p->inputs[i]] == part && !d->draft->fetched[p->inputs[i]])
      d->inputs[n++] = p->inputs[i];
  GCUT_TRY(copy_ids(d, d->inputs, n, &p->consumed, &p->n_consumed, err));
  n = 0;
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *node = &g->nodes[p->nodes[i]];
    if (d->draft->part[p->nodes[i]] != part) continue; // recomputed: its owner hands on
    for (uint32_t o = 0; o < node->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(g, node)[o];
      if (v == GCUT_NONE || gcut__constant(d->draft->trace, v)) continue;
      d->first_part[v] = part;
      if (d->last_reader[v] != GCUT_NONE || d->draft->fetched[v]) d->inputs[n++] = v;
    }
  }
  return copy_ids(d, d->inputs, n, &p->outputs, &p->n_outputs, err);
}

// ---- bytes ------------------------------------------------------------------------------------

// Adds to *ranges what the values take on a device.
static bool sum_bytes(const gcut__draft *f, const uint32_t *values, uint32_t n, uint64_t *out,
                      uint64_t *ranges) {
  *out = 0;
  bool known = true;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t bytes;
    known = known && gcut__bytes(f->trace, f->given, values[i], &bytes) &&
            !__builtin_add_overflow(*out, bytes, out);
    if (known) *ranges += gcut_range_bytes(bytes);
  }
  if (!known) *out = 0;
  return known;
}

static gcut_status count_bytes(deriver *d, gcut_error *err) {
  gcut_plan *plan = d->plan;
  gcut__peak *peak;
  GCUT_TRY(gcut__peak_create(d->draft, &peak, err));
  plan->sized = true;
  for (uint32_t i = 0; i < plan->n_parts; i++) {
    gcut_part *p = &plan->parts[i];
    uint64_t workspace, ranges = p->peak_bytes; // so far of the constants
    bool known = sum_bytes(d->draft, p->inputs, p->n_inputs, &p->input_bytes, &ranges);
    known &= sum_bytes(d->draft, p->outputs, p->n_outputs, &p->output_bytes, &ranges);
    plan->sized &= known;
    known = known && gcut__peak_workspace(peak, p, &workspace);
    p->peak_bytes = known ? ranges + workspace : 0;
  }
  bool failed = gcut__peak_failed(peak);
  gcut__peak_close(peak);
  return failed ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

static uint64_t add(uint64_t a, uint64_t b) { // to the limit and no further
  return gcut_checked_add(a, b, &a) ? a : UINT64_MAX;
}
static uint64_t multiply(uint64_t a, uint64_t b) {
  return gcut_checked_mul(a, b, &a) ? a : UINT64_MAX;
}

// Values carried into parts, and what passing them through every part between would carry.
static gcut_status count_crossing(deriver *d, gcut_error *err) {
  gcut_plan *plan = d->plan;
  bool *entered = GCUT_NEW_ARRAY(d->draft->scratch, bool, d->graph->n_values);
  if (!entered) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; plan->sized && i < plan->n_parts; i++) {
    const gcut_part *p = &plan->parts[i];
    for (uint32_t k = 0; k < p->n_inputs; k++) {
      uint32_t v = p->inputs[k];
      uint64_t bytes = 0;
      if (!gcut__bytes(d->draft->trace, d->draft->given, v, &bytes)) continue; // sized: never
      bool given = d->graph->values[v].producer == GCUT_NONE && !entered[v];
      entered[v] = true;
      if (!given) plan->crossing_bytes = add(plan->crossing_bytes, bytes);
      if (d->last_reader[v] == i)
        plan->pipeline_bytes = add(plan->pipeline_bytes, multiply(bytes, i - d->first_part[v]));
    }
  }
  plan->unrefined_bytes = plan->crossing_bytes;
  return GCUT_OK;
}

// ---- the plan ---------------------------------------------------------------------------------

static gcut_status copy_texts(gcut_arena *arena, const char *const **texts, size_t n,
                              gcut_error *err) {
  const char **copy = GCUT_NEW_ARRAY(arena, const char *, n);
  if (!copy) return GCUT_NO_MEMORY(err);
  for (size_t i = 0; i < n; i++) {
    copy[i] = gcut_arena_string(arena, (*texts)[i], strlen((*texts)[i]));
    if (!copy[i]) return GCUT_NO_MEMORY(err);
  }
  *texts = copy;
  return GCUT_OK;
}

static gcut_status copy_origin(deriver *d, const gcut_origin *origin, gcut_error *err) {
  gcut_origin *o = &d->plan->origin;
  *o = *origin;
  const char *cutter = o->cutter ? o->cutter : "";
  o->cutter = gcut_arena_string(d->arena, cutter, strlen(cutter));
  if (!o->cutter) return GCUT_NO_MEMORY(err);
  GCUT_TRY(copy_texts(d->arena, &o->targets, o->n_targets, err));
  return copy_texts(d->arena, &o->ignore, o->n_ignore, err);
}

static gcut_status copy_draft(deriver *d, gcut_error *err) {
  const gcut__draft *f = d->draft;
  gcut_plan *plan = d->plan;
  plan->n_parts = f->n_parts;
  plan->parts = GCUT_NEW_ARRAY(d->arena, gcut_part, f->n_parts);
  if (!plan->parts) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < f->n_parts; p++) {
    plan->parts[p].name = gcut_arena_string(d->arena, f->names[p], strlen(f->names[p]));
    if (!plan->parts[p].name) return GCUT_NO_MEMORY(err);
  }
  GCUT_TRY(copy_ids(d, f->fetches, f->n_fetches, &plan->fetches, &plan->n_fetches, err));
  return copy_ids(d, f->folded, f->n_folded, &plan->folded, &plan->n_folded, err);
}

static gcut_status derive(deriver *d, const gcut_origin *origin, gcut_error *err) {
  GCUT_TRY(copy_draft(d, err));
  GCUT_TRY(copy_origin(d, origin, err));
  GCUT_TRY(allocate(d, err));
  GCUT_TRY(link_bodies(d, err));
  GCUT_TRY(place_nodes(d, err));
  for (uint32_t p = 0; p < d->plan->n_parts; p++) GCUT_TRY(read_part(d, p, err));
  for (uint32_t p = 0; p < d->plan->n_parts; p++) GCUT_TRY(hand_on(d, p, err));
  GCUT_TRY(count_bytes(d, err));
  return count_crossing(d, err);
}

gcut_status gcut__draft_finish(const gcut__draft *draft, const gcut_origin *origin,
                               gcut_plan **out_plan, gcut_error *err) {
  *out_plan = NULL;
  gcut_arena *arena = gcut_arena_create();
  gcut_plan *plan = arena ? GCUT_NEW(arena, gcut_plan) : NULL;
  deriver d = {.draft = draft, .graph = draft->graph, .plan = plan, .arena = arena};
  gcut_status status = plan ? derive(&d, origin, err) : GCUT_NO_MEMORY(err);
  if (status != GCUT_OK) {
    gcut_arena_destroy(arena);
    return status;
  }
  plan->unfused = draft->unfused;
  plan->n_inner_targets = draft->n_inner_targets;
  plan->n_standing_groups = draft->n_standing_groups;
  plan->fingerprint = gcut_graph_fingerprint(draft->graph);
  plan->arena = arena;
  *out_plan = plan;
  return GCUT_OK;
}
