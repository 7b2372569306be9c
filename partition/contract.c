// Kahn's algorithm over units: groups, and the nodes that are in none. Units that are ready wait in
// a heap by the place of their first node, so ties fall as the graph has them: O(n log n).
//
// What is left over when no unit is ready lies on cycles or behind them. Going from any such unit
// to one that it waits for, again and again, ends on a cycle, which has a target in it (single
// nodes have none, nor have fused groups, see tracer/fuse/fuse.c); a breadth-first search from that
// group then finds the shortest way back into it.
#include "partition/contract.h"

#include <stdio.h>
#include <string.h>

#include "partition/reads.h"
#include "tracer/base/error.h"

typedef struct contraction {
  const gcut__draft *draft;
  const gcut__groups *groups;
  uint32_t *unit;            // [n_nodes] groups first, then single nodes in order
  uint32_t n_units;          //
  uint32_t *first;           // [n_units + 1] into members
  uint32_t *members;         // [n_order] nodes of each unit
  uint32_t *place;           // [n_units] of its first node in the order
  uint32_t *unit_at;         // [n_order] the unit whose first node that is
  uint32_t *waits, *level;   // [n_units] producers not done; highest level below
  uint32_t *heap, n_heap;    // places
  uint32_t n_done, n_ranked; // units; groups
} contraction;

static gcut_status allocate(contraction *c, gcut_error *err) {
  gcut_arena *arena = c->draft->scratch;
  uint32_t n = c->draft->n_order, units = c->groups->n_all + n;
  c->unit = GCUT_NEW_ARRAY(arena, uint32_t, c->draft->graph->n_nodes);
  c->first = GCUT_NEW_ARRAY(arena, uint32_t, (size_t)units + 2);
  c->members = GCUT_NEW_ARRAY(arena, uint32_t, n);
  c->place = GCUT_NEW_ARRAY(arena, uint32_t, units);
  c->unit_at = GCUT_NEW_ARRAY(arena, uint32_t, n);
  c->waits = GCUT_NEW_ARRAY(arena, uint32_t, units);
  c->level = GCUT_NEW_ARRAY(arena, uint32_t, units);
  c->heap = GCUT_NEW_ARRAY(arena, uint32_t, n);
  if (!c->unit || !c->first || !c->members || !c->place || !c->unit_at || !c->waits || !c->level ||
      !c->heap)
    return GCUT_NO_MEMORY(err);
  return GCUT_OK;
}

static void form_units(contraction *c) {
  const gcut__draft *d = c->draft;
  c->n_units = c->groups->n_all;
  for (uint32_t u = 0; u < c->groups->n_all; u++) c->place[u] = GCUT_NONE;
  for (uint32_t i = 0; i < d->n_order; i++) {
    uint32_t group = c->groups->of[d->order[i]];
    uint32_t u = group == GCUT_NONE ? c->n_units++ : group;
    c->unit[d->order[i]] = u;
    c->first[u + 2]++;
    if (group != GCUT_NONE && c->place[u] != GCUT_NONE) continue;
    c->place[u] = i;
    c->unit_at[i] = u;
  }
  for (uint32_t u = 0; u < c->n_units; u++) c->first[u + 2] += c->first[u + 1];
  for (uint32_t i = 0; i < d->n_order; i++) {
    uint32_t node = d->order[i];
    c->members[c->first[c->unit[node] + 1]++] = node;
  }
}

// Calls `visit` for every node that runs and reads what `node` makes, in another unit.
typedef void visitor(contraction *c, uint32_t from, uint32_t to);
static void each_reader(contraction *c, uint32_t from, visitor *visit) {
  const gcut_graph *g = c->draft->graph;
  const gcut_node *node = &g->nodes[from];
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(g, node)[o];
    if (v == GCUT_NONE || gcut__constant(c->draft->trace, v)) continue;
    const uint32_t *uses = g->uses + g->values[v].first_use;
    for (uint32_t k = 0; k < g->values[v].n_uses; k++)
      if (c->draft->needed[uses[k]] && c->unit[uses[k]] != c->unit[from]) visit(c, from, uses[k]);
  }
}

