// What a plan must be, checked from the graph alone: nothing here is shared with what makes plans.
// Marks by node and value are stamped with part numbers, so it is linear.
#include "partition/draft.h"
#include "partition/reads.h"
#include "tracer/base/error.h"

typedef struct checker {
  const gcut_trace *trace;
  const gcut_graph *graph;
  const gcut_plan *plan;
  bool given;             // gcut__shapes_given
  uint32_t *owner;        // [n_nodes] part that runs it first, or GCUT_NONE
  uint32_t *runs;         // [n_nodes] part + 1 that last ran it
  uint32_t *made, *read;  // [n_values] part + 1 that last did
  uint32_t *last;         // [n_values] last part it is an input of, or GCUT_NONE
  uint32_t *listed;       // [n_values] stamp of the list it was last found in
  uint32_t stamp;         // of the list at hand
  uint32_t *n_inner;      // [n_parts] constants in bodies of the part's nodes
  bool *handed, *fetched; // [n_values] an output of a part so far; asked for
} checker;

static gcut_status fail_value(const checker *c, uint32_t part, uint32_t value, const char *what,
                              gcut_error *err) {
  char here[128], name[128];
  return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u '%s': value '%s' %s", part,
                   gcut__printable(c->plan->parts[part].name, here, sizeof here),
                   gcut__printable(c->graph->values[value].name, name, sizeof name), what);
}

static gcut_status fail_node(const checker *c, uint32_t part, uint32_t node, const char *what,
                             gcut_error *err) {
  char here[128], name[128];
  return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u '%s': node '%s' %s", part,
                   gcut__printable(c->plan->parts[part].name, here, sizeof here),
                   gcut__printable(c->graph->nodes[node].name, name, sizeof name), what);
}

static gcut_status fail_range(uint32_t part, const char *what, uint32_t index, gcut_error *err) {
  return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u names %s %u, which the main graph has not",
                   part, what, index);
}

static gcut_status allocate(checker *c, gcut_arena *arena, gcut_error *err) {
  const gcut_graph *g = c->graph;
  c->owner = GCUT_NEW_ARRAY(arena, uint32_t, g->n_nodes);
  c->runs = GCUT_NEW_ARRAY(arena, uint32_t, g->n_nodes);
  c->made = GCUT_NEW_ARRAY(arena, uint32_t, g->n_values);
  c->read = GCUT_NEW_ARRAY(arena, uint32_t, g->n_values);
  c->last = GCUT_NEW_ARRAY(arena, uint32_t, g->n_values);
  c->listed = GCUT_NEW_ARRAY(arena, uint32_t, g->n_values);
  c->n_inner = GCUT_NEW_ARRAY(arena, uint32_t, c->plan->n_parts);
  c->handed = GCUT_NEW_ARRAY(arena, bool, g->n_values);
  c->fetched = GCUT_NEW_ARRAY(arena, bool, g->n_values);
  if (!c->owner || !c->runs || !c->made || !c->read || !c->last || !c->listed || !c->n_inner ||
      !c->handed || !c->fetched)
    return GCUT_NO_MEMORY(err);
  for (uint32_t n = 0; n < g->n_nodes; n++) c->owner[n] = GCUT_NONE;
  for (uint32_t v = 0; v < g->n_values; v++) c->last[v] = GCUT_NONE;
  return GCUT_OK;
}

// ---- ranges, owners, last readers -------------------------------------------------------------

static gcut_status check_values(const checker *c, uint32_t part, const uint32_t *values, uint32_t n,
                                bool inner, gcut_error *err) {
  for (uint32_t i = 0; i < n; i++)
    if (values[i] >= c->graph->n_values || (!inner && c->graph->values[values[i]].body != 0))
      return fail_range(part, "value", values[i], err);
  return GCUT_OK;
}

