// A plan from a list of parts: how plan files are read and how a plan meets another trace. The list
// may come from anywhere, so everything about it is checked here, by name.
#include <stdio.h>
#include <string.h>

#include "partition/draft.h"
#include "partition/reads.h"
#include "tracer/base/error.h"
#include "tracer/ops/op.h"

typedef struct builder {
  gcut__draft draft;
  const gcut_plan_spec *spec;
  bool *may_miss; // [n_nodes] may be in no part
  bool *placed;   // [n_nodes] in a part of this trace's choosing, not the list's
} builder;

static const char *part_name(const builder *b, uint32_t part, char *buffer, size_t size) {
  return gcut__printable(b->spec->parts[part].name, buffer, size);
}

static gcut_status check_node(const builder *b, uint32_t part, uint32_t node, gcut_error *err) {
  const gcut_graph *g = b->draft.graph;
  char name[96];
  if (node < g->n_nodes && g->nodes[node].body == 0) return GCUT_OK;
  return GCUT_FAIL(err, GCUT_FORMAT, "part %u '%s' has node %u, which the main graph does not",
                   part, part_name(b, part, name, sizeof name), node);
}

static gcut_status assign_part(builder *b, uint32_t part, gcut_error *err) {
  const gcut_part_spec *spec = &b->spec->parts[part];
  gcut__draft *d = &b->draft;
  char node_name[96], here[96], there[96];
  d->names[part] = spec->name;
  for (uint32_t i = 0; i < spec->n_nodes; i++) {
    uint32_t node = spec->nodes[i];
    GCUT_TRY(check_node(b, part, node, err));
    if (d->part[node] == part)
      return GCUT_FAIL(err, GCUT_FORMAT, "part %u '%s' lists node '%s' twice", part,
                       part_name(b, part, here, sizeof here),
                       gcut__printable(d->graph->nodes[node].name, node_name, sizeof node_name));
    if (d->part[node] != GCUT_NONE)
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%s' is in two parts: %u '%s' and %u '%s'",
                       gcut__printable(d->graph->nodes[node].name, node_name, sizeof node_name),
                       d->part[node], part_name(b, d->part[node], there, sizeof there), part,
                       part_name(b, part, here, sizeof here));
    d->part[node] = part;
  }
  return GCUT_OK;
}

// ---- nodes of no part -------------------------------------------------------------------------
//
// A list may come of a trace with other shapes, in which sizes were folded that have to be computed
// now. What computes them goes where its inputs allow first. A node that was listed before they are
// there follows them, and what reads it follows in turn; what is kept as one goes as one.

// The last part of those in which what a node reads is made; `placed`: by nodes placed here alone.
static uint32_t last_read(const builder *b, uint32_t id, bool placed) {
  const gcut_graph *g = b->draft.graph;
  const gcut_node *node = &g->nodes[id];
  uint32_t part = 0;
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(g, node, r);
    uint32_t from = v == GCUT_NONE ? GCUT_NONE : g->values[v].producer;
    if (from == GCUT_NONE || gcut__constant(b->draft.trace, v)) continue;
    if (placed && !b->placed[from]) continue;
    if (b->draft.part[from] != GCUT_NONE && b->draft.part[from] > part) part = b->draft.part[from];
  }
  return part;
}

static void place(builder *b, uint32_t id, uint32_t part) {
  b->draft.part[id] = part;
  b->placed[id] = true;
}

// The earliest part in which all that a node reads is there; a node that is kept with others goes
// where the last of them is.
static uint32_t earliest_part(const builder *b, uint32_t id) {
  uint32_t group = b->draft.kept[id];
  if (group != GCUT_NONE) {
    const gcut_fused *f = &b->draft.trace->fused[group];
    uint32_t last = b->draft.part[f->nodes[f->n_nodes - 1]];
    if (last != GCUT_NONE) return last;
  }
  return last_read(b, id, false);
}