static void count_wait(contraction *c, uint32_t from, uint32_t to) {
  (void)from;
  c->waits[c->unit[to]]++;
}

static void heap_push(contraction *c, uint32_t place) {
  uint32_t at = c->n_heap++;
  for (; at > 0 && c->heap[(at - 1) / 2] > place; at = (at - 1) / 2)
    c->heap[at] = c->heap[(at - 1) / 2];
  c->heap[at] = place;
}

static uint32_t heap_pop(contraction *c) {
  uint32_t least = c->heap[0], moved = c->heap[--c->n_heap], at = 0;
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= c->n_heap) break;
    if (child + 1 < c->n_heap && c->heap[child + 1] < c->heap[child]) child++;
    if (c->heap[child] >= moved) break;
    c->heap[at] = c->heap[child];
    at = child;
  }
  c->heap[at] = moved;
  return least;
}

static void release(contraction *c, uint32_t from, uint32_t to) {
  uint32_t u = c->unit[to], level = c->level[c->unit[from]];
  if (c->level[u] < level) c->level[u] = level;
  if (--c->waits[u] == 0) heap_push(c, c->place[u]);
}

static void order_units(contraction *c, uint32_t *levels, uint32_t *order) {
  for (uint32_t i = 0; i < c->draft->n_order; i++) each_reader(c, c->draft->order[i], count_wait);
  for (uint32_t u = 0; u < c->n_units; u++)
    if (c->waits[u] == 0) heap_push(c, c->place[u]);
  for (; c->n_heap > 0; c->n_done++) {
    uint32_t u = c->unit_at[heap_pop(c)];
    if (u < c->groups->n) {
      order[c->n_ranked++] = u;
      c->level[u] = c->n_ranked;
    }
    for (uint32_t m = c->first[u]; m < c->first[u + 1]; m++) {
      levels[c->members[m]] = c->level[u];
      each_reader(c, c->members[m], release);
    }
  }
}

// A producer of the unit, left over like it.
static uint32_t stuck_producer(const contraction *c, uint32_t u) {
  const gcut_graph *g = c->draft->graph;
  for (uint32_t m = c->first[u]; m < c->first[u + 1]; m++) {
    const gcut_node *node = &g->nodes[c->members[m]];
    for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
      uint32_t v = gcut_node_read(g, node, r);
      uint32_t from = v == GCUT_NONE ? GCUT_NONE : g->values[v].producer;
      if (from == GCUT_NONE || !c->draft->needed[from] || gcut__constant(c->draft->trace, v))
        continue;
      if (c->unit[from] != u && c->waits[c->unit[from]] > 0) return c->unit[from];
    }
  }
  return GCUT_NONE;
}

// A group on a cycle of units.
static uint32_t group_on_cycle(contraction *c) {
  uint32_t u = 0;
  while (c->waits[u] == 0) u++;
  memset(c->level, 0, c->n_units * sizeof *c->level); // no longer needed: now whether seen
  for (; !c->level[u]; u = stuck_producer(c, u)) c->level[u] = 1;
  while (u >= c->groups->n) u = stuck_producer(c, u);
  return u;
}

typedef struct step { // how a unit was reached: node `from` feeds its node `to`
  uint32_t from, to;
} step;

