// Blocks by structure alone. What tells a stack's layers are their weights: which operators read
// weights of which shapes, in order. Shape code, masks and casts between, of which exporters write
// more in the first layer than in others, do not count. Each node that reads weights gets a label,
// a hash of its operator and the weights' shapes, and repeats.c finds the blocks in the row of
// labels. Where shapes tell little (every layer of a network for images has its own number of
// channels) the labels have kernels' sizes alone; where few nodes read weights, all nodes count.
//
// A block begins at the node before its first reader of weights that the reader depends on and
// before which the fewest values pass; the first block where the second does, if it has the same
// operator there. Stacks before and after the one that covers most are sought likewise. Linear but
// for sorting.
#include "partition/blocks.h"

#include <string.h>

#include "partition/repeats.h"
#include "tracer/base/error.h"
#include "tracer/base/intern.h"

enum { MOST_BLOCKS = 4096, MOST_STACKS = 6, LOOK_AHEAD = 4, MOST_AHEAD = 64 };

typedef enum labelling { SHAPES, KERNELS, ALL_NODES, N_LABELLINGS } labelling;

typedef struct sequence {
  const gcut_graph *g;
  const gcut__passing *p;
  gcut_arena *arena;
  uint64_t *hashes; // [p->n]
  // Of the nodes that count:
  uint32_t *anchors, n_anchors; // places, ascending
  uint32_t *begins;             // [n_anchors] place where a block begins whose first anchor it is
  uint64_t *labels;             // [n_anchors]
  uint32_t *cost, *strays;      // [n_anchors] values that pass at `begins`; nodes left behind
} sequence;

typedef struct stacks {
  gcut__repeats items[MOST_STACKS];
  uint32_t n, n_blocks, n_covered; // the last: anchors
} stacks;

static uint32_t least(uint32_t a, uint32_t b) {
  return a < b ? a : b;
}

static uint64_t mix(uint64_t h, uint64_t x) {
  h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ (h >> 29);
}

// ---- what nodes read --------------------------------------------------------------------------

static uint64_t hash_weight(labelling how, const gcut_constant *k) {
  uint64_t h = mix(k->type, (uint64_t)k->rank);
  for (int d = how == KERNELS ? 2 : 0; d < k->rank; d++) h = mix(h, (uint64_t)k->dims[d]);
  return how == KERNELS && k->rank > 1 ? mix(h, k->dims[1] == 1) : h; // one channel to a group
}

// Neither none nor the key that a map lacks.
static uint64_t some(uint64_t hash) {
  return hash >> 1 | 1;
}

// What weights an input brings, as they are or in another form; 0: none.
static uint64_t hash_input(const sequence *s, labelling how, uint32_t v) {
  if (v == GCUT_NONE) return 0;
  const gcut_value *value = &s->g->values[v];
  if (value->constant != GCUT_NONE) {
    const gcut_constant *k = &s->g->constants[value->constant];
    return gcut__holds_weights(k) ? some(hash_weight(how, k)) : 0;
  }
  uint32_t from = value->producer == GCUT_NONE ? 0 : s->p->place[value->producer];
  return from > 0 && gcut__forms_weights(s->p, from - 1) ? s->hashes[from - 1] : 0;
}

static void add_node(sequence *s, labelling how, uint32_t place) {
  const gcut_node *node = &s->g->nodes[s->p->nodes[place]];
  bool passes_on = !strcmp(node->op_type, "Identity"); // weights kept once
  uint64_t hash = passes_on ? 0 : gcut_hash(node->op_type, strlen(node->op_type));
  for (uint32_t i = 0; i < node->n_inputs; i++) {
    uint64_t input = hash_input(s, how, gcut_node_inputs(s->g, node)[i]);
    hash = passes_on ? input : mix(hash, input);
  }
  s->hashes[place] = passes_on ? hash : some(hash);
  if (s->p->root[place] == GCUT__ROOT_DATA && (s->p->weighs[place] || how == ALL_NODES))
    s->anchors[s->n_anchors++] = place;
}