// Where the last of what is kept as one was placed, the others go; those come before all who read
// them.
static void place_group(builder *b, uint32_t last) {
  uint32_t group = b->draft.kept[last];
  const gcut_fused *f = group == GCUT_NONE ? NULL : &b->draft.trace->fused[group];
  if (!f || f->nodes[f->n_nodes - 1] != last || !b->placed[last]) return;
  for (uint32_t i = 0; i < f->n_nodes + f->n_shapes; i++) { // shapes follow nodes in one array
    uint32_t id = f->nodes[i], part = b->draft.part[id];
    if (part != GCUT_NONE && part < b->draft.part[last]) place(b, id, b->draft.part[last]);
  }
}

static gcut_status place_missing(builder *b, gcut_error *err) {
  gcut__draft *d = &b->draft;
  char name[128];
  for (uint32_t i = 0; i < d->n_order; i++) {
    uint32_t n = d->order[i];
    const gcut_node *node = &d->graph->nodes[n];
    if (d->part[n] == GCUT_NONE && !b->may_miss[n])
      return GCUT_FAIL(err, GCUT_FORMAT, "node '%s' (%s) is in no part",
                       gcut__printable(node->name, name, sizeof name), node->op_type);
    uint32_t part = d->part[n] == GCUT_NONE ? earliest_part(b, n) : last_read(b, n, true);
    if (d->part[n] == GCUT_NONE || part > d->part[n]) place(b, n, part);
    place_group(b, n);
  }
  for (uint32_t n = 0; n < d->graph->n_nodes; n++)
    if (!d->needed[n]) d->part[n] = GCUT_NONE;
  return GCUT_OK;
}

// ---- parts in order ---------------------------------------------------------------------------

typedef struct part_search {
  const gcut__draft *draft;
  uint32_t *came;     // [n_parts] the part before it on the way; GCUT_NONE: not reached
  uint32_t *queue, n; // [n_parts] the first is where it begins
} part_search;

// Reaches the parts that read what a node of part `part` makes.
static void follow_node(part_search *s, uint32_t part, const gcut_node *node) {
  const gcut_graph *g = s->draft->graph;
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(g, node)[o];
    if (v == GCUT_NONE || gcut__constant(s->draft->trace, v)) continue;
    for (uint32_t u = 0; u < g->values[v].n_uses; u++) {
      uint32_t to = s->draft->part[g->uses[g->values[v].first_use + u]];
      if (to == GCUT_NONE || to == s->queue[0] || s->came[to] != GCUT_NONE) continue;
      s->came[to] = part;
      s->queue[s->n++] = to;
    }
  }
}

// Breadth first over parts from `from`; fills came.
static gcut_status search_parts(const gcut__draft *d, uint32_t from, uint32_t *came,
                                gcut_error *err) {
  uint32_t *first = GCUT_NEW_ARRAY(d->scratch, uint32_t, (size_t)d->n_parts + 2);
  uint32_t *members = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->n_order);
  part_search s = {d, came, GCUT_NEW_ARRAY(d->scratch, uint32_t, d->n_parts), 0};
  if (!first || !members || !s.queue) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < d->n_order; i++) first[d->part[d->order[i]] + 2]++;
  for (uint32_t p = 0; p < d->n_parts; p++) first[p + 2] += first[p + 1];
  for (uint32_t i = 0; i < d->n_order; i++)
    members[first[d->part[d->order[i]] + 1]++] = d->order[i];
  for (uint32_t p = 0; p < d->n_parts; p++) came[p] = GCUT_NONE;
  s.queue[s.n++] = from;
  for (uint32_t at = 0; at < s.n; at++)
    for (uint32_t m = first[s.queue[at]]; m < first[s.queue[at] + 1]; m++)
      follow_node(&s, s.queue[at], &d->graph->nodes[members[m]]);
  return GCUT_OK;
}

