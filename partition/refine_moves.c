// Moves between parts that lower what crosses.
//
// A node sinks to the first part that reads it, or rises to the last that makes what it reads;
// after it go, one by one, the producers that nobody else keeps (or the readers that need nothing
// else), for a move often pays only once a whole side branch has gone. Of the moves of such a
// cluster the best beginning is kept, if it pays. Sweeps go backwards to sink and forwards to rise
// until nothing moves. A value costs its bytes for each part that reads it and does not make it:
// found by looking at its few readers, or, where there are many, by counts kept in a hash table; so
// a move costs what its node reads and makes.
#include "partition/reads.h"
#include "partition/refine.h"
#include "tracer/base/error.h"
#include "tracer/base/map.h"

enum { MOST_SWEEPS = 4, MOST_CLUSTER = 32, MOST_USES = 64, FEW_USES = 8 };

typedef struct mover {
  gcut__refining *r;
  gcut__draft *d;
  gcut_map readers;  // value << 32 | part -> nodes that read it there; of values with many uses
  uint32_t *n_parts; // [n_values] parts that read it; likewise
  uint32_t *seen;    // [n_values] stamp
  uint32_t stamp;
  uint32_t cluster[MOST_CLUSTER], n_cluster;
  bool failed; // memory was out
} mover;

static uint32_t count_readers(const mover *m, uint32_t value, uint32_t part) {
  uint32_t n = gcut_map_get(&m->readers, (uint64_t)value << 32 | part);
  return n == UINT32_MAX ? 0 : n;
}

static void change_readers(mover *m, uint32_t value, uint32_t part, bool more) {
  uint32_t n = count_readers(m, value, part);
  if (more ? n == 0 : n == 1) m->n_parts[value] += more ? 1 : UINT32_MAX;
  m->failed |= !gcut_map_set(&m->readers, (uint64_t)value << 32 | part, more ? n + 1 : n - 1);
}

// Parts other than `own` among a few readers.
static uint32_t count_parts(const mover *m, const gcut_value *value, uint32_t own) {
  const uint32_t *uses = m->d->graph->uses + value->first_use;
  uint32_t n = 0;
  for (uint32_t u = 0; u < value->n_uses; u++) {
    uint32_t part = m->d->part[uses[u]];
    bool known = part == own || part == GCUT_NONE; // GCUT_NONE: does not run
    for (uint32_t k = 0; k < u && !known; k++) known = m->d->part[uses[k]] == part;
    n += !known;
  }
  return n;
}

static int64_t cost_of(const mover *m, uint32_t v) {
  const gcut_value *value = &m->d->graph->values[v];
  uint32_t own = value->producer == GCUT_NONE ? GCUT_NONE : m->d->part[value->producer];
  if (value->n_uses <= FEW_USES) return (int64_t)m->r->bytes[v] * count_parts(m, value, own);
  bool at_home = own != GCUT_NONE && count_readers(m, v, own) > 0;
  return (int64_t)m->r->bytes[v] * (m->n_parts[v] - at_home);
}

// The values that a node reads, each once, then those it makes: calls back with the first true.
typedef void visitor(mover *m, uint32_t value, bool read, void *context);
static void each_value(mover *m, uint32_t node_id, visitor *visit, void *context) {
  const gcut_graph *g = m->d->graph;
  const gcut_node *node = &g->nodes[node_id];
  m->stamp++;
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(g, node, r);
    if (v == GCUT_NONE || m->seen[v] == m->stamp || gcut__constant(m->d->trace, v)) continue;
    m->seen[v] = m->stamp;
    visit(m, v, true, context);
  }
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(g, node)[o];
    if (v != GCUT_NONE && !gcut__constant(m->d->trace, v)) visit(m, v, false, context);
  }
}

static void add_cost(mover *m, uint32_t value, bool read, void *context) {
  (void)read;
  *(int64_t *)context += cost_of(m, value);
}

typedef struct change {
  uint32_t from, to;
} change;

static void change_part(mover *m, uint32_t value, bool read, void *context) {
  const change *c = context;
  if (!read || m->d->graph->values[value].n_uses <= FEW_USES) return;
  if (c->from != GCUT_NONE) change_readers(m, value, c->from, false);
  change_readers(m, value, c->to, true);
}

// Moves one node; what that adds to the cost.
static int64_t move(mover *m, uint32_t node, uint32_t to) {
  int64_t before = 0, after = 0;
  change c = {m->d->part[node], to};
  each_value(m, node, add_cost, &before);
  each_value(m, node, change_part, &c);
  m->d->part[node] = to;
  m->r->n_own[c.from]--;
  m->r->n_own[c.to]++;
  each_value(m, node, add_cost, &after);
  return after - before;
}

// ---- where a node may go ----------------------------------------------------------------------

// The first part that reads the node; `otherwise` where nobody does.
static uint32_t first_reader(const mover *m, uint32_t node_id, uint32_t otherwise) {
  const gcut_graph *g = m->d->graph;
  const gcut_node *node = &g->nodes[node_id];
  uint32_t first = GCUT_NONE;
  for (uint32_t o = 0; o < node->n_outputs; o++) {
    uint32_t v = gcut_node_outputs(g, node)[o];
    for (uint32_t u = 0; v != GCUT_NONE && u < g->values[v].n_uses; u++) {
      uint32_t part = m->d->part[g->uses[g->values[v].first_use + u]];
      if (part < first) first = part; // GCUT_NONE: does not run
    }
  }
  return first == GCUT_NONE ? otherwise : first;
}