static gcut_status check_nodes(checker *c, uint32_t part, gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  uint32_t r = 0;
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    uint32_t n = p->nodes[i];
    if (n >= c->graph->n_nodes || c->graph->nodes[n].body != 0)
      return fail_range(part, "node", n, err);
    if (c->runs[n] == part + 1) return fail_node(c, part, n, "is listed twice", err);
    c->runs[n] = part + 1;
    bool again = r < p->n_recomputed && p->recomputed[r] == n;
    if (again && c->owner[n] == GCUT_NONE)
      return fail_node(c, part, n, "is recomputed, but no earlier part runs it", err);
    if (again && !gcut__may_recompute(&c->graph->nodes[n]))
      return fail_node(c, part, n, "is recomputed, but may give another result", err);
    if (!again && c->owner[n] != GCUT_NONE)
      return fail_node(c, part, n, "is in an earlier part already", err);
    if (again)
      r++;
    else
      c->owner[n] = part;
  }
  if (r == p->n_recomputed) return GCUT_OK;
  if (p->recomputed[r] >= c->graph->n_nodes) return fail_range(part, "node", p->recomputed[r], err);
  return fail_node(c, part, p->recomputed[r], "is recomputed, but not in order among its nodes",
                   err);
}

static gcut_status check_ranges(checker *c, gcut_error *err) {
  for (uint32_t i = 0; i < c->plan->n_parts; i++) {
    const gcut_part *p = &c->plan->parts[i];
    GCUT_TRY(check_nodes(c, i, err));
    GCUT_TRY(check_values(c, i, p->inputs, p->n_inputs, false, err));
    GCUT_TRY(check_values(c, i, p->outputs, p->n_outputs, false, err));
    GCUT_TRY(check_values(c, i, p->consumed, p->n_consumed, false, err));
    GCUT_TRY(check_values(c, i, p->constants, p->n_constants, true, err));
    for (uint32_t k = 0; k < p->n_inputs; k++) c->last[p->inputs[k]] = i;
  }
  for (uint32_t i = 0; i < c->plan->n_fetches; i++) {
    uint32_t v = c->plan->fetches[i];
    if (v >= c->graph->n_values || c->graph->values[v].body != 0)
      return GCUT_FAIL(err, GCUT_FORMAT, "plan: value %u is fetched, which is none", v);
    c->fetched[v] = true;
  }
  return GCUT_OK;
}

// The main graph's node around a body.
static uint32_t main_node(const gcut_graph *g, uint32_t body) {
  while (g->nodes[g->bodies[body].node].body != 0) body = g->nodes[g->bodies[body].node].body;
  return g->bodies[body].node;
}

static void count_one(void *context, uint32_t value, const gcut_constant *constant) {
  (void)value, (void)constant;
  ++*(uint32_t *)context;
}

static void count_inner(checker *c) {
  for (uint32_t b = 1; b < c->graph->n_bodies; b++) {
    uint32_t part = c->owner[main_node(c->graph, b)];
    if (part != GCUT_NONE) gcut__each_inner_constant(c->trace, b, count_one, &c->n_inner[part]);
  }
}

// ---- one part ---------------------------------------------------------------------------------

// Marks a list under a stamp of its own; a value in it twice is refused.
static gcut_status mark(checker *c, uint32_t part, const uint32_t *values, uint32_t n,
                        gcut_error *err) {
  c->stamp++;
  for (uint32_t i = 0; i < n; i++) {
    if (c->listed[values[i]] == c->stamp)
      return fail_value(c, part, values[i], "is listed twice", err);
    c->listed[values[i]] = c->stamp;
  }
  return GCUT_OK;
}

// What a part's nodes read that it does not make.
typedef struct outside {
  uint32_t n_inputs, n_constants;
} outside;

static gcut_status check_read(checker *c, uint32_t part, uint32_t v, outside *found,
                              gcut_error *err) {
  if (v == GCUT_NONE || c->made[v] == part + 1 || c->read[v] == part + 1) return GCUT_OK;
  c->read[v] = part + 1;
  bool constant = gcut__constant(c->trace, v) != NULL;
  if (c->listed[v] != (constant ? c->stamp : c->stamp - 1))
    return fail_value(c, part, v,
                      constant ? "is no constant of it, yet read"
                               : "is read before it is made, and no input",
                      err);
  if (!constant && c->graph->values[v].producer != GCUT_NONE && !c->handed[v])
    return fail_value(c, part, v, "is an input that no earlier part hands on", err);
  found->n_inputs += !constant;
  found->n_constants += constant;
  return GCUT_OK;
}