// A node of part `reader` reads a value that the later part `maker` makes: the order is wrong, or
// no order is right.
static gcut_status fail_backwards(const builder *b, uint32_t reader, uint32_t maker, uint32_t value,
                                  gcut_error *err) {
  const gcut_graph *g = b->draft.graph;
  uint32_t *came = GCUT_NEW_ARRAY(b->draft.scratch, uint32_t, b->draft.n_parts);
  if (!came) return GCUT_NO_MEMORY(err);
  GCUT_TRY(search_parts(&b->draft, reader, came, err));
  char name[96], here[96], there[96], path[400];
  part_name(b, reader, here, sizeof here);
  part_name(b, maker, there, sizeof there);
  gcut__printable(g->values[value].name, name, sizeof name);
  if (came[maker] == GCUT_NONE)
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "part %u '%s' reads '%s', which only part %u '%s' makes: parts must come in "
                     "the order in which they run",
                     reader, here, name, maker, there);
  size_t used = 0;
  for (uint32_t p = came[maker]; p != reader && used < sizeof path - 128; p = came[p])
    used += (size_t)snprintf(path + used, sizeof path - used, ", which needs part %u '%.80s'", p,
                             b->spec->parts[p].name);
  path[used] = 0;
  return GCUT_FAIL(err, GCUT_FORMAT,
                   "parts wait for each other: part %u '%s' reads '%s' of part %u '%s'%s, which "
                   "needs part %u '%s'",
                   reader, here, name, maker, there, path, reader, here);
}

static gcut_status check_order(const builder *b, gcut_error *err) {
  const gcut__draft *d = &b->draft;
  for (uint32_t i = 0; i < d->n_order; i++) {
    const gcut_node *node = &d->graph->nodes[d->order[i]];
    uint32_t part = d->part[d->order[i]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(d->graph, node, r);
      uint32_t from = v == GCUT_NONE ? GCUT_NONE : d->graph->values[v].producer;
      if (from == GCUT_NONE || gcut__constant(d->trace, v) || d->part[from] <= part) continue;
      return fail_backwards(b, part, d->part[from], v, err);
    }
  }
  return GCUT_OK;
}

// ---- recomputed nodes -------------------------------------------------------------------------

static gcut_status add_again(builder *b, uint32_t part, uint32_t n, uint32_t *listed,
                             gcut_error *err) {
  gcut__draft *d = &b->draft;
  GCUT_TRY(check_node(b, part, n, err));
  const gcut_node *node = &d->graph->nodes[n];
  if (!d->needed[n] || listed[n] == part + 1) return GCUT_OK;
  if (b->placed[n] && d->part[n] >= part) return GCUT_OK; // its readers are no earlier now
  listed[n] = part + 1;
  char name[96], here[96];
  gcut__printable(node->name, name, sizeof name);
  part_name(b, part, here, sizeof here);
  if (d->part[n] >= part)
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "part %u '%s' recomputes node '%s', which no earlier part runs", part, here,
                     name);
  if (!gcut__may_recompute(node))
    return GCUT_FAIL(err, GCUT_FORMAT,
                     "part %u '%s' recomputes node '%s' (%s), which may give another result", part,
                     here, name, node->op_type);
  d->again[d->n_again++] = (gcut__again){n, part};
  return GCUT_OK;
}

static gcut_status add_recomputed(builder *b, gcut_error *err) {
  gcut__draft *d = &b->draft;
  size_t total = 0;
  for (uint32_t p = 0; p < b->spec->n_parts; p++) total += b->spec->parts[p].n_recomputed;
  uint32_t *listed = GCUT_NEW_ARRAY(d->scratch, uint32_t, d->graph->n_nodes);
  d->again = GCUT_NEW_ARRAY(d->scratch, gcut__again, total);
  if (!listed || !d->again || total > UINT32_MAX) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < b->spec->n_parts; p++)
    for (uint32_t i = 0; i < b->spec->parts[p].n_recomputed; i++)
      GCUT_TRY(add_again(b, p, b->spec->parts[p].recomputed[i], listed, err));
  return GCUT_OK;
}

// ---- the plan ---------------------------------------------------------------------------------