// The last part that makes what the node reads; 0 where none does.
static uint32_t last_producer(const mover *m, uint32_t node_id) {
  const gcut_graph *g = m->d->graph;
  const gcut_node *node = &g->nodes[node_id];
  uint32_t last = 0;
  for (uint32_t r = 0; r < gcut_node_n_reads(node); r++) {
    uint32_t v = gcut_node_read(g, node, r);
    if (v == GCUT_NONE || g->values[v].producer == GCUT_NONE || gcut__constant(m->d->trace, v))
      continue;
    uint32_t part = m->d->part[g->values[v].producer];
    if (part > last) last = part;
  }
  return last;
}

static bool few_uses(const gcut_graph *g, const gcut_node *node) {
  uint32_t n = 0;
  for (uint32_t o = 0; o < node->n_outputs; o++)
    if (gcut_node_outputs(g, node)[o] != GCUT_NONE)
      n += g->values[gcut_node_outputs(g, node)[o]].n_uses;
  return n <= MOST_USES;
}

// ---- clusters ---------------------------------------------------------------------------------

// Whether a neighbour of the cluster may follow it from part `from` to `to`. One with very many
// readers is not asked again and again.
static bool may_follow(const mover *m, uint32_t node, uint32_t from, uint32_t to) {
  if (node == GCUT_NONE || m->d->part[node] != from || !m->r->movable[node]) return false;
  if (m->r->n_own[from] < 2 || m->n_cluster == MOST_CLUSTER) return false;
  if (!few_uses(m->d->graph, &m->d->graph->nodes[node])) return false;
  return to > from ? first_reader(m, node, 0) >= to : last_producer(m, node) <= to;
}

static void follow(mover *m, uint32_t node, uint32_t from, uint32_t to, int64_t *sum, int64_t *best,
                   uint32_t *n_best) {
  if (!may_follow(m, node, from, to)) return;
  *sum += move(m, node, to);
  m->cluster[m->n_cluster++] = node;
  if (*sum < *best) *best = *sum, *n_best = m->n_cluster;
}

// Moves `node` and what follows it; keeps the best beginning. Whether anything moved for good.
static bool move_cluster(mover *m, uint32_t node, uint32_t to) {
  const gcut_graph *g = m->d->graph;
  uint32_t from = m->d->part[node], n_best = 0;
  int64_t sum = move(m, node, to), best = 0;
  m->cluster[0] = node;
  m->n_cluster = 1;
  if (sum < best) best = sum, n_best = 1;
  for (uint32_t i = 0; i < m->n_cluster; i++) {
    const gcut_node *member = &g->nodes[m->cluster[i]];
    for (uint32_t r = 0; to > from && r < gcut_node_n_reads(member); r++) {
      uint32_t v = gcut_node_read(g, member, r);
      if (v != GCUT_NONE && !gcut__constant(m->d->trace, v))
        follow(m, g->values[v].producer, from, to, &sum, &best, &n_best);
    }
    for (uint32_t o = 0; to < from && o < member->n_outputs; o++) {
      uint32_t v = gcut_node_outputs(g, member)[o];
      for (uint32_t u = 0; v != GCUT_NONE && u < g->values[v].n_uses && u < MOST_USES; u++)
        follow(m, g->uses[g->values[v].first_use + u], from, to, &sum, &best, &n_best);
    }
  }
  while (m->n_cluster > n_best) (void)move(m, m->cluster[--m->n_cluster], from);
  return n_best > 0;
}

static bool try_node(mover *m, uint32_t node, bool sink) {
  uint32_t from = m->d->part[node];
  if (!m->r->movable[node] || m->r->n_own[from] < 2) return false;
  uint32_t to = sink ? first_reader(m, node, from) : last_producer(m, node);
  if (sink ? to <= from : to >= from) return false;
  if (m->r->frozen[from] || m->r->frozen[to]) return false;
  return move_cluster(m, node, to);
}

static gcut_status open(mover *m, gcut_error *err) {
  m->n_parts = GCUT_NEW_ARRAY(m->d->scratch, uint32_t, m->d->graph->n_values);
  m->seen = GCUT_NEW_ARRAY(m->d->scratch, uint32_t, m->d->graph->n_values);
  if (!m->n_parts || !m->seen) return GCUT_NO_MEMORY(err);
  for (uint32_t i = 0; i < m->d->n_order && !m->failed; i++) {
    change c = {GCUT_NONE, m->d->part[m->d->order[i]]};
    each_value(m, m->d->order[i], change_part, &c);
  }
  return m->failed ? GCUT_NO_MEMORY(err) : GCUT_OK;
}

gcut_status gcut__refine_moves(gcut__refining *r, gcut_error *err) {
  mover m = {.r = r, .d = r->draft};
  gcut_status status = open(&m, err);
  bool moved = status == GCUT_OK;
  for (int sweep = 0; moved && !m.failed && sweep < MOST_SWEEPS; sweep++) {
    moved = false;
    for (uint32_t i = m.d->n_order; i-- > 0;) moved |= try_node(&m, m.d->order[i], true);
    for (uint32_t i = 0; i < m.d->n_order; i++) moved |= try_node(&m, m.d->order[i], false);
  }
  gcut_map_free(&m.readers);
  return status == GCUT_OK && m.failed ? GCUT_NO_MEMORY(err) : status;
}