// Every value that the part's nodes read is made before, a constant of the part or an input of it,
// and both lists hold no more than that.
static gcut_status check_reads(checker *c, uint32_t part, gcut_error *err) {
  const gcut_graph *g = c->graph;
  const gcut_part *p = &c->plan->parts[part];
  GCUT_TRY(mark(c, part, p->inputs, p->n_inputs, err));
  GCUT_TRY(mark(c, part, p->constants, p->n_constants, err));
  outside found = {.n_constants = c->n_inner[part]};
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *node = &g->nodes[p->nodes[i]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++)
      GCUT_TRY(check_read(c, part, gcut_node_read(g, node, r), &found, err));
    for (uint32_t o = 0; o < node->n_outputs; o++)
      if (gcut_node_outputs(g, node)[o] != GCUT_NONE)
        c->made[gcut_node_outputs(g, node)[o]] = part + 1;
  }
  if (found.n_inputs != p->n_inputs)
    return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u has %u inputs and reads %u", part,
                     p->n_inputs, found.n_inputs);
  if (found.n_constants != p->n_constants)
    return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u has %u constants and reads %u", part,
                     p->n_constants, found.n_constants);
  return GCUT_OK;
}

// Constants from inside a body are of a node of this part; as many as there are must be listed.
static gcut_status check_inner(const checker *c, uint32_t part, gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  for (uint32_t i = 0; i < p->n_constants; i++) {
    uint32_t v = p->constants[i], body = c->graph->values[v].body;
    if (!gcut__constant(c->trace, v) || (body != 0 && c->owner[main_node(c->graph, body)] != part))
      return fail_value(c, part, v, "is no constant of it", err);
  }
  return GCUT_OK;
}

// Outputs are what its own nodes make and a later part reads or somebody fetches.
static gcut_status check_outputs(checker *c, uint32_t part, gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  uint32_t n = 0;
  GCUT_TRY(mark(c, part, p->outputs, p->n_outputs, err));
  for (uint32_t i = 0; i < p->n_nodes; i++) {
    const gcut_node *node = &c->graph->nodes[p->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs && c->owner[p->nodes[i]] == part; o++) {
      uint32_t v = gcut_node_outputs(c->graph, node)[o];
      if (v == GCUT_NONE || gcut__constant(c->trace, v)) continue;
      if (!c->fetched[v] && c->last[v] == GCUT_NONE) continue;
      if (c->listed[v] != c->stamp) return fail_value(c, part, v, "is no output, yet needed", err);
      c->handed[v] = true;
      n++;
    }
  }
  if (n == p->n_outputs) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u has %u outputs, %u of them needed", part,
                   p->n_outputs, n);
}

static gcut_status check_consumed(checker *c, uint32_t part, gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  uint32_t n = 0;
  GCUT_TRY(mark(c, part, p->consumed, p->n_consumed, err));
  for (uint32_t i = 0; i < p->n_inputs; i++) {
    uint32_t v = p->inputs[i];
    bool done = c->last[v] == part && !c->fetched[v];
    if (done != (c->listed[v] == c->stamp))
      return fail_value(c, part, v, done ? "is never dropped" : "is dropped too early", err);
    n += done;
  }
  if (n == p->n_consumed) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u consumes what it does not read", part);
}

static uint64_t sum_bytes(const checker *c, const uint32_t *values, uint32_t n) {
  uint64_t sum = 0, bytes;
  for (uint32_t i = 0; i < n; i++)
    if (!gcut__bytes(c->trace, c->given, values[i], &bytes) ||
        __builtin_add_overflow(sum, bytes, &sum))
      return 0;
  return sum;
}

static gcut_status check_bytes(const checker *c, uint32_t part, gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  uint64_t least = p->weight_bytes + p->input_bytes + p->output_bytes;
  if (p->input_bytes != sum_bytes(c, p->inputs, p->n_inputs) ||
      p->output_bytes != sum_bytes(c, p->outputs, p->n_outputs) ||
      (p->peak_bytes > 0 && p->peak_bytes < least))
    return GCUT_FAIL(err, GCUT_FORMAT, "plan: part %u: its bytes are not those of its values",
                     part);
  return GCUT_OK;
}

// ---- fused groups -----------------------------------------------------------------------------

// Whether somebody fetches what a group keeps to itself.
static bool is_open(const checker *c, const gcut_fused *f) {
  for (uint32_t i = 0; i + 1 < f->n_nodes; i++) {
    const gcut_node *node = &c->graph->nodes[f->nodes[i]];
    for (uint32_t o = 0; o < node->n_outputs; o++)
      if (gcut_node_outputs(c->graph, node)[o] != GCUT_NONE &&
          c->fetched[gcut_node_outputs(c->graph, node)[o]])
        return true;
  }
  return false;
}