// Breadth first from `group` over units left over, back to it. Fills steps[n_units]; false where
// memory is out. steps[group] is the last step, back into the group.
static bool search_back(const contraction *c, uint32_t group, step *steps, uint32_t *queue) {
  const gcut_graph *g = c->draft->graph;
  memset(steps, 0xff, c->n_units * sizeof *steps);
  uint32_t n = 0;
  queue[n++] = group;
  for (uint32_t at = 0; at < n && steps[group].from == GCUT_NONE; at++) {
    uint32_t u = queue[at];
    for (uint32_t m = c->first[u]; m < c->first[u + 1]; m++) {
      const gcut_node *node = &g->nodes[c->members[m]];
      for (uint32_t o = 0; o < node->n_outputs; o++) {
        uint32_t v = gcut_node_outputs(g, node)[o];
        if (v == GCUT_NONE || gcut__constant(c->draft->trace, v)) continue;
        for (uint32_t k = 0; k < g->values[v].n_uses; k++) {
          uint32_t to = g->uses[g->values[v].first_use + k];
          if (!c->draft->needed[to] || c->unit[to] == u) continue;
          step *s = &steps[c->unit[to]];
          if (s->from != GCUT_NONE || c->waits[c->unit[to]] == 0) continue;
          *s = (step){c->members[m], to};
          if (c->unit[to] != group) queue[n++] = c->unit[to];
        }
      }
    }
  }
  return steps[group].from != GCUT_NONE;
}

// "'a' (MatMul) feeds 'b' (Add) outside"
static size_t write_path(const contraction *c, uint32_t group, const step *steps,
                         const uint32_t *path, uint32_t n, char *text, size_t size) {
  const gcut_graph *g = c->draft->graph;
  enum { SHOWN = 4 }; // steps at either end
  size_t used = 0;
  char name[96];
  for (uint32_t i = 0; i < n && used < size; i++) {
    const step *s = &steps[path[n - 1 - i]];
    const gcut_node *from = &g->nodes[s->from];
    if (n > 2 * SHOWN && i == SHOWN) {
      used += (size_t)snprintf(text + used, size - used, "... -> ");
      i = n - SHOWN - 1;
      continue;
    }
    used += (size_t)snprintf(text + used, size - used, "'%s' (%s) -> ",
                             gcut__printable(from->name, name, sizeof name), from->op_type);
  }
  const gcut_node *last = &g->nodes[steps[group].to];
  if (used < size)
    used += (size_t)snprintf(text + used, size - used, "'%s' (%s)",
                             gcut__printable(last->name, name, sizeof name), last->op_type);
  return used;
}

static gcut_status fail_cycle(contraction *c, gcut_error *err) {
  gcut_arena *arena = c->draft->scratch;
  uint32_t group = group_on_cycle(c), n = 0;
  step *steps = GCUT_NEW_ARRAY(arena, step, c->n_units);
  uint32_t *queue = GCUT_NEW_ARRAY(arena, uint32_t, (size_t)c->n_units + 1);
  if (!steps || !queue) return GCUT_NO_MEMORY(err);
  if (!search_back(c, group, steps, queue))
    return GCUT_FAIL(err, GCUT_FORMAT, "the graph's nodes are not in order");
  bool fused = false; // whether the path goes through a fused group, of which other nodes lead on
  queue[n++] = group; // the search is done: now the path, last step first
  for (uint32_t u = c->unit[steps[group].from]; u != group; u = c->unit[steps[u].from]) {
    fused |= u >= c->groups->n && u < c->groups->n_all;
    queue[n++] = u;
  }
  char path[640], name[128], target[96];
  write_path(c, group, steps, queue, n, path, sizeof path);
  const gcut__group *g = &c->groups->items[group];
  return GCUT_FAIL(err, GCUT_ARGUMENT,
                   "target '%s': '%s' cannot be one part, for it feeds itself from outside: %s%s",
                   gcut__printable(g->target, target, sizeof target),
                   gcut__printable(g->name, name, sizeof name), path,
                   fused ? " (through a fused group: --no-fuse may do)" : "");
}

gcut_status gcut__contract(const gcut__draft *draft, const gcut__groups *groups, uint32_t *levels,
                           uint32_t *order, gcut_error *err) {
  contraction c = {.draft = draft, .groups = groups};
  GCUT_TRY(allocate(&c, err));
  form_units(&c);
  order_units(&c, levels, order);
  return c.n_done == c.n_units ? GCUT_OK : fail_cycle(&c, err);
}