static gcut_status open(sequence *s, gcut_error *err) {
  uint32_t n = s->p->n;
  s->hashes = GCUT_NEW_ARRAY(s->arena, uint64_t, n);
  s->anchors = GCUT_NEW_ARRAY(s->arena, uint32_t, n);
  s->begins = GCUT_NEW_ARRAY(s->arena, uint32_t, n);
  s->labels = GCUT_NEW_ARRAY(s->arena, uint64_t, n);
  s->cost = GCUT_NEW_ARRAY(s->arena, uint32_t, n);
  s->strays = GCUT_NEW_ARRAY(s->arena, uint32_t, n);
  return s->hashes && s->anchors && s->begins && s->labels && s->cost && s->strays
             ? GCUT_OK
             : GCUT_NO_MEMORY(err);
}

// ---- where blocks begin -----------------------------------------------------------------------

// The place from `after` on that the anchor depends on, or is, before which the fewest values pass:
// of several the last.
// `stamp`: [n] of the anchor for whom a place was last wanted.
static uint32_t begin_of(const sequence *s, uint32_t anchor, uint32_t after, uint32_t *stamp) {
  uint32_t best = anchor;
  stamp[anchor] = anchor + 1;
  for (uint32_t i = anchor + 1; i-- > after;) {
    const gcut_node *node = &s->g->nodes[s->p->nodes[i]];
    if (stamp[i] != anchor + 1) continue;
    if (s->p->root[i] == GCUT__ROOT_DATA && s->p->live[i] < s->p->live[best]) best = i;
    for (uint32_t k = 0; k < node->n_inputs; k++) {
      uint32_t v = gcut_node_inputs(s->g, node)[k];
      uint32_t from = v == GCUT_NONE ? GCUT_NONE : s->g->values[v].producer;
      if (from != GCUT_NONE && s->p->place[from] > after) stamp[s->p->place[from] - 1] = anchor + 1;
    }
  }
  return best;
}

// How many of the next few anchors do not depend on the node at `place`: a block of that begin
// would leave them behind. `stamp`: [n] 1 + of the place that a node was last found to depend on.
static uint32_t count_strays(const sequence *s, uint32_t place, uint32_t anchor, uint32_t *stamp) {
  uint32_t n = 0, next = anchor, last = least(anchor + LOOK_AHEAD, s->n_anchors);
  stamp[place] = place + 1;
  for (uint32_t i = place + 1; next < last && i < s->p->n && i < place + MOST_AHEAD; i++) {
    const gcut_node *node = &s->g->nodes[s->p->nodes[i]];
    for (uint32_t k = 0; k < node->n_inputs && stamp[i] != place + 1; k++) {
      uint32_t v = gcut_node_inputs(s->g, node)[k];
      uint32_t from = v == GCUT_NONE ? GCUT_NONE : s->g->values[v].producer;
      if (from != GCUT_NONE && s->p->place[from] > 0 && stamp[s->p->place[from] - 1] == place + 1)
        stamp[i] = place + 1;
    }
    if (i < s->anchors[next]) continue;
    n += stamp[i] != place + 1;
    next++;
  }
  return n;
}

static gcut_status label(sequence *s, labelling how, gcut_error *err) {
  uint32_t *stamp = GCUT_NEW_ARRAY(s->arena, uint32_t, s->p->n);
  uint32_t *ahead = GCUT_NEW_ARRAY(s->arena, uint32_t, s->p->n);
  if (!stamp || !ahead) return GCUT_NO_MEMORY(err);
  s->n_anchors = 0;
  for (uint32_t i = 0; i < s->p->n; i++) add_node(s, how, i);
  for (uint32_t a = 0; a < s->n_anchors; a++) {
    s->labels[a] = s->hashes[s->anchors[a]];
    s->begins[a] = begin_of(s, s->anchors[a], a > 0 ? s->anchors[a - 1] + 1 : 0, stamp);
    s->cost[a] = s->p->live[s->begins[a]];
    s->strays[a] = count_strays(s, s->begins[a], a, ahead);
  }
  return GCUT_OK;
}

// Before the first block lies what all share: nothing tells its first node from that but the
// second's.
static void align_first(sequence *s, const gcut__repeats *found) {
  uint32_t first = found->begins[0], second = found->begins[1];
  uint32_t back = s->anchors[second] - s->begins[second];
  if (back > s->anchors[first]) return;
  uint32_t place = s->anchors[first] - back;
  const gcut_node *a = &s->g->nodes[s->p->nodes[place]];
  const gcut_node *b = &s->g->nodes[s->p->nodes[s->begins[second]]];
  if (!strcmp(a->op_type, b->op_type) && s->p->root[place] == GCUT__ROOT_DATA)
    s->begins[first] = place;
}