static gcut_status build(builder *b, const gcut_trace *trace, gcut_arena *scratch,
                         bool all_may_miss, gcut_plan **out_plan, gcut_error *err) {
  gcut__draft *d = &b->draft;
  const gcut_plan_spec *spec = b->spec;
  GCUT_TRY(
      gcut__draft_begin(trace, spec->fetches, spec->n_fetches, spec->unfused, scratch, d, err));
  GCUT_TRY(gcut__draft_parts(d, spec->n_parts ? spec->n_parts : 1, err));
  b->may_miss = GCUT_NEW_ARRAY(scratch, bool, d->graph->n_nodes);
  b->placed = GCUT_NEW_ARRAY(scratch, bool, d->graph->n_nodes);
  if (!b->may_miss || !b->placed) return GCUT_NO_MEMORY(err);
  memset(b->may_miss, all_may_miss, d->graph->n_nodes * sizeof *b->may_miss);
  for (uint32_t i = 0; i < spec->n_folded; i++)
    if (spec->folded[i] < d->graph->n_nodes) b->may_miss[spec->folded[i]] = true;
  for (uint32_t p = 0; p < spec->n_parts; p++) GCUT_TRY(assign_part(b, p, err));
  GCUT_TRY(place_missing(b, err));
  GCUT_TRY(check_order(b, err));
  GCUT_TRY(add_recomputed(b, err));
  GCUT_TRY(gcut__draft_drop_empty(d, err));
  GCUT_TRY(gcut__draft_finish(d, &spec->origin, out_plan, err));
  gcut_status status = gcut_plan_verify(trace, *out_plan, err);
  if (status == GCUT_OK) return GCUT_OK;
  gcut_plan_destroy(*out_plan);
  *out_plan = NULL;
  return status;
}

gcut_status gcut_plan_build(const gcut_trace *trace, const gcut_plan_spec *spec,
                            gcut_plan **out_plan, gcut_error *err) {
  *out_plan = NULL;
  gcut_arena *scratch = gcut_arena_create();
  if (!scratch) return GCUT_NO_MEMORY(err);
  builder b = {.spec = spec};
  gcut_status status = build(&b, trace, scratch, false, out_plan, err);
  gcut_arena_destroy(scratch);
  return status;
}

// The parts' own nodes: those that are not recomputed, which are a subsequence of all.
static gcut_status list_own(const gcut_part *part, gcut_arena *arena, gcut_part_spec *out,
                            gcut_error *err) {
  uint32_t *own = GCUT_NEW_ARRAY(arena, uint32_t, part->n_nodes), n = 0, r = 0;
  if (!own) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < part->n_nodes; i++)
    if (r < part->n_recomputed && part->recomputed[r] == part->nodes[i])
      r++;
    else
      own[n++] = part->nodes[i];
  *out = (gcut_part_spec){.name = part->name,
                          .nodes = own,
                          .n_nodes = n,
                          .recomputed = part->recomputed,
                          .n_recomputed = part->n_recomputed};
  return GCUT_OK;
}

static gcut_status rebase(const gcut_trace *trace, const gcut_plan *plan, const char *const *fetch,
                          size_t n_fetch, gcut_arena *scratch, gcut_plan **out_plan,
                          gcut_error *err) {
  gcut_part_spec *parts = GCUT_NEW_ARRAY(scratch, gcut_part_spec, plan->n_parts);
  if (!parts) return GCUT_NO_MEMORY(err);
  for (uint32_t p = 0; p < plan->n_parts; p++)
    GCUT_TRY(list_own(&plan->parts[p], scratch, &parts[p], err));
  uint32_t *fetches, n_fetches;
  GCUT_TRY(gcut__fetch_values(trace->graph, fetch, n_fetch, scratch, &fetches, &n_fetches, err));
  gcut_plan_spec spec = {.parts = parts,
                         .n_parts = plan->n_parts,
                         .fetches = fetches ? fetches : plan->fetches,
                         .n_fetches = fetches ? n_fetches : plan->n_fetches,
                         .unfused = plan->unfused,
                         .origin = plan->origin};
  builder b = {.spec = &spec};
  return build(&b, trace, scratch, true, out_plan, err);
}

gcut_status gcut_plan_rebase(const gcut_trace *trace, const gcut_plan *plan,
                             const char *const *fetch, size_t n_fetch, gcut_plan **out_plan,
                             gcut_error *err) {
  *out_plan = NULL;
  gcut_arena *scratch = gcut_arena_create();
  if (!scratch) return GCUT_NO_MEMORY(err);
  gcut_status status = rebase(trace, plan, fetch, n_fetch, scratch, out_plan, err);
  gcut_arena_destroy(scratch);
  return status;
}