static gcut_status check_member(const checker *c, const gcut_fused *f, uint32_t node, uint32_t part,
                                gcut_error *err) {
  char here[96], name[96], last[96];
  if (c->owner[node] == GCUT_NONE || c->owner[node] == part) return GCUT_OK;
  return GCUT_FAIL(
      err, GCUT_FORMAT,
      "plan: part %u '%s': node '%s' is cut off from the fused %s that ends in node '%s' of part "
      "%u: keep them together, or cut with --no-fuse",
      c->owner[node], gcut__printable(c->plan->parts[c->owner[node]].name, here, sizeof here),
      gcut__printable(c->graph->nodes[node].name, name, sizeof name), gcut_fused_name(f->kind),
      gcut__printable(c->graph->nodes[f->nodes[f->n_nodes - 1]].name, last, sizeof last), part);
}

// Groups of a whole kind run in one part, all of them, once.
static gcut_status check_fused(const checker *c, gcut_error *err) {
  for (uint32_t i = 0; i < c->trace->n_fused; i++) {
    const gcut_fused *f = &c->trace->fused[i];
    uint32_t part = c->owner[f->nodes[f->n_nodes - 1]];
    if (part == GCUT_NONE || !gcut_fused_is_whole(f->kind) || is_open(c, f)) continue;
    for (uint32_t k = 0; k < f->n_nodes; k++) GCUT_TRY(check_member(c, f, f->nodes[k], part, err));
    for (uint32_t k = 0; k < f->n_shapes; k++)
      GCUT_TRY(check_member(c, f, f->shapes[k], part, err));
  }
  return GCUT_OK;
}

static gcut_status check_again(const checker *c, uint32_t part, gcut_error *err) {
  const gcut_part *p = &c->plan->parts[part];
  for (uint32_t i = 0; i < p->n_recomputed; i++) {
    uint32_t group = c->trace->fused_of[p->recomputed[i]];
    if (group != GCUT_NONE && gcut_fused_is_whole(c->trace->fused[group].kind) &&
        !is_open(c, &c->trace->fused[group]))
      return fail_node(c, part, p->recomputed[i],
                       "is recomputed without the fused group that it is in (--no-fuse allows it)",
                       err);
  }
  return GCUT_OK;
}

// ---- the plan ---------------------------------------------------------------------------------

static gcut_status verify(checker *c, gcut_error *err) {
  GCUT_TRY(check_ranges(c, err));
  count_inner(c);
  for (uint32_t i = 0; i < c->plan->n_parts; i++) {
    GCUT_TRY(check_reads(c, i, err));
    GCUT_TRY(check_inner(c, i, err));
    GCUT_TRY(check_outputs(c, i, err));
    GCUT_TRY(check_consumed(c, i, err));
    GCUT_TRY(check_bytes(c, i, err));
  }
  if (!c->plan->unfused) {
    GCUT_TRY(check_fused(c, err));
    for (uint32_t i = 0; i < c->plan->n_parts; i++) GCUT_TRY(check_again(c, i, err));
  }
  for (uint32_t i = 0; i < c->plan->n_fetches; i++) {
    uint32_t v = c->plan->fetches[i];
    char name[128];
    if (c->handed[v] || gcut__constant(c->trace, v) || c->graph->values[v].producer == GCUT_NONE)
      continue;
    return GCUT_FAIL(err, GCUT_FORMAT, "plan: no part makes '%s', which is fetched",
                     gcut__printable(c->graph->values[v].name, name, sizeof name));
  }
  return GCUT_OK;
}

gcut_status gcut_plan_verify(const gcut_trace *trace, const gcut_plan *plan, gcut_error *err) {
  gcut_arena *arena = gcut_arena_create();
  if (!arena) return GCUT_NO_MEMORY(err);
  checker c = {
      .trace = trace, .graph = trace->graph, .plan = plan, .given = gcut__shapes_given(trace)};
  gcut_status status = plan->n_parts > 0 ? allocate(&c, arena, err)
                                         : GCUT_FAIL(err, GCUT_FORMAT, "plan: there is no part");
  if (status == GCUT_OK) status = verify(&c, err);
  gcut_arena_destroy(arena);
  return status;
}