// ---- stacks -----------------------------------------------------------------------------------

// Whether its blocks have about as many nodes as those of the first stack found, or more.
static bool fits(const sequence *s, const stacks *t, const gcut__repeats *found) {
  const gcut__repeats *first = &t->items[0];
  if (t->n == 0) return true;
  uint64_t theirs = s->anchors[first->end - 1] - s->anchors[first->begins[0]];
  uint64_t own = s->anchors[found->end - 1] - s->anchors[found->begins[0]];
  return 3 * own * first->n >= theirs * found->n;
}

// The stack that covers most of the anchors from..to, then those on both sides of it: a row of
// stretches to look at.
static gcut_status find_stacks(sequence *s, stacks *out, gcut_error *err) {
  struct {
    uint32_t from, to;
  } todo[2 * MOST_STACKS + 1] = {{0, s->n_anchors}};
  *out = (stacks){0};
  for (uint32_t i = 0, n = 1; i < n && out->n < MOST_STACKS; i++) {
    gcut__row row = {s->labels, s->cost, s->strays, todo[i].from, todo[i].to};
    gcut__repeats found;
    GCUT_TRY(gcut__repeats_find(&row, s->arena, &found, err));
    if (found.n == 0 || !fits(s, out, &found)) continue;
    align_first(s, &found);
    out->items[out->n++] = found;
    out->n_blocks += found.n;
    out->n_covered += found.end - found.begins[0];
    todo[n].from = row.from, todo[n++].to = found.begins[0];
    todo[n].from = found.end, todo[n++].to = row.to;
  }
  return GCUT_OK;
}

// ---- the target -------------------------------------------------------------------------------

static bool can_name(const sequence *s, uint32_t node) {
  const char *name = s->g->nodes[node].name;
  return !strchr(name, ',') && strncmp(name, "re:", 3) && gcut_graph_find_node(s->g, name) == node;
}

static const char *begin_name(const sequence *s, const gcut__repeats *r, uint32_t i) {
  return s->g->nodes[s->p->nodes[s->begins[r->begins[i]]]].name;
}

static gcut_status write_target(const sequence *s, const stacks *t, gcut_arena *arena,
                                const char **out, uint32_t *out_n, gcut_error *err) {
  size_t size = 1, used = 0;
  for (uint32_t k = 0; k < t->n; k++)
    for (uint32_t i = 0; i < t->items[k].n; i++) {
      if (!can_name(s, s->p->nodes[s->begins[t->items[k].begins[i]]])) return GCUT_OK;
      size += strlen(begin_name(s, &t->items[k], i)) + 1;
    }
  char *text = GCUT_NEW_ARRAY(arena, char, size);
  if (!text) return GCUT_NO_MEMORY(err);
  for (uint32_t k = 0; k < t->n; k++)
    for (uint32_t i = 0; i < t->items[k].n; i++) {
      const char *name = begin_name(s, &t->items[k], i);
      if (used > 0) text[used++] = ',';
      memcpy(text + used, name, strlen(name));
      used += strlen(name);
    }
  *out = text;
  *out_n = t->n_blocks;
  return GCUT_OK;
}

gcut_status gcut__propose_blocks(const gcut__passing *passing, gcut_arena *scratch,
                                 gcut_arena *arena, const char **out_target, uint32_t *out_n,
                                 gcut_error *err) {
  sequence s = {.g = passing->g, .p = passing, .arena = scratch};
  *out_target = NULL;
  *out_n = 0;
  GCUT_TRY(open(&s, err));
  for (labelling how = SHAPES; how < N_LABELLINGS; how++) {
    stacks t;
    GCUT_TRY(label(&s, how, err));
    GCUT_TRY(find_stacks(&s, &t, err));
    if (3 * (uint64_t)t.n_covered < s.n_anchors) continue; // no more than a corner of the graph
    if (t.n_blocks > 0 && t.n_blocks <= MOST_BLOCKS)
      return write_target(&s, &t, arena, out_target, out_n, err);
  }
  return GCUT_OK;
}
